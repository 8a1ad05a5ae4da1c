/** What `systemctl status` shows: true, and told of changes only. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fault } from "../../src/core/fault.ts";
import { DEFAULTS } from "../../src/core/settings/table.ts";
import { readyText } from "../../src/core/status-line.ts";
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

test("the journal's Ready says what one wants to know after an installation", () => {
  const line = readyText(DEFAULTS, "0.1.0", "gpt-realtime");
  assert.equal(
    line,
    "Ready: Pipit 0.1.0, microphone default, speaker default, wake word computer, model gpt-realtime",
  );
  const off = { ...DEFAULTS, "wake_word.enabled": false };
  assert.match(readyText(off, "0.1.0", "m"), /, wake word off, model m$/);
});
