/**
 * Reads a text out in the model's configured voice, without a conversation: the models of the chain are
 * asked in order, as a conversation asks them. What it costs is booked and kept like a conversation's.
 *
 * Invariants: never rejects; ends within SPEAK_MAX_MS; nothing is requested once the day's budget is
 * spent, or before the time at which the server said to come again.
 */

import { samplesToMs } from "../../core/audio/pcm.ts";
import { type Fault, fault, faultLine } from "../../core/fault.ts";
import { budgetReading } from "../../core/metrics/cost-fields.ts";
import type { SessionRecord } from "../../core/metrics/session-file.ts";
import {
  chainOf,
  type FallbackChain,
  firstCandidate,
  nextCandidate,
} from "../../core/models/fallback.ts";
import { chooseVoice, voiceSettings } from "../../core/models/voice.ts";
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
  readonly world: Pick<World, "clock" | "dialer" | "journal" | "target">;
  readonly settings: () => Settings;
  readonly chain: () => FallbackChain;
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
  readonly voice: string;
  readonly settings: PublicSettings;
  readonly text: string;
  readonly fallbacks: SessionRecord["fallbacks"];
}

export class ModelVoice {
  readonly #options: ModelVoiceOptions;
  #reading: Reading | null = null;
  #isClosed: boolean = false;

  constructor(options: ModelVoiceOptions) {
    this.#options = options;
  }

  async speak(text: string): Promise<Spoken> {
    const { settings, purse, chain, world } = this.#options;
    const spent = purse.spent();
    const plain = thriftySettings(withoutSecrets(settings()), spent);
    const [nowMs, { retryAfter }] = [world.clock.nowMs(), chain()];
    const later = retryAfter !== null && nowMs < retryAfter.untilMs ? retryAfter.why : null;
    const refused = this.#isClosed ? STOPPING : (budgetExceeded(plain, spent) ?? later);
    if (refused !== null) return { fault: refused, microUsd: 0 };
    return await this.#alongTheChain(text, plain);
  }

  /** Gives up what is under way; nothing is asked for any more. */
  close(): void {
    this.#isClosed = true;
    this.#reading?.stop(STOPPING);
  }

  async #alongTheChain(text: string, settings: PublicSettings): Promise<Spoken> {
    const { world, chain } = this.#options;
    const untilMs = world.clock.nowMs() + SPEAK_MAX_MS;
    const tried: string[] = [];
    let [fallbacks, microUsd]: [SessionRecord["fallbacks"], number] = [[], 0];
    let model = firstCandidate(settings, chain(), world.clock.nowMs());
    for (;;) {
      const choice = chooseVoice(voiceSettings(settings), model);
      const spoken: Spoken =
        choice.tag === "chosen"
          ? await this.#attempt({ model, voice: choice.voice, settings, text, fallbacks }, untilMs)
          : { fault: fault("config", "fall-back", choice.why), microUsd: 0 };
      microUsd += spoken.microUsd;
      if (!("fault" in spoken) || spoken.fault.recovery !== "fall-back")
        return { ...spoken, microUsd };
      tried.push(model);
      const next = nextCandidate(settings, chain(), tried, world.clock.nowMs());
      if (next === null) return { ...spoken, microUsd };
      fallbacks = [...fallbacks, { from: model, to: next, reason: spoken.fault.code }];
      model = next;
    }
  }

  async #attempt(attempt: Attempt, untilMs: number): Promise<Spoken> {
    const { world, settings } = this.#options;
    const { clock, dialer } = world;
    const startedWallMs = clock.wallMs();
    const beganMs = clock.nowMs();
    const { model, voice, text } = attempt;
    const reading = new Reading({
      ...{ clock, dialer, model, text },
      target: world.target(model, settings()),
      protocol: attempt.settings["openai.protocol"],
      session: readingConfig(attempt.settings, model, voice),
    });
    this.#reading = reading;
    const late = fault("timeout", "retry", "The Realtime API took too long to read the text");
    const takeBack = clock.after(untilMs - beganMs, () => reading.stop(late));
    const end = await reading.done;
    takeBack();
    this.#reading = null;
    const endedWallMs = startedWallMs + (clock.nowMs() - beganMs);
    const microUsd = this.#settle(attempt, end, { startedWallMs, endedWallMs });
    if (end.fault !== null) return { fault: end.fault, microUsd };
    return { pcm: end.pcm, model, voice, microUsd };
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
    const line = `Announcement read by ${attempt.model} (${attempt.voice}): ${seconds} s, $${dollars}`;
    world.journal.log("info", line);
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
  const { model, voice, settings, fallbacks } = attempt;
  const { fault: why, status, connectionMs, pcm } = end;
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
