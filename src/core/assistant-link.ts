/**
 * The connection as the machine sees it: dial, fall back, set up, lose, find again.
 *
 * Theory: while connecting, speech waits in the ring, so a failure costs time and nothing else. A
 * failure is judged by its fault: the model's own → the next rung of the ladder; network or server →
 * again after a jittered wait, then the next rung; key, credit → told, and no more attempts. A model
 * is held against only once another one has answered: a dead network must not condemn it.
 */

import { type Context, common, log, settledAt, tellOnce } from "./assistant-context.ts";
import { fail } from "./assistant-talk.ts";
import type { Input, State, Talk, TalkingState } from "./assistant-types.ts";
import { redialDelayMs } from "./backoff.ts";
import { type Fault, fault } from "./fault.ts";
import {
  ATTEMPT_MAX_MS,
  CONNECT_MAX_MS,
  RECONNECTS_MAX,
  RETRIES_MAX,
  TOLD_RETRIES_MAX,
} from "./limits.ts";
import { GONE_MS, holdOff, nextRung, passOver } from "./models/fallback.ts";
import { chooseVoice, type VoiceChoice, voiceWish } from "./models/voice.ts";
import { refusal } from "./money/budget.ts";
import { linkFault, retryAfterMs } from "./realtime/faults.ts";

export function voiceFor(talk: Talk, model: string): VoiceChoice {
  return chooseVoice(voiceWish(talk.settings), model);
}

export function voiceFault(why: string): Fault {
  const advice = "Choose another openai.voice, or set openai.auto_select_voice: true";
  return fault("config", "tell", why, advice);
}

/** Dials `model`, within the time that this conversation has for connecting. */
export function connect(
  state: State,
  talk: Talk,
  model: string,
  untilMs: number,
  cx: Context,
): State {
  const choice = voiceFor(talk, model);
  const attempt = state.dials + 1;
  const tryUntilMs = Math.min(untilMs, cx.moment.nowMs + ATTEMPT_MAX_MS);
  const voice = choice.tag === "chosen" ? choice.voice : talk.voice;
  const dialled: Talk = {
    ...talk,
    attempt,
    model,
    voice,
    link: "dialing",
    answer: { tag: "none" },
  };
  const base = { ...common(state), dials: attempt };
  const next = { ...base, tag: "connecting", untilMs, tryUntilMs, redialAtMs: null } as const;
  if (choice.tag === "refused") return fail({ ...next, talk: dialled }, voiceFault(choice.why), cx);
  const told = choice.notice === null ? state.told : tellOnce(state.told, choice.notice, cx);
  cx.effects.push({ tag: "dial", attempt, model, settings: talk.settings });
  return { ...next, told, talk: dialled };
}

/** The wait before a redial is over. */
export function redial(state: Extract<TalkingState, { tag: "connecting" }>, cx: Context): State {
  return connect(state, state.talk, state.talk.model, state.untilMs, cx);
}

/** This attempt failed, wherever that showed: what now? */
export function attemptFailed(
  state: Extract<TalkingState, { tag: "connecting" }>,
  why: Fault,
  waitMs: number | null,
  cx: Context,
): State {
  const { talk, untilMs } = state;
  const { nowMs, chance } = cx.moment;
  cx.effects.push({ tag: "hang-up", attempt: talk.attempt });
  if (why.code === "rate-limited") return rateLimited(state, why, waitMs, cx);
  if (why.verdict === "tell" || why.verdict === "die")
    return fail(state, failedWith(talk, why), cx);
  if (why.verdict === "retry" && talk.failures < RETRIES_MAX) {
    // An overloaded server may say when (503 with Retry-After).
    const wait = Math.max(waitMs ?? 0, redialDelayMs(talk.failures, chance));
    const redialAtMs = nowMs + wait;
    if (redialAtMs < untilMs) {
      const when = waitMs === null ? "" : ` in ${seconds(wait)} s`;
      log(cx, "warning", `${failedWith(talk, why).message}; trying again${when}`);
      return { ...state, redialAtMs, talk: { ...talk, failures: talk.failures + 1 } };
    }
  }
  return nextModel(state, why, cx);
}

/** Down the ladder, or the end of it. */
function nextModel(
  state: Extract<TalkingState, { tag: "connecting" }>,
  why: Fault,
  cx: Context,
): State {
  const { talk, untilMs } = state;
  const failed = [...talk.failed, { model: talk.model, why }];
  const gone = why.verdict === "fall-back";
  const { nowMs } = cx.moment;
  const ladder = gone
    ? passOver(state.ladder, talk.model, why.message, nowMs, GONE_MS)
    : state.ladder;
  const tried = failed.map(({ model }) => model);
  const to = nextRung(talk.settings, ladder, tried, nowMs);
  const told = { ...state, ladder };
  if (to === null || nowMs >= untilMs) return fail(told, failedWith(talk, why), cx);
  log(cx, "warning", `${failedWith(talk, why).message}; trying ${to}`);
  cx.effects.push({ tag: "fall-back", from: talk.model, to, reason: why.code });
  return connect(told, { ...talk, failed, failures: 0, without: [] }, to, untilMs, cx);
}

/** The server says when: within this wake if that is soon, else no wake asks before. */
function rateLimited(
  state: Extract<TalkingState, { tag: "connecting" }>,
  why: Fault,
  waitMs: number | null,
  cx: Context,
): State {
  const { nowMs, chance } = cx.moment;
  const wait = Math.max(waitMs ?? 0, redialDelayMs(state.talk.failures, chance));
  const redialAtMs = nowMs + wait;
  const again = state.talk.failures < (waitMs === null ? RETRIES_MAX : TOLD_RETRIES_MAX);
  if (again && redialAtMs + ATTEMPT_MAX_MS <= state.untilMs) {
    log(cx, "warning", `${failedWith(state.talk, why).message}; again in ${seconds(wait)} s`);
    return { ...state, redialAtMs, talk: { ...state.talk, failures: state.talk.failures + 1 } };
  }
  const ladder = holdOff(state.ladder, why, nowMs, wait);
  return fail({ ...state, ladder }, failedWith(state.talk, why), cx);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

/** The fault in the migration guide's words. */
function failedWith({ model }: Talk, why: Fault): Fault {
  const guide = `Failed to connect with model ${model}`;
  if (why.message.startsWith(guide)) return why;
  return { ...why, message: `${guide}: ${why.message}` };
}

/** The connection ended, whoever ended it. */
export function linkClosed(
  state: State,
  input: Extract<Input, { tag: "link-closed" }>,
  cx: Context,
): State {
  if (state.warm?.talk.attempt === input.attempt) return { ...state, warm: null };
  if (!("talk" in state) || input.attempt !== state.talk.attempt) return state;
  const why = linkFault(input.failure, state.talk.model);
  if (state.tag === "connecting") {
    return state.redialAtMs === null
      ? attemptFailed(state, why, retryAfterMs(input.failure), cx)
      : state;
  }
  return linkLost(state, why, cx);
}

/**
 * In mid-conversation: what is being heard plays on, also when there is nothing to try after it; an
 * unanswered question is asked anew.
 */
export function linkLost(
  state: Exclude<TalkingState, { tag: "connecting" }>,
  why: Fault,
  cx: Context,
): State {
  const final = why.verdict === "tell" || why.verdict === "die";
  if (state.tag !== "speaking") return final ? fail(state, why, cx) : reconnect(state, why, cx);
  const { talk } = state;
  if (talk.link === "lost") return state;
  const half = talk.answer.tag !== "none";
  cx.effects.push({ tag: "hang-up", attempt: talk.attempt }, { tag: "finish-reply" });
  const broken = half || final ? why : null;
  if (broken === null) log(cx, "warning", `${why.message}; the reply plays on`);
  return { ...state, talk: { ...talk, link: "lost", answer: { tag: "none" }, broken } };
}

/**
 * A new connection for the same conversation. Going down the ladder does not count: it has an end of
 * its own.
 */
export function reconnect(state: TalkingState, why: Fault, cx: Context): State {
  const { talk } = state;
  const refused = refusal(cx.settings, cx.moment.spentMicroUsd);
  if (refused !== null) return fail(state, refused, cx);
  const down = why.verdict === "fall-back";
  cx.effects.push({ tag: "close-uplink" }, { tag: "hang-up", attempt: talk.attempt });
  if (!down && talk.reconnects >= RECONNECTS_MAX) return fail(state, why, cx);
  const isAnswered = talk.byHand?.tag === "released" && talk.questionFrom === null;
  const anew: Talk = {
    ...talk,
    byHand: isAnswered ? { tag: "waiting" } : talk.byHand,
    from: talk.questionFrom ?? settledAt(state, cx),
    reconnects: talk.reconnects + (down ? 0 : 1),
    owed: false,
    cutting: false,
    pending: null,
    ghost: null,
    without: [],
    link: "dialing",
    answer: { tag: "none" },
  };
  const untilMs = cx.moment.nowMs + CONNECT_MAX_MS;
  if (!down) {
    log(cx, "warning", `${why.message}; connecting again`);
    return connect(state, anew, talk.model, untilMs, cx);
  }
  const base = { ...common(state), tag: "connecting", untilMs, tryUntilMs: untilMs } as const;
  return nextModel({ ...base, redialAtMs: null, talk: anew }, why, cx);
}

/** A new connection because the old one has served its time, or broke while the reply played. */
export function renew(state: TalkingState, cx: Context): State {
  return reconnect(state, fault("network", "retry", "The session has to be renewed"), cx);
}
