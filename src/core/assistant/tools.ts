/**
 * The calls of functions that the model has made. They run outside (effect `run-tool`, input
 * `tool-done`); here each has its deadline and is settled exactly once: with its result, with an
 * error in words for the model, or dead because its connection is. A call id is known: what comes
 * twice is answered once. All of a response's calls are answered together (see rules.ts). What a call
 * has seen is a message of its own, and is deleted as soon as it was answered: as long as the server
 * has it, it is billed with every response.
 */

import { fault } from "../fault.ts";
import type { ToolCall } from "../realtime/server-events.ts";
import { END_CONVERSATION } from "../realtime/session.ts";
import { eventId } from "./ids.ts";
import type { Change, Effect, Fact } from "./inputs.ts";
import { SETTLED_CALLS_MAX, TOOL_MAX_MS, TOOL_ROUNDS_MAX } from "./limits.ts";
import type { OpenCall, Scope, Table, Tools } from "./state.ts";

export type ToolsEvent =
  | { readonly tag: "called"; readonly calls: readonly ToolCall[] }
  | {
      readonly tag: "done";
      readonly callId: string;
      readonly ok: boolean;
      readonly output: string;
      /** A JPEG in base64. */
      readonly picture?: string;
    }
  /** All are settled, and the model was told to go on, or has no need to. */
  | { readonly tag: "reported" }
  /** The model has answered what it was shown. */
  | { readonly tag: "looked" }
  /** A new question: rounds are counted anew. */
  | { readonly tag: "question" }
  /** The user goes on to something else. */
  | { readonly tag: "interrupted" }
  /** Nobody can be answered any more. */
  | { readonly tag: "link-gone" }
  | { readonly tag: "due" };

export const TOOLS_TABLE: Table<Tools["tag"], ToolsEvent["tag"]> = {
  quiet: {
    called: ["quiet", "running", "end"],
    done: ["quiet"],
    reported: ["quiet"],
    looked: ["quiet"],
    question: ["quiet"],
    interrupted: ["quiet"],
    "link-gone": ["quiet"],
  },
  running: {
    called: ["running"],
    done: ["running", "quiet"],
    question: ["running"],
    interrupted: ["quiet"],
    "link-gone": ["quiet"],
    due: ["running", "quiet"],
  },
};

export const NO_TOOLS: Tools = {
  tag: "quiet",
  settledIds: [],
  rounds: 0,
  goodbye: "no",
  awaited: false,
  pictures: [],
};

export function nextTools(own: Tools, event: ToolsEvent, at: Scope): Change<Tools> {
  switch (event.tag) {
    case "called":
      return called(own, event.calls, at);
    case "done":
      return settle(own, (call) => (call.callId === event.callId ? event : null), at);
    case "question":
      return { next: { ...own, rounds: 0 } };
    case "reported":
      return { next: reported(own) };
    case "looked":
      return looked(own);
    case "interrupted": {
      const after = aborted(own, "The user interrupted; ask again if it is still wanted", at);
      return { ...after, next: { ...after.next, goodbye: "no", awaited: false } };
    }
    case "link-gone":
      return dead(own, at);
    case "due":
      return timedOut(own, at);
  }
}

export function toolsDeadlineMs(own: Tools): number | null {
  return own.tag === "quiet" ? null : Math.min(...own.calls.map(({ deadlineMs }) => deadlineMs));
}

function openCalls(own: Tools): readonly OpenCall[] {
  return own.tag === "running" ? own.calls : [];
}

function withCalls(own: Tools, calls: readonly OpenCall[]): Tools {
  const { rounds, goodbye, awaited, pictures } = own;
  const settledIds = own.settledIds.slice(-SETTLED_CALLS_MAX);
  const data = { settledIds, rounds, goodbye, awaited, pictures };
  return calls.length === 0 ? { ...data, tag: "quiet" } : { ...data, tag: "running", calls };
}

function called(own: Tools, calls: readonly ToolCall[], at: Scope): Change<Tools> {
  const known = new Set([...own.settledIds, ...openCalls(own).map(({ callId }) => callId)]);
  const fresh = calls.filter(({ callId }, n) => {
    return !known.has(callId) && calls.findIndex((one) => one.callId === callId) === n;
  });
  const says = fresh.some(({ name }) => name === END_CONVERSATION);
  const goodbye = says && own.goodbye === "no" ? "called" : own.goodbye;
  const rounds = own.rounds + 1;
  if (rounds > TOOL_ROUNDS_MAX && goodbye === "no") {
    const why = fault("protocol", "report", "The model called functions without end");
    return { next: own, ends: { reason: "fault", fault: why } };
  }
  const opened = fresh.map(({ callId, name }): OpenCall => {
    const deadlineMs = at.nowMs + TOOL_MAX_MS;
    return { callId, name, status: "running", startedMs: at.nowMs, deadlineMs };
  });
  const sends = fresh.map(
    ({ callId, name, arguments: argumentsText }): Effect => ({
      tag: "run-tool",
      callId,
      name,
      argumentsText,
    }),
  );
  return {
    next: withCalls({ ...own, goodbye, rounds, awaited: true }, [...openCalls(own), ...opened]),
    sends,
  };
}

function reported(own: Tools): Tools {
  return { ...own, awaited: false, goodbye: own.goodbye === "called" ? "asked" : own.goodbye };
}

/** The pictures that were answered are deleted. */
function looked(own: Tools): Change<Tools> {
  const sends = own.pictures.map((itemId, n): Effect => {
    return { tag: "send", event: { tag: "delete-item", itemId }, id: eventId("delete", n) };
  });
  return { next: { ...own, pictures: [] }, sends };
}

interface Result {
  readonly ok: boolean;
  readonly output: string;
  readonly picture?: string;
}

/** Answers the calls for which `resultOf` has a result. */
function settle(own: Tools, resultOf: (call: OpenCall) => Result | null, at: Scope): Change<Tools> {
  const results = openCalls(own).flatMap((call) => {
    const result = resultOf(call);
    return result === null ? [] : [{ ...call, ...result }];
  });
  const ids = results.map(({ callId }) => callId);
  const left = openCalls(own).filter(({ callId }) => !ids.includes(callId));
  const sends = results.flatMap(({ callId, output, picture }, n): Effect[] => {
    const count = own.settledIds.length + n;
    const event = { tag: "tool-output", callId, output } as const;
    const sent: Effect = { tag: "send", event, id: eventId("output", count) };
    return picture === undefined ? [sent] : [sent, shown(callId, picture, count)];
  });
  const facts = results.map(
    ({ name, ok, startedMs }): Fact => ({ tag: "called", name, ok, ms: at.nowMs - startedMs }),
  );
  const settledIds = [...own.settledIds, ...ids];
  const seen = results.filter(({ picture }) => picture !== undefined);
  const pictures = [...own.pictures, ...seen.map(({ callId }) => pictureId(callId))];
  return { next: withCalls({ ...own, settledIds, pictures }, left), sends, facts };
}

/** An output is text: a picture follows it as a message. */
function shown(callId: string, jpeg: string, n: number): Effect {
  const event = { tag: "show-picture", itemId: pictureId(callId), jpeg } as const;
  return { tag: "send", event, id: eventId("picture", n) };
}

/** Of the call, which has one picture at most; the API takes 32 characters. */
function pictureId(callId: string): string {
  return `pic_${callId.slice(-28)}`;
}

function aborts(calls: readonly OpenCall[]): readonly Effect[] {
  return calls.map(({ callId }) => ({ tag: "abort-tool", callId }));
}

function failure(error: string): Result {
  return { ok: false, output: JSON.stringify({ error }) };
}

function aborted(own: Tools, why: string, at: Scope): Change<Tools> {
  const after = settle(own, () => failure(why), at);
  return { ...after, sends: [...aborts(openCalls(own)), ...(after.sends ?? [])] };
}

/** The call ids are nothing to another connection. */
function dead(own: Tools, at: Scope): Change<Tools> {
  const after = settle(own, () => failure("the connection is lost"), at);
  const next: Tools = { ...after.next, awaited: false, pictures: [] };
  return { ...after, next, sends: aborts(openCalls(own)) };
}

function timedOut(own: Tools, at: Scope): Change<Tools> {
  const late = openCalls(own).filter(({ deadlineMs }) => deadlineMs <= at.nowMs);
  const ids = late.map(({ callId }) => callId);
  const why = failure("the function did not finish in time");
  const after = settle(own, ({ callId }) => (ids.includes(callId) ? why : null), at);
  return { ...after, sends: [...aborts(late), ...(after.sends ?? [])] };
}
