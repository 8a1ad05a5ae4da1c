/**
 * The connection: dial, fall back, set up, repair, lose, find again.
 *
 * Theory: while connecting, speech waits in the ring, so a failure costs time and nothing else. A
 * failure is judged by its fault: the model's own → the next of the chain; network or server → again
 * after a jittered wait, then the next; key, credit → reported, and no more attempts. A model is
 * marked unavailable only once another one has answered: a dead network must not condemn it. No
 * sound is sent before the server has confirmed the set-up (see the microphone gate, views.ts).
 */

import { type Fault, fault } from "../fault.ts";
import { COOL_DOWN_MS } from "../models/fallback.ts";
import type { LinkFailure } from "../realtime/failure.ts";
import { serverFault } from "../realtime/faults.ts";
import type { ServerError, ServerEvent } from "../realtime/server-events.ts";
import { leftOut, type SessionMode, sessionConfig } from "../realtime/session.ts";
import { refusedPart, setUpFault } from "../realtime/set-up-errors.ts";
import type { Fact } from "./inputs.ts";
import { RECYCLE_MARGIN_MS, SESSION_MAX_MS } from "./limits.ts";
import {
  attemptFailed,
  broken,
  closed,
  connectingOf,
  dataOf,
  overdue,
  reconnect,
  voiceOf,
} from "./link-dial.ts";
import { type Change, endingBy, log, type Of, send, stay, type Table } from "./machine.ts";
import type { Link, Scope } from "./state.ts";

export type SessionSaid = Extract<ServerEvent, { tag: "session-created" | "session-updated" }>;

export type LinkEvent = Readonly<
  | { tag: "closed"; failure: LinkFailure }
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
    created: [greeted, "configuring", "dialing"],
    refused: [notGreeted, "dialing", "end"],
    due: [overdue, "dialing", "end"],
  },
  configuring: {
    closed: [closed, "dialing", "end"],
    updated: [listens, "ready"],
    refused: [refused, "configuring", "dialing", "end"],
    update: [setUp],
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

/** The server's first word: now it is told what we want of the session. */
function greeted(own: Dialing, event: Of<LinkEvent, "created">, at: Scope): Change<Link> {
  if (own.redialAtMs !== null) return stay(own); // That attempt has been given up.
  const { expiresAtS } = event.said;
  const expiresMs = expiresAtS === null ? SESSION_MAX_MS : expiresAtS * 1000 - at.wallMs;
  // A wrong clock must not make every session a short one.
  const isUsable = expiresMs > 2 * RECYCLE_MARGIN_MS;
  const lifeMs = isUsable ? Math.min(expiresMs, SESSION_MAX_MS) : SESSION_MAX_MS;
  const recycleAtMs = at.nowMs + lifeMs - RECYCLE_MARGIN_MS;
  const set = { recycleAtMs, sent: event.wanted };
  const next = { tag: "configuring", ...set, ...connectingOf(own) } as const;
  const facts: Fact[] = [
    { tag: "greeted", attempt: own.attempt },
    log("info", `Connected to OpenAI Realtime API using model: ${own.model}`),
    ...leftOut(at.call.settings, own.model).map((line): Fact => ({ tag: "notice", line })),
  ];
  return { facts, ...setUp(next, event, at) };
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
function listens(own: Configuring, { said }: Of<LinkEvent, "updated">): Change<Link> {
  const { recycleAtMs, sent, model, attempt } = own;
  const voice = said.voice ?? own.voice;
  const blamed = own.failed.filter(
    ({ why }) => why.recovery !== "fall-back" && why.code !== "config",
  );
  const facts: Fact[] = [
    log("info", `Audio session config: model=${model}, voice=${voice}`),
    ...blamed.map(
      ({ model: one, why }): Fact => ({
        tag: "model-unavailable",
        model: one,
        why: why.message,
        forMs: COOL_DOWN_MS,
      }),
    ),
    { tag: "model-answered", model },
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
  return attemptFailed(own, serverFault(error, own.model), null, at);
}

function refused(own: Configuring, event: Refused, at: Scope): Change<Link> {
  const why = serverFault(event.error, own.model);
  const isGeneral = why.code !== "server" || event.error.type === "server_error";
  return isGeneral ? attemptFailed(own, why, null, at) : repaired(own, event, at);
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
  return own.tag === "configuring"
    ? attemptFailed(own, why, null, at)
    : { next: own, ends: endingBy(why) };
}

/** The fallback voice is asked for, where the owner allows it. */
function voiceRefused(own: Configuring | Ready, event: Refused, at: Scope): Change<Link> {
  const choice = voiceOf(true, own.model, at.call);
  const guide = `Voice '${own.voice}' not available for model '${own.model}'`;
  const isLast = own.voiceRefused || !at.call.settings["openai.auto_select_voice"];
  if (isLast || choice.tag === "refused" || choice.voice === own.voice) {
    const advice = "Set openai.voice to one that the server has";
    const why = fault("protocol", "report", `${guide}: ${event.error.message}`, advice);
    return unusable(own, why, at);
  }
  const again = setUp({ ...own, voice: choice.voice, voiceRefused: true }, event, at);
  return { ...again, facts: [{ tag: "notice", line: `${guide}; using '${choice.voice}'` }] };
}
