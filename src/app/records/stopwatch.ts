/**
 * The times of one conversation, each between two moments that somebody can see or hear: the user
 * falls silent, the lamp lights up, the first sample sounds. It watches the loop's inputs and a few
 * reports of the devices; it decides nothing.
 *
 * Invariant: a time is noted once its second moment has come, and only if both moments belong to
 * each other: a question that was taken back has no answer, a sound of our own answers nothing.
 */

import { isTalking } from "../../core/assistant-context.ts";
import type { Input, Moment, State, Talk } from "../../core/assistant-types.ts";
import { msToSamples } from "../../core/audio/pcm.ts";
import { bounded } from "../../core/metrics/lists.ts";
import type { Times } from "../../core/metrics/session-file.ts";

/** Monotonic time at which the sample at a capture position was captured; null when not known. */
export type CapturedMs = (position: number) => number | null;

export interface StopwatchStart {
  readonly talk: Talk;
  /** When it was called: see `calledMs`. */
  readonly calledMs: number;
  readonly nowMs: number;
  /** When the lamp lit up for it, if it has already. */
  readonly litMs: number | null;
  readonly capturedMs: CapturedMs;
  /** For the timeline in the journal. */
  readonly mark: (what: string) => void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type ServerInput = Extract<Input, { tag: "server" }>;

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
    // A session that was kept open listens at once, and nothing was dialled.
    this.#served = start.talk.link === "ready";
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

  /** Every input of the loop, with what it did. */
  witness(input: Input, before: State, after: State, moment: Moment): void {
    if (input.tag === "server") this.#server(input, before, after, moment);
    if (input.tag === "hushed") this.silent(moment.nowMs);
    if (input.tag === "drained") this.#sounding = false;
    if (input.tag === "uplink-flushed" && after.tag === "thinking") this.#commitMs = moment.nowMs;
    if (input.tag === "reply-audio" && after.tag === "speaking") this.#firstSound(moment.nowMs);
    if (input.tag === "talk-over" && isReleased(after)) this.#questionEndMs = moment.nowMs;
    if (before.tag === "connecting" && isTalking(after) && after.tag !== "connecting") {
      this.#established(after.talk, moment);
    }
    if (before.tag === "speaking" && after.tag !== "speaking") this.#leftOff(input, after, moment);
    this.#forget(input, after);
  }

  /** The lamp shows that it was heard. */
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

  /** The speaker was hushed, and is silent. */
  silent(atMs: number): void {
    if (this.#pressMs !== null) this.#note("pressToSilenceMs", Math.max(0, atMs - this.#pressMs));
    this.#pressMs = null;
  }

  #server(input: ServerInput, before: State, after: State, { nowMs }: Moment): void {
    const { attempt, event } = input;
    if (before.tag === "connecting" && attempt === before.talk.attempt) {
      if (this.#greeted?.attempt !== attempt) this.#greeted = { attempt, atMs: nowMs };
    }
    if (after.tag !== "thinking") return;
    // A turn in which nothing was said leaves the state as it was.
    if (event.tag === "speech-stopped" && before.tag === "listening") {
      const endMs = this.#speechEndMs(after.talk, input.capturedAt);
      this.#questionEndMs = endMs === null ? null : Math.min(nowMs, endMs);
      this.#start.mark("end of speech");
    }
    const isOurs = isTalking(before) && before.talk.byHand === null;
    if (event.tag === "committed" && isOurs && event.itemId !== before.talk.ghost) {
      this.#commitMs = nowMs;
    }
  }

  /** When the user fell silent: where the server heard it, less the silence that it waited for. */
  #speechEndMs(talk: Talk, capturedAt: number | null): number | null {
    if (capturedAt === null) return null;
    const isServerVad = talk.settings["openai.turn_detection.type"] === "server_vad";
    const silenceMs = isServerVad ? talk.settings["openai.turn_detection.silence_ms"] : 0;
    return this.#start.capturedMs(capturedAt - msToSamples(silenceMs));
  }

  #firstSound(nowMs: number): void {
    if (this.#commitMs !== null) this.#note("commitToDeltaMs", nowMs - this.#commitMs);
    this.#commitMs = null;
    if (!this.#sounding) this.#deltaMs ??= nowMs;
  }

  #established({ attempt }: Talk, { nowMs }: Moment): void {
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
  #leftOff(input: Input, after: State, moment: Moment): void {
    if (this.#sounding) this.#pressMs = pressedMs(input, moment, this.#start);
    this.#sounding = false;
    this.#deltaMs = null;
    if (after.tag === "follow-up") this.#start.mark("reply heard to its end");
  }

  /** What was asked is not waited for any more: taken back, cut, or answered without a sound. */
  #forget(input: Input, after: State): void {
    if (after.tag === "listening" || after.tag === "follow-up") this.#commitMs = null;
    const isCut = after.tag === "listening" && isCall(input);
    if (isCut || after.tag === "follow-up") this.#questionEndMs = null;
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
  return ["wake", "tap", "talk", "command"].includes(input.tag);
}

/**
 * When it was done: the end of the wake word as it was captured, the way down of the button, the
 * arrival of a command.
 */
export function calledMs(input: Input, { nowMs }: Moment, capturedMs: CapturedMs): number {
  if (input.tag === "wake") return Math.min(nowMs, capturedMs(input.endSample) ?? nowMs);
  if (input.tag === "tap" || input.tag === "talk") return Math.min(nowMs, input.pressedMs ?? nowMs);
  return nowMs;
}

/** The same for whatever silences a reply, the user's voice included; null for anything else. */
function pressedMs(
  input: Input,
  moment: Moment,
  { talk, capturedMs }: StopwatchStart,
): number | null {
  if (isCall(input)) return calledMs(input, moment, capturedMs);
  if (input.tag !== "server" || input.event.tag !== "speech-started") return null;
  if (input.capturedAt === null) return null;
  // The server tells where its padding begins, not the voice; semantic detection has none.
  const isServerVad = talk.settings["openai.turn_detection.type"] === "server_vad";
  const prefixMs = isServerVad ? talk.settings["openai.turn_detection.prefix_ms"] : 0;
  const atMs = capturedMs(input.capturedAt + msToSamples(prefixMs));
  return atMs === null ? null : Math.min(moment.nowMs, atMs);
}

function isReleased(state: State): boolean {
  return isTalking(state) && state.talk.byHand?.tag === "released";
}
