/**
 * The calls of functions that the model has made. They run outside (effect `run-tool`, input
 * `tool-done`); here each has its deadline and is settled exactly once: with its result, with an
 * error in words for the model, or dead because its connection is. A call id is known: what comes
 * twice is answered once. All of a response's calls are answered together (see rules.ts). Calls that
 * need a yes wait for it beside the others (approval.ts), and so does the end of those that were
 * reported as begun: neither keeps the model from speaking. What a call has seen is a message of its
 * own, and is deleted as soon as it was answered: as long as the server has it, it is billed with
 * every response.
 */

import { fault } from "../fault.ts";
import { REPEAT } from "../functions/built-in.ts";
import { NOTE } from "../realtime/dialogue.ts";
import type { RemoteCall, ToolCall } from "../realtime/server-events.ts";
import { END_CONVERSATION } from "../realtime/session.ts";
import { ended, heard, isSame, refusals, renewed, spoken, waiting } from "./approval.ts";
import type { Effect } from "./inputs.ts";
import { APPROVALS_MAX, TOOL_ROUNDS_MAX } from "./limits.ts";
import { after, type Change, endingBy, log, type Of, send, stay, type Table } from "./machine.ts";
import {
  listed,
  listing,
  remoteCalled,
  remoteDone,
  requested,
  withoutLate,
} from "./remote-tools.ts";
import type { Approval, OpenCall, Scope, Tools } from "./state.ts";
import {
  aborts,
  type CallResult,
  failure,
  openCalls,
  openedCall,
  over,
  settle,
  withCalls,
} from "./tool-calls.ts";

export type ToolsEvent = Readonly<
  /** By a response: our functions, and remote calls that are to be approved. */
  | {
      tag: "called";
      responseId: string;
      calls: readonly ToolCall[];
      requests: readonly ToolCall[];
    }
  /** A remote server is asked for its tools; and has told them, or not. */
  | { tag: "remote-listing"; itemId: string; label: string }
  | { tag: "remote-listed"; itemId: string; ok: boolean }
  /** The API calls a tool of a remote server; and is done with it. */
  | { tag: "remote-call"; call: RemoteCall }
  | { tag: "remote-done"; itemId: string; ok: boolean }
  | { tag: "done"; callId: string; result: CallResult }
  /** This one is to be approved by the user first; `output` tells the model so. */
  | { tag: "ask"; callId: string; output: string }
  /** A reply begins to be heard: it is the question, where one waits. */
  | { tag: "question-heard" }
  /** The user has pressed the button. */
  | { tag: "approve" }
  /** The reply is over, and the user may speak. */
  | { tag: "reply-over" }
  /** Nobody has answered. */
  | { tag: "approval-due" }
  /** All are settled, and the model was told to go on, or has no need to. */
  | { tag: "reported" }
  /** The model has answered what it was shown. */
  | { tag: "looked" }
  /** A new question: rounds are counted anew. */
  | { tag: "question" }
  /** The user goes on to something else. */
  | { tag: "interrupted" }
  /** Nobody can be answered any more. */
  | { tag: "link-gone" }
  | { tag: "due" }
>;

type Event<T extends ToolsEvent["tag"]> = Of<ToolsEvent, T>;
type Quiet = Of<Tools, "quiet">;
type Running = Of<Tools, "running">;

/** What is taken alike, whether calls are open or not. */
const ROWS = {
  "remote-listing": [listing],
  "remote-listed": [listed],
  "question-heard": [questionHeard],
  question: [question],
  interrupted: [interrupted, "quiet"],
  "link-gone": [dead, "quiet"],
} as const;

export const TOOLS: Table<Tools, ToolsEvent> = {
  quiet: {
    called: [called, "quiet", "running", "end"],
    done: [done],
    ask: [ask],
    approve: [approve, "running", "quiet"],
    "reply-over": [replyOver],
    "approval-due": [(own, _, at) => refuse(own, ({ untilMs }) => untilMs <= at.nowMs, at)],
    reported: [reported],
    looked: [looked],
    "remote-call": [remoteCalled, "quiet", "running"],
    "remote-done": [remoteDone],
    due: [(own, _, at) => ({ next: withoutLate(own, at) })],
    ...ROWS,
  },
  running: {
    called: [called, "running"],
    done: [done, "running", "quiet"],
    ask: [ask, "running", "quiet"],
    "remote-call": [remoteCalled, "running"],
    "remote-done": [remoteDone, "running", "quiet"],
    ...ROWS,
    due: [timedOut, "running", "quiet"],
  },
};

export const NO_TOOLS: Tools = {
  tag: "quiet",
  settledIds: [],
  rounds: 0,
  goodbye: "no",
  awaited: false,
  pictures: [],
  repeatsBut: null,
  approvals: [],
  listings: [],
  begun: [],
};

/** The conversation is over: nobody hears the end of anything any more. */
export function toolsOver(own: Tools, at: Scope): Change<Tools> {
  const gone = dead(own, null, at);
  const unfinished = own.begun.map((call) => ended(call, "unfinished", at));
  return {
    ...gone,
    next: { ...gone.next, begun: [] },
    facts: [...(gone.facts ?? []), ...unfinished],
  };
}

// ---------------------------------------------------------------- calls

function called(own: Tools, event: Event<"called">, at: Scope): Change<Tools> {
  const fresh = unknown(own, event.calls);
  const says = fresh.some(({ name }) => name === END_CONVERSATION);
  const goodbye = says && own.goodbye === "no" ? "called" : own.goodbye;
  const rounds = own.rounds + 1;
  if (rounds > TOOL_ROUNDS_MAX && goodbye === "no") {
    const why = fault("protocol", "report", "The model called functions without end");
    return { next: own, ends: endingBy(why) };
  }
  const opened = fresh.map(({ callId, name, arguments: argumentsText }) => {
    const isAlone = name === REPEAT && fresh.length === 1;
    const repeatsBut = isAlone ? event.responseId : null;
    return openedCall({ callId, name, argumentsText }, at, { repeatsBut });
  });
  const requests = unknown(own, event.requests);
  // The same call once more, after the user has spoken, is the user's yes.
  const isYes = (one: Approval): boolean =>
    one.stage === "answered" && [...fresh, ...requests].some((call) => isSame(one, call));
  const yes = own.approvals.filter(isYes);
  const approvals = own.approvals.filter((one) => !isYes(one));
  const sends = opened.map((call) =>
    run(
      call,
      yes.some((one) => isSameCall(one, call)),
    ),
  );
  const next = { ...own, goodbye, rounds, awaited: true, approvals };
  const change: Change<Tools> = {
    next: withCalls(next, [...openCalls(own), ...opened]),
    sends,
    facts: yes.map((one) => ended(one, "asked", at)),
  };
  return requests.reduce((before, request) => {
    const isApproved = yes.some((one) => isSame(one, request));
    const { sends: sent = [], facts = [] } = before;
    return after(sent, facts, requested(before.next, request, isApproved, at));
  }, change);
}

/** Those that are neither open nor settled, each once. */
function unknown(own: Tools, calls: readonly ToolCall[]): readonly ToolCall[] {
  const known = new Set([...own.settledIds, ...openCalls(own).map(({ callId }) => callId)]);
  return calls.filter(({ callId }, n) => {
    return !known.has(callId) && calls.findIndex((one) => one.callId === callId) === n;
  });
}

function isSameCall(approval: Approval, { callId, name, argumentsText }: OpenCall): boolean {
  return isSame(approval, { callId, name, arguments: argumentsText });
}

function run({ callId, name, argumentsText }: OpenCall, isApproved: boolean): Effect {
  return { tag: "run-tool", callId, name, argumentsText, isApproved };
}

function reported(own: Quiet): Change<Tools> {
  const goodbye = own.goodbye === "called" ? "asked" : own.goodbye;
  return { next: { ...own, awaited: false, repeatsBut: null, goodbye } };
}

/** The pictures that were answered are deleted. */
function looked(own: Quiet): Change<Tools> {
  const sends = own.pictures.map((itemId, n) => send({ tag: "delete-item", itemId }, "delete", n));
  return { next: { ...own, pictures: [] }, sends };
}

// ---------------------------------------------------------------- approval

/** Answered with "ask first"; the same one that waits already waits once. */
function ask(own: Tools, { callId, output }: Event<"ask">, at: Scope): Change<Tools> {
  const call = openCalls(own).find((one) => one.callId === callId);
  if (call === undefined) return { next: own };
  const isKnown = own.approvals.some((one) => isSameCall(one, call));
  const isRoom = own.approvals.length < APPROVALS_MAX;
  if (!isKnown && !isRoom) {
    const full = failure("Too many things wait for the user's yes; ask about those first");
    return settle(own, (one) => (one === call ? full : null), "held", at);
  }
  const result = { ok: true, output, isBegun: false };
  const answered = settle(own, (one) => (one === call ? result : null), "asked", at);
  if (isKnown) return answered;
  const approvals = [...own.approvals, waiting(call, at)];
  return { ...answered, next: { ...answered.next, approvals }, facts: [] };
}

/** All that were asked for run now; the model is told by messages, since the calls are answered. */
function approve(own: Quiet, _: unknown, at: Scope): Change<Tools> {
  const approved = own.approvals.filter(({ stage }) => stage === "asked");
  const ours = approved.filter(({ isRemote }) => !isRemote);
  const remote = approved.filter(({ isRemote }) => isRemote);
  // Its next call is the one that was approved.
  const approvals = own.approvals.filter((one) => !ours.includes(one));
  const opened = ours.map((call) => openedCall(call, at, { isAnswered: true }));
  const next = { ...own, approvals: spoken(approvals), awaited: true };
  return {
    next: withCalls(next, [...openCalls(own), ...opened]),
    sends: [
      ...opened.map((call) => run(call, true)),
      ...remote.map(({ name }, n) => callAgain(name, own.settledIds.length + n)),
    ],
    facts: approved.map(({ name }) => log("info", `Function ${name}: approved by the button`)),
  };
}

function callAgain(name: string, n: number): Effect {
  const text = `${NOTE}The user has approved ${name} by the button. Call it again with the same arguments.`;
  return send({ tag: "add-message", role: "user", text }, "output", n);
}

function questionHeard(own: Tools, _: unknown, at: Scope): Change<Tools> {
  return { next: { ...own, approvals: heard(own.approvals, at) } };
}

/** Rounds are counted anew, and the model's next calls tell what the user's answer was. */
function question(own: Tools): Change<Tools> {
  return { next: { ...own, rounds: 0, approvals: spoken(own.approvals) } };
}

/** What the user has answered without a yes is refused; the others wait on. */
function replyOver(own: Quiet, _: unknown, at: Scope): Change<Tools> {
  const left = refuse(own, ({ stage }) => stage === "answered", at);
  return { ...left, next: { ...left.next, approvals: renewed(left.next.approvals, at) } };
}

function refuse(own: Tools, isRefused: (one: Approval) => boolean, at: Scope): Change<Tools> {
  const approvals = own.approvals.filter((one) => !isRefused(one));
  if (approvals.length === own.approvals.length) return stay(own);
  return { next: { ...own, approvals }, facts: refusals(own.approvals.filter(isRefused), at) };
}

// ---------------------------------------------------------------- the end of a call

/** A result; or the end of what was reported as begun. */
function done(own: Tools, { callId, result }: Event<"done">, at: Scope): Change<Tools> {
  const begun = own.begun.find((call) => call.callId === callId);
  if (begun === undefined) {
    const call = openCalls(own).find((one) => one.callId === callId);
    if (call?.name === REPEAT && result.ok) return repeat(own, call, result, at);
    return settle(own, (call) => (call.callId === callId ? result : null), "held", at);
  }
  const next = { ...own, begun: own.begun.filter((call) => call !== begun) };
  return { next, facts: [over(begun, result, "late", at)] };
}

/** The last reply is the answer: no response is asked for. */
function repeat(own: Tools, call: OpenCall, result: CallResult, at: Scope): Change<Tools> {
  const isAlone = call.repeatsBut !== null && openCalls(own).length === 1;
  const told = isAlone ? result : failure("Call it alone, or say the answer again yourself");
  const settled = settle(own, (one) => (one === call ? told : null), "held", at);
  if (!isAlone) return settled;
  return { ...settled, next: { ...settled.next, repeatsBut: call.repeatsBut } };
}

/** A question that is being heard goes on waiting: the user may be answering it. */
function interrupted(own: Tools, _: unknown, at: Scope): Change<Tools> {
  const why = failure("The user interrupted; ask again if it is still wanted");
  const answered = settle(own, () => why, "given-up", at);
  const { next, facts = [] } = refuse(answered.next, ({ stage }) => stage !== "asked", at);
  const left = { ...next, goodbye: "no", awaited: false, repeatsBut: null } as const;
  return after(aborts(openCalls(own)), [], {
    ...answered,
    next: left,
    facts: [...(answered.facts ?? []), ...facts],
  });
}

/** The call ids are nothing to another connection: nobody is left to be answered. */
function dead(own: Tools, _: unknown, at: Scope): Change<Tools> {
  const lost = settle(own, () => failure("the connection is lost"), "lost", at);
  const { next, facts = [] } = refuse(lost.next, () => true, at);
  return {
    next: { ...next, awaited: false, repeatsBut: null, pictures: [], listings: [] },
    sends: aborts(openCalls(own)),
    facts: [...(lost.facts ?? []), ...facts],
  };
}

function timedOut(own: Running, _: unknown, at: Scope): Change<Tools> {
  const late = own.calls.filter(({ deadlineMs }) => deadlineMs <= at.nowMs);
  const why = failure("the function did not finish in time");
  return after(
    aborts(late),
    [],
    settle(withoutLate(own, at), (call) => (late.includes(call) ? why : null), "held", at),
  );
}
