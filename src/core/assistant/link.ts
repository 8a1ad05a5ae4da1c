/**
 * The connection: dial, fall back, set up, repair, lose, find again.
 *
 * Theory: while connecting, speech waits in the ring, so a failure costs time and nothing else. A
 * failure is judged by its fault: the model's own → the next of the chain; network or server → again
 * after a jittered wait, then the next; key, credit → reported, and no more attempts. A model is
 * marked unavailable only once another one has answered: a dead network must not condemn it.
 *
 * The set-up goes out with the opening of the socket; after a failure, only once the server has
 * spoken. No sound is sent before the set-up is confirmed, unless the server took the very same one
 * before: then sound follows behind it (see the microphone gate, views.ts), and is sent anew on another
 * connection should it be refused after all.
 */

import type { Fault } from "../fault.ts";
import { blamed } from "../models/dialling.ts";
import { COOL_DOWN_MS } from "../models/fallback.ts";
import { refusedVoiceFault, voiceMissing } from "../models/voice.ts";
import { parseEventId } from "../realtime/event-ids.ts";
import type { LinkFailure } from "../realtime/failure.ts";
import { retryHintMs, serverFault } from "../realtime/faults.ts";
import type { ServerError, ServerEvent } from "../realtime/server-events.ts";
import { leftOut, type SessionMode, sessionConfig, setUpMark } from "../realtime/session.ts";
import { isOfSetUp, refusedPart, setUpFault } from "../realtime/set-up-errors.ts";
import type { Fact } from "./inputs.ts";
import { RECYCLE_MARGIN_MS, SESSION_MAX_MS } from "./limits.ts";
import {
  attemptFailed,
  broken,
  closed,
  connectingOf,
  dataOf,
  dialAgain,
  dialingOf,
  overdue,
  reconnect,
  voiceOf,
} from "./link-dial.ts";
import { type Change, endingBy, log, type Of, send, stay, type Table } from "./machine.ts";
import type { Link, Scope } from "./state.ts";

export type SessionSaid = Extract<ServerEvent, { tag: "session-created" | "session-updated" }>;

export type LinkEvent = Readonly<
  | { tag: "closed"; failure: LinkFailure }
  /** `isFirst`: nothing was said on an earlier connection, and the server finds the turns. */
  | { tag: "opened"; wanted: SessionMode; isFirst: boolean }
  | { tag: "created"; said: SessionSaid; wanted: SessionMode }
  | { tag: "updated"; said: SessionSaid }
  /** An error that is about the set-up, or comes while there is none yet. */
  | { tag: "refused"; error: ServerError; wanted: SessionMode }
  | { tag: "update"; wanted: SessionMode }
  /** A new connection for the same conversation. */
  | { tag: "renew"; why: Fault }
  /** It broke while a reply is heard: the reply plays on. */
  | { tag: "break"; why: Fault }
  | { tag: "due" }
>;

type Dialing = Of<Link, "dialing">;
type Configuring = Of<Link, "configuring">;
type Ready = Of<Link, "ready">;
type Refused = Of<LinkEvent, "refused">;

export const LINK: Table<Link, LinkEvent> = {
  dialing: {
    closed: [closed, "dialing", "end"],
    opened: [opened, "configuring", "dialing"],
    created: [greeted, "configuring", "dialing"],
    refused: [notGreeted, "dialing", "end"],
    due: [overdue, "dialing", "end"],
  },
  configuring: {
    closed: [closed, "dialing", "end"],
    created: [greetedLate],
    updated: [listens, "ready"],
    refused: [refused, "configuring", "dialing", "end"],
    update: [setUpAnew, "configuring", "dialing"],
    due: [overdue, "dialing", "end"],
  },
  ready: {
    updated: [confirmed],
    refused: [updateRefused, "ready", "end"],
    update: [setUp],
    renew: [reconnect, "dialing", "end"],
    break: [broken, "lost"],
  },
  lost: { renew: [reconnect, "dialing", "end"] },
};

/** The set-up needs no word of the server's; after a failure it is waited for all the same. */
function opened(own: Dialing, event: Of<LinkEvent, "opened">, at: Scope): Change<Link> {
  if (own.redialAtMs !== null || own.failures > 0) return stay(own);
  const recycleAtMs = at.nowMs + SESSION_MAX_MS - RECYCLE_MARGIN_MS;
  const trusted = event.isFirst && at.memory.acceptedSetUp === markOf(own, at);
  const set = { recycleAtMs, sent: event.wanted, greeted: false, trusted };
  return setUp({ tag: "configuring", ...set, ...connectingOf(own) }, event, at);
}

function markOf(own: Dialing | Configuring, { call, account }: Scope): string {
  return setUpMark(account, call.settings, own.model, own.voice, own.omitted);
}

/** The server's first word before our set-up: now it is told what we want of the session. */
function greeted(own: Dialing, event: Of<LinkEvent, "created">, at: Scope): Change<Link> {
  if (own.redialAtMs !== null) return stay(own); // That attempt has been given up.
  const set = { sent: event.wanted, greeted: true, trusted: false, recycleAtMs: 0 };
  const next: Configuring = { tag: "configuring", ...set, ...connectingOf(own) };
  const { next: known, facts } = greetedLate(next, event, at);
  return { ...setUp(known, event, at), facts };
}

/** The server's first word; the set-up is on its way. */
function greetedLate(
  own: Configuring,
  { said: { expiresAtS } }: Of<LinkEvent, "created">,
  at: Scope,
) {
  const expiresMs = expiresAtS === null ? SESSION_MAX_MS : expiresAtS * 1000 - at.wallMs;
  // A wrong clock must not make every session a short one.
  const isUsable = expiresMs > 2 * RECYCLE_MARGIN_MS;
  const lifeMs = isUsable ? Math.min(expiresMs, SESSION_MAX_MS) : SESSION_MAX_MS;
  const recycleAtMs = at.nowMs + lifeMs - RECYCLE_MARGIN_MS;
  return { next: { ...own, greeted: true, recycleAtMs }, facts: greeting(own, at) };
}

function greeting({ attempt, model }: Configuring, { call }: Scope): readonly Fact[] {
  return [
    { tag: "greeted", attempt },
    log("info", `Connected to OpenAI Realtime API using model: ${model}`),
    ...leftOut(call.settings, model).map((line): Fact => ({ tag: "notice", line })),
  ];
}

/** Sound that was sent for the server to find its turns must not be taken for the button's. */
function setUpAnew(own: Configuring, event: Of<LinkEvent, "update">, at: Scope): Change<Link> {
  const isStale = own.trusted && event.wanted.pushToTalk;
  return isStale ? dialAgain(own, [], at) : setUp(own, event, at);
}

/** Asks for the session that is wanted, as far as the server has not refused parts of it. */
function setUp(
  own: Configuring | Ready,
  { wanted }: { readonly wanted: SessionMode },
  { call }: Scope,
): Change<Link> {
  const session = sessionConfig(call.settings, own.model, own.voice, own.omitted, wanted);
  const n = own.attempt * 100 + own.omitted.length;
  return own.tag === "ready"
    ? {
        next: { ...own, sent: wanted, updates: own.updates + 1 },
        sends: [send({ tag: "update-turns", session }, "update", n)],
      }
    : {
        next: { ...own, sent: wanted },
        sends: [send({ tag: "update-session", session }, "update", n)],
      };
}

/** The session is as it was asked for: whoever failed before this model is to blame. */
function listens(own: Configuring, { said }: Of<LinkEvent, "updated">, at: Scope): Change<Link> {
  const { recycleAtMs, sent, model, attempt } = own;
  const voice = said.voice ?? own.voice;
  const facts: Fact[] = [
    // A server that has confirmed the set-up has no need to say hello.
    ...(own.greeted ? [] : greeting(own, at)),
    log("info", `Audio session config: model=${model}, voice=${voice}`),
    ...blamed(own.failed).map(
      ({ model: one, why }): Fact => ({
        tag: "model-unavailable",
        model: one,
        why: why.message,
        forMs: COOL_DOWN_MS,
      }),
    ),
    { tag: "model-answered", model },
    { tag: "set-up-accepted", mark: markOf(own, at) },
    { tag: "listening", attempt, voice },
  ];
  const fresh = { confirmed: sent, updates: 0, recycleAtMs, sent };
  return { next: { tag: "ready", ...fresh, ...dataOf(own), voice }, facts };
}

function confirmed(own: Ready): Change<Link> {
  const next = answeredUpdate(own);
  return stay(next.updates === 0 ? { ...next, confirmed: own.sent } : next);
}

function answeredUpdate(own: Ready): Ready {
  return { ...own, updates: Math.max(0, own.updates - 1) };
}

// ---------------------------------------------------------------- a refused set-up

function notGreeted(own: Dialing, { error }: Refused, at: Scope): Change<Link> {
  if (own.redialAtMs !== null) return stay(own);
  return attemptFailed(own, serverFault(error, own.model), retryHintMs(error.message), at);
}

function refused(own: Configuring, event: Refused, at: Scope): Change<Link> {
  const { error } = event;
  const why = serverFault(error, own.model);
  const isGeneral = !isOfSetUp(error, why);
  const isGreeting = !own.greeted && parseEventId(error.eventId)?.kind !== "update";
  if (isGeneral || isGreeting) return attemptFailed(own, why, retryHintMs(error.message), at);
  return own.trusted ? distrusted(own, at) : repaired(own, event, at);
}

/** What was heard, was heard with the server's own settings: on another connection it is said again. */
function distrusted(own: Configuring, at: Scope): Change<Link> {
  const line = "The server refused a set-up that it took before; connecting again";
  return dialAgain(own, [log("notice", line), { tag: "set-up-accepted", mark: null }], at);
}

/** A refusal answers an update as much as a confirmation does. */
function updateRefused(own: Ready, event: Refused, at: Scope): Change<Link> {
  return repaired(answeredUpdate(own), event, at);
}

/** What was refused is left out, or the session is not to be had. */
function repaired(own: Configuring | Ready, event: Refused, at: Scope): Change<Link> {
  const part = refusedPart(event.error);
  if (part === "voice") return voiceRefused(own, event, at);
  if (part === null || own.omitted.includes(part)) {
    return unusable(own, setUpFault(event.error, own.model), at);
  }
  const line = `The server refused a part of the set-up (${part}); it is left out`;
  const again = setUp({ ...own, omitted: [...own.omitted, part] }, event, at);
  return { ...again, facts: [log("notice", line)] };
}

function unusable(own: Configuring | Ready, why: Fault, at: Scope): Change<Link> {
  // Perhaps it only came too early: it is asked for again when the server has spoken.
  if (own.tag === "configuring" && !own.greeted) return stay<Link>(dialingOf(own));
  return own.tag === "configuring"
    ? attemptFailed(own, why, null, at)
    : { next: own, ends: endingBy(why) };
}

/** The fallback voice is asked for, where the owner allows it. */
function voiceRefused(own: Configuring | Ready, event: Refused, at: Scope): Change<Link> {
  const choice = voiceOf(true, own.model, at.call);
  const isLast = own.voiceRefused || !at.call.settings["openai.auto_select_voice"];
  if (isLast || choice.tag === "refused" || choice.voice === own.voice) {
    return unusable(own, refusedVoiceFault(own.voice, own.model, event.error.message), at);
  }
  const again = setUp({ ...own, voice: choice.voice, voiceRefused: true }, event, at);
  const line = `${voiceMissing(own.voice, own.model)}; using '${choice.voice}'`;
  return { ...again, facts: [{ tag: "notice", line }] };
}
