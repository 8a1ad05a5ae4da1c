/** A disk that takes no files: conversations go on, and the journal is not filled with it. */

import assert from "node:assert/strict";
import { test } from "node:test";
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
  for (let chats = 0; chats < 7; chats++) await chat(world);
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
