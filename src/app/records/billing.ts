/**
 * The money of the conversation under way, response by response: booked as the bill comes in, before
 * the machine decides about the next one, so that a budget is never passed by more than the response
 * in flight. A response whose bill will not come (the link is lost, we hung up) is booked by a guess.
 *
 * Invariant: what is booked is never taken back, and each response is booked once.
 */

import type { Fact, Input } from "../../core/assistant/inputs.ts";
import type { Conversation, Link, Response, State } from "../../core/assistant/state.ts";
import { samplesToMs } from "../../core/audio/pcm.ts";
import {
  addResponse,
  addTranscription,
  addUnbilled,
  type ConversationCost,
  EMPTY_COST,
} from "../../core/money/conversation-cost.ts";
import {
  ASSISTANT_TOKENS_PER_S,
  CHARS_PER_TOKEN,
  USER_TOKENS_PER_S,
} from "../../core/money/cost.ts";
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

/** What a bill belongs to; `response` null: none can be under way. */
interface Session {
  readonly link: Link;
  readonly response: Conversation["response"] | null;
}

type ServerInput = Extract<Input, { tag: "server" }>;
type Done = Extract<ServerInput["event"], { tag: "response-done" }>;

export class Billing {
  readonly #options: BillingOptions;
  #conversationCost: ConversationCost = EMPTY_COST;
  /** The last bill of this conversation: the next one's input is what that one read and wrote. */
  #last: Usage = NO_USAGE;
  /** Received before the response under way. */
  #receivedBefore = 0;
  #transcriber = "";
  /** The connection whose response in flight has been booked as lost. */
  #lostOn = 0;
  /** The session as it was before this input. */
  #session: Session | null = null;
  /** The response that was billed last: by its connection and its id. */
  #billed = "";

  constructor(options: BillingOptions) {
    this.#options = options;
  }

  /** Of the conversation under way, or of the last one. */
  get conversationCost(): ConversationCost {
    return this.#conversationCost;
  }

  /** What has happened: a conversation began, or a response was lost. */
  observe(fact: Fact): void {
    if (fact.tag === "response-lost") this.#lost();
    if (fact.tag !== "conversation-began") return;
    this.#conversationCost = EMPTY_COST;
    this.#receivedBefore = 0;
    this.#lostOn = 0;
    // A session kept from the last one brings its past along.
    if (!fact.warm) this.#last = NO_USAGE;
  }

  /** The conversation is over; from now on it is one of today's. */
  end(): ConversationCost {
    this.#options.spending.book({ conversations: 1, microUsd: 0 });
    return this.#conversationCost;
  }

  /** Before the step: what this input costs. Returns what has been spent today. */
  before(input: Input, state: State): number {
    this.#session = sessionOf(state);
    if (this.#session !== null) this.#note(input, this.#session);
    return this.#options.spending.today().microUsd;
  }

  #note(input: Input, { link, response }: Session): void {
    if (input.tag === "server" && input.attempt === link.attempt) this.#hear(input, link, response);
    // Before the machine connects again, for which there may be no money left.
    const isUnderWay = response !== null && response.tag !== "none" && response.tag !== "failed";
    if (input.tag === "link-closed" && input.attempt === link.attempt && isUnderWay) this.#lost();
  }

  /** This connection is no more: the bill of what is under way will not come. */
  #lost(): void {
    const link = this.#session?.link;
    if (link === undefined || link.attempt === this.#lostOn) return;
    this.#lostOn = link.attempt;
    this.#book(addUnbilled(this.#conversationCost, this.#guess(), link.model, this.#overrides()));
  }

  #hear({ event }: ServerInput, link: Link, response: Response | null): void {
    switch (event.tag) {
      case "session-created":
      case "session-updated":
        this.#transcriber = event.transcriber ?? "";
        return;
      case "response-done":
        this.#done(event, link, response);
        return;
      case "transcribed":
        if (event.usage === null) return;
        this.#book(
          addTranscription(
            this.#conversationCost,
            event.usage,
            this.#transcriber,
            this.#overrides(),
          ),
        );
        return;
      default:
        return;
    }
  }

  #done({ responseId, usage, status }: Done, link: Link, response: Response | null): void {
    const which = `${link.attempt} ${responseId}`;
    // Said twice by the server; while one is under way, an id that comes again is another response.
    if (which === this.#billed && (response?.tag ?? "none") === "none") return;
    this.#billed = which;
    if (usage !== null) {
      this.#last = usage;
      this.#book(addResponse(this.#conversationCost, usage, link.model, this.#overrides()));
    } else if (status !== "failed") {
      // A failed response without a bill has none: nothing was made.
      this.#book(addUnbilled(this.#conversationCost, this.#guess(), link.model, this.#overrides()));
    }
    this.#receivedBefore = this.#options.receivedSamples();
  }

  /**
   * What a response may have used whose bill was not seen: all that was said so far, nothing of it
   * from the cache, and what was received of it.
   */
  #guess(): Usage {
    const settings = this.#options.settings();
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

  #book(conversationCost: ConversationCost): void {
    const microUsd = conversationCost.assumedMicroUsd - this.#conversationCost.assumedMicroUsd;
    this.#conversationCost = conversationCost;
    this.#options.spending.book({ conversations: 0, microUsd });
  }

  #overrides() {
    return overridesOf(this.#options.settings()["budget.prices"]);
  }
}

function sessionOf({ conversation, memory }: State): Session | null {
  if (conversation !== null) return conversation;
  return memory.warm === null ? null : { link: memory.warm.link, response: null };
}

function tokens(samples: number, perSecond: number): number {
  return Math.ceil((samplesToMs(Math.max(0, samples)) / 1000) * perSecond);
}
