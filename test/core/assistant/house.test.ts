/** What holds of the room as a whole: one writer of each machine's state, and no secret in it. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ROWS, withoutSecrets } from "../../../src/core/settings/table.ts";
import { World } from "../../helpers/world.ts";

const MACHINES = ["link", "turn", "response", "playback", "tools", "dialogue"];

test("the state of a machine is put into the conversation in one place", () => {
  const folder = fileURLToPath(new URL("../../../../src/core/assistant", import.meta.url));
  const writers = readdirSync(folder).flatMap((name) => {
    const text = readFileSync(`${folder}/${name}`, "utf8");
    return MACHINES.filter((machine) => text.includes(`({ ...c, ${machine} })`)).map(
      (machine) => `${machine}: ${name}`,
    );
  });
  const expected = MACHINES.map((machine) => `${machine}: step.ts`);
  assert.deepEqual(new Set(writers), new Set(expected));
});

test("what the machines know of the settings has none of the rows that are secret", () => {
  const { settings } = new World();
  const secret = ROWS.filter(([, row]) => row.kind === "text" && row.secret).map(([key]) => key);
  assert.ok(secret.length > 0);
  const plain = Object.keys(withoutSecrets(settings));
  assert.deepEqual(
    secret.filter((key) => plain.includes(key)),
    [],
  );
});

test("the dump of the state for a bug report holds no key", async () => {
  const key = "sk-test-0123456789abcdef";
  const world = await World.started({ "openai.api_key": key, "wake_word.access_key": `${key}-w` });
  world.wake();
  world.accept();
  const reply = await world.controlServer.answer?.({ command: "status", debug: true });
  assert.ok(reply?.ok);
  const dump = JSON.stringify(reply.data);
  assert.match(dump, /"link":/);
  assert.doesNotMatch(dump, /sk-test/);
});
