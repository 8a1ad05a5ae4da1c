/** Dialing: the next model of the chain, again after a wait, or the end; and finding a lost link again. */

import { redialDelayMs } from "../backoff.ts";
import { type Fault, fault } from "../fault.ts";
import { GONE_MS, nextCandidate } from "../models/fallback.ts";
import { chooseVoice, type VoiceChoice, voiceSettings } from "../models/voice.ts";
import { budgetExceeded } from "../money/budget.ts";
import type { Change, Effect, Ending, Fact } from "./inputs.ts";
import {
  ATTEMPT_MAX_MS,
  CONNECT_MAX_MS,
  DELAYED_RETRIES_MAX,
  HOST_RETRIES_MAX,
  RECONNECTS_MAX,
  RETRIES_MAX,
} from "./limits.ts";
import type { Call, Link, Memory, Scope } from "./state.ts";

type Dialing = Extract<Link, { tag: "dialing" }>;
type Connecting = Extract<Link, { tag: "dialing" | "configuring" }>;
/** The scope, and what outlives conversations: how many dials there were, which models failed. */
export interface LinkScope extends Scope {
  readonly memory: Memory;
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
  const wanted = voiceSettings(settings);
  return chooseVoice(own.voiceRefused ? { ...wanted, voice: wanted.fallback } : wanted, model);
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

/**
 * Nobody was reached, or not even named: that is no model's fault, and the next one lives at the same
 * address. Again after a wait that grows, then the end.
 */
export function hostFailed(own: Connecting, why: Fault, at: LinkScope): Change<Link> {
  const over: Dialing = { ...dialingOf(own), redialAtMs: null };
  const wait = redialDelayMs(own.failures, at.chance);
  const fault = failedWith(own, why);
  const isLast = own.failures >= HOST_RETRIES_MAX || at.nowMs + wait >= own.untilMs;
  const facts: readonly Fact[] =
    own.failures === 0
      ? [{ tag: "log", level: "warning", line: `${fault.message}; trying again` }]
      : [];
  const next = { ...over, redialAtMs: at.nowMs + wait, failures: own.failures + 1 };
  const sends = [hangUp(own)];
  return isLast ? { next: over, sends, ends: faultEnding(fault) } : { next, sends, facts };
}

/** This attempt failed, wherever that showed: what now? */
export function attemptFailed(
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
  const again = own.failures < (waitMs === null ? RETRIES_MAX : DELAYED_RETRIES_MAX);
  if (again && at.nowMs + wait + ATTEMPT_MAX_MS <= own.untilMs) {
    const line = `${failedWith(own, why).message}; again in ${seconds(wait)} s`;
    return waiting(own, at.nowMs + wait, line);
  }
  const facts: Fact[] = [{ tag: "retry-after", why, forMs: wait }];
  return { next: own, facts, ends: faultEnding(failedWith(own, why)) };
}

/** A redial is due, or this attempt took too long. */
export function overdue(own: Connecting, at: LinkScope): Change<Link> {
  if (own.tag === "dialing" && own.redialAtMs !== null && at.nowMs < own.untilMs) {
    return dialNext(own, own.model, null, at);
  }
  const what = "no session in time: the Realtime API is silent";
  return attemptFailed(own, fault("timeout", "retry", what, "Check the network"), null, at);
}

// ---------------------------------------------------------------- lost and found

export function broken(own: Link, why: Fault): Change<Link> {
  const line = `${why.message}; the reply plays on`;
  const facts: Fact[] = [{ tag: "log", level: "warning", line }];
  return { next: { ...dataOf(own), tag: "lost" }, sends: [hangUp(own)], facts };
}

/** A new connection. Going down the chain does not count: that has an end of its own. */
export function reconnect(own: Link, why: Fault, at: LinkScope): Change<Link> {
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

export function dataOf({ attempt, model, voice, reconnects, omitted, voiceRefused }: Link) {
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

export function faultEnding(why: Fault): Ending {
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
