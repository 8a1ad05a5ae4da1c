/**
 * What each part of the sound path costs by itself, in this process: CPU (all threads, so the garbage
 * collector too) per second of sound, over sound made beforehand. The wake-word engine, which the
 * daemon keeps in a thread of its own, runs here directly.
 */

import { SystemClock } from "../../src/adapters/os/clock.ts";
import { MicroDetector } from "../../src/adapters/wake/micro-detector.ts";
import { Downlink } from "../../src/app/audio/downlink.ts";
import { EchoGate } from "../../src/app/audio/echo-gate.ts";
import { EchoPath, NO_TEACHER } from "../../src/app/audio/echo-path.ts";
import { Uplink } from "../../src/app/audio/uplink.ts";
import { WakePath } from "../../src/app/audio/wake-path.ts";
import type { Input } from "../../src/core/assistant/inputs.ts";
import { RING_MS } from "../../src/core/assistant/limits.ts";
import type { State } from "../../src/core/assistant/state.ts";
import { INITIAL, step } from "../../src/core/assistant/step.ts";
import { phase } from "../../src/core/assistant/views.ts";
import { CaptureClock } from "../../src/core/audio/capture-clock.ts";
import {
  Downsampler,
  resampledMax,
  WAKE_FRAME_SAMPLES,
  WAKE_RATE_HZ,
} from "../../src/core/audio/downsampler.ts";
import { FRAME_MS, FRAME_SAMPLES, msToSamples, samplesToMs } from "../../src/core/audio/pcm.ts";
import { Ring } from "../../src/core/audio/ring.ts";
import { SpeechGate } from "../../src/core/audio/speech-gate.ts";
import type { ServerEvent } from "../../src/core/realtime/server-events.ts";
import { DEFAULTS, withoutSecrets } from "../../src/core/settings/table.ts";
import type { Speaker, WakeEngine, WakeSink } from "../../src/ports.ts";
import { noise } from "../helpers/sound.ts";
import { joined, syllables } from "../helpers/speech.ts";
import { microPath } from "../helpers/wake-audio.ts";
import { type Findings, percentile } from "./findings.ts";
import { defaultEngine } from "./paced-engine.ts";

export interface CoreShape {
  readonly repeats: number;
  /** Sound in each repetition. */
  readonly soundMs: number;
}

/** The usual length of a delta of the real service. */
const DELTA_MS = 200;
/** Conversations in one repetition of the state machine. */
const CONVERSATIONS = 2_000;

/** CPU milliseconds that some work takes, all threads of this process. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Once to warm up, then `repeats` times. */
function repeated(shape: CoreShape, work: () => void): number[] {
  work();
  return Array.from({ length: shape.repeats }, () => cpuMs(work));
}

export function coreCosts(findings: Findings, shape: CoreShape): void {
  const count = Math.ceil(shape.soundMs / 2200);
  const pcm = joined(...Array.from({ length: count }, () => syllables(10)));
  const perSecond = (work: () => void): number[] =>
    repeated(shape, work).map((ms) => (ms * 1000) / samplesToMs(pcm.length));
  const gate = new SpeechGate();
  findings.add("gate_cpu", ...perSecond(() => eachFrame(pcm, (frame) => gate.take(frame))));
  const sampler = new Downsampler();
  const out = new Int16Array(resampledMax(FRAME_SAMPLES));
  const resample = (frame: Int16Array) => sampler.process(frame, out);
  findings.add("resample_cpu", ...perSecond(() => eachFrame(pcm, resample)));
  findings.add("echo_cpu", ...perSecond(() => eachFrame(pcm, echoPath(true))));
  findings.add("echo_full_cpu", ...perSecond(() => eachFrame(pcm, echoPath(true, true))));
  findings.add("echo_idle_cpu", ...perSecond(() => eachFrame(pcm, echoPath(false))));
  const sound = at16k(pcm);
  findings.add("wake_cpu", ...engineCosts(sound, shape));
  microCosts(findings, sound, shape);
  const uplink = openUplink();
  findings.add("uplink_cpu", ...perSecond(() => eachFrame(pcm, uplink)));
  findings.add("frame_p99", ...frameTimes(shape, pcm));
  findings.add("delta_cpu", ...deltaCosts(shape));
  findings.add("steps", ...stepRates(shape));
}

/** The wake-word engine alone on this sound, at 16 kHz, without a pause: CPU ms per second of it. */
function engineCosts(sound: Int16Array, shape: CoreShape): number[] {
  const engine = defaultEngine();
  const hear = (frame: Int16Array) => engine.process(frame);
  const engineMs = repeated(shape, () => eachFrame(sound, hear, WAKE_FRAME_SAMPLES));
  return engineMs.map((ms) => (ms * WAKE_RATE_HZ) / sound.length);
}

/** The engine micro on the same sound, at 16 kHz, where its model is at hand. */
function microCosts(findings: Findings, sound: Int16Array, shape: CoreShape): void {
  const manifest = microPath("alexa.json");
  if (manifest === null) {
    for (const id of ["micro_cpu", "micro_share"] as const) findings.missing(id, "no model here");
    return;
  }
  const engine = new MicroDetector([{ keyword: "alexa", sensitivity: 0.97, manifest }]);
  const ms = repeated(shape, () =>
    eachFrame(sound, (frame) => engine.process(frame), WAKE_FRAME_SAMPLES),
  );
  const soundMs = (sound.length * 1000) / WAKE_RATE_HZ;
  findings.add("micro_cpu", ...ms.map((one) => (one * 1000) / soundMs));
  const other = findings.median("wake_cpu");
  const own = findings.median("micro_cpu");
  if (own !== null && other !== null && other > 0) findings.add("micro_share", own / other);
}

function eachFrame(
  pcm: Int16Array,
  take: (frame: Int16Array) => unknown,
  frameSamples = FRAME_SAMPLES,
): void {
  for (let at = 0; at + frameSamples <= pcm.length; at += frameSamples) {
    take(pcm.subarray(at, at + frameSamples));
  }
}

/** What the engine hears of this. */
export function at16k(pcm: Int16Array): Int16Array {
  const out = new Int16Array(resampledMax(pcm.length));
  return out.subarray(0, new Downsampler().process(pcm, out));
}

const WIRE = { send: (text: string | Uint8Array) => text.length, bufferedBytes: () => 0 };

/** Ring and uplink with an open gate, and a socket that takes everything. */
function openUplink(): (frame: Int16Array) => void {
  const ring = new Ring(msToSamples(RING_MS));
  const uplink = new Uplink(ring);
  uplink.connect(WIRE);
  uplink.open(0);
  return (frame) => {
    ring.write(frame);
    uplink.pump();
  };
}

/** The echo path; what it hears is what is played, or nothing is. */
function echoPath(plays: boolean, isFull = false): (frame: Int16Array) => void {
  const captured = new CaptureClock();
  const ringSamples = msToSamples(RING_MS);
  const gate = new EchoGate(ringSamples);
  const listener = isFull
    ? { gate, isWanted: () => true, mayInterrupt: () => true, somebody: () => undefined }
    : null;
  const path = new EchoPath({ captured, teacher: NO_TEACHER, listener, ringSamples });
  return (frame) => {
    const head = path.ring.head + frame.length;
    captured.took(head, samplesToMs(head));
    if (plays) path.playing(frame, samplesToMs(path.ring.head));
    path.take(frame);
  };
}

/** As an engine in a thread: what it is fed is copied, and that is all our loop has of it. */
class CopyingEngine implements WakeEngine {
  fedSamples = 0;
  start(sink: WakeSink): void {
    sink.flowing();
  }
  feed(frame: Int16Array): void {
    this.fedSamples += frame.slice().length;
  }
  listenFor(): void {}
  async close(): Promise<void> {
    this.fedSamples = 0;
  }
}

/** p99, for each repetition, of what one frame occupies the daemon's loop: all gates open. */
function frameTimes(shape: CoreShape, pcm: Int16Array): number[] {
  const ring = new Ring(msToSamples(RING_MS));
  const uplink = new Uplink(ring);
  uplink.connect(WIRE);
  uplink.open(0);
  const nothing = (): void => undefined;
  const path = new WakePath({
    ring,
    engine: new CopyingEngine(),
    cooldownMs: 0,
    onWake: nothing,
    isPlaying: () => false,
    onStop: nothing,
    onLost: nothing,
    onFlowing: nothing,
  });
  path.start();
  const times = (): number[] => {
    const taken: number[] = [];
    eachFrame(pcm, (frame) => {
      const fromMs = performance.now();
      ring.write(frame);
      path.take(frame);
      uplink.pump();
      taken.push(performance.now() - fromMs);
    });
    return taken;
  };
  times();
  return Array.from({ length: shape.repeats }, () => percentile(times(), 0.99));
}

/** A speaker that takes everything at once. */
const SINK: Speaker = {
  start: () => undefined,
  play: (pcm) => pcm.length,
  gain: () => undefined,
  finish: () => undefined,
  flush: () => Promise.resolve(0),
  heard: () => Number.MAX_SAFE_INTEGER,
  close: () => Promise.resolve(),
};

/** An audio delta as it comes over the wire. */
export function deltaText(pcm: Int16Array): string {
  return JSON.stringify({
    type: "response.output_audio.delta",
    event_id: "event_bench",
    response_id: "resp_bench",
    item_id: "item_bench",
    output_index: 0,
    content_index: 0,
    delta: Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength).toString("base64"),
  });
}

/** Microseconds for each delta. */
function deltaCosts(shape: CoreShape): number[] {
  const text = deltaText(noise(msToSamples(DELTA_MS)));
  const volume = (): number => 1;
  const downlink = new Downlink({
    clock: new SystemClock(),
    speaker: SINK,
    post: () => undefined,
    volume,
    capturedAt: () => null,
  });
  const deltas = (10 * shape.soundMs) / DELTA_MS;
  const work = (): void => {
    for (let n = 0; n < deltas; n++) downlink.text(1, text);
    downlink.drained();
    downlink.close();
  };
  return repeated(shape, work).map((ms) => (ms * 1000) / deltas);
}

/** One conversation, as the loop gets it: from the wake word to idle. */
const CONVERSATION: readonly Input[] = [
  { tag: "wake", keyword: "computer", endSample: 48_000 },
  said({
    tag: "session-created",
    sessionId: "s",
    model: "m",
    voice: "alloy",
    expiresAtS: null,
    transcriber: null,
  }),
  said({
    tag: "session-updated",
    sessionId: "s",
    model: "m",
    voice: "alloy",
    expiresAtS: null,
    transcriber: null,
  }),
  said({ tag: "speech-started", itemId: "item_1", startMs: 0 }, 48_000),
  said({ tag: "speech-stopped", itemId: "item_1", endMs: 3000 }, 120_000),
  said({ tag: "committed", itemId: "item_1" }),
  said({ tag: "response-created", responseId: "resp_1" }),
  { tag: "reply-audio", responseId: "resp_1" },
  said({
    tag: "response-done",
    responseId: "resp_1",
    status: "completed",
    reason: null,
    error: null,
    calls: [],
    requests: [],
    hasCalls: false,
    usage: null,
  }),
  { tag: "drained" },
  { tag: "tick" },
  { tag: "tick" },
];

/** `attempt` is filled in when it is played. */
function said(event: ServerEvent, capturedAt: number | null = null): Input {
  return { tag: "server", attempt: 0, event, capturedAt };
}

const CONTEXT = {
  chance: 0.5,
  spentMicroUsd: 0,
  settings: withoutSecrets({ ...DEFAULTS, "session.response_by": "client" }),
  account: "",
} as const;

/** Time in the played conversation moves on so much with each input. */
const STEP_MS = 5_000;

function stepRates(shape: CoreShape): number[] {
  const work = (): void => {
    let state: State = INITIAL;
    let nowMs = 0;
    for (let talk = 1; talk <= CONVERSATIONS; talk++) {
      for (const input of CONVERSATION) {
        nowMs += input.tag === "tick" ? DEFAULTS["session.follow_up_s"] * 1000 : FRAME_MS;
        const numbered = "attempt" in input ? { ...input, attempt: talk } : input;
        state = step(state, numbered, {
          ...CONTEXT,
          nowMs,
          wallMs: nowMs,
          headSample: nowMs * 24,
        }).state;
      }
      if (phase(state) !== "idle") throw new Error(`the conversation ended in '${phase(state)}'`);
      nowMs += STEP_MS;
    }
  };
  const steps = CONVERSATIONS * CONVERSATION.length;
  return repeated(shape, work).map((ms) => (steps * 1000) / ms);
}
