/**
 * What the server, the speaker and the clock say, and which machine each word is for. What an older
 * connection still says is dropped, and counted.
 */

import { type EventKind, parseEventId } from "../realtime/event-ids.ts";
import type { LinkFailure } from "../realtime/failure.ts";
import { isPassing, linkFault, serverFault } from "../realtime/faults.ts";
import type { ServerError, ServerEvent } from "../realtime/server-events.ts";
import type { ResponseBy } from "../realtime/session.ts";
import { finish } from "./conversation.ts";
import type { Input } from "./inputs.ts";
import type { SessionSaid } from "./link.ts";
import { isConnecting } from "./link-dial.ts";
import { type Change, log, type Of } from "./machine.ts";
import { coolDown, keepWarm } from "./memory.ts";
import { isHeard } from "./playback.ts";
import { BUSY, isAwaited, isOurs, isWireFree, NOT_ACTIVE } from "./response.ts";
import { breakLink, endWith, type Order, orderTo, type Routed, renew, settleMs } from "./rules.ts";
import type { Conversation, State, StepContext } from "./state.ts";
import { forget } from "./turn.ts";
import { commitKind } from "./turn-views.ts";
import {
  approvalDeadlineMs,
  dueTimes,
  isLimited,
  isPerhapsSpeech,
  isTurnTimed,
  isUnheard,
  wantedSession,
} from "./views.ts";

type Said = Of<Input, "server">;

export function hear(state: State, input: Input, at: StepContext): Routed {
  const { conversation: c } = state;
  return c === null ? atRest(state, input, at) : inConversation(state, c, input, at);
}

/** What comes late, and what is said to a session that is kept. */
function atRest(state: State, input: Input, at: StepContext): Routed {
  const { warm } = state.memory;
  switch (input.tag) {
    case "link-closed":
      return linkGone(state, input) ?? dropped(state, "link", "closed");
    case "server": {
      const { event, attempt } = input;
      const isLate = warm?.link.attempt === attempt && event.tag === "committed";
      return isLate
        ? { next: state, sends: [forget(event.itemId, 0)] }
        : dropped(state, "server", event.tag);
    }
    case "reply-audio":
      return {
        next: state,
        sends: [{ tag: "discard-response", responseId: input.responseId }],
      };
    case "tick":
      return tickAtRest(state, at);
    default:
      return [];
  }
}

function inConversation(state: State, c: Conversation, input: Input, at: StepContext): Routed {
  switch (input.tag) {
    case "link-opened":
      return linkOpened(state, c, input, at);
    case "link-closed":
      return linkGone(state, input) ?? linkClosed(state, c, input, at);
    case "server":
      return said(state, c, input, at);
    case "tick":
      return tick(state, c, at);
    case "reply-audio":
      return replyAudio(c, input.responseId);
    case "flushed":
      return flushed(c, input);
    case "underrun":
      return c.response.tag === "none" ? [] : [orderTo.playback({ tag: "underrun" })];
    case "drained": {
      // Of a sound of our own, such as that at the wake word, nothing follows.
      const isOurs = c.playback.tag === "silent";
      return isOurs ? [] : [orderTo.playback({ tag: "drained", settleMs: settleMs(c) })];
    }
    case "uplink-flushed":
      return c.turn.tag === "released" ? [orderTo.turn(input), ...asksFor("client")] : [];
    case "tool-done": {
      const { tag: _, callId, ...result } = input;
      return [orderTo.tools({ tag: "done", callId, result })];
    }
    case "tool-asks":
      return [orderTo.tools({ tag: "ask", callId: input.callId, output: input.output })];
    default:
      return [];
  }
}

function dropped(state: State, machine: string, event: string): Change<State> {
  return { next: state, facts: [{ tag: "refused", machine, state: "stale", event }] };
}

// ---------------------------------------------------------------- link

/** That of the session that was kept; null: it is another. */
function linkGone(state: State, { attempt }: Of<Input, "link-closed">): Change<State> | null {
  if (state.memory.warm?.link.attempt !== attempt) return null;
  return { next: { ...state, memory: keepWarm(state.memory, null) } };
}

/** Sound may follow at once only where nothing has to be told before it. */
function linkOpened(
  state: State,
  c: Conversation,
  { attempt }: Of<Input, "link-opened">,
  at: StepContext,
): Routed {
  if (c.link.attempt !== attempt) return dropped(state, "link", "opened");
  const isFirst = isUnheard(c.turn) && c.dialogue.lines.length === 0;
  return [orderTo.link({ tag: "opened", wanted: wantedSession(c, at), isFirst })];
}

function linkClosed(
  state: State,
  c: Conversation,
  { attempt, failure }: Of<Input, "link-closed">,
  at: StepContext,
): Routed {
  if (c.link.attempt !== attempt) return dropped(state, "link", "closed");
  if (c.link.tag === "lost" || (c.link.tag === "dialing" && c.link.redialAtMs !== null)) return [];
  return isConnecting(c.link) ? [orderTo.link({ tag: "closed", failure })] : lost(c, failure, at);
}

/** In mid-conversation: what is being heard plays on; an unanswered question is asked anew. */
function lost(c: Conversation, failure: LinkFailure, at: StepContext): readonly Order[] {
  const why = linkFault(failure, c.link.model);
  const isFinal = why.recovery === "report" || why.recovery === "exit";
  if (!isHeard(c.playback)) return isFinal ? [endWith(why)] : renew(c, why, at);
  const isHalfHeard = c.response.tag !== "none";
  return breakLink(why, isHalfHeard || isFinal, at);
}

// ---------------------------------------------------------------- server

function said(state: State, c: Conversation, input: Said, at: StepContext): Routed {
  const { event, attempt } = input;
  if (attempt !== c.link.attempt) return dropped(state, "server", event.tag);
  switch (event.tag) {
    case "malformed": {
      const line = `The server sent a message that cannot be read: ${event.why}`;
      return { next: state, facts: [log("warning", line)] };
    }
    case "error":
      return isConnecting(c.link)
        ? [refusedSetUp(c, event.error, at)]
        : serverError(state, c, event.error, at);
    case "session-created":
      return [orderTo.link({ tag: "created", said: event, wanted: wantedSession(c, at) })];
    case "session-updated":
      return updated(c, event);
    default:
      return c.link.tag === "ready" ? inSession(c, input) : [];
  }
}

function refusedSetUp(c: Conversation, error: ServerError, at: StepContext): Order {
  return orderTo.link({ tag: "refused", error, wanted: wantedSession(c, at) });
}

/** A new connection is first told what was said, then hears the unanswered question from the ring. */
function updated(c: Conversation, event: SessionSaid): readonly Order[] {
  const confirmed = orderTo.link({ tag: "updated", said: event });
  if (c.link.tag !== "configuring") return [confirmed];
  return [confirmed, orderTo.dialogue({ tag: "replay" }), orderTo.turn({ tag: "link-ready" })];
}

function inSession(c: Conversation, { event, capturedAt: sample }: Said): readonly Order[] {
  switch (event.tag) {
    case "speech-started":
    case "speech-stopped":
      return [orderTo.turn({ tag: event.tag, itemId: event.itemId, sample })];
    case "committed":
      return committed(c, event.itemId);
    case "response-created":
      return created(c, event.responseId);
    case "response-done":
      return responseDone(c, event);
    case "transcript":
      return [orderTo.dialogue(event)];
    case "remote-listing":
    case "remote-listed":
    case "remote-call":
    case "remote-done":
      return [orderTo.tools(event)];
    default:
      return [];
  }
}

function committed(c: Conversation, itemId: string): readonly Order[] {
  const turn = orderTo.turn({ tag: "committed", itemId });
  const by = c.link.tag === "ready" ? c.link.confirmed.responseBy : "client";
  // The server creates a response to what it has committed, unless it is busy.
  const isExpected = by === "server" && isWireFree(c.response);
  const asked = isExpected ? [orderTo.turn({ tag: "asked", by })] : [];
  switch (commitKind(c.turn, itemId)) {
    case "question":
      return [turn, ...asksFor(by), ...asked];
    case "empty":
    case "late": {
      if (by === "client") return [turn];
      // It responds to all that it has heard, an unanswered question included.
      return c.response.pending && isExpected
        ? [turn, orderTo.response({ tag: "question", by }), ...asked]
        : [turn, orderTo.response({ tag: "empty-turn" })];
    }
    case "own":
      return [turn];
  }
}

function created(c: Conversation, id: string): readonly Order[] {
  const by = c.link.tag === "ready" ? c.link.confirmed.responseBy : "client";
  const asked = isAwaited(c.response, id, by) ? [orderTo.turn({ tag: "asked", by })] : [];
  return [...asked, orderTo.response({ tag: "created", id, by })];
}

function asksFor(by: ResponseBy): readonly Order[] {
  return [orderTo.tools({ tag: "question" }), orderTo.response({ tag: "question", by })];
}

function responseDone(c: Conversation, said: Of<ServerEvent, "response-done">): readonly Order[] {
  const { response, playback } = c;
  const heard = isSounded(c);
  const done = orderTo.response({ tag: "done", said, heard, model: c.link.model });
  const isUnsolicited = said.responseId === response.unsolicited?.id;
  if (!isOurs(response, said.responseId) || isUnsolicited || said.status === "failed")
    return [done];
  const isAnswer = heard || said.hasCalls;
  const answered = isAnswer ? [orderTo.turn({ tag: "answered" })] : [];
  if (said.hasCalls && said.status === "completed") {
    const { responseId, calls, requests } = said;
    return [done, ...answered, orderTo.tools({ tag: "called", responseId, calls, requests })];
  }
  const isSounding = isHeard(playback) || playback.tag === "held";
  const complete = isSounding ? [orderTo.playback({ tag: "complete", error: null })] : [];
  return [done, ...answered, ...complete];
}

/** Has the response under way been heard, or will be? */
function isSounded({ response, playback }: Conversation): boolean {
  if (response.tag !== "active") return false;
  const isIts = playback.tag === "playing" || playback.tag === "held";
  return response.untilMs === null && isIts && playback.responseId === response.id;
}

/** Errors of ours that cannot hurt: the server was a moment ahead of us. */
const HARMLESS: ReadonlySet<EventKind> = new Set<EventKind>([
  "cancel",
  "delete",
  "truncate",
  "clear",
  "replay",
  "commit",
  "output",
  "approval",
]);

function serverError(state: State, c: Conversation, error: ServerError, at: StepContext): Routed {
  const id = parseEventId(error.eventId);
  const why = serverFault(error, c.link.model);
  if (id?.kind === "update") return [refusedSetUp(c, error, at)];
  const toResponse = [orderTo.response({ tag: "error", error, model: c.link.model })];
  const isCode = error.code === NOT_ACTIVE || error.code === BUSY;
  const isOfCancel = id?.kind === "cancel" && c.response.tag === "cancelling";
  if (id?.kind === "create" || isOfCancel || isCode) return toResponse;
  if (id !== null && HARMLESS.has(id.kind)) return [];
  // A picture that is not taken is worth a line, and no conversation.
  const isEnd = why.recovery === "report" && why.code !== "server" && id?.kind !== "picture";
  if (isEnd) return [endWith(why)];
  const isUnnamed = id === null && (error.code === null || isPassing(error));
  if (isUnnamed && c.response.tag === "requested") return toResponse;
  const line = `The Realtime API reported an error: ${error.message} (${error.code ?? "no code"})`;
  return { next: state, facts: [log("warning", line)] };
}

// ---------------------------------------------------------------- speaker

function replyAudio(c: Conversation, responseId: string): readonly Order[] {
  const sound = orderTo.response({ tag: "sound", id: responseId });
  if (c.link.tag !== "ready" || !isOurs(c.response, responseId)) return [sound];
  const isQuestion = c.tools.approvals.some(({ stage }) => stage === "unheard");
  const asked = isQuestion ? [orderTo.tools({ tag: "question-heard" })] : [];
  return [
    sound,
    orderTo.playback({ tag: "sound", responseId, held: isPerhapsSpeech(c) }),
    ...asked,
  ];
}

function flushed(c: Conversation, { attempt, items }: Of<Input, "flushed">): readonly Order[] {
  const isThis = attempt === c.link.attempt && c.link.tag === "ready";
  // What was heard on a connection that is gone is nothing to the server.
  const cut = isThis ? items : [];
  return [
    orderTo.dialogue({ tag: "cut", items }),
    orderTo.playback({ tag: "flushed", items: cut }),
  ];
}

// ---------------------------------------------------------------- time

function tickAtRest(state: State, at: StepContext): Change<State> {
  const { memory, rest } = state;
  const isShown = rest.tag === "fault" && at.nowMs < rest.untilMs;
  const calm: State =
    rest.tag === "fault" && !isShown ? { ...state, rest: { tag: "idle" } } : state;
  if (memory.warm === null || at.nowMs < memory.warm.untilMs) return { next: calm };
  const cooled = coolDown(memory);
  return { ...cooled, next: { ...calm, memory: cooled.next } };
}

function tick(state: State, c: Conversation, at: StepContext): Routed {
  const isDue = (ms: number | null): boolean => ms !== null && ms <= at.nowMs;
  if (isLimited(c) && isDue(c.call.endsAtMs)) {
    return finish(state, { reason: "max_duration", fault: null }, at);
  }
  const times = dueTimes(c);
  const due = { tag: "due" } as const;
  // Of a turn that waits for its commit, a rule decides.
  const isWaiting = c.turn.tag === "ended" || c.turn.tag === "released";
  const isTurnDue = isTurnTimed(c) && !isWaiting && isDue(times.turn);
  return [
    isDue(times.link) ? orderTo.link(due) : null,
    isTurnDue ? orderTo.turn(due) : null,
    isDue(times.response) ? orderTo.response(due) : null,
    isDue(times.playback) ? orderTo.playback(due) : null,
    isDue(times.tools) ? orderTo.tools(due) : null,
    isDue(approvalDeadlineMs(c)) ? orderTo.tools({ tag: "approval-due" }) : null,
  ].filter((order) => order !== null);
}
