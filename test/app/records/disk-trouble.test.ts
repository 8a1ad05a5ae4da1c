/** A disk that takes no files: conversations go on, and the journal is not filled with it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { statusText } from "../../../src/commands/control/status-text.ts";
import { type Fault, fault } from "../../../src/core/fault.ts";
import { settled, World } from "../../helpers/world.ts";

function lost(why: string, remedy: string): Fault {
  return fault("metrics-lost", "report", `Metrics file was not written: ${why}`, remedy);
}

/** A conversation that is ended before a word is said. */
async function chat(world: World): Promise<void> {
  await world.controlServer.answer?.({ command: "wake" });
  world.accept();
  await world.controlServer.answer?.({ command: "stop" });
  world.listen(1000);
  await settled();
}

test("disk fault: logged at its beginning, a change of cause, and its end", async () => {
  const world = await World.started();
  const full = lost("the disk is full", "Free some space");
  const frozen = lost("read-only", "Look at dmesg");
  const outcomes = [full, full, full, frozen, frozen, null, null];
  world.store.save = () => Promise.resolve(outcomes.shift() ?? null);
  const troubles: unknown[] = [];
  for (let chats = 0; chats < 7; chats++) {
    await chat(world);
    const reply = await world.controlServer.answer?.({ command: "status" });
    assert.ok(reply?.ok);
    troubles.push(reply.data["metrics_trouble"]);
    const text = statusText(reply.data);
    assert.equal(text.includes("All is well."), reply.data["metrics_trouble"] === null, text);
  }
  assert.deepEqual(
    troubles.map((line) => (line === null ? line : String(line).split(": ")[1])),
    [
      ...Array(3).fill("the disk is full. Free some space"),
      ...Array(2).fill("read-only. Look at dmesg"),
      ...[null, null],
    ],
  );
  assert.equal(outcomes.length, 0);
  assert.deepEqual(
    world.journal.lines.map(({ line }) => line).filter((line) => /metrics/i.test(line)),
    [
      "Metrics file was not written: the disk is full. Free some space",
      "Metrics file was not written: read-only. Look at dmesg",
      "Metrics files are written again; lost since the start: 5",
    ],
  );
});
