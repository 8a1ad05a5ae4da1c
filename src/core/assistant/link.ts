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
import { linkFault, retryAfterMs, serverFault } from "../realtime/faults.ts";
import type { ServerError } from "../realtime/server-events.ts";
import { leftOut, type SetUpPart, sessionConfig } from "../realtime/session.ts";
import { eventId } from "./ids.ts";
import type { Change, Effect, Fact } from "./inputs.ts";
import { RECYCLE_MARGIN_MS, SESSION_MAX_MS } from "./limits.ts";
import {
  attemptFailed,
  broken,
  dataOf,
  faultEnding,
  hostFailed,
  isConnecting,
  type LinkScope,
  overdue,
  reconnect,
  voiceOf,
} from "./link-dial.ts";
import type { Link, ServerSaid, Table, WantedSession } from "./state.ts";

export type LinkEvent =
  | { readonly tag: "closed"; readonly failure: LinkFailure }
  | {
      readonly tag: "created";
      readonly said: ServerSaid<"session-created" | "session-updated">;
      readonly wanted: WantedSession;
    }
  | { readonly tag: "updated"; readonly said: ServerSaid<"session-created" | "session-updated"> }
  /** An error that is about the set-up, or comes while there is none yet. */
  | { readonly tag: "refused"; readonly error: ServerError; readonly wanted: WantedSession }
  | { readonly tag: "update"; readonly wanted: WantedSession }
  /** A new connection for the same conversation. */
  | { readonly tag: "renew"; readonly why: Fault }
  /** It broke while a reply is heard: the reply plays on. */
  | { readonly tag: "break"; readonly why: Fault }
  | { readonly tag: "due" };

export const LINK_TABLE: Table<Link["tag"], LinkEvent["tag"]> = {
  dialing: {
    closed: ["dialing", "end"],
    created: ["configuring", "dialing"],
    refused: ["dialing", "end"],
    due: ["dialing", "end"],
  },
  configuring: {
    closed: ["dialing", "end"],
    updated: ["ready"],
    refused: ["configuring", "dialing", "end"],
    update: ["configuring"],
    due: ["dialing", "end"],
  },
  ready: {
    updated: ["ready"],
    refused: ["ready", "end"],
    update: ["ready"],
    renew: ["dialing", "end"],
    break: ["lost"],
  },
  lost: { renew: ["dialing", "end"] },
};

type SetUp = Extract<Link, { tag: "configuring" | "ready" }>;

export function nextLink(own: Link, event: LinkEvent, at: LinkScope): Change<Link> {
  switch (event.tag) {
    case "closed":
      return isConnecting(own) ? closed(own, event.failure, at) : { next: own };
    case "created":
      return own.tag === "dialing" ? greeted(own, event.said, event.wanted, at) : { next: own };
    case "updated":
      return updated(own, event.said);
    case "refused":
      return refused(own, event.error, event.wanted, at);
    case "update":
      return own.tag === "configuring" || own.tag === "ready"
        ? setUp(own, event.wanted, at)
        : { next: own };
    case "renew":
      return reconnect(own, event.why, at);
    case "break":
      return broken(own, event.why);
    case "due":
      return isConnecting(own) ? overdue(own, at) : { next: own };
  }
}

function closed(
  own: Extract<Link, { tag: "dialing" | "configuring" }>,
  failure: LinkFailure,
  at: LinkScope,
): Change<Link> {
  const why = linkFault(failure, own.model);
  const isHost = failure.tag === "network" && failure.stage !== "tls";
  return isHost ? hostFailed(own, why, at) : attemptFailed(own, why, retryAfterMs(failure), at);
}

export function linkDeadlineMs(own: Link): number | null {
  switch (own.tag) {
    case "dialing":
      return Math.min(own.untilMs, own.redialAtMs ?? own.tryUntilMs);
    case "configuring":
      return Math.min(own.untilMs, own.tryUntilMs);
    case "ready":
    case "lost":
      return null;
  }
}

// ---------------------------------------------------------------- set-up

/** The server's first word: now it is told what we want of the session. */
function greeted(
  own: Extract<Link, { tag: "dialing" }>,
  said: ServerSaid<"session-created" | "session-updated">,
  wanted: WantedSession,
  at: LinkScope,
): Change<Link> {
  if (own.redialAtMs !== null) return { next: own }; // That attempt has been given up.
  const { call, nowMs, wallMs } = at;
  const expiresMs = said.expiresAtS === null ? SESSION_MAX_MS : said.expiresAtS * 1000 - wallMs;
  // A wrong clock must not make every session a short one.
  const isUsable = expiresMs > 2 * RECYCLE_MARGIN_MS;
  const lifeMs = isUsable ? Math.min(expiresMs, SESSION_MAX_MS) : SESSION_MAX_MS;
  const recycleAtMs = nowMs + lifeMs - RECYCLE_MARGIN_MS;
  const { redialAtMs: _, ...rest } = own;
  const configured = setUp({ ...rest, tag: "configuring", recycleAtMs, sent: wanted }, wanted, at);
  const line = `Connected to OpenAI Realtime API using model: ${own.model}`;
  const facts: Fact[] = [
    { tag: "greeted", attempt: own.attempt },
    { tag: "log", level: "info", line },
    ...leftOut(call.settings, own.model).map((notice): Fact => ({ tag: "notice", line: notice })),
  ];
  return { ...configured, facts };
}

/** Asks for the session that is wanted, as far as the server has not refused parts of it. */
function setUp(own: SetUp, wanted: WantedSession, at: LinkScope): Change<Link> {
  const { settings } = at.call;
  const session = sessionConfig(settings, own.model, own.voice, own.omitted, wanted);
  const id = eventId("update", own.attempt * 100 + own.omitted.length);
  const isSetUp = own.tag === "ready";
  const tag = isSetUp ? "update-turns" : "update-session";
  const sends: Effect[] = [{ tag: "send", event: { tag, session }, id }];
  const sent = isSetUp
    ? { ...own, sent: wanted, updates: own.updates + 1 }
    : { ...own, sent: wanted };
  return { next: sent, sends };
}

function updated(own: Link, said: ServerSaid<"session-created" | "session-updated">): Change<Link> {
  if (own.tag === "ready") {
    const updates = Math.max(0, own.updates - 1);
    return { next: { ...own, updates, confirmed: updates === 0 ? own.sent : own.confirmed } };
  }
  if (own.tag !== "configuring") return { next: own };
  const voice = said.voice ?? own.voice;
  const line = `Audio session config: model=${own.model}, voice=${voice}`;
  const blamed = own.failed.filter(
    ({ why }) => why.recovery !== "fall-back" && why.code !== "config",
  );
  const facts: Fact[] = [
    { tag: "log", level: "info", line },
    ...blamed.map(
      ({ model, why }): Fact => ({
        tag: "model-unavailable",
        model,
        why: why.message,
        forMs: COOL_DOWN_MS,
      }),
    ),
    { tag: "model-answered", model: own.model },
    { tag: "listening", attempt: own.attempt, voice },
  ];
  const { recycleAtMs, sent } = own;
  const confirmed = { recycleAtMs, sent, confirmed: sent, updates: 0 };
  return { next: { ...dataOf(own), ...confirmed, voice, tag: "ready" }, facts, sends: [] };
}

/** Set-up parts that an error may name, by the path the server uses for them. */
const REPAIRS: readonly (readonly [string, SetUpPart])[] = [
  ["reasoning", "reasoning"],
  ["parallel_tool_calls", "reasoning"],
  ["truncation", "truncation"],
  ["noise_reduction", "noise-reduction"],
  ["max_output_tokens", "max-output-tokens"],
  ["turn_detection", "turn-detection"],
  ["temperature", "temperature"],
  ["tools", "tools"],
];

/** A refused set-up is repaired by leaving out what was refused, or the session is refused. */
function refused(
  own: Link,
  error: ServerError,
  wanted: WantedSession,
  at: LinkScope,
): Change<Link> {
  if (own.tag === "lost") return { next: own };
  const why = serverFault(error, own.model);
  if (own.tag === "dialing") {
    return own.redialAtMs === null ? attemptFailed(own, why, null, at) : { next: own };
  }
  const isGeneral = why.code !== "server" || error.type === "server_error";
  if (own.tag === "configuring" && isGeneral) return attemptFailed(own, why, null, at);
  return repaired(answeredUpdate(own), error, wanted, at);
}

/** A budgetExceeded answers an update as much as a confirmation does. */
function answeredUpdate(own: SetUp): SetUp {
  return own.tag === "ready" ? { ...own, updates: Math.max(0, own.updates - 1) } : own;
}

function repaired(
  own: SetUp,
  error: ServerError,
  wanted: WantedSession,
  at: LinkScope,
): Change<Link> {
  const why = serverFault(error, own.model);
  const path = error.param ?? error.message;
  if (/(^|[.\s'"])voice\b/.test(path)) return voiceRefused(own, error, wanted, at);
  const part = REPAIRS.find(([name]) => path.includes(name))?.[1];
  if (part === undefined || own.omitted.includes(part)) {
    return unusable(own, setUpFault(error, why), at);
  }
  const line = `The server refused a part of the set-up (${part}); it is left out`;
  const again = setUp({ ...own, omitted: [...own.omitted, part] }, wanted, at);
  return { ...again, facts: [{ tag: "log", level: "notice", line }] };
}

function unusable(own: SetUp, why: Fault, at: LinkScope): Change<Link> {
  return own.tag === "configuring"
    ? attemptFailed(own, why, null, at)
    : { next: own, ends: faultEnding(why) };
}

/** The fallback voice is asked for, where the owner allows it. */
function voiceRefused(
  own: SetUp,
  error: ServerError,
  wanted: WantedSession,
  at: LinkScope,
): Change<Link> {
  const { settings } = at.call;
  const choice = voiceOf({ voiceRefused: true }, own.model, at.call);
  const guide = `Voice '${own.voice}' not available for model '${own.model}'`;
  const isLast = own.voiceRefused || !settings["openai.auto_select_voice"];
  if (isLast || choice.tag === "refused" || choice.voice === own.voice) {
    const advice = "Set openai.voice to one that the server has";
    return unusable(own, fault("protocol", "report", `${guide}: ${error.message}`, advice), at);
  }
  const again = setUp({ ...own, voice: choice.voice, voiceRefused: true }, wanted, at);
  return { ...again, facts: [{ tag: "notice", line: `${guide}; using '${choice.voice}'` }] };
}

/** Parameters that only the other dialect of the protocol has. */
const DIALECT = /session\.(type|audio|output_modalities)\b/;

function setUpFault(error: ServerError, why: Fault): Fault {
  const isDialect = DIALECT.test(error.param ?? error.message);
  const field = /session\.([a-z_.]+)/.exec(error.param ?? "")?.[1] ?? null;
  const mend = field === null ? why.remedy : `Check the setting behind session.${field}`;
  const remedy = isDialect ? "Set openai.protocol: beta" : mend;
  const message = `The server refused the set-up: ${error.message} (${error.code ?? error.type ?? "no code"})`;
  return fault("protocol", "report", message, remedy);
}
