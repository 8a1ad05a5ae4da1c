/**
 * The model's calls in the course of a conversation: carried out by the executor, answered in time.
 *
 * Invariants: each call is reported once, within HELD_MAX_MS, unless it was given up before; what
 * goes on beyond that (or is `long`) is reported as begun, its end once more, and its result waits
 * for a quiet moment; a function that needs the user's yes runs only when its call is approved
 * (core/assistant/approval.ts).
 */

import { oneLine } from "../../core/fault.ts";
import { GOODBYE } from "../../core/functions/built-in.ts";
import { closed } from "../../core/functions/fence.ts";
import type { FunctionRow, Registry } from "../../core/functions/registry.ts";
import { cut } from "../../core/functions/result.ts";
import type { Clock } from "../../ports.ts";
import type { Called, Executor } from "./executor.ts";

/** The machine gives a call 8 s; a call that takes longer is reported as begun before that. */
export const HELD_MAX_MS = 7_000;
/** Results that wait to be told; the oldest goes. */
export const NEWS_MAX = 8;
/** Of each, bytes: they may all stand in the instructions, which the API takes up to a limit. */
const NEWS_MAX_BYTES = 2_048;

export interface Call {
  readonly callId: string;
  readonly name: string;
  readonly argumentsText: string;
  /** The user has said yes to it. */
  readonly isApproved: boolean;
}

/** What the machine is told of a call. `isBegun`: it goes on, and its end is told by a second one. */
export interface Report {
  readonly callId: string;
  readonly ok: boolean;
  readonly output: string;
  /** What the model is shown besides: a JPEG in base64. */
  readonly picture?: string;
  readonly isBegun: boolean;
}

/** A result that came after its call was reported. */
export interface News {
  readonly row: FunctionRow;
  /** For the model. */
  readonly text: string;
}

export interface CallsOptions {
  readonly clock: Clock;
  readonly executor: Executor;
  readonly registry: () => Registry;
  /** The user is asked first because of what this very call may do. */
  readonly mustConfirm: (row: FunctionRow, argumentsText: string) => boolean;
  readonly done: (report: Report) => void;
  /** The user is to be asked first; `output` tells the model so. */
  readonly ask: (callId: string, output: string) => void;
  /** How long nothing is heard before a word of patience, milliseconds; 0: none. */
  readonly patienceMs: () => number;
  /** May a call go on after it was reported as begun (openai.async_functions)? */
  readonly isAsync: () => boolean;
  /** Nothing has been heard of a call for that long. */
  readonly waits: () => void;
  /** There is news to tell, as soon as somebody can be told. */
  readonly news: () => void;
}

export class Calls {
  readonly #options: CallsOptions;
  /** Calls that have not been reported. */
  readonly #open = new Set<string>();
  #news: readonly News[] = [];
  #lost = 0;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** News that found no room, since the start. */
  get lost(): number {
    return this.#lost;
  }

  /** What waits to be told, the oldest first. */
  get waiting(): readonly News[] {
    return this.#news;
  }

  /** Hands the news out, to be told now. */
  takeNews(): readonly News[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  /** Keeps those that may be told after the conversation; returns how many there are. */
  keepNews(mayStay: (news: News) => boolean): number {
    this.#news = this.#news.filter(mayStay);
    return this.#news.length;
  }

  run(call: Call): void {
    const { registry, mustConfirm } = this.#options;
    const row = registry().find(call.name);
    if (call.name === GOODBYE || row === undefined) {
      this.#answerAtOnce(call);
      return;
    }
    if ((row.confirm || mustConfirm(row, call.argumentsText)) && !call.isApproved) {
      this.#options.ask(call.callId, ASK_FIRST);
      return;
    }
    this.#open.add(call.callId);
    if (row.long && this.#options.isAsync()) this.#begun(call);
    void this.#carryOut(call, row);
  }

  /** The conversation has no use for it any more. What was reported as begun goes on. */
  abort(callId: string): void {
    if (this.#open.delete(callId)) this.#options.executor.abort(callId);
  }

  /** The goodbye is the conversation's own affair; what there is not cannot be carried out. */
  #answerAtOnce({ callId, name }: Call): void {
    const ok = name === GOODBYE;
    const output = ok ? { ok } : { error: `there is no function '${oneLine(name, 64)}'` };
    this.#options.done({ callId, ok, output: JSON.stringify(output), isBegun: false });
  }

  async #carryOut(call: Call, row: FunctionRow): Promise<void> {
    const { clock, executor, patienceMs, waits } = this.#options;
    const patience = patienceMs();
    const isOpen = (): boolean => this.#open.has(call.callId);
    const tired = (): void => {
      if (isOpen()) waits();
    };
    const takeBack = [
      clock.after(HELD_MAX_MS, () => isOpen() && this.#tooLong(call)),
      patience > 0 ? clock.after(patience, tired) : () => {},
    ];
    const called = await executor.call(call.name, call.argumentsText, call.callId);
    for (const cancel of takeBack) cancel();
    if (called !== null) this.#ended(call, row, called);
  }

  #ended({ callId }: Call, row: FunctionRow, { end, output, picture }: Called): void {
    const isInTime = this.#open.delete(callId);
    if (!isInTime && end === "aborted") return;
    // What comes late is told in words: nobody waits for a picture any more.
    const seen = picture === null || !isInTime ? {} : { picture };
    this.#options.done({ callId, ok: end === "ok", output, ...seen, isBegun: false });
    if (!isInTime) this.#reportLater(row, output);
  }

  /** It goes on beside the conversation; or it is ended, where the owner does not want that. */
  #tooLong(call: Call): void {
    if (this.#options.isAsync()) {
      this.#begun(call);
      return;
    }
    const { callId } = call;
    this.abort(callId);
    this.#options.done({ callId, ok: false, output: NOT_IN_TIME, isBegun: false });
  }

  #begun({ callId }: Call): void {
    this.#open.delete(callId);
    this.#options.done({ callId, ok: true, output: BEGUN, isBegun: true });
  }

  #reportLater(row: FunctionRow, output: string): void {
    const text = `The function ${row.name} has finished. Tell the user its result briefly: ${closed(cut(output, NEWS_MAX_BYTES))}`;
    if (this.#news.length >= NEWS_MAX) this.#lost += 1;
    this.#news = [...this.#news.slice(-NEWS_MAX + 1), { row, text }];
    this.#options.news();
  }
}

const NOT_IN_TIME = JSON.stringify({ error: "It did not finish in time, and was ended" });
const BEGUN = JSON.stringify({
  state: "begun",
  note: "It goes on by itself and takes a while. Say so in a few words; the result comes later as a message. Do not call it again.",
});
const ASK_FIRST = JSON.stringify({
  state: "not done yet",
  note: "Ask the user in one short sentence whether to do it. Only if the user then says yes, call it again with the very same arguments. The user may also press the button for yes: then it is done without you, and you are told.",
});
