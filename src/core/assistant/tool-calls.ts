/**
 * The open calls of functions, and how each ends: answered once, with a result or an error in words;
 * or given up, with nobody left to be answered. A remote call is the API's own: it is watched, and
 * nothing is sent for it.
 */

import { utf8Bytes } from "../functions/result.ts";
import type { CallOutcome } from "../phase.ts";
import { NOTE } from "../realtime/dialogue.ts";
import { ended } from "./approval.ts";
import type { Effect, Fact } from "./inputs.ts";
import { BEGUN_MAX, SETTLED_CALLS_MAX, TOOL_MAX_MS } from "./limits.ts";
import { type Change, send, stay } from "./machine.ts";
import type { OpenCall, Scope, Tools } from "./state.ts";

/** `isBegun`: it goes on, and its end comes later. */
export interface CallResult {
  readonly ok: boolean;
  readonly output: string;
  readonly isBegun: boolean;
  /** A JPEG in base64. */
  readonly picture?: string;
}

/** A call as it begins: its time runs from now. */
export function openedCall(
  { callId, name, argumentsText }: Pick<OpenCall, "callId" | "name" | "argumentsText">,
  at: Scope,
  kind: Partial<Pick<OpenCall, "isAnswered" | "isRemote" | "repeatsBut">>,
): OpenCall {
  const times = { startedMs: at.nowMs, deadlineMs: at.nowMs + TOOL_MAX_MS };
  const usual = { isAnswered: false, isRemote: false, repeatsBut: null };
  return { callId, name, argumentsText, ...times, ...usual, ...kind };
}

export function openCalls(own: Tools): readonly OpenCall[] {
  return own.tag === "running" ? own.calls : [];
}

export function withCalls(own: Tools, calls: readonly OpenCall[]): Tools {
  const { rounds, goodbye, awaited, pictures, repeatsBut, approvals, listings, begun } = own;
  const settledIds = own.settledIds.slice(-SETTLED_CALLS_MAX);
  const answers = { rounds, goodbye, awaited, pictures, repeatsBut };
  const data = { settledIds, ...answers, approvals, listings, begun };
  return calls.length === 0 ? { tag: "quiet", ...data } : { tag: "running", calls, ...data };
}

/** Answers the calls for which `resultOf` has a result. */
export function settle(
  own: Tools,
  resultOf: (call: OpenCall) => CallResult | null,
  end: CallOutcome,
  at: Scope,
): Change<Tools> {
  if (own.tag === "quiet") return stay(own);
  const results = own.calls.flatMap((call) => {
    const result = resultOf(call);
    return result === null ? [] : [{ call, result }];
  });
  const settled = results.map(({ call }) => call);
  const left = own.calls.filter((call) => !settled.includes(call));
  const begun = results.filter(({ result }) => result.isBegun).map(({ call }) => call);
  const rest = results.filter(({ result }) => !result.isBegun);
  const kept = [...own.begun, ...begun].slice(-BEGUN_MAX);
  const forgotten = [...own.begun, ...begun].slice(0, -BEGUN_MAX);
  const settledIds = [...own.settledIds, ...settled.map(({ callId }) => callId)];
  const seen = results.filter(({ result }) => result.picture !== undefined);
  const pictures = [...own.pictures, ...seen.map(({ call }) => pictureId(call.callId))];
  return {
    next: withCalls({ ...own, settledIds, pictures, begun: kept }, left),
    sends: results.flatMap(({ call, result }, n) => {
      return answer(call, result, own.settledIds.length + n);
    }),
    facts: [
      ...rest.map(({ call, result }) => over(call, result, call.isAnswered ? "late" : end, at)),
      ...forgotten.map((call) => ended(call, "unfinished", at)),
    ],
  };
}

/** An output is text: a picture follows it. What is answered already is told of by a message. */
function answer(call: OpenCall, { output, picture }: CallResult, n: number): readonly Effect[] {
  const { callId, name, isAnswered, isRemote } = call;
  if (isRemote) return [];
  const text = `${NOTE}The user has approved ${name} by the button. Its result: ${output}`;
  const told = isAnswered
    ? ({ tag: "add-message", role: "user", text } as const)
    : ({ tag: "tool-output", callId, output } as const);
  const sent = send(told, "output", n);
  if (picture === undefined) return [sent];
  const shown = { tag: "show-picture", itemId: pictureId(callId), jpeg: picture } as const;
  return [sent, send(shown, "picture", n)];
}

/** Of the call, which has one picture at most; the API takes 32 characters. */
function pictureId(callId: string): string {
  return `pic_${callId.slice(-28)}`;
}

export function over(
  call: Pick<OpenCall, "name" | "startedMs"> & Partial<Pick<OpenCall, "isRemote">>,
  { ok, output }: CallResult,
  end: CallOutcome,
  at: Scope,
): Fact {
  if (end !== "held" && end !== "late") return ended(call, end, at);
  const { name, startedMs, isRemote = false } = call;
  const bytes = isRemote ? null : utf8Bytes(output);
  return { tag: "called", name, ok, ms: at.nowMs - startedMs, end, bytes };
}

export function aborts(calls: readonly OpenCall[]): readonly Effect[] {
  return calls.flatMap(({ callId, isRemote }) => (isRemote ? [] : [{ tag: "abort-tool", callId }]));
}

export function failure(error: string): CallResult {
  return { ok: false, output: JSON.stringify({ error }), isBegun: false };
}
