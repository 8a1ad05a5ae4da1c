/** `pipit say` as stories: at once at rest, after a conversation, after the ringing, one by one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import { EspeakVoice } from "../../../src/adapters/speaker/espeak.ts";
import { WAIT_MAX_MS, WAITING_MAX } from "../../../src/app/tools/announcer.ts";
import { rms, samplesToMs } from "../../../src/core/audio/pcm.ts";
import { canSpeak, NO_VOICE } from "../../helpers/question.ts";
import { SAID_VALUE, World } from "../../helpers/world.ts";

async function say(world: World): Promise<unknown> {
  const reply = await world.controlServer.answer?.({
    command: "say",
    text: "Tea is ready.",
    offline: true,
  });
  assert.ok(reply !== undefined);
  return reply.ok ? reply.data["now"] : reply.error;
}

function saidMs(world: World): number {
  return samplesToMs(world.speaker.queued.filter((sample) => sample === SAID_VALUE).length);
}

test("say: spoken at once at rest, in order, also while muted", async () => {
  const world = await World.started();
  assert.equal(await say(world), true);
  assert.equal(await say(world), false);
  assert.equal(saidMs(world), 1_000);
  world.clock.advance(1_500);
  assert.equal(saidMs(world), 2_000);
  await world.controlServer.answer?.({ command: "mute", on: true });
  world.clock.advance(5_000);
  assert.equal(await say(world), true);
});

test("say: waits for the end of a conversation; expires after a time", async () => {
  const world = await World.started();
  world.wake();
  world.accept();
  world.listen(500);
  assert.equal(await say(world), false);
  world.listen(5_000);
  assert.equal(saidMs(world), 0);
  world.listen(3_000);
  assert.equal(world.leds.shown.at(-1), "idle");
  world.listen(500);
  assert.equal(saidMs(world), 1_000);
});

test("say: waits for the end of ringing; dropped with a line", async () => {
  const world = await World.started();
  const order = { act: "set", seconds: 1, label: "" } as const;
  await world.controlServer.answer?.({ command: "timers", order });
  world.clock.advance(1_010);
  assert.equal(await say(world), false);
  world.clock.advance(WAIT_MAX_MS);
  world.tap();
  world.clock.advance(2_000);
  assert.equal(await say(world), true);
  assert.equal(saidMs(world), 1_000);
  assert.ok(world.lines("notice").includes("1 announcement(s) found no quiet moment"));
});

test("say: a full queue refuses", async () => {
  const world = await World.started();
  for (let n = 0; n <= WAITING_MAX; n++) await say(world);
  assert.equal(await say(world), "too many announcements wait already");
});

test("say: a wake interrupts it", async () => {
  const world = await World.started();
  await say(world);
  world.clock.advance(300);
  world.wake();
  world.clock.advance(2_000);
  assert.ok(world.speaker.heard() >= 24_000 * 0.3);
  assert.equal(world.dialer.links.length, 1);
});

test("espeak-ng speaks, whatever the text looks like; without it, there is a remedy", {
  skip: !canSpeak() && NO_VOICE,
}, async () => {
  const voice = new EspeakVoice(new SystemClock());
  for (const [text, language] of [
    ["Tea is ready.", "en"],
    ["--version; $(id)", "de-AT"],
  ] as const) {
    const pcm = await voice.speak(text, language);
    assert.ok(pcm instanceof Int16Array, JSON.stringify(pcm));
    assert.ok(samplesToMs(pcm.length) > 400 && rms(pcm) > 100);
  }
  const none = await new EspeakVoice(new SystemClock(), "/no/such/espeak").speak("x", "en");
  assert.ok(!(none instanceof Int16Array) && none.remedy.includes("apt install"));
});
