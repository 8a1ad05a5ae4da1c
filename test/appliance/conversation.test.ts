/**
 * The main job on the appliance: a button and LEDs at pins, a sound card, systemd, and a reply that
 * is heard. The peer is `pipit simulate` inside, or one on this machine, whose ears can be looked into.
 */

import assert from "node:assert/strict";
import { samplesToMs } from "../../src/core/audio/pcm.ts";
import {
  assertConverses,
  assertHeard,
  assertReported,
  chat,
  converse,
  LISTENING_PIN,
  peerOutside,
  SCENARIO,
  STATUS_PIN,
} from "./conversing.ts";
import { hostUrl, KEY, type Machine } from "./machine.ts";
import { type Clean, type Note, onMachine } from "./promise.ts";
import { verb } from "./rig.ts";

/** The peer inside, by its own port. */
const PEER_PORT = 8_321;
const WATCH_S = 30;

async function peerInside(machine: Machine, clean: Clean): Promise<string> {
  await machine.write("/run/peer.json", JSON.stringify(SCENARIO));
  const simulate = `pipit simulate --port ${PEER_PORT} --scenario /run/peer.json`;
  await machine.run(`systemd-run -q --unit peer -p StandardOutput=file:/run/peer.out ${simulate}`);
  clean.after(async () => {
    await machine.attempt("systemctl stop peer");
  });
  await machine.until("the peer is ready", "grep -q 'is ready' /run/peer.out", 240);
  return `http://127.0.0.1:${PEER_PORT}/v1`;
}

/** Each LED's way while a conversation begins and ends, as the line itself saw it. */
async function assertLeds(machine: Machine, note: Note): Promise<void> {
  for (const [pin, expected] of [
    [LISTENING_PIN, /^010$/],
    [STATUS_PIN, /^0(10)*$/],
  ] as const) {
    const watching = verb("led", ["watch", String(WATCH_S), String(pin)]);
    await chat(machine);
    const changes = (await watching).trim().split("\n");
    note(`LED at ${pin}: ${changes.join(", ")}`);
    assert.match(changes.map((line) => line.split(" ")[1]).join(""), expected);
  }
}

onMachine("a conversation", (they) => {
  they.holds("a press wakes, the LED shows it, the reply is heard", 600, async (m, note, clean) => {
    const base_url = await peerInside(m, clean);
    const mark = await m.mark();
    await m.runWith({ openai: { base_url } });
    await assertConverses(m, note, clean);
    const said = (await m.saidSince(mark)).join("\n");
    assert.ok(!said.includes(KEY.slice(3)), "the key is in the journal");
    assert.doesNotMatch(await m.run("journalctl -u peer -o cat"), /VIOLATION/);
  });

  for (const backend of ["gpiochip", "onoff"]) {
    they.holds(`button and LEDs by ${backend}`, 600, async (m, note, clean) => {
      const peer = await peerOutside(clean);
      const openai = { base_url: hostUrl(peer.url) };
      await m.runWith({ openai, leds: { backend }, button: { backend } });
      await assertLeds(m, note);
      await assertConverses(m, note, clean);
      assert.deepEqual(peer.violations, []);
      const heardMs = samplesToMs(peer.receivedAudio().length);
      note(`the peer was sent ${Math.round(heardMs)} ms of sound`);
    });
  }

  they.holds("the question by ALSA in the daemon's own process", 600, async (m, note, clean) => {
    const peer = await peerOutside(clean);
    const audio = { input_backend: "alsa" };
    await m.runWith({ openai: { base_url: hostUrl(peer.url) }, audio });
    await assertConverses(m, note, clean);
    assert.deepEqual(peer.violations, []);
    assert.equal((await m.attempt("pgrep -x arecord")).code, 1, "no recorder runs");
  });

  they.holds("the reply by the package speaker", 600, async (m, note, clean) => {
    const peer = await peerOutside(clean);
    const audio = { output_backend: "speaker" };
    await m.runWith({ openai: { base_url: hostUrl(peer.url) }, audio });
    await assertConverses(m, note, clean);
  });

  they.holds("the wake word, through the sound card", 900, async (m, note, clean) => {
    const peer = await peerOutside(clean);
    await m.runWith({ openai: { base_url: hostUrl(peer.url) }, wake_word: { enabled: true } });
    await m.untilWakeWord();
    const reply = await converse(m, clean, () => Promise.resolve());
    assertHeard(reply, note);
    await assertReported(m, "wake-word", note);
    assert.deepEqual(peer.violations, []);
  });
});
