/**
 * The times of one conversation, each between two ats that somebody can see or hear: the user
 * falls silent, the LED lights up, the first sample sounds. It watches the loop's inputs and a few
 * reports of the devices; it decides nothing.
 *
 * Invariant: a time is noted once its second at has come, and only if both ats belong to
 * each other: a question that was taken back has no answer, a sound of our own answers nothing.
 */

import type { Fact, Input } from "../../core/assistant/inputs.ts";
import type { Call, StepContext } from "../../core/assistant/state.ts";
import { msToSamples } from "../../core/audio/pcm.ts";
import { bounded } from "../../core/metrics/lists.ts";
import type { Times } from "../../core/metrics/session-file.ts";

/** Monotonic time at which the sample at a capture position was captured; null when not known. */
export type CapturedMs = (position: number) => number | null;

export interface StopwatchStart {
  readonly call: Call;
  /** It goes on in a session that was kept: nothing was dialled. */
  readonly warm: boolean;
  /** When it was called: see `calledMs`. */
  readonly calledMs: number;
  readonly nowMs: number;
  /** When the LED lit up for it, if it has already. */
  readonly litMs: number | null;
  readonly capturedMs: CapturedMs;
  /** For the timeline in the journal. */
  readonly mark: (what: string) => void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class Stopwatch {
  readonly #start: StopwatchStart;
  readonly #times: Mutable<Times>;
  /** The first event on the connection of this attempt. */
  #greeted: { readonly attempt: number; readonly atMs: number } | null = null;
  #served: boolean;
  /** End of the question that has no audible answer yet. */
  #questionEndMs: number | null = null;
  #commitMs: number | null = null;
  /** First sound of the reply that is not heard yet. */
  #deltaMs: number | null = null;
  #sounding: boolean = false;
  /** What was pressed or said to silence the reply; until it is silent. */
  #pressMs: number | null = null;

  constructor(start: StopwatchStart) {
    this.#start = start;
    this.#served = start.warm;
    this.#times = {
      wakeToLedMs: null,
      wakeToListeningMs: this.#served ? start.nowMs - start.calledMs : null,
      connectionMs: null,
      responseMs: [],
      commitToDeltaMs: [],
      deltaToSoundMs: [],
      pressToSilenceMs: [],
    };
    if (start.litMs !== null) this.lit(start.litMs);
  }

  get times(): Times {
    return { ...this.#times };
  }

  /** What has happened, and by which input. */
  observe(fact: Fact, input: Input, at: StepContext): void {
    switch (fact.tag) {
      case "greeted":
        this.#greeted = { attempt: fact.attempt, atMs: at.nowMs };
        return;
      case "listening":
        this.#established(fact.attempt, at);
        return;
      case "speech-ended":
        this.#speechEnded(fact.capturedAt, at);
        return;
      case "ptt-released":
        this.#questionEndMs = at.nowMs;
        return;
      case "turn-committed":
        this.#commitMs = at.nowMs;
        return;
      case "question-reopened":
        this.#commitMs = null;
        return;
      case "interrupted":
        this.#commitMs = null;
        this.#questionEndMs = null;
        return;
      case "reply-began":
        this.#firstSound(at.nowMs);
        return;
      case "reply-over":
        this.#leftOff(fact.by, input, at);
        return;
      default:
        return;
    }
  }

  /** The LEDs show that it was heard. */
  lit(atMs: number): void {
    this.#times.wakeToLedMs ??= Math.max(0, atMs - this.#start.calledMs);
  }

  /** The first sample of an utterance has reached the speaker, or will at `atMs`. */
  sounded(atMs: number): void {
    this.#sounding = true;
    if (this.#deltaMs === null) return; // A sound of our own, or the last reply once more.
    this.#note("deltaToSoundMs", atMs - this.#deltaMs);
    this.#deltaMs = null;
    if (this.#questionEndMs === null) return;
    const latencyMs = atMs - this.#questionEndMs;
    this.#questionEndMs = null;
    this.#note("responseMs", latencyMs);
    const rounded = Math.round(latencyMs);
    this.#start.mark(`first sound of the reply, ${rounded} ms after the question's end`);
  }

  /** The speaker was flushed, and is silent. */
  silent(atMs: number): void {
    if (this.#pressMs !== null) this.#note("pressToSilenceMs", Math.max(0, atMs - this.#pressMs));
    this.#pressMs = null;
  }

  #speechEnded(capturedAt: number | null, { nowMs }: StepContext): void {
    const endMs = this.#speechEndMs(capturedAt);
    this.#questionEndMs = endMs === null ? null : Math.min(nowMs, endMs);
    this.#start.mark("end of speech");
  }

  /** When the user fell silent: where the server heard it, less the silence that it waited for. */
  #speechEndMs(capturedAt: number | null): number | null {
    if (capturedAt === null) return null;
    const { settings } = this.#start.call;
    const isServerVad = settings["openai.turn_detection.type"] === "server_vad";
    const silenceMs = isServerVad ? settings["openai.turn_detection.silence_ms"] : 0;
    return this.#start.capturedMs(capturedAt - msToSamples(silenceMs));
  }

  #firstSound(nowMs: number): void {
    if (this.#commitMs !== null) this.#note("commitToDeltaMs", nowMs - this.#commitMs);
    this.#commitMs = null;
    if (!this.#sounding) this.#deltaMs ??= nowMs;
  }

  #established(attempt: number, { nowMs }: StepContext): void {
    if (this.#served) return;
    this.#served = true;
    const { nowMs: dialledMs, calledMs, mark } = this.#start;
    if (this.#greeted?.attempt === attempt) {
      this.#times.connectionMs = this.#greeted.atMs - dialledMs;
    }
    this.#times.wakeToListeningMs = nowMs - calledMs;
    mark(`listening, ${Math.round(nowMs - calledMs)} ms after the wake`);
  }

  /** The reply is over, by itself or because somebody wanted it to be. */
  #leftOff(by: "ear" | "user" | "end", input: Input, at: StepContext): void {
    if (by === "ear") this.#start.mark("reply heard to its end");
    else if (this.#sounding) this.#pressMs = pressedMs(input, at, this.#start);
    this.#sounding = false;
    this.#deltaMs = null;
  }

  #note(
    list: "responseMs" | "commitToDeltaMs" | "deltaToSoundMs" | "pressToSilenceMs",
    ms: number,
  ): void {
    this.#times[list] = bounded(this.#times[list], ms);
  }
}

/** Was this input somebody who wants us? */
export function isCall(input: Input): boolean {
  return ["wake", "tap", "ptt-down", "command"].includes(input.tag);
}

/**
 * When it was done: the end of the wake word as it was captured, the way down of the button, the
 * arrival of a command.
 */
export function calledMs(input: Input, { nowMs }: StepContext, capturedMs: CapturedMs): number {
  if (input.tag === "wake") return Math.min(nowMs, capturedMs(input.endSample) ?? nowMs);
  if (input.tag === "tap" || input.tag === "ptt-down")
    return Math.min(nowMs, input.pressedMs ?? nowMs);
  return nowMs;
}

/** The same for whatever silences a reply, the user's voice included; null for anything else. */
function pressedMs(
  input: Input,
  at: StepContext,
  { call, capturedMs }: StopwatchStart,
): number | null {
  if (isCall(input)) return calledMs(input, at, capturedMs);
  if (input.tag !== "server" || input.event.tag !== "speech-started") return null;
  if (input.capturedAt === null) return null;
  // The server tells where its padding begins, not the voice; semantic detection has none.
  const { settings } = call;
  const isServerVad = settings["openai.turn_detection.type"] === "server_vad";
  const prefixMs = isServerVad ? settings["openai.turn_detection.prefix_ms"] : 0;
  const atMs = capturedMs(input.capturedAt + msToSamples(prefixMs));
  return atMs === null ? null : Math.min(at.nowMs, atMs);
}
