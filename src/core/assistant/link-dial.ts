/** Dialing: the next model of the chain, again after a wait, or the end; and finding a lost link again. */

import { redialDelayMs } from "../backoff.ts";
import { type Fault, fault } from "../fault.ts";
import {
  ATTEMPT_MAX_MS,
  type Attempts,
  afterFailure,
  afterNobody,
  type Verdict,
} from "../models/dialling.ts";
import { FRESH_CHAIN, firstCandidate, GONE_MS, nextCandidate } from "../models/fallback.ts";
import { chooseVoice, type VoiceChoice, voiceSettings } from "../models/voice.ts";
import { budgetExceeded } from "../money/budget.ts";
import { isNobody, type LinkFailure } from "../realtime/failure.ts";
import { linkFault, retryAfterMs, retryHintMs } from "../realtime/faults.ts";
import type { Effect, Fact } from "./inputs.ts";
import { CONNECT_MAX_MS, RECONNECTS_MAX } from "./limits.ts";
import { after, type Change, endingBy, log, type Of } from "./machine.ts";
import type { Call, Link, Scope } from "./state.ts";

type Dialing = Of<Link, "dialing">;
type Connecting = Of<Link, "dialing" | "configuring">;

/** The first dial of a conversation. */
export function firstDial(at: Scope): Change<Link> {
  const voice = at.call.settings["openai.voice"];
  const data = { attempt: 0, model: "", voice, reconnects: 0, omitted: [], voiceRefused: false };
  const own = dialing(data, at);
  return dialNext(own, candidate(own, at) ?? firstOf(at.call), null, at);
}

export function isConnecting(own: Link): own is Connecting {
  return own.tag === "dialing" || own.tag === "configuring";
}

// ---------------------------------------------------------------- dialing

/** The next model that has not failed, is not marked unavailable, and has the wanted voice. */
function candidate(own: Dialing, at: Scope): string | null {
  const tried = own.failed.map(({ model }) => model);
  const model = nextCandidate(at.call.settings, at.memory.chain, tried, at.nowMs);
  return model ?? (own.failed.length === 0 ? firstOf(at.call) : null);
}

function firstOf({ settings }: Call): string {
  return firstCandidate(settings, FRESH_CHAIN, 0);
}

/** `isRefused`: the server does not have the one that the owner wants most. */
export function voiceOf(isRefused: boolean, model: string, { settings }: Call): VoiceChoice {
  const wanted = voiceSettings(settings);
  return chooseVoice(isRefused ? { ...wanted, voice: wanted.fallback } : wanted, model);
}

/**
 * Dials `model`, or the next of the chain that has the voice. `from`: what failed before it; null:
 * nothing did.
 */
function dialNext(own: Dialing, model: string, from: Fault | null, at: Scope): Change<Link> {
  const choice = voiceOf(own.voiceRefused, model, at.call);
  if (choice.tag === "chosen") return dialed(own, model, choice, at);
  const advice = "Choose another openai.voice, or set openai.auto_select_voice: true";
  const why = fault("config", "report", choice.why, advice);
  const passed: Dialing = { ...own, model, failed: [...own.failed, { model, why }] };
  const to = candidate(passed, at);
  if (to === null) return { next: passed, ends: endingBy(from ?? why) };
  return after([], fallBack(passed, why, to), dialNext(passed, to, from ?? why, at));
}

function dialed(
  own: Dialing,
  model: string,
  { voice, notice }: Of<VoiceChoice, "chosen">,
  at: Scope,
): Change<Link> {
  const attempt = at.memory.dials + 1;
  const untilMs = Math.min(own.sessionUntilMs, at.nowMs + ATTEMPT_MAX_MS);
  const facts: Fact[] = [{ tag: "dialed", model, voice }];
  if (notice !== null) facts.push({ tag: "notice", line: notice });
  return {
    next: { ...own, attempt, model, voice, untilMs, redialAtMs: null },
    sends: [{ tag: "dial", attempt, model }],
    facts,
  };
}

export function closed(
  own: Connecting,
  { failure }: { readonly failure: LinkFailure },
  at: Scope,
): Change<Link> {
  const why = linkFault(failure, own.model);
  if (!isNobody(failure)) return attemptFailed(own, why, retryAfterMs(failure), at);
  const verdict = afterNobody(attemptsOf(own, at));
  return decided(own, why, verdict, own.failures === 0 ? "trying again" : null, at);
}

/** This attempt failed, wherever that showed. `hintMs`: the server said when to come again. */
export function attemptFailed(
  own: Connecting,
  why: Fault,
  hintMs: number | null,
  at: Scope,
): Change<Link> {
  const verdict = afterFailure(why, hintMs, attemptsOf(own, at));
  const seconds = "waitMs" in verdict ? (verdict.waitMs / 1000).toFixed(1) : "";
  const when = hintMs === null ? "trying again" : `trying again in ${seconds} s`;
  const words = why.code === "rate-limited" ? `again in ${seconds} s` : when;
  return decided(own, why, verdict, words, at);
}

function attemptsOf({ failures, sessionUntilMs }: Connecting, at: Scope): Attempts {
  return { failures, leftMs: sessionUntilMs - at.nowMs, chance: at.chance };
}

/** `words`: how another attempt is announced; null: it is not. */
function decided(
  from: Connecting,
  why: Fault,
  verdict: Verdict,
  words: string | null,
  at: Scope,
): Change<Link> {
  const own = dialingOf(from);
  const sends = [hangUp(own)];
  const told = failedWith(own, why);
  switch (verdict.tag) {
    case "again": {
      const redialAtMs = at.nowMs + verdict.waitMs;
      const facts = words === null ? [] : [log("warning", `${told.message}; ${words}`)];
      return { next: { ...own, redialAtMs, failures: own.failures + 1 }, sends, facts };
    }
    case "come-later":
      return comeLater(own, why, told, verdict.waitMs);
    case "give-up":
      return { next: own, sends, ends: endingBy(told) };
    case "next-model":
      return after(sends, [], nextModel(own, why, at));
  }
}

/** Down the chain, or the end of it. */
function nextModel(own: Dialing, why: Fault, at: Scope): Change<Link> {
  const failed: Dialing = { ...own, failed: [...own.failed, { model: own.model, why }] };
  const gone: readonly Fact[] =
    why.recovery === "fall-back"
      ? [{ tag: "model-unavailable", model: own.model, why: why.message, forMs: GONE_MS }]
      : [];
  const to = at.nowMs < own.sessionUntilMs ? candidate(failed, at) : null;
  if (to === null) return { next: failed, facts: gone, ends: endingBy(failedWith(own, why)) };
  const fresh: Dialing = { ...failed, failures: 0, omitted: [], voiceRefused: false };
  const dial = dialNext(fresh, to, failedWith(own, why), at);
  return after([], [...gone, ...fallBack(own, why, to)], dial);
}

function fallBack(own: Dialing, why: Fault, to: string): readonly Fact[] {
  const said = why.code === "config" ? why.message : failedWith(own, why).message;
  return [
    log("warning", `${said}; trying ${to}`),
    { tag: "fell-back", from: own.model, to, reason: why.code },
  ];
}

/** A redial is due, or this attempt took too long. */
export function overdue(own: Connecting, _: unknown, at: Scope): Change<Link> {
  const isWaiting = own.tag === "dialing" && own.redialAtMs !== null;
  if (isWaiting && at.nowMs < own.sessionUntilMs) return dialNext(own, own.model, null, at);
  const what = "no session in time: the Realtime API is silent";
  return attemptFailed(own, fault("timeout", "retry", what, "Check the network"), null, at);
}

// ---------------------------------------------------------------- lost and found

type Reason = Readonly<{ why: Fault }>;

export function broken(own: Link, { why }: Reason): Change<Link> {
  const facts = [log("warning", `${why.message}; the reply plays on`)];
  return { next: { tag: "lost", ...dataOf(own) }, sends: [hangUp(own)], facts };
}

/**
 * A new connection: the first at once, unless the server said when; then after waits that grow. Going
 * down the chain does not count: that has an end of its own.
 */
export function reconnect(own: Link, { why }: Reason, at: Scope): Change<Link> {
  const exceeded = budgetExceeded(at.settings, at.spentMicroUsd);
  if (exceeded !== null) return { next: own, ends: endingBy(exceeded) };
  const isDown = why.recovery === "fall-back";
  if (!isDown && own.reconnects >= RECONNECTS_MAX) return { next: own, ends: endingBy(why) };
  const reconnects = own.reconnects + (isDown ? 0 : 1);
  const anew = dialing({ ...dataOf(own), omitted: [], reconnects }, at);
  if (isDown) return after([hangUp(own)], [], nextModel(anew, why, at));
  const growingMs = own.reconnects === 0 ? 0 : redialDelayMs(own.reconnects, at.chance);
  const waitMs = Math.max(retryHintMs(why.message) ?? 0, growingMs);
  if (waitMs + ATTEMPT_MAX_MS > CONNECT_MAX_MS) return comeLater(own, why, why, waitMs);
  const when = waitMs < 1_000 ? "" : ` in ${(waitMs / 1000).toFixed(1)} s`;
  const facts = [log("warning", `${why.message}; connecting again${when}`)];
  if (waitMs === 0) return after([hangUp(own)], facts, dialNext(anew, own.model, null, at));
  return { next: { ...anew, redialAtMs: at.nowMs + waitMs }, sends: [hangUp(own)], facts };
}

/** Nobody shall dial until then. `told`: the fault as the owner reads it. */
function comeLater(own: Link, why: Fault, told: Fault, waitMs: number): Change<Link> {
  const facts: Fact[] = [{ tag: "retry-after", why, forMs: waitMs }];
  return { next: own, sends: [hangUp(own)], facts, ends: endingBy(told) };
}

export function dataOf({ attempt, model, voice, reconnects, omitted, voiceRefused }: Link) {
  return { attempt, model, voice, reconnects, omitted, voiceRefused };
}

function dialing(data: ReturnType<typeof dataOf>, { nowMs }: Scope): Dialing {
  const untilMs = nowMs + CONNECT_MAX_MS;
  const fresh = { sessionUntilMs: untilMs, untilMs, failed: [], failures: 0, redialAtMs: null };
  return { tag: "dialing", ...fresh, ...data };
}

export function dialingOf(own: Connecting): Dialing {
  return { tag: "dialing", redialAtMs: null, ...connectingOf(own) };
}

export function connectingOf(own: Connecting) {
  const { sessionUntilMs, untilMs, failed, failures } = own;
  return { sessionUntilMs, untilMs, failed, failures, ...dataOf(own) };
}

/** The same model on a new connection, at once: nothing has failed. */
export function dialAgain(own: Connecting, facts: readonly Fact[], at: Scope): Change<Link> {
  return after([hangUp(own)], facts, dialNext(dialingOf(own), own.model, null, at));
}

function hangUp({ attempt }: Link): Effect {
  return { tag: "hang-up", attempt };
}

/** The fault in the migration guide's words. */
function failedWith({ model }: Link, why: Fault): Fault {
  const guide = `Failed to connect with model ${model}`;
  if (why.message.startsWith(guide)) return why;
  return { ...why, message: `${guide}: ${why.message}` };
}
