/**
 * The money of the conversation under way, response by response: booked as the bill comes in, before
 * the machine decides about the next one, so that a budget is never passed by more than the response
 * in flight. A response whose bill will not come (the link is lost, we hung up) is booked by a guess.
 *
 * Invariant: what is booked is never taken back, and each response is booked once.
 */

import { isTalking } from "../../core/assistant-context.ts";
import type { Input, State, Talk } from "../../core/assistant-types.ts";
import { samplesToMs } from "../../core/audio/pcm.ts";
import {
  addResponse,
  addTranscription,
  addUnbilled,
  EMPTY_TAB,
  type Tab,
} from "../../core/money/conversation-cost.ts";
import { ASSISTANT_TOKENS_PER_S, USER_TOKENS_PER_S } from "../../core/money/cost.ts";
import { overridesOf } from "../../core/money/prices.ts";
import { NO_USAGE, type Usage } from "../../core/realtime/usage.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Spending } from "./spending.ts";

export interface BillingOptions {
  readonly spending: Spending;
  readonly settings: () => Settings;
  /** Sound of this conversation, sent to the server and received from it. */
  readonly sentSamples: () => number;
  readonly receivedSamples: () => number;
}

/** A rule of thumb for the text that every response reads: the instructions and the tools. */
const CHARS_PER_TOKEN = 4;

type ServerInput = Extract<Input, { tag: "server" }>;
type Done = Extract<ServerInput["event"], { tag: "response-done" }>;

export class Billing {
  readonly #options: BillingOptions;
  #tab: Tab = EMPTY_TAB;
  /** The last bill of this conversation: the next one's input is what that one read and wrote. */
  #last: Usage = NO_USAGE;
  /** Received before the response under way. */
  #receivedBefore = 0;
  #transcriber = "";
  /** The connection whose response in flight has been booked as lost. */
  #lostOn = 0;
  /** The response that was billed last: by its connection and its id. */
  #billed = "";

  constructor(options: BillingOptions) {
    this.#options = options;
  }

  /** Of the conversation under way, or of the last one. */
  get tab(): Tab {
    return this.#tab;
  }

  /** A conversation begins. A session kept from the last one brings its past along. */
  begin(talk: Talk): void {
    this.#tab = EMPTY_TAB;
    this.#receivedBefore = 0;
    if (talk.link !== "ready") this.#last = NO_USAGE;
  }

  /** The conversation is over; from now on it is one of today's. */
  end(): Tab {
    this.#options.spending.book({ conversations: 1, microUsd: 0 });
    return this.#tab;
  }

  /** Before the step: what this input costs. Returns what has been spent today. */
  before(input: Input, state: State): number {
    const talk = talkOf(state);
    if (input.tag === "server" && input.attempt === talk?.attempt) this.#hear(input, talk);
    // Before the machine connects again, for which there may be no money left.
    if (input.tag === "link-closed" && input.attempt === talk?.attempt) this.#lost(talk);
    return this.#options.spending.today().microUsd;
  }

  /** After the step: was a response lost by it? */
  after(input: Input, before: State, after: State): void {
    if (!isTalking(before)) return;
    if (isTalking(after) && after.talk.attempt === before.talk.attempt) {
      if (after.talk.link !== "lost") return;
    }
    if (hasEnded(input, before.talk)) return;
    this.#lost(before.talk);
  }

  /** This connection is no more: the bill of what is under way will not come. */
  #lost(talk: Talk): void {
    if (talk.answer.tag === "none" || talk.attempt === this.#lostOn) return;
    this.#lostOn = talk.attempt;
    this.#book(addUnbilled(this.#tab, this.#guess(talk), talk.model, this.#overrides()));
  }

  #hear({ event }: ServerInput, talk: Talk): void {
    switch (event.tag) {
      case "session-created":
      case "session-updated":
        this.#transcriber = event.transcriber ?? "";
        return;
      case "response-done":
        this.#done(event, talk);
        return;
      case "transcribed":
        if (event.usage === null) return;
        this.#book(addTranscription(this.#tab, event.usage, this.#transcriber, this.#overrides()));
        return;
      default:
        return;
    }
  }

  #done({ responseId, usage, status }: Done, talk: Talk): void {
    const which = `${talk.attempt} ${responseId}`;
    // Said twice by the server; while one is under way, an id that comes again is another response.
    if (which === this.#billed && talk.answer.tag === "none") return;
    this.#billed = which;
    if (usage !== null) {
      this.#last = usage;
      this.#book(addResponse(this.#tab, usage, talk.model, this.#overrides()));
    } else if (status !== "failed") {
      // A failed response without a bill has none: nothing was made.
      this.#book(addUnbilled(this.#tab, this.#guess(talk), talk.model, this.#overrides()));
    }
    this.#receivedBefore = this.#options.receivedSamples();
  }

  /**
   * What a response may have used whose bill was not seen: all that was said so far, nothing of it
   * from the cache, and what was received of it.
   */
  #guess({ settings }: Talk): Usage {
    const sent = this.#options.sentSamples();
    const received = this.#options.receivedSamples();
    const { inputText, inputAudio, inputImage, outputText, outputAudio } = this.#last;
    const heard = tokens(sent, USER_TOKENS_PER_S);
    const spoken = tokens(this.#receivedBefore, ASSISTANT_TOKENS_PER_S);
    const prompt = Math.ceil(settings["openai.instructions"].length / CHARS_PER_TOKEN);
    return {
      ...NO_USAGE,
      inputText: Math.max(prompt, inputText + outputText),
      inputAudio: Math.max(heard + spoken, inputAudio + outputAudio),
      inputImage,
      outputAudio: tokens(received - this.#receivedBefore, ASSISTANT_TOKENS_PER_S),
    };
  }

  #book(tab: Tab): void {
    const microUsd = tab.assumedMicroUsd - this.#tab.assumedMicroUsd;
    this.#tab = tab;
    this.#options.spending.book({ conversations: 0, microUsd });
  }

  #overrides() {
    return overridesOf(this.#options.settings()["budget.prices"]);
  }
}

function talkOf(state: State): Talk | null {
  return isTalking(state) ? state.talk : (state.warm?.talk ?? null);
}

function tokens(samples: number, perSecond: number): number {
  return Math.ceil((samplesToMs(Math.max(0, samples)) / 1000) * perSecond);
}

/** Did the answer under way end by this input, and so was billed or never begun? */
function hasEnded(input: Input, { answer, attempt }: Talk): boolean {
  if (input.tag !== "server" || input.attempt !== attempt) return false;
  const { event } = input;
  if (event.tag === "error") return answer.tag === "asked"; // It was refused.
  if (event.tag !== "response-done") return false;
  const id = answer.tag === "active" || answer.tag === "given-up" ? answer.id : null;
  return id === null || id === event.responseId;
}
