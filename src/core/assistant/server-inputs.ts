/**
 * What the server, the speaker and the clock say, and which machine each word is for. What an older
 * connection still says is dropped, and counted.
 */

import type { LinkFailure } from "../realtime/failure.ts";
import { linkFault, serverFault } from "../realtime/faults.ts";
import type { ServerError, ServerEvent } from "../realtime/server-events.ts";
import { finish } from "./conversation.ts";
import { type EventId, parseEventId } from "./ids.ts";
import type { Change, Input } from "./inputs.ts";
import { linkDeadlineMs } from "./link.ts";
import { isConnecting } from "./link-dial.ts";
import { coolDown, keepWarm } from "./memory.ts";
import { isHeard, playbackDeadlineMs } from "./playback.ts";
import { isWireFree, responseDeadlineMs } from "./response.ts";
import { breakLink, endWith, type Order, type Routed, renew, settleMs } from "./rules.ts";
import type { Conversation, ResponseBy, State, StepContext } from "./state.ts";
import { toolsDeadlineMs } from "./tools.ts";
import { forget } from "./turn.ts";
import { commitKind, turnDeadlineMs } from "./turn-views.ts";
import {
  approvalDeadlineMs,
  isLimited,
  isPerhapsSpeech,
  isTurnTimed,
  wantedSession,
} from "./views.ts";

type Said = Extract<Input, { tag: "server" }>;

export function hear(state: State, input: Input, at: StepContext): Routed {
  const { conversation: c } = state;
  switch (input.tag) {
    case "link-closed":
      return linkClosed(state, input, at);
    case "server":
      return said(state, input, at);
    case "tick":
      return tick(state, at);
    case "reply-audio":
      return c === null ? discarded(state, input.responseId) : replyAudio(c, input.responseId);
    case "flushed":
      return c === null ? [] : flushed(c, input);
    case "underrun":
      return c === null || c.response.tag === "none"
        ? []
        : [{ to: "playback", event: { tag: "underrun" } }];
    case "drained":
      // Of a sound of our own, such as that at the wake word, nothing follows.
      return c === null || c.playback.tag === "silent"
        ? []
        : [{ to: "playback", event: { tag: "drained", settleMs: settleMs(c) } }];
    case "uplink-flushed":
      return c === null || c.turn.tag !== "released" ? [] : uplinkFlushed();
    case "tool-done": {
      const { tag: _, callId, ...result } = input;
      return [{ to: "tools", event: { tag: "done", callId, result } }];
    }
    case "tool-asks": {
      const { callId, output } = input;
      return [{ to: "tools", event: { tag: "ask", callId, output } }];
    }
    default:
      return [];
  }
}

function dropped(state: State, machine: string, event: string): Change<State> {
  return { next: state, facts: [{ tag: "refused", machine, state: "stale", event }] };
}

// ---------------------------------------------------------------- link

function linkClosed(
  state: State,
  { attempt, failure }: Extract<Input, { tag: "link-closed" }>,
  at: StepContext,
): Routed {
  const { conversation: c, memory } = state;
  if (memory.warm?.link.attempt === attempt) {
    return { next: { ...state, memory: keepWarm(memory, null) } };
  }
  if (c === null || c.link.attempt !== attempt) return dropped(state, "link", "closed");
  if (isConnecting(c.link)) {
    const isWaiting = c.link.tag === "dialing" && c.link.redialAtMs !== null;
    return isWaiting ? [] : [{ to: "link", event: { tag: "closed", failure } }];
  }
  return c.link.tag === "lost" ? [] : lost(c, failure, { ...at, call: c.call, memory });
}

/** In mid-conversation: what is being heard plays on; an unanswered question is asked anew. */
function lost(
  c: Conversation,
  failure: LinkFailure,
  at: Parameters<typeof renew>[2],
): readonly Order[] {
  const why = linkFault(failure, c.link.model);
  const isFinal = why.recovery === "report" || why.recovery === "exit";
  if (!isHeard(c.playback)) return isFinal ? [endWith(why)] : renew(c, why, at);
  const isHalfHeard = c.response.tag !== "none";
  return breakLink(why, isHalfHeard || isFinal, at);
}

// ---------------------------------------------------------------- server

function said(state: State, input: Said, at: StepContext): Routed {
  const { conversation: c, memory } = state;
  const { event, attempt } = input;
  if (c === null) {
    const isLate = memory.warm?.link.attempt === attempt && event.tag === "committed";
    return isLate
      ? { next: state, sends: [forget(event.itemId, { count: 0 })] }
      : dropped(state, "server", event.tag);
  }
  if (attempt !== c.link.attempt) return dropped(state, "server", event.tag);
  switch (event.tag) {
    case "malformed": {
      const line = `The server sent what cannot be read: ${event.why}`;
      return { next: state, facts: [{ tag: "log", level: "warning", line }] };
    }
    case "error":
      return isConnecting(c.link)
        ? refusedSetUp(c, event.error, at)
        : serverError(state, c, event.error, at);
    case "session-created":
      return [{ to: "link", event: { tag: "created", said: event, wanted: wantedSession(c, at) } }];
    case "session-updated":
      return updated(c, event);
    default:
      return c.link.tag === "ready" ? inSession(c, input) : [];
  }
}

function refusedSetUp(c: Conversation, error: ServerError, at: StepContext): readonly Order[] {
  return [{ to: "link", event: { tag: "refused", error, wanted: wantedSession(c, at) } }];
}

/** A new connection is first told what was said, then hears the unanswered question from the ring. */
function updated(
  c: Conversation,
  event: Extract<ServerEvent, { tag: "session-created" | "session-updated" }>,
): Routed {
  const confirmed: Order = { to: "link", event: { tag: "updated", said: event } };
  if (c.link.tag !== "configuring") return [confirmed];
  const replay: Order = { to: "dialogue", event: { tag: "replay" } };
  return [confirmed, replay, { to: "turn", event: { tag: "link-ready" } }];
}

function inSession(c: Conversation, { event, capturedAt: sample }: Said): Routed {
  switch (event.tag) {
    case "speech-started":
    case "speech-stopped":
      return [{ to: "turn", event: { tag: event.tag, itemId: event.itemId, sample } }];
    case "committed":
      return committed(c, event.itemId);
    case "response-created":
      return [{ to: "response", event: { tag: "created", id: event.responseId } }];
    case "response-done":
      return responseDone(c, event);
    case "transcript":
      return [{ to: "dialogue", event }];
    default:
      return [];
  }
}

function committed(c: Conversation, itemId: string): readonly Order[] {
  const turn: Order = { to: "turn", event: { tag: "committed", itemId } };
  const by = c.link.tag === "ready" ? c.link.confirmed.responseBy : "client";
  switch (commitKind(c.turn, itemId)) {
    case "question": {
      const tools: Order = { to: "tools", event: { tag: "question" } };
      const question: Order = { to: "response", event: { tag: "question", by } };
      return [turn, tools, question, ...askedBy(by, c)];
    }
    case "empty":
    case "late": {
      if (by === "client") return [turn];
      // The server responds to all that it has heard, an unanswered question included.
      const isWanted = c.response.pending && isWireFree(c.response);
      const question: Order = { to: "response", event: { tag: "question", by } };
      const none: Order = { to: "response", event: { tag: "empty-turn" } };
      return isWanted ? [turn, question, ...askedBy(by, c)] : [turn, none];
    }
    case "own":
      return [turn];
  }
}

/** The server creates a response to what it has committed, unless it is busy. */
function askedBy(by: ResponseBy, c: Conversation): readonly Order[] {
  const isExpected = by === "server" && isWireFree(c.response);
  return isExpected ? [{ to: "turn", event: { tag: "asked", by } }] : [];
}

function uplinkFlushed(): readonly Order[] {
  return [
    { to: "turn", event: { tag: "uplink-flushed" } },
    { to: "tools", event: { tag: "question" } },
    { to: "response", event: { tag: "question", by: "client" } },
  ];
}

function responseDone(
  c: Conversation,
  said: Extract<ServerEvent, { tag: "response-done" }>,
): readonly Order[] {
  const { response, playback } = c;
  const heard = isSounded(c);
  const done: Order = { to: "response", event: { tag: "done", said, heard, model: c.link.model } };
  const id = response.tag === "active" ? response.id : said.responseId;
  const isOurs =
    response.tag === "requested" || (response.tag === "active" && id === said.responseId);
  if (!isOurs || said.responseId === response.unsolicited?.id || said.status === "failed")
    return [done];
  const isAnswer = heard || said.calls.length > 0;
  const answered: readonly Order[] = isAnswer ? [{ to: "turn", event: { tag: "answered" } }] : [];
  const isCalling = said.calls.length > 0 && said.status === "completed";
  const called: Order = { to: "tools", event: { tag: "called", calls: said.calls } };
  const complete: Order = { to: "playback", event: { tag: "complete", error: null } };
  const goesOn = isCalling
    ? [called]
    : isHeard(playback) || playback.tag === "held"
      ? [complete]
      : [];
  return [done, ...answered, ...goesOn];
}

/** Has the response under way been heard, or will be? */
function isSounded({ response, playback }: Conversation): boolean {
  if (response.tag !== "active") return false;
  const isIts = playback.tag === "playing" || playback.tag === "held";
  return response.untilMs === null && isIts && playback.responseId === response.id;
}

/** Errors of ours that cannot hurt: the server was a moment ahead of us. */
const HARMLESS: readonly EventId["kind"][] = [
  "cancel",
  "delete",
  "truncate",
  "clear",
  "replay",
  "commit",
  "output",
];

function serverError(state: State, c: Conversation, error: ServerError, at: StepContext): Routed {
  const id = parseEventId(error.eventId);
  const why = serverFault(error, c.link.model);
  if (id?.kind === "update") return refusedSetUp(c, error, at);
  const toResponse: Order = { to: "response", event: { tag: "error", error, model: c.link.model } };
  const isAboutResponse = id?.kind === "create" || error.code === "response_cancel_not_active";
  const isUnnamed = id === null && c.response.tag === "requested";
  if (isAboutResponse || error.code === "conversation_already_has_active_response")
    return [toResponse];
  if (id !== null && HARMLESS.includes(id.kind)) return [];
  // A picture that is not taken is worth a line, and no conversation.
  const isEnd = why.recovery === "report" && why.code !== "server" && id?.kind !== "picture";
  if (isEnd) return [endWith(why)];
  const line = `The Realtime API reported an error: ${error.message} (${error.code ?? "no code"})`;
  const noted: Change<State> = { next: state, facts: [{ tag: "log", level: "warning", line }] };
  return isUnnamed && error.code === null ? [toResponse] : noted;
}

// ---------------------------------------------------------------- speaker

function discarded(state: State, responseId: string): Change<State> {
  return { next: state, sends: [{ tag: "discard-response", responseId }] };
}

function replyAudio(c: Conversation, responseId: string): readonly Order[] {
  const heard: Order = { to: "response", event: { tag: "sound", id: responseId } };
  const { response } = c;
  const isOurs =
    response.tag === "requested" || (response.tag === "active" && response.id === responseId);
  if (c.link.tag !== "ready" || !isOurs) return [heard];
  const isQuestion = c.tools.approvals.some(({ stage }) => stage === "unheard");
  const asked: readonly Order[] = isQuestion
    ? [{ to: "tools", event: { tag: "question-heard" } }]
    : [];
  const sound = { tag: "sound", responseId, held: isPerhapsSpeech(c) } as const;
  return [heard, { to: "playback", event: sound }, ...asked];
}

function flushed(c: Conversation, { attempt, items }: Extract<Input, { tag: "flushed" }>): Routed {
  const isThis = attempt === c.link.attempt && c.link.tag === "ready";
  // What was heard on a connection that is gone is nothing to the server.
  const event = { tag: "flushed", items: isThis ? items : [] } as const;
  return [
    { to: "dialogue", event: { tag: "cut", items } },
    { to: "playback", event },
  ];
}

// ---------------------------------------------------------------- time

function tick(state: State, at: StepContext): Routed {
  const { conversation: c, memory, rest } = state;
  const isDue = (ms: number | null): boolean => ms !== null && ms <= at.nowMs;
  if (c === null) {
    const calm: State =
      rest.tag === "fault" && isDue(rest.untilMs) ? { ...state, rest: { tag: "idle" } } : state;
    if (!isDue(memory.warm?.untilMs ?? null)) return { next: calm };
    const { next, ...cooled } = coolDown(memory);
    return { ...cooled, next: { ...calm, memory: next } };
  }
  if (isLimited(c) && isDue(c.call.endsAtMs)) {
    return finish(state, { reason: "max_duration", fault: null }, at);
  }
  const isWaiting = c.turn.tag === "ended" || c.turn.tag === "released";
  const due = { tag: "due" } as const;
  const orders: (Order | null)[] = [
    isDue(linkDeadlineMs(c.link)) ? { to: "link", event: due } : null,
    isTurnTimed(c) && !isWaiting && isDue(turnDeadlineMs(c.turn))
      ? { to: "turn", event: due }
      : null,
    isDue(responseDeadlineMs(c.response)) ? { to: "response", event: due } : null,
    isDue(playbackDeadlineMs(c.playback)) ? { to: "playback", event: due } : null,
    isDue(toolsDeadlineMs(c.tools)) ? { to: "tools", event: due } : null,
    isDue(approvalDeadlineMs(c)) ? { to: "tools", event: { tag: "approval-due" } } : null,
  ];
  return orders.filter((order) => order !== null);
}
