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
import { type EventId, eventId, isSameEvent, parseEventId } from "../realtime/event-ids.ts";
import { isPassing, retryHintMs, serverFault } from "../realtime/faults.ts";
import type { ServerError, ServerEvent } from "../realtime/server-events.ts";
import type { ResponseBy } from "../realtime/session.ts";
import type { Effect, Fact } from "./inputs.ts";
import {
  ASK_AGAIN_MAX,
  ASK_LATER_MAX,
  ASK_LATER_MAX_MS,
  ASK_MAX_MS,
  CANCEL_MAX_MS,
  thinkMaxMs,
} from "./limits.ts";
import { after, type Change, endingBy, log, type Of, send, stay, type Table } from "./machine.ts";
import type { Response, Scope } from "./state.ts";

type Done = Of<ServerEvent, "response-done">;

export type ResponseEvent = Readonly<
  /** The user has finished a question. `by`: who creates the response to it. */
  | { tag: "question"; by: ResponseBy }
  /** All functions of the last response are settled: the model goes on. */
  | { tag: "results" }
  /** The server committed a turn in which nothing was said, and responds to it by itself. */
  | { tag: "empty-turn" }
  | { tag: "request" }
  /** `by`: who creates the responses to questions. */
  | { tag: "created"; id: string; by: ResponseBy }
  | { tag: "sound"; id: string }
  | { tag: "done"; said: Done; heard: boolean; model: string }
  | { tag: "error"; error: ServerError; model: string }
  /** Given up. `keep`: another one is wanted once the user has finished. */
  | { tag: "cancel"; keep: boolean }
  /** Nothing is wanted any more. */
  | { tag: "drop" }
  | { tag: "link-gone" }
  /** What should have led to a response did not come. */
  | { tag: "overdue" }
  | { tag: "due" }
>;

type Event<T extends ResponseEvent["tag"]> = Of<ResponseEvent, T>;
type Free = Of<Response, "none">;
type Requested = Of<Response, "requested">;
type Active = Of<Response, "active">;
type Cancelling = Of<Response, "cancelling">;

/** While one is under way: what else is said waits for its end. */
const BUSY_ROWS = {
  question: [pend],
  "empty-turn": [stay],
  "link-gone": [lost, "none"],
} as const;

export const RESPONSE: Table<Response, ResponseEvent> = {
  none: {
    due: [due],
    question: [question, "none", "requested"],
    results: [(own) => ({ next: { ...own, pending: true, notBeforeMs: 0 } })],
    "empty-turn": [emptyTurn],
    request: [request, "requested"],
    created: [newcomer, "none", "active"],
    sound: [stray],
    done: [strayDone],
    error: [stay],
    cancel: [idleCancel],
    drop: [(own) => ({ next: { ...own, pending: false } })],
    "link-gone": [forgotten],
    overdue: [(own) => ({ next: failed(own, NO_ANSWER) }), "failed"],
  },
  requested: {
    ...BUSY_ROWS,
    created: [begun, "active"],
    sound: [
      (own, { id }) => ({ next: { tag: "active", id, untilMs: null, ...data(own) } }),
      "active",
    ],
    done: [done, "none", "failed", "end"],
    error: [requestError, "requested", "cancelling", "none", "failed", "end"],
    cancel: [cancel, "cancelling"],
    due: [due, "failed"],
  },
  active: {
    ...BUSY_ROWS,
    created: [stranger],
    sound: [sounded],
    done: [done, "active", "none", "failed", "end"],
    error: [stay],
    cancel: [cancel, "cancelling"],
    due: [due, "active", "failed"],
  },
  cancelling: {
    ...BUSY_ROWS,
    created: [named],
    sound: [(own, event, at) => (own.id === null ? named(own, event, at) : stray(own, event))],
    done: [cancelled, "cancelling", "none"],
    error: [cancelError, "cancelling", "none"],
    cancel: [idleCancel],
    due: [due, "failed"],
  },
  failed: { "link-gone": [forgotten, "none"] },
};

export const NO_RESPONSE: Response = {
  tag: "none",
  pending: false,
  notBeforeMs: 0,
  retries: 0,
  requests: 0,
  unsolicited: null,
};

export function tooLate(what: string): Fault {
  return fault("timeout", "retry", `${what}: the Realtime API is silent`, "Check the network");
}

const NO_ANSWER = tooLate("The answer did not come in time");

/** Ours did not come, or the end of another did not. */
function due(own: Response, _: unknown, at: Scope): Change<Response> {
  const isOther = own.unsolicited !== null && own.unsolicited.untilMs <= at.nowMs;
  if (isOther) return { next: { ...own, unsolicited: null } };
  return { next: failed(own, NO_ANSWER), facts: [{ tag: "response-lost" }] };
}

// ---------------------------------------------------------------- asking

function data({ pending, notBeforeMs, retries, requests, unsolicited }: Response) {
  return { pending, notBeforeMs, retries, requests, unsolicited };
}

function free(own: Response): Free {
  return { tag: "none", ...data(own) };
}

/** The server's own, or one to be asked for. */
function question(own: Free, { by }: Event<"question">, at: Scope): Change<Response> {
  if (!isWireFree(own) || by === "client") return pend(own);
  const untilMs = at.nowMs + ASK_MAX_MS;
  return { next: { tag: "requested", by, untilMs, ...data(own), pending: false } };
}

function pend(own: Response): Change<Response> {
  return { next: { ...own, pending: true } };
}

/** May another response be created? By the server, too: it creates none while one is active. */
export function isWireFree(own: Response): boolean {
  return own.tag === "none" && own.unsolicited === null;
}

/** Is it the one that is waited for, or under way? */
export function isOurs(own: Response, id: string): boolean {
  return own.tag === "requested" || (own.tag === "active" && own.id === id);
}

/** The server responds to it at once, unless it is busy. */
function emptyTurn(own: Free, _: unknown, at: Scope): Change<Response> {
  const unsolicited = { id: null, untilMs: at.nowMs + ASK_MAX_MS };
  return { next: isWireFree(own) ? { ...own, unsolicited } : own };
}

function request(own: Free, _: unknown, at: Scope): Change<Response> {
  const requests = own.requests + 1;
  const asked = { ...data(own), pending: false, requests };
  return {
    next: { tag: "requested", by: "client", untilMs: at.nowMs + ASK_MAX_MS, ...asked },
    sends: [send({ tag: "create-response" }, "create", requests)],
  };
}

function idleCancel(own: Response, { keep }: Event<"cancel">): Change<Response> {
  return { next: { ...own, pending: keep && own.pending, retries: keep ? own.retries : 0 } };
}

function cancel(own: Requested | Active, { keep }: Event<"cancel">, at: Scope): Change<Response> {
  const rest = { ...own, pending: keep, retries: keep ? own.retries : 0 };
  return cancelling(rest, own.tag === "active" ? own.id : null, at);
}

/** Its `response.done` frees the wire. */
function cancelling(own: Response, id: string | null, at: Scope): Change<Response> {
  const untilMs = at.nowMs + CANCEL_MAX_MS;
  const name = eventId("cancel", own.requests);
  const discard = id === null ? [] : [discarded(id)];
  return {
    next: { tag: "cancelling", id, cancel: name, untilMs, ...data(own) },
    sends: [
      ...discard,
      { tag: "send", event: { tag: "cancel-response", responseId: id }, id: name },
    ],
  };
}

/** Nothing of it will come on this connection. */
function lost(own: Response): Change<Response> {
  return { facts: [{ tag: "response-lost" }], ...forgotten(own) };
}

function forgotten(own: Response): Change<Response> {
  return { next: { ...free(own), pending: false, unsolicited: null } };
}

// ---------------------------------------------------------------- what the server makes of it

function begun(own: Requested, { id }: Event<"created">, at: Scope): Change<Response> {
  return { next: active(own, id, at) };
}

/** Under way; its first sound is waited for. */
function active(own: Response, id: string, at: Scope): Active {
  return { tag: "active", id, untilMs: at.nowMs + thinkMaxMs(at.call), ...data(own) };
}

/**
 * While an unsolicited one was being cancelled, the user finished a question. A server that counted
 * the other as over has created the response to the question, which is heard.
 */
function newcomer(own: Free, event: Event<"created">, at: Scope): Change<Response> {
  return isAwaited(own, event.id, event.by)
    ? { next: active({ ...own, pending: false }, event.id, at) }
    : stranger(own, event, at);
}

export function isAwaited(own: Response, id: string, by: ResponseBy): boolean {
  const other = own.unsolicited?.id ?? id;
  return own.tag === "none" && own.pending && by === "server" && other !== id;
}

/** Cancelled before it had a name: now its sound can be told from the next one's. */
function named(own: Cancelling, event: { readonly id: string }, at: Scope): Change<Response> {
  if (own.id !== null || own.unsolicited?.id === event.id) return stranger(own, event, at);
  return { next: { ...own, id: event.id }, sends: [discarded(event.id)] };
}

/** Not ours: to an empty turn, or of a server that answers by itself. It must not talk across ours. */
function stranger(
  own: Free | Active | Cancelling,
  { id }: { readonly id: string },
  at: Scope,
): Change<Response> {
  const isKnown = own.unsolicited?.id === id || (own.tag !== "none" && own.id === id);
  if (isKnown) return stay(own);
  const isToEmptyTurn = own.unsolicited?.id === null;
  const line = `The server started an unsolicited response (${id})`;
  const cancelIt = { tag: "cancel-response", responseId: id } as const;
  return {
    next: { ...own, unsolicited: { id, untilMs: at.nowMs + CANCEL_MAX_MS } },
    sends: [discarded(id), send(cancelIt, "cancel", own.requests)],
    facts: isToEmptyTurn ? [] : [log("warning", line)],
  };
}

/** Sound may tell that the response began (its own event was lost); any other's is not heard. */
function sounded(own: Active, event: Event<"sound">): Change<Response> {
  return own.id === event.id ? { next: { ...own, untilMs: null } } : stray(own, event);
}

function stray(own: Response, { id }: { readonly id: string }): Change<Response> {
  return { next: own, sends: [discarded(id)] };
}

function discarded(responseId: string): Effect {
  return { tag: "discard-response", responseId };
}

function isStray({ unsolicited }: Response, { said }: Event<"done">): boolean {
  return said.responseId === unsolicited?.id;
}

function overBy({ said: { responseId, status } }: Event<"done">): readonly Fact[] {
  return [{ tag: "response-over", responseId, status }];
}

function strayDone(own: Response, event: Event<"done">): Change<Response> {
  return {
    next: isStray(own, event) ? { ...own, unsolicited: null } : own,
    facts: overBy(event),
  };
}

function cancelled(own: Cancelling, event: Event<"done">): Change<Response> {
  if (isStray(own, event)) return strayDone(own, event);
  if (own.id !== null && own.id !== event.said.responseId) return stay(own);
  return { next: free(own), facts: overBy(event) };
}

function done(own: Requested | Active, event: Event<"done">, at: Scope): Change<Response> {
  const { responseId } = event.said;
  if (isStray(own, event)) return strayDone(own, event);
  if (own.tag === "active" && own.id !== responseId) return stay(own);
  // Nothing of it may come any more: the reply ends where it ends for the ear.
  return after([discarded(responseId)], overBy(event), settled(free(own), event, at));
}

function settled(own: Free, { said, heard, model }: Event<"done">, at: Scope): Change<Response> {
  if (said.status === "failed") return failedBy(own, serverFault(said.error, model), heard, at);
  const cut = `The answer was cut short (${said.reason ?? "no reason given"})`;
  const facts = said.status === "incomplete" ? [log("notice", cut)] : [];
  if (heard || said.hasCalls) return { next: { ...own, retries: 0 }, facts };
  const what = `The answer came without sound (${said.reason ?? said.status})`;
  const advice =
    said.reason === "max_output_tokens"
      ? "Raise openai.max_output_tokens, which counts the model's reasoning, too, or set it to inf"
      : "Ask again; if it happens often, try another openai.model";
  const isLast = said.reason === "content_filter" || own.retries >= ASK_AGAIN_MAX;
  return isLast
    ? { next: own, facts, ends: endingBy(fault("unheard", "report", what, advice)) }
    : after([], facts, again(own, at.nowMs, `${what}; asking once more`));
}

/**
 * What the model itself cannot do goes down the chain; a passing fault of the server's gets the
 * question asked once more, or when the server says, then a new connection; anything else is reported.
 */
function failedBy(own: Free, why: Fault, heard: boolean, at: Scope): Change<Response> {
  // What was heard plays to where it goes.
  if (heard || why.recovery === "fall-back") return { next: failed(own, why) };
  if (why.code === "rate-limited") return later(own, why, at);
  if (why.code !== "server") return { next: own, ends: endingBy(why) };
  if (retryHintMs(why.message) !== null) return later(own, why, at);
  if (own.retries >= ASK_AGAIN_MAX) return { next: failed(own, why) };
  const atMs = at.nowMs + redialDelayMs(own.retries, at.chance);
  return again(own, atMs, `${why.message}; asking once more`);
}

function again(own: Response, notBeforeMs: number, line: string): Change<Response> {
  const next = { ...own, pending: true, retries: own.retries + 1, notBeforeMs };
  return { next, facts: [log("warning", line)] };
}

/** After a wait that grows, or that the server asked for; a few times at most. */
function later(own: Free, why: Fault, at: Scope): Change<Response> {
  const waitMs = retryHintMs(why.message) ?? 2 * redialDelayMs(own.retries, at.chance);
  if (own.retries < ASK_LATER_MAX && waitMs <= ASK_LATER_MAX_MS) {
    const line = `${why.message}; again in ${(waitMs / 1000).toFixed(1)} s`;
    return again(own, at.nowMs + waitMs, line);
  }
  const facts: Fact[] = [{ tag: "retry-after", why, forMs: waitMs }];
  return { next: own, facts, ends: endingBy(why) };
}

function failed(own: Response, why: Fault): Response {
  return { tag: "failed", why, ...data(own), retries: own.retries + 1 };
}

// ---------------------------------------------------------------- errors

export const NOT_ACTIVE = "response_cancel_not_active";
export const BUSY = "conversation_already_has_active_response";

/** There is none to cancel: the wire is free. */
function cancelError(own: Cancelling, { error }: Event<"error">): Change<Response> {
  const id = parseEventId(error.eventId);
  const isOfCancel = id === null ? error.code === NOT_ACTIVE : isSameEvent(id, own.cancel);
  return { next: isOfCancel ? free(own) : own };
}

function requestError(own: Requested, event: Event<"error">, at: Scope): Change<Response> {
  const { error, model } = event;
  const id = parseEventId(error.eventId);
  if (!isOfRequest(own, id, error)) return stay(own);
  const why = serverFault(error, model);
  const isWrong = error.type === "invalid_request_error" && why.code === "server";
  if (isBusy(error) || (isWrong && error.code === null && id === null)) return busy(own, error, at);
  return isWrong ? { next: free(own), ends: endingBy(why) } : failedBy(free(own), why, false, at);
}

/** Some servers leave the code out, and say it in words. */
function isBusy({ code, message }: ServerError): boolean {
  return code === BUSY || (code === null && /\balready has an active response\b/i.test(message));
}

/** Errors without an id of ours can only be about what the wire waits for. */
function isOfRequest(own: Requested, id: EventId | null, error: ServerError): boolean {
  if (id !== null) return id.kind === "create" && id.n === own.requests;
  return error.code === null || error.code === BUSY || isPassing(error);
}

/** One is under way that we do not know of. It goes; then the question is asked again, later. */
function busy(own: Requested, said: ServerError, at: Scope): Change<Response> {
  const why = fault("server", "retry", `The Realtime API is busy: ${said.message}`);
  if (own.retries >= ASK_LATER_MAX) return { next: failed(own, why) };
  const waitMs = own.retries === 0 ? 0 : redialDelayMs(own.retries, at.chance);
  const { next, facts = [] } = again(own, at.nowMs + waitMs, `${why.message}; asking again`);
  return { ...cancelling(next, null, at), facts: own.retries === 0 ? [] : facts };
}
