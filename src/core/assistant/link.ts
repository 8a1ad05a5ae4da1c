/**
 * The connection: dial, fall back, set up, repair, lose, find again.
 *
 * Theory: while connecting, speech waits in the ring, so a failure costs time and nothing else. A
 * failure is judged by its fault: the model's own → the next of the chain; network or server → again
 * after a jittered wait, then the next; key, credit → reported, and no more attempts. A model is
 * marked unavailable only once another one has answered: a dead network must not condemn it. No
 * sound is sent before the server has confirmed the set-up (see the microphone gate, views.ts).
 */

import { redialDelayMs } from "../backoff.ts";
import { type Fault, fault } from "../fault.ts";
import { COOL_DOWN_MS, GONE_MS, nextCandidate } from "../models/fallback.ts";
import { chooseVoice, type VoiceChoice, voiceWish } from "../models/voice.ts";
import { budgetExceeded } from "../money/budget.ts";
import { linkFault, retryAfterMs, serverFault } from "../realtime/faults.ts";
import { leftOut, type SetUpPart, sessionConfig } from "../realtime/session.ts";
import { eventId } from "./ids.ts";
import {
  ATTEMPT_MAX_MS,
  CONNECT_MAX_MS,
  RECONNECTS_MAX,
  RECYCLE_MARGIN_MS,
  RETRIES_MAX,
  SESSION_MAX_MS,
  TOLD_RETRIES_MAX,
} from "./limits.ts";
import type {
  Call,
  Change,
  Effect,
  Ending,
  Fact,
  Link,
  LinkFailure,
  Memory,
  Scope,
  ServerError,
  ServerSaid,
  SessionWish,
  Table,
} from "./state.ts";

export type LinkEvent =
  | { readonly tag: "closed"; readonly failure: LinkFailure }
  | {
      readonly tag: "created";
      readonly said: ServerSaid<"session-created" | "session-updated">;
      readonly wish: SessionWish;
    }
  | { readonly tag: "updated"; readonly said: ServerSaid<"session-created" | "session-updated"> }
  /** An error that is about the set-up, or comes while there is none yet. */
  | { readonly tag: "refused"; readonly error: ServerError; readonly wish: SessionWish }
  | { readonly tag: "update"; readonly wish: SessionWish }
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

type Dialing = Extract<Link, { tag: "dialing" }>;
type Connecting = Extract<Link, { tag: "dialing" | "configuring" }>;
type SetUp = Extract<Link, { tag: "configuring" | "ready" }>;
/** The scope, and what outlives conversations: how many dials there were, which models failed. */
export interface LinkScope extends Scope {
  readonly memory: Memory;
}

export function nextLink(own: Link, event: LinkEvent, at: LinkScope): Change<Link> {
  switch (event.tag) {
    case "closed":
      return isConnecting(own)
        ? attemptFailed(own, linkFault(event.failure, own.model), retryAfterMs(event.failure), at)
        : { next: own };
    case "created":
      return own.tag === "dialing" ? greeted(own, event.said, event.wish, at) : { next: own };
    case "updated":
      return updated(own, event.said);
    case "refused":
      return refused(own, event.error, event.wish, at);
    case "update":
      return own.tag === "configuring" || own.tag === "ready"
        ? setUp(own, event.wish, at)
        : { next: own };
    case "renew":
      return reconnect(own, event.why, at);
    case "break":
      return broken(own, event.why);
    case "due":
      return isConnecting(own) ? overdue(own, at) : { next: own };
  }
}

/** The first dial of a conversation. */
export function firstDial(call: Call, memory: Memory, at: Scope): Change<Link> {
  const link = { attempt: 0, model: "", voice: call.settings["openai.voice"], reconnects: 0 };
  const untilMs = at.nowMs + CONNECT_MAX_MS;
  const blank = { ...link, omitted: [], voiceRefused: false, untilMs, tryUntilMs: untilMs };
  const own: Dialing = { ...blank, failed: [], failures: 0, tag: "dialing", redialAtMs: null };
  const scope = { ...at, memory };
  return dialNext(own, candidate(own, scope) ?? firstOf(call), null, scope);
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

export function isConnecting(own: Link): own is Connecting {
  return own.tag === "dialing" || own.tag === "configuring";
}

// ---------------------------------------------------------------- dialing

/** The next model that has not failed, is not marked unavailable, and has the wanted voice. */
function candidate(own: Dialing, at: LinkScope): string | null {
  const { settings } = at.call;
  const tried = own.failed.map(({ model }) => model);
  const model = nextCandidate(settings, at.memory.chain, tried, at.nowMs);
  return model ?? (own.failed.length === 0 ? firstOf(at.call) : null);
}

function firstOf({ settings }: Call): string {
  return (
    nextCandidate(settings, { unavailable: {}, retryAfter: null, account: "" }, [], 0) ??
    settings["openai.model"]
  );
}

export function voiceOf(
  own: Pick<Link, "voiceRefused">,
  model: string,
  { settings }: Call,
): VoiceChoice {
  const wish = voiceWish(settings);
  return chooseVoice(own.voiceRefused ? { ...wish, voice: wish.fallback } : wish, model);
}

/**
 * Dials `model`, or the next of the chain that has the voice. `from`: what failed before it; null:
 * nothing did.
 */
function dialNext(own: Dialing, model: string, from: Fault | null, at: LinkScope): Change<Link> {
  const choice = voiceOf(own, model, at.call);
  if (choice.tag === "chosen") return dialed(own, model, choice, at);
  const why = voiceFault(choice.why);
  const passed: Dialing = { ...own, model, failed: [...own.failed, { model, why }] };
  const to = candidate(passed, at);
  if (to === null) return { next: passed, ends: faultEnding(from ?? why) };
  const rest = dialNext(passed, to, from ?? why, at);
  return { ...rest, facts: [...fallBack(passed, why, to), ...(rest.facts ?? [])] };
}

function dialed(
  own: Dialing,
  model: string,
  { voice, notice }: Extract<VoiceChoice, { tag: "chosen" }>,
  at: LinkScope,
): Change<Link> {
  const attempt = at.memory.dials + 1;
  const tryUntilMs = Math.min(own.untilMs, at.nowMs + ATTEMPT_MAX_MS);
  const next: Dialing = { ...own, attempt, model, voice, tryUntilMs, redialAtMs: null };
  const facts: Fact[] = [{ tag: "dialed", model, voice }];
  if (notice !== null) facts.push({ tag: "notice", line: notice });
  return { next, sends: [{ tag: "dial", attempt, model }], facts };
}

/** The model has no voice that the owner allows. */
export function voiceFault(why: string): Fault {
  const advice = "Choose another openai.voice, or set openai.auto_select_voice: true";
  return fault("config", "report", why, advice);
}

/** This attempt failed, wherever that showed: what now? */
function attemptFailed(
  own: Connecting,
  why: Fault,
  waitMs: number | null,
  at: LinkScope,
): Change<Link> {
  const over: Dialing = { ...dialingOf(own), redialAtMs: null };
  const after = decided(over, why, waitMs, at);
  return { ...after, sends: [hangUp(own), ...(after.sends ?? [])] };
}

function decided(own: Dialing, why: Fault, waitMs: number | null, at: LinkScope): Change<Link> {
  if (why.code === "rate-limited") return rateLimited(own, why, waitMs, at);
  if (why.recovery === "report" || why.recovery === "exit") {
    return { next: own, ends: faultEnding(failedWith(own, why)) };
  }
  if (why.recovery === "retry" && own.failures < RETRIES_MAX) {
    // An overloaded server may say when (503 with Retry-After).
    const wait = Math.max(waitMs ?? 0, redialDelayMs(own.failures, at.chance));
    const when = waitMs === null ? "" : ` in ${seconds(wait)} s`;
    const line = `${failedWith(own, why).message}; trying again${when}`;
    if (at.nowMs + wait < own.untilMs) return waiting(own, at.nowMs + wait, line);
  }
  return nextModel(own, why, at);
}

function waiting(own: Dialing, redialAtMs: number, line: string): Change<Link> {
  const next = { ...own, redialAtMs, failures: own.failures + 1 };
  return { next, facts: [{ tag: "log", level: "warning", line }] };
}

/** Down the chain, or the end of it. */
function nextModel(own: Dialing, why: Fault, at: LinkScope): Change<Link> {
  const failed: Dialing = { ...own, failed: [...own.failed, { model: own.model, why }] };
  const gone: readonly Fact[] =
    why.recovery === "fall-back"
      ? [{ tag: "model-unavailable", model: own.model, why: why.message, forMs: GONE_MS }]
      : [];
  const to = at.nowMs < own.untilMs ? candidate(failed, at) : null;
  if (to === null) return { next: failed, facts: gone, ends: faultEnding(failedWith(own, why)) };
  const fresh: Dialing = { ...failed, failures: 0, omitted: [], voiceRefused: false };
  const rest = dialNext(fresh, to, failedWith(own, why), at);
  return { ...rest, facts: [...gone, ...fallBack(own, why, to), ...(rest.facts ?? [])] };
}

function fallBack(own: Dialing, why: Fault, to: string): readonly Fact[] {
  const said = why.code === "config" ? why.message : failedWith(own, why).message;
  return [
    { tag: "log", level: "warning", line: `${said}; trying ${to}` },
    { tag: "fell-back", from: own.model, to, reason: why.code },
  ];
}

/** The server says when: within this conversation if that is soon, else no wake asks before. */
function rateLimited(own: Dialing, why: Fault, waitMs: number | null, at: LinkScope): Change<Link> {
  const wait = Math.max(waitMs ?? 0, redialDelayMs(own.failures, at.chance));
  const again = own.failures < (waitMs === null ? RETRIES_MAX : TOLD_RETRIES_MAX);
  if (again && at.nowMs + wait + ATTEMPT_MAX_MS <= own.untilMs) {
    const line = `${failedWith(own, why).message}; again in ${seconds(wait)} s`;
    return waiting(own, at.nowMs + wait, line);
  }
  const facts: Fact[] = [{ tag: "retry-after", why, forMs: wait }];
  return { next: own, facts, ends: faultEnding(failedWith(own, why)) };
}

/** A redial is due, or this attempt took too long. */
function overdue(own: Connecting, at: LinkScope): Change<Link> {
  if (own.tag === "dialing" && own.redialAtMs !== null && at.nowMs < own.untilMs) {
    return dialNext(own, own.model, null, at);
  }
  const what = "no session in time: the Realtime API is silent";
  return attemptFailed(own, fault("timeout", "retry", what, "Check the network"), null, at);
}

// ---------------------------------------------------------------- set-up

/** The server's first word: now it is told what we want of the session. */
function greeted(
  own: Dialing,
  said: ServerSaid<"session-created" | "session-updated">,
  wish: SessionWish,
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
  const configured = setUp({ ...rest, tag: "configuring", recycleAtMs, sent: wish }, wish, at);
  const line = `Connected to OpenAI Realtime API using model: ${own.model}`;
  const facts: Fact[] = [
    { tag: "greeted", attempt: own.attempt },
    { tag: "log", level: "info", line },
    ...leftOut(call.settings, own.model).map((notice): Fact => ({ tag: "notice", line: notice })),
  ];
  return { ...configured, facts };
}

/** Asks for the session that is wanted, as far as the server has not refused parts of it. */
function setUp(own: SetUp, wish: SessionWish, at: LinkScope): Change<Link> {
  const { settings } = at.call;
  const session = sessionConfig(settings, own.model, own.voice, own.omitted, wish);
  const id = eventId("update", own.attempt * 100 + own.omitted.length);
  const sends: Effect[] = [{ tag: "send", event: { tag: "update-session", session }, id }];
  const sent =
    own.tag === "ready" ? { ...own, sent: wish, updates: own.updates + 1 } : { ...own, sent: wish };
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
function refused(own: Link, error: ServerError, wish: SessionWish, at: LinkScope): Change<Link> {
  if (own.tag === "lost") return { next: own };
  const why = serverFault(error, own.model);
  if (own.tag === "dialing") {
    return own.redialAtMs === null ? attemptFailed(own, why, null, at) : { next: own };
  }
  const isGeneral = why.code !== "server" || error.type === "server_error";
  if (own.tag === "configuring" && isGeneral) return attemptFailed(own, why, null, at);
  return repaired(answeredUpdate(own), error, wish, at);
}

/** A budgetExceeded answers an update as much as a confirmation does. */
function answeredUpdate(own: SetUp): SetUp {
  return own.tag === "ready" ? { ...own, updates: Math.max(0, own.updates - 1) } : own;
}

function repaired(own: SetUp, error: ServerError, wish: SessionWish, at: LinkScope): Change<Link> {
  const why = serverFault(error, own.model);
  const path = error.param ?? error.message;
  if (/(^|[.\s'"])voice\b/.test(path)) return voiceRefused(own, error, wish, at);
  const part = REPAIRS.find(([name]) => path.includes(name))?.[1];
  if (part === undefined || own.omitted.includes(part)) {
    return unusable(own, setUpFault(error, why), at);
  }
  const line = `The server refused a part of the set-up (${part}); it is left out`;
  const again = setUp({ ...own, omitted: [...own.omitted, part] }, wish, at);
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
  wish: SessionWish,
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
  const again = setUp({ ...own, voice: choice.voice, voiceRefused: true }, wish, at);
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

// ---------------------------------------------------------------- lost and found

function broken(own: Link, why: Fault): Change<Link> {
  const line = `${why.message}; the reply plays on`;
  const facts: Fact[] = [{ tag: "log", level: "warning", line }];
  return { next: { ...dataOf(own), tag: "lost" }, sends: [hangUp(own)], facts };
}

/** A new connection. Going down the chain does not count: that has an end of its own. */
function reconnect(own: Link, why: Fault, at: LinkScope): Change<Link> {
  const data = dataOf(own);
  const refused = budgetExceeded(at.settings, at.spentMicroUsd);
  if (refused !== null) return { next: own, ends: { reason: "budget", fault: refused } };
  const isDown = why.recovery === "fall-back";
  if (!isDown && own.reconnects >= RECONNECTS_MAX) return { next: own, ends: faultEnding(why) };
  const untilMs = at.nowMs + CONNECT_MAX_MS;
  const anew: Dialing = {
    ...data,
    tag: "dialing",
    omitted: [],
    reconnects: own.reconnects + (isDown ? 0 : 1),
    untilMs,
    tryUntilMs: untilMs,
    redialAtMs: null,
    failed: [],
    failures: 0,
  };
  const line = `${why.message}; connecting again`;
  const after = isDown ? nextModel(anew, why, at) : dialNext(anew, own.model, null, at);
  const facts: readonly Fact[] = isDown ? [] : [{ tag: "log", level: "warning", line }];
  return {
    ...after,
    sends: [hangUp(own), ...(after.sends ?? [])],
    facts: [...facts, ...(after.facts ?? [])],
  };
}

function dataOf({ attempt, model, voice, reconnects, omitted, voiceRefused }: Link) {
  return { attempt, model, voice, reconnects, omitted, voiceRefused };
}

function dialingOf(own: Connecting): Dialing {
  const { untilMs, tryUntilMs, failed, failures } = own;
  return {
    ...dataOf(own),
    untilMs,
    tryUntilMs,
    failed,
    failures,
    tag: "dialing",
    redialAtMs: null,
  };
}

function hangUp({ attempt }: Link): Effect {
  return { tag: "hang-up", attempt };
}

function faultEnding(why: Fault): Ending {
  return { reason: why.code === "budget" ? "budget" : "fault", fault: why };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

/** The fault in the migration guide's words. */
function failedWith({ model }: Link, why: Fault): Fault {
  const guide = `Failed to connect with model ${model}`;
  if (why.message.startsWith(guide)) return why;
  return { ...why, message: `${guide}: ${why.message}` };
}
