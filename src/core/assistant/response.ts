/**
 * The model's response: pending, requested, active, over.
 *
 * Theory: one response at a time, known by its id; what does not fit is unsolicited, and cancelled.
 * A response is pending from the moment the user has finished until one was heard or given up; the
 * rule that requests it (rules.ts) waits until nobody speaks and the wire is free. Where the server
 * creates responses by itself (`session.response_by`), a commit makes it expected instead; to an
 * empty turn it is cancelled as soon as it has a name. Every failure counts, waits longer than the
 * last, and ends in a new connection or in a fault.
 */

import { redialDelayMs } from "../backoff.ts";
import { type Fault, fault } from "../fault.ts";
import { retryHintMs, serverFault } from "../realtime/faults.ts";
import type { ServerError } from "../realtime/server-events.ts";
import { type EventId, eventId, isSameEvent, parseEventId } from "./ids.ts";
import type { Change, Effect, Fact } from "./inputs.ts";
import {
  ASK_AGAIN_MAX,
  ASK_LATER_MAX,
  ASK_LATER_MAX_MS,
  ASK_MAX_MS,
  CANCEL_MAX_MS,
  thinkMaxMs,
} from "./limits.ts";
import type { Response, ResponseBy, Scope, ServerSaid, Table } from "./state.ts";

export type ResponseEvent =
  /** The user has finished a question. `by`: who creates the response to it. */
  | { readonly tag: "question"; readonly by: ResponseBy }
  /** All functions of the last response are settled: the model goes on. */
  | { readonly tag: "results" }
  /** The server committed a turn in which nothing was said, and responds to it by itself. */
  | { readonly tag: "empty-turn" }
  | { readonly tag: "request" }
  | { readonly tag: "created"; readonly id: string }
  | { readonly tag: "sound"; readonly id: string }
  | {
      readonly tag: "done";
      readonly said: ServerSaid<"response-done">;
      readonly heard: boolean;
      readonly model: string;
    }
  | { readonly tag: "error"; readonly error: ServerError; readonly model: string }
  /** Given up. `keep`: another one is wanted once the user has finished. */
  | { readonly tag: "cancel"; readonly keep: boolean }
  /** Nothing is wanted any more. */
  | { readonly tag: "drop" }
  | { readonly tag: "link-gone" }
  /** What should have led to a response did not come. */
  | { readonly tag: "overdue" }
  | { readonly tag: "due" };

export const RESPONSE_TABLE: Table<Response["tag"], ResponseEvent["tag"]> = {
  none: {
    due: ["none"],
    question: ["none", "requested"],
    results: ["none"],
    "empty-turn": ["none"],
    request: ["requested"],
    created: ["none"],
    sound: ["none"],
    done: ["none"],
    error: ["none"],
    cancel: ["none"],
    drop: ["none"],
    "link-gone": ["none"],
    overdue: ["failed"],
  },
  requested: {
    question: ["requested"],
    "empty-turn": ["requested"],
    created: ["active"],
    sound: ["active"],
    done: ["none", "failed", "end"],
    error: ["requested", "cancelling", "none", "failed", "end"],
    cancel: ["cancelling"],
    "link-gone": ["none"],
    due: ["failed"],
  },
  active: {
    question: ["active"],
    "empty-turn": ["active"],
    created: ["active"],
    sound: ["active"],
    done: ["active", "none", "failed", "end"],
    error: ["active"],
    cancel: ["cancelling"],
    "link-gone": ["none"],
    due: ["active", "failed"],
  },
  cancelling: {
    question: ["cancelling"],
    "empty-turn": ["cancelling"],
    created: ["cancelling"],
    sound: ["cancelling"],
    done: ["cancelling", "none"],
    error: ["cancelling", "none"],
    cancel: ["cancelling"],
    "link-gone": ["none"],
    due: ["failed"],
  },
  failed: { "link-gone": ["none"] },
};

type Requested = Extract<Response, { tag: "requested" }>;

export const NO_RESPONSE: Response = {
  tag: "none",
  pending: false,
  notBeforeMs: 0,
  retries: 0,
  requests: 0,
  unsolicited: null,
};

export function nextResponse(own: Response, event: ResponseEvent, at: Scope): Change<Response> {
  switch (event.tag) {
    case "question":
      return question(own, event.by, at);
    case "results":
      return { next: { ...own, pending: true, notBeforeMs: 0 } };
    case "empty-turn":
      return { next: emptyTurn(own, at) };
    case "request":
      return own.tag === "none" ? request(own, at) : { next: own };
    case "created":
      return created(own, event.id, at);
    case "sound":
      return sound(own, event.id, at);
    case "done":
      return done(own, event, at);
    case "error":
      return error(own, event.error, event.model, at);
    case "cancel":
      return cancel(own, event.keep, at);
    case "drop":
      return { next: { ...own, pending: false } };
    case "link-gone":
      return linkGone(own);
    case "overdue":
      return { next: failed(own, NO_ANSWER) };
    case "due":
      return due(own, at);
  }
}

export function responseDeadlineMs(own: Response): number | null {
  const straysMs = own.unsolicited?.untilMs ?? null;
  const ownMs = own.tag === "none" || own.tag === "failed" ? null : own.untilMs;
  return ownMs === null || straysMs === null ? (ownMs ?? straysMs) : Math.min(ownMs, straysMs);
}

export function tooLate(what: string): Fault {
  return fault("timeout", "retry", `${what}: the Realtime API is silent`, "Check the network");
}

const NO_ANSWER = tooLate("The answer did not come in time");

/** Ours did not come, or the end of another did not. */
function due(own: Response, at: Scope): Change<Response> {
  if ((own.unsolicited?.untilMs ?? Number.POSITIVE_INFINITY) <= at.nowMs) {
    return { next: { ...own, unsolicited: null } };
  }
  return { next: failed(own, NO_ANSWER), facts: [{ tag: "response-lost" }] };
}

// ---------------------------------------------------------------- asking

function data({ pending, notBeforeMs, retries, requests, unsolicited }: Response) {
  return { pending, notBeforeMs, retries, requests, unsolicited };
}

/** One of ours that is under way already, or the server's own, or one to be asked for. */
function question(own: Response, by: ResponseBy, at: Scope): Change<Response> {
  if (!isWireFree(own) || by === "client") return { next: { ...own, pending: true } };
  const expected = { ...data(own), pending: false, tag: "requested", by } as const;
  return { next: { ...expected, untilMs: at.nowMs + ASK_MAX_MS } };
}

/** May another response be created? By the server, too: it creates none while one is active. */
export function isWireFree(own: Response): boolean {
  return own.tag === "none" && own.unsolicited === null;
}

/** The server responds to it at once, unless it is busy. */
function emptyTurn(own: Response, at: Scope): Response {
  const unsolicited = { id: null, untilMs: at.nowMs + ASK_MAX_MS };
  return isWireFree(own) ? { ...own, unsolicited } : own;
}

function request(own: Response, at: Scope): Change<Response> {
  const requests = own.requests + 1;
  const event = { tag: "create-response" } as const;
  const next = { ...data(own), pending: false, requests, tag: "requested", by: "client" } as const;
  return {
    next: { ...next, untilMs: at.nowMs + ASK_MAX_MS },
    sends: [{ tag: "send", event, id: eventId("create", requests) }],
  };
}

function cancel(own: Response, keep: boolean, at: Scope): Change<Response> {
  const pending = keep && (own.pending || own.tag === "requested" || own.tag === "active");
  const rest = { ...own, pending, retries: keep ? own.retries : 0 };
  if (own.tag !== "requested" && own.tag !== "active") return { next: rest };
  return cancelling(rest, own.tag === "active" ? own.id : null, at);
}

/** Its `response.done` frees the wire. */
function cancelling(own: Response, id: string | null, at: Scope): Change<Response> {
  const name = eventId("cancel", own.requests);
  const event = { tag: "cancel-response", responseId: id } as const;
  const send: Effect = { tag: "send", event, id: name };
  const discard: readonly Effect[] = id === null ? [] : [discarded(id)];
  const untilMs = at.nowMs + CANCEL_MAX_MS;
  const next = { ...data(own), tag: "cancelling", id, cancel: name, untilMs } as const;
  return { next, sends: [...discard, send] };
}

function linkGone(own: Response): Change<Response> {
  const facts: Fact[] = isUnderWay(own) ? [{ tag: "response-lost" }] : [];
  const next = {
    ...data(own),
    tag: "none",
    pending: false,
    unsolicited: null,
  } as const;
  return { next, facts };
}

function isUnderWay({ tag }: Response): boolean {
  return tag === "requested" || tag === "active" || tag === "cancelling";
}

// ---------------------------------------------------------------- what the server makes of it

function created(own: Response, id: string, at: Scope): Change<Response> {
  switch (own.tag) {
    case "requested":
      return { next: { ...data(own), tag: "active", id, untilMs: at.nowMs + thinkMaxMs(at.call) } };
    case "cancelling":
      // Cancelled before it had a name: now its sound can be told from the next one's.
      if (own.id === id || own.unsolicited?.id === id) return { next: own };
      return own.id === null
        ? { next: { ...own, id }, sends: [discarded(id)] }
        : unsolicited(own, id, at);
    case "active":
      return own.id === id ? { next: own } : unsolicited(own, id, at);
    case "none":
    case "failed":
      return own.unsolicited?.id === id ? { next: own } : unsolicited(own, id, at);
  }
}

/** Not ours: to an empty turn, or of a server that answers by itself. It must not talk across ours. */
function unsolicited(own: Response, id: string, at: Scope): Change<Response> {
  const isToEmptyTurn = own.unsolicited?.id === null;
  const line = `The server began a response that was not asked for (${id})`;
  const event = { tag: "cancel-response", responseId: id } as const;
  const next = { ...own, unsolicited: { id, untilMs: at.nowMs + CANCEL_MAX_MS } };
  return {
    next,
    sends: [discarded(id), { tag: "send", event, id: eventId("cancel", own.requests) }],
    facts: isToEmptyTurn ? [] : [{ tag: "log", level: "warning", line }],
  };
}

/** Sound may tell that the response began (its own event was lost); any other's is not heard. */
function sound(own: Response, id: string, at: Scope): Change<Response> {
  if (own.tag === "requested") return { next: { ...data(own), tag: "active", id, untilMs: null } };
  if (own.tag === "active" && own.id === id) return { next: { ...own, untilMs: null } };
  const stray = { next: own, sends: [discarded(id)] };
  return own.tag === "cancelling" && own.id === null ? created(own, id, at) : stray;
}

function discarded(responseId: string): Effect {
  return { tag: "discard-response", responseId };
}

function done(
  own: Response,
  { said, heard, model }: Extract<ResponseEvent, { tag: "done" }>,
  at: Scope,
): Change<Response> {
  const over: Fact = { tag: "response-over", responseId: said.responseId, status: said.status };
  if (said.responseId === own.unsolicited?.id) {
    return { next: { ...own, unsolicited: null }, facts: [over] };
  }
  if (own.tag === "none" || own.tag === "failed") return { next: own, facts: [over] };
  const id = own.tag === "requested" ? null : own.id;
  if (id !== null && id !== said.responseId) return { next: own };
  const free = { ...data(own), tag: "none" } as const;
  if (own.tag === "cancelling") return { next: free, facts: [over] };
  const after = settled(free, said, heard, model, at);
  // Nothing of it may come any more: the reply ends where it ends for the ear.
  const sends = [discarded(said.responseId), ...(after.sends ?? [])];
  return { ...after, sends, facts: [over, ...(after.facts ?? [])] };
}

function settled(
  free: Response,
  said: ServerSaid<"response-done">,
  heard: boolean,
  model: string,
  at: Scope,
): Change<Response> {
  if (said.status === "failed") return failedBy(free, serverFault(said.error, model), heard, at);
  const cut = `The answer was cut short (${said.reason ?? "no reason given"})`;
  const facts: Fact[] =
    said.status === "incomplete" ? [{ tag: "log", level: "notice", line: cut }] : [];
  if (heard || said.calls.length > 0) return { next: { ...free, retries: 0 }, facts };
  const isFiltered = said.reason === "content_filter";
  const what = `The answer came without sound (${said.reason ?? said.status})`;
  const why = fault(
    "unheard",
    "report",
    what,
    "Ask again; if it happens often, try another openai.model",
  );
  if (isFiltered || free.retries >= ASK_AGAIN_MAX)
    return { next: free, facts, ends: { reason: "fault", fault: why } };
  return { ...again(free, at.nowMs), facts: [...facts, warning(`${what}; asking once more`)] };
}

/**
 * What the model itself cannot do goes down the chain; a passing fault of the server's gets the
 * question asked once more, then a new connection; anything else is reported.
 */
function failedBy(free: Response, why: Fault, heard: boolean, at: Scope): Change<Response> {
  if (heard) return { next: failed(free, why) }; // What was heard plays to where it goes.
  if (why.code === "rate-limited") return later(free, why, retryHintMs(why.message), at);
  if (why.recovery === "fall-back") return { next: failed(free, why) };
  if (why.code !== "server") return { next: free, ends: { reason: "fault", fault: why } };
  if (free.retries >= ASK_AGAIN_MAX) return { next: failed(free, why) };
  return { ...again(free, at.nowMs), facts: [warning(`${why.message}; asking once more`)] };
}

function again(free: Response, notBeforeMs: number): Change<Response> {
  return { next: { ...free, pending: true, retries: free.retries + 1, notBeforeMs } };
}

/** After a wait that grows, or that the server asked for; a few times at most. */
function later(free: Response, why: Fault, hintMs: number | null, at: Scope): Change<Response> {
  const waitMs = hintMs ?? 2 * redialDelayMs(free.retries, at.chance);
  if (free.retries < ASK_LATER_MAX && waitMs <= ASK_LATER_MAX_MS) {
    const line = `${why.message}; again in ${(waitMs / 1000).toFixed(1)} s`;
    return { ...again(free, at.nowMs + waitMs), facts: [warning(line)] };
  }
  const facts: Fact[] = [{ tag: "retry-after", why, forMs: waitMs }];
  return { next: free, facts, ends: { reason: "fault", fault: why } };
}

function failed(own: Response, why: Fault): Response {
  return { ...data(own), retries: own.retries + 1, tag: "failed", why };
}

function warning(line: string): Fact {
  return { tag: "log", level: "warning", line };
}

// ---------------------------------------------------------------- errors

/** An error of the server that is about a response; `isOurs` finds it by the id of what we sent. */
function error(own: Response, said: ServerError, model: string, at: Scope): Change<Response> {
  const id = parseEventId(said.eventId);
  if (own.tag === "cancelling") {
    const isOfCancel = id === null ? said.code === NOT_ACTIVE : isSameEvent(id, own.cancel);
    // There is none to cancel: the wire is free.
    return isOfCancel ? { next: { ...data(own), tag: "none" } } : { next: own };
  }
  if (own.tag !== "requested" || !isOfRequest(own, id, said)) return { next: own };
  if (said.code === BUSY || (said.code === null && id === null)) return busy(own, said, at);
  const why = serverFault(said, model);
  const free = { ...data(own), tag: "none" } as const;
  if (why.code === "rate-limited") return later(free, why, retryHintMs(why.message), at);
  return { next: free, ends: { reason: why.code === "budget" ? "budget" : "fault", fault: why } };
}

const NOT_ACTIVE = "response_cancel_not_active";
const BUSY = "conversation_already_has_active_response";

/** Errors without an id of ours can only be about what the wire waits for. */
function isOfRequest(own: Requested, id: EventId | null, { code, type }: ServerError): boolean {
  if (id !== null) return id.kind === "create" && id.n === own.requests;
  return code === BUSY || (code === null && type === "invalid_request_error");
}

/** One is under way that we do not know of. It goes; then the question is asked again, later. */
function busy(own: Requested, said: ServerError, at: Scope): Change<Response> {
  const why = fault("server", "retry", `The Realtime API is busy: ${said.message}`);
  if (own.retries >= ASK_LATER_MAX) return { next: failed(own, why) };
  const waitMs = own.retries === 0 ? 0 : redialDelayMs(own.retries, at.chance);
  const rest = { ...own, pending: true, retries: own.retries + 1, notBeforeMs: at.nowMs + waitMs };
  const line = `${why.message}; asking again`;
  return { ...cancelling(rest, null, at), facts: own.retries === 0 ? [] : [warning(line)] };
}
