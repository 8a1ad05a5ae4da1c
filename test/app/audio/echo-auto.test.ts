/**
 * audio.echo auto in the simulated room, answer by answer: from the wake word alone to ordinary speech
 * where that works, and back when the room, or the loudspeaker, gets worse.
 */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Echo, echoFor } from "../../../src/app/audio/echo.ts";
import { CaptureClock } from "../../../src/core/audio/capture-clock.ts";
import { FRAME_SAMPLES, msToSamples, rms, samplesToMs } from "../../../src/core/audio/pcm.ts";
import { DEFAULTS } from "../../../src/core/settings/table.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { SimStateFile } from "../../../src/sim/parts.ts";
import { longReply } from "../../helpers/over-answer.ts";
import { atMicrophone, type EchoShape, echoTrack, voiceTrack } from "../../helpers/sim-room.ts";
import { recordings, spoken } from "../../helpers/wake-audio.ts";

const REPLY_MS = 12_000;
/** Before the next answer: the echo has died away, the gate is shut. */
const PAUSE_MS = 3_000;
/** When the voice begins in an answer that somebody talks over. */
const VOICE_AT_MS = 7_000;
const AHEAD_MS = 160;
/** -30 dB of full scale. */
const VOICE_RMS = 1036;
const GOOD = { echoDb: 0, clipAt: 1 };
/** The loudspeaker at its loudest, and the microphone clips. */
const BAD = { echoDb: 20, clipAt: 0.3 };

interface Answer {
  readonly duplex: string;
  /** What the API was given while it played. */
  readonly sent: Int16Array;
  readonly ducked: boolean;
}

class Room {
  readonly notices: string[] = [];
  readonly file = new SimStateFile();
  readonly #reply: Int16Array;
  readonly #voice: Float64Array;
  readonly #captured = new CaptureClock();
  readonly #echo: Echo;
  #at = 0;
  #duplex: string = "half";
  #ducked: boolean = false;

  constructor(reply: Int16Array, voice: Float64Array) {
    this.#reply = reply;
    this.#voice = voice;
    const echo = echoFor({
      world: {
        clock: new SimClock(),
        journal: { log: (level, line) => void (level === "notice" && this.notices.push(line)) },
        echoFile: this.file,
        soundDevices: () => "microphone | loudspeaker",
      },
      settings: () => DEFAULTS,
      captured: this.#captured,
      isReply: () => true,
      isFullDuplex: () => this.#duplex === "full",
      somebody: (speaks) => {
        this.#ducked ||= speaks;
      },
    });
    assert.ok(echo !== null);
    this.#echo = echo;
    echo.memory.lookAtDevices();
  }

  get duplex(): string {
    return this.#echo.inForce(DEFAULTS)["audio.duplex"];
  }

  /** A conversation of one answer; `talks`: somebody talks over it. */
  answer(
    shape: EchoShape,
    mix: { readonly echoDb: number; readonly clipAt: number },
    talks = false,
    isNewConversation = true,
  ): Answer {
    if (isNewConversation) this.#duplex = this.duplex;
    this.#ducked = false;
    const samples = this.#reply.length + msToSamples(PAUSE_MS);
    const echo = new Float64Array(samples);
    echo.set(echoTrack(this.#reply, shape));
    const voice = new Float64Array(samples);
    if (talks) voice.set(this.#voice.subarray(0, samples));
    const microphone = atMicrophone(voice, echo, mix);
    const from = this.#at;
    this.#hear(microphone);
    const { uplinkRing } = this.#echo;
    assert.ok(uplinkRing !== null);
    const sent = new Int16Array(this.#reply.length);
    uplinkRing.read(from, sent);
    return { duplex: this.#duplex, sent, ducked: this.#ducked };
  }

  #hear(microphone: Int16Array): void {
    const { path } = this.#echo;
    const fromMs = samplesToMs(this.#at);
    for (let at = 0, reports = 0; at < microphone.length; at += FRAME_SAMPLES) {
      this.#at += FRAME_SAMPLES;
      this.#captured.took(this.#at, samplesToMs(this.#at));
      const untilMs = samplesToMs(at) + AHEAD_MS;
      for (; reports < this.#reply.length && samplesToMs(reports) < untilMs; ) {
        const piece = this.#reply.subarray(reports, reports + FRAME_SAMPLES);
        path.playing(piece, fromMs + samplesToMs(reports));
        reports += FRAME_SAMPLES;
      }
      path.take(microphone.subarray(at, at + FRAME_SAMPLES));
    }
  }
}

const ECHO: EchoShape = { delayMs: 60, driftPpm: 0, overdriven: true };

function room(t: TestContext): Room | null {
  const [clip] = recordings("other") ?? spoken("stop it please") ?? [];
  const reply = longReply(t, msToSamples(REPLY_MS));
  if (clip === undefined || reply === null) {
    t.skip("neither recordings nor espeak-ng");
    return null;
  }
  const said = [{ pcm: clip.pcm, at: msToSamples(VOICE_AT_MS) }];
  return new Room(reply, voiceTrack(said, reply.length + msToSamples(PAUSE_MS)));
}

/** What is left when an answer ends, and the hiss of the room: 20 dB fainter than a voice. */
const SILENT_RMS = VOICE_RMS / 10;

/** Of any 20 ms that were sent. */
function loudest({ sent }: Answer): number {
  const frames = Math.floor(sent.length / FRAME_SAMPLES);
  const levels = Array.from({ length: frames }, (_, nth) =>
    rms(sent.subarray(nth * FRAME_SAMPLES, (nth + 1) * FRAME_SAMPLES)),
  );
  return Math.max(...levels);
}

function isHeard({ sent }: Answer): boolean {
  return rms(sent.subarray(msToSamples(VOICE_AT_MS))) > VOICE_RMS / 8;
}

test("a good room: from the third answer on speech interrupts, and the answer itself does not", (t) => {
  const here = room(t);
  if (here === null) return;
  for (const nth of [1, 2]) {
    assert.equal(here.answer(ECHO, GOOD).duplex, "half", `answer ${nth}: not known yet`);
  }
  assert.equal(here.duplex, "full");
  assert.match(here.notices.join("\n"), /^Speech interrupts answers from now on\. .* 60 ms late/);
  const silent = here.answer(ECHO, GOOD);
  assert.equal(silent.duplex, "full");
  assert.ok(loudest(silent) < SILENT_RMS, `nothing of the answer is sent: ${loudest(silent)}`);
  const over = here.answer(ECHO, GOOD, true);
  assert.ok(isHeard(over), "who speaks over it is heard");
  assert.ok(over.ducked, "and the answer is softer");
  assert.match(here.file.text ?? "", /"reach":"full"/, "for the next start");
});

for (const [what, shape, mix] of [
  ["too loud, and clipped", ECHO, BAD],
  [
    "10 dB louder than the voice, by a clock 50 ppm faster",
    { ...ECHO, driftPpm: 50 },
    { ...GOOD, echoDb: 10 },
  ],
] as const) {
  test(`a bad room (${what}): the wake word alone interrupts, however many answers`, (t) => {
    const here = room(t);
    if (here === null) return;
    for (let nth = 0; nth < 6; nth++) assert.equal(here.answer(shape, mix).duplex, "half");
    assert.deepEqual(here.notices, []);
    t.diagnostic(here.file.text ?? "");
  });
}

test("it gets worse: back to the wake word after one answer, and to speech when it is good again", (t) => {
  const here = room(t);
  if (here === null) return;
  for (let nth = 0; nth < 3; nth++) here.answer(ECHO, GOOD);
  assert.equal(here.duplex, "full");
  here.answer(ECHO, BAD);
  t.diagnostic(here.file.text ?? "");
  assert.equal(here.duplex, "half");
  assert.match(here.notices.at(-1) ?? "", /^Only the wake word interrupts answers\. .*/);
  let answers = 0;
  while (here.duplex === "half" && answers < 12) {
    here.answer(ECHO, GOOD);
    answers += 1;
  }
  t.diagnostic(`full again after ${answers} good answers`);
  assert.ok(answers >= 2 && answers < 12, `${answers}`);
});

test("in a conversation that began in full duplex, an answer after a bad one is not sent", (t) => {
  const here = room(t);
  if (here === null) return;
  for (let nth = 0; nth < 3; nth++) here.answer(ECHO, GOOD);
  here.answer(ECHO, BAD);
  const next = here.answer(ECHO, BAD, true, false);
  assert.equal(next.duplex, "full", "as it began");
  assert.ok(loudest(next) < SILENT_RMS, `silence: ${loudest(next)}`);
  assert.ok(!next.ducked);
});
