/** What `systemctl status` shows: true, and told of changes only. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fault } from "../../src/core/fault.ts";
import { World } from "../helpers/world.ts";

test("a missing microphone, muted, a refused file: each once, and Ready again", async () => {
  const world = await World.started();
  const away = fault("microphone-missing", "retry", "Microphone is missing: card 1");
  for (let i = 0; i < 5; i++) world.microphone.sink?.lost(away);
  world.microphone.sink?.flowing();
  await world.controlServer.answer?.({ command: "mute", on: true });
  world.appliance.statusLine.refused("c.yaml:12:3 x: no");
  await world.controlServer.answer?.({ command: "mute", on: false });
  world.appliance.statusLine.refused(null);
  world.listen(1_000);
  assert.deepEqual(world.notifier.said, [
    "READY Ready",
    "STATUS Microphone is missing: card 1",
    "STATUS Ready",
    "STATUS Muted",
    "STATUS Reload refused: c.yaml:12:3 x: no",
    "STATUS Ready",
  ]);
});
