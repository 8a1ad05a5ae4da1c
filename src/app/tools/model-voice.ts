/**
 * Reads a text out in the model's configured voice, without a conversation. As in one, the models of the
 * chain are asked in order, and again after a passing failure, and what was learned of them is remembered;
 * what it costs is booked and kept.
 *
 * Invariants: never rejects; ends within SPEAK_MAX_MS; nothing is requested once the day's budget is
 * spent, or before the time at which the server said to come again.
 */

import type { ModelFact } from "../../core/assistant/inputs.ts";
import { ASK_LATER_MAX_MS } from "../../core/assistant/limits.ts";
import { samplesToMs } from "../../core/audio/pcm.ts";
import { type Fault, fault, faultLine } from "../../core/fault.ts";
import { budgetReading } from "../../core/metrics/cost-fields.ts";
import type { SessionRecord } from "../../core/metrics/session-file.ts";
import {
  afterFailure,
  afterNobody,
  blamed,
  type Failed,
  type Verdict,
} from "../../core/models/dialling.ts";
import {
  COOL_DOWN_MS,
  chainOf,
  type FallbackChain,
  firstCandidate,
  GONE_MS,
  nextCandidate,
} from "../../core/models/fallback.ts";
import { chooseVoice, voiceMissing, voiceSettings } from "../../core/models/voice.ts";
import { budgetExceeded, thriftySettings } from "../../core/money/budget.ts";
import {
  addResponse,
  addUnbilled,
  type ConversationCost,
  EMPTY_COST,
} from "../../core/money/conversation-cost.ts";
import { ASSISTANT_TOKENS_PER_S, CHARS_PER_TOKEN } from "../../core/money/cost.ts";
import { overridesOf } from "../../core/money/prices.ts";
import { readingConfig } from "../../core/realtime/session.ts";
import { NO_USAGE } from "../../core/realtime/usage.ts";
import { type PublicSettings, type Settings, withoutSecrets } from "../../core/settings/table.ts";
import type { World } from "../world.ts";
import { Reading, type ReadingEnd } from "./reading.ts";

/** A minute of speech comes faster than it is spoken, and the server's silence has a limit of its own. */
export const SPEAK_MAX_MS = 60_000;

/** Who keeps the money. */
export interface Purse {
  /** Today, micro-dollars. */
  readonly spent: () => number;
  readonly book: (microUsd: number) => void;
  /** Has the metrics file written. */
  readonly keep: (record: Omit<SessionRecord, "id">) => void;
}

export interface ModelVoiceOptions {
  readonly world: Pick<World, "clock" | "dice" | "dialer" | "journal" | "target">;
  readonly settings: () => Settings;
  readonly chain: () => FallbackChain;
  /** For the chain: conversations are to know it, too. */
  readonly learned: (fact: ModelFact) => void;
  readonly purse: Purse;
}

/** What was said, or why nothing was; `microUsd`: what it has cost all the same. */
export type Spoken = { readonly microUsd: number } & (
  | { readonly pcm: Int16Array; readonly model: string; readonly voice: string }
  | { readonly fault: Fault }
);

const STOPPING = fault("speech", "report", "Pipit is stopping");

interface Attempt {
  readonly model: string;
  readonly voices: readonly [string, ...string[]];
  readonly settings: PublicSettings;
  readonly text: string;
  readonly fallbacks: SessionRecord["fallbacks"];
}

/** How far along the chain a text has come. */
interface Way {
  readonly text: string;
  readonly settings: PublicSettings;
  readonly untilMs: number;
  model: string;
  /** Of this model. */
  failures: number;
  failed: readonly Failed[];
  fallbacks: SessionRecord["fallbacks"];
  microUsd: number;
}

/** What a reading came to, as far as it decides what is next. */
type Tried = Pick<ReadingEnd, "pcm" | "fault" | "hintMs" | "isNobody" | "voice">;

export class ModelVoice {
  readonly #options: ModelVoiceOptions;
  #reading: Reading | null = null;
  /** Ends a wait between two attempts. */
  #resume: () => void = () => undefined;
  #isClosed: boolean = false;
  /** The last notice of a voice, told once. */
  #noticed = "";

  constructor(options: ModelVoiceOptions) {
    this.#options = options;
  }

  async speak(text: string): Promise<Spoken> {
    const { settings, purse, chain, world } = this.#options;
    const nowMs = world.clock.nowMs();
    const plain = thriftySettings(withoutSecrets(settings()), purse.spent());
    const way: Way = {
      ...{ text, settings: plain, untilMs: nowMs + SPEAK_MAX_MS, microUsd: 0 },
      ...{ model: firstCandidate(plain, chain(), nowMs), failures: 0, failed: [], fallbacks: [] },
    };
    for (;;) {
      const refused = this.#refusal(way);
      if (refused !== null) return { fault: refused, microUsd: way.microUsd };
      const { pcm, voice, fault: why, ...tried } = await this.#attempt(way);
      const { model } = way;
      if (why === null) {
        this.#answered(way);
        return { pcm, model, voice, microUsd: way.microUsd };
      }
      if (!(await this.#goesOn(way, why, tried))) return { fault: why, microUsd: way.microUsd };
    }
  }

  /** Gives up what is under way; nothing is asked for any more. */
  close(): void {
    this.#isClosed = true;
    this.#reading?.stop(STOPPING);
    this.#resume();
  }

  /** Why nothing may be asked for now; null: it may. */
  #refusal({ settings }: Way): Fault | null {
    const { purse, chain, world } = this.#options;
    if (this.#isClosed) return STOPPING;
    const { retryAfter } = chain();
    const isEarly = retryAfter !== null && world.clock.nowMs() < retryAfter.untilMs;
    return budgetExceeded(settings, purse.spent()) ?? (isEarly ? retryAfter.why : null);
  }

  #answered({ model, failed }: Way): void {
    const { learned } = this.#options;
    for (const { model: one, why } of blamed(failed)) {
      learned({ tag: "model-unavailable", model: one, why: why.message, forMs: COOL_DOWN_MS });
    }
    learned({ tag: "model-answered", model });
  }

  /** The same model again after a wait, or the next one; false: it ends here. As a conversation does. */
  async #goesOn(way: Way, why: Fault, tried: Pick<Tried, "hintMs" | "isNobody">): Promise<boolean> {
    const { world, learned } = this.#options;
    const verdict = this.#verdict(way, why, tried);
    switch (verdict.tag) {
      case "again":
        world.journal.log("warning", `${why.message}; trying again`);
        way.failures += 1;
        await this.#pause(verdict.waitMs);
        return true;
      case "come-later":
        learned({ tag: "retry-after", why, forMs: verdict.waitMs });
        return false;
      case "give-up":
        return false;
      case "next-model":
        return this.#nextModel(way, why);
    }
  }

  #verdict(
    { failures, untilMs }: Way,
    why: Fault,
    { isNobody, hintMs }: Pick<Tried, "hintMs" | "isNobody">,
  ): Verdict {
    const { clock, dice } = this.#options.world;
    // espeak-ng need not wait longer for its turn than a question would.
    const leftMs = Math.min(untilMs - clock.nowMs(), ASK_LATER_MAX_MS);
    const attempts = { failures, leftMs, chance: dice.unit() };
    if (isNobody) return afterNobody(attempts);
    // An answer without a sound is paid for: it is asked for once more, and of no other model.
    if (why.code === "unheard" && failures > 0) return { tag: "give-up" };
    return afterFailure(why, hintMs, attempts);
  }

  #nextModel(way: Way, why: Fault): boolean {
    const { world, chain, learned } = this.#options;
    const { model, settings } = way;
    way.failed = [...way.failed, { model, why }];
    if (why.recovery === "fall-back" && why.code !== "config") {
      learned({ tag: "model-unavailable", model, why: why.message, forMs: GONE_MS });
    }
    const nowMs = world.clock.nowMs();
    const tried = way.failed.map((one) => one.model);
    const to = nowMs < way.untilMs ? nextCandidate(settings, chain(), tried, nowMs) : null;
    if (to === null) return false;
    world.journal.log("warning", `${why.message}; trying ${to}`);
    way.fallbacks = [...way.fallbacks, { from: model, to, reason: why.code }];
    way.model = to;
    way.failures = 0;
    return true;
  }

  /** Ends with its time, or with `close`. */
  async #pause(waitMs: number): Promise<void> {
    const { clock } = this.#options.world;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(waitMs, resolve);
      this.#resume = () => {
        cancel();
        resolve();
      };
    });
    this.#resume = () => undefined;
  }

  async #attempt(way: Way): Promise<Tried> {
    const { settings, model, text, fallbacks, untilMs } = way;
    const voices = this.#voicesFor(settings, model);
    if ("fault" in voices) return { ...NO_READING, fault: voices.fault };
    const { world } = this.#options;
    const { clock, dialer } = world;
    const startedWallMs = clock.wallMs();
    const beganMs = clock.nowMs();
    const reading = new Reading({
      ...{ clock, dialer, model, text, voices: voices.voices },
      target: world.target(model, this.#options.settings()),
      protocol: settings["openai.protocol"],
      session: (voice) => readingConfig(settings, model, voice),
    });
    this.#reading = reading;
    const late = fault("timeout", "retry", "The Realtime API took too long to read the text");
    const takeBack = clock.after(untilMs - beganMs, () => reading.stop(late));
    const end = await reading.done;
    takeBack();
    this.#reading = null;
    const endedWallMs = startedWallMs + (clock.nowMs() - beganMs);
    const attempt = { ...{ text, model, settings, fallbacks }, voices: voices.voices };
    way.microUsd += this.#settle(attempt, end, { startedWallMs, endedWallMs });
    if (end.voice !== voices.voices[0]) {
      this.#notice(`${voiceMissing(voices.voices[0], model)}; using '${end.voice}'`);
    }
    return end;
  }

  /** The voice to ask for, and what is asked for where the server refuses it. */
  #voicesFor(
    settings: PublicSettings,
    model: string,
  ): { readonly voices: Attempt["voices"] } | { readonly fault: Fault } {
    const wanted = voiceSettings(settings);
    const choice = chooseVoice(wanted, model);
    if (choice.tag === "refused") return { fault: fault("config", "fall-back", choice.why) };
    if (choice.notice !== null) this.#notice(choice.notice);
    const { voice } = choice;
    const other = chooseVoice({ ...wanted, voice: wanted.fallback }, model);
    const isOther = wanted.autoSelect && other.tag === "chosen" && other.voice !== voice;
    return { voices: isOther ? [voice, other.voice] : [voice] };
  }

  #notice(line: string): void {
    if (line !== this.#noticed) this.#options.world.journal.log("notice", line);
    this.#noticed = line;
  }

  /** Books what was requested, and has it written; gives what it cost. */
  #settle(
    attempt: Attempt,
    end: ReadingEnd,
    times: Pick<SessionRecord, "startedWallMs" | "endedWallMs">,
  ): number {
    if (!end.isRequested) return 0;
    const { settings, purse, world } = this.#options;
    const cost = costOf(attempt, end, overridesOf(settings()["budget.prices"]));
    const { assumedMicroUsd } = cost;
    purse.book(assumedMicroUsd);
    const budget = budgetReading(settings(), purse.spent());
    purse.keep({ ...times, ...recordOf(attempt, end, cost), budget });
    const seconds = (samplesToMs(end.pcm.length) / 1000).toFixed(1);
    const dollars = (assumedMicroUsd / 1e6).toFixed(4);
    const [what, course] = end.fault === null ? ["read", `${seconds} s`] : ["not read", "paid"];
    const by = `${attempt.model} (${end.voice})`;
    world.journal.log("info", `Announcement ${what} by ${by}: ${course}, $${dollars}`);
    return assumedMicroUsd;
  }
}

function costOf(
  { text, model, settings }: Attempt,
  { usage, status, pcm }: ReadingEnd,
  overrides: ReturnType<typeof overridesOf>,
): ConversationCost {
  if (usage !== null) return addResponse(EMPTY_COST, usage, model, overrides);
  // A failed response without a bill has none: nothing was made.
  if (status === "failed") return EMPTY_COST;
  const { instructions } = readingConfig(settings, model, "");
  const guess = {
    ...NO_USAGE,
    inputText: Math.ceil((instructions.length + text.length) / CHARS_PER_TOKEN),
    outputAudio: Math.ceil((samplesToMs(pcm.length) / 1000) * ASSISTANT_TOKENS_PER_S),
  };
  return addUnbilled(EMPTY_COST, guess, model, overrides);
}

type Course = Omit<SessionRecord, "id" | "startedWallMs" | "endedWallMs" | "budget">;

function recordOf(attempt: Attempt, end: ReadingEnd, conversationCost: ConversationCost): Course {
  const { model, settings, fallbacks } = attempt;
  const { fault: why, status, connectionMs, pcm, voice } = end;
  const responses = { completed: 0, cancelled: 0, incomplete: 0, failed: 0 };
  const message = why === null ? [] : [{ at: "", code: why.code, message: faultLine(why) }];
  return {
    ...{ model, voice, fallbacks, conversationCost },
    endReason: why === null ? "announced" : "fault",
    recovered: false,
    trigger: "announcement",
    modelRequested: chainOf(settings)[0] ?? model,
    protocol: settings["openai.protocol"],
    turns: 0,
    requestedBy: { server: 0, client: 0 },
    times: { ...NO_TIMES, connectionMs },
    responses: status === null ? responses : { ...responses, [status]: 1 },
    interruptions: [],
    calls: [],
    // It is played later, or never: what was heard of it is not known yet.
    audio: { ...NO_SOUND, receivedMs: samplesToMs(pcm.length), playedMs: null },
    errors: message,
  };
}

const NO_READING = { pcm: new Int16Array(0), hintMs: null, isNobody: false, voice: "" } as const;
const NO_SOUND = {
  sentMs: 0,
  droppedMs: 0,
  preRollMs: 0,
  underruns: 0,
  repeatedEvents: 0,
} as const;
const NO_TIMES = {
  wakeToLedMs: null,
  wakeToListeningMs: null,
  connectionMs: null,
  responseMs: [],
  commitToDeltaMs: [],
  deltaToSoundMs: [],
  pressToSilenceMs: [],
} as const;
