/**
 * The session's set-up: greeted, configured, repaired, ready. Part of the state machine (see
 * assistant.ts). Invariant: no sound is sent before the server has confirmed the set-up.
 */

import { type Context, common, log, tellOnce } from "./assistant-context.ts";
import { attemptFailed } from "./assistant-link.ts";
import { fail, listen, listenByHand, setUp, think } from "./assistant-talk.ts";
import type { State, Talk, TalkingState } from "./assistant-types.ts";
import type { Fault } from "./fault.ts";
import { RECYCLE_MARGIN_MS, SESSION_MAX_MS } from "./limits.ts";
import { answered, COOL_DOWN_MS, type Ladder, passOver } from "./models/fallback.ts";
import type { ServerError, ServerEvent } from "./realtime/server-events.ts";
import { leftOut, type SetUpPart } from "./realtime/session.ts";

type SessionEvent = Extract<ServerEvent, { tag: "session-created" | "session-updated" }>;

/** The server's first word: now it is told what we want of the session. */
export function greet(state: TalkingState, event: SessionEvent, cx: Context): State {
  if (state.talk.link !== "dialing") return state;
  const { moment } = cx;
  const expiresMs =
    event.expiresAtS === null ? SESSION_MAX_MS : event.expiresAtS * 1000 - moment.wallMs;
  // A wrong clock must not make every session a short one.
  const lifeMs =
    expiresMs > 2 * RECYCLE_MARGIN_MS ? Math.min(expiresMs, SESSION_MAX_MS) : SESSION_MAX_MS;
  const recycleAtMs = moment.nowMs + lifeMs - RECYCLE_MARGIN_MS;
  const talk: Talk = { ...state.talk, link: "greeted", recycleAtMs };
  log(cx, "info", `Connected to OpenAI Realtime API using model: ${talk.model}`);
  const told = leftOut(talk.settings, talk.model).reduce(
    (known, line) => tellOnce(known, line, cx),
    state.told,
  );
  setUp(talk, cx);
  return { ...state, told, talk };
}

/**
 * Only now may sound be sent: before it, the server would use its own defaults. A new connection in
 * mid-conversation is first told what was said, then hears the unanswered question from the ring.
 */
export function ready(state: TalkingState, event: SessionEvent, cx: Context): State {
  if (state.talk.link !== "greeted") return state;
  const { nowMs } = cx.moment;
  const voice = event.voice ?? state.talk.voice;
  log(cx, "info", `Audio session config: model=${state.talk.model}, voice=${voice}`);
  for (const { role, text, itemId } of state.talk.dialogue) {
    const said = { tag: "tell-dialogue", role, text } as const;
    cx.effects.push({ tag: "send", event: said, eventId: `replay_${itemId}`.slice(0, 64) });
  }
  const ladder = settleBlame(state.ladder, state.talk, nowMs);
  const from = { openedAt: state.talk.from };
  const talk: Talk = { ...state.talk, ...from, link: "ready", voice, failed: [], failures: 0 };
  return turnBegins({ ...state, ladder }, talk, cx);
}

/** The session listens: to the room, or to what was said while the button was held. */
function turnBegins(state: State, talk: Talk, cx: Context): State {
  const { byHand } = talk;
  if (byHand?.tag === "waiting") {
    const untilMs = cx.moment.nowMs + talk.settings["session.follow_up_s"] * 1000;
    const openAtMs = Number.POSITIVE_INFINITY;
    return { ...common(state), tag: "follow-up", untilMs, openAtMs, talk };
  }
  if (byHand?.tag === "released") {
    cx.effects.push({ tag: "flush-uplink", from: talk.from, upTo: byHand.at });
    return think(state, talk, cx);
  }
  cx.effects.push({ tag: "open-uplink", from: talk.from });
  return byHand === null ? listen(state, talk, cx) : listenByHand(state, talk, cx);
}

/** A model answers: those that failed before it in the same minute were at fault themselves. */
function settleBlame(ladder: Ladder, talk: Talk, nowMs: number): Ladder {
  const blamed = talk.failed.filter(({ why }) => why.verdict !== "fall-back");
  const settled = blamed.reduce(
    (known, { model, why }) => passOver(known, model, why.message, nowMs, COOL_DOWN_MS),
    ladder,
  );
  return answered({ ...settled, holdOff: null }, talk.model);
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
export function setUpRefused(
  state: TalkingState,
  error: ServerError,
  why: Fault,
  cx: Context,
): State {
  const { talk } = state;
  const path = `${error.param ?? ""} ${error.message}`;
  const part = REPAIRS.find(([name]) => path.includes(name))?.[1];
  if (part === undefined || talk.without.includes(part)) {
    return state.tag === "connecting" ? attemptFailed(state, why, null, cx) : fail(state, why, cx);
  }
  log(cx, "notice", `The server refused a part of the set-up (${part}); it is left out`);
  const repaired: Talk = { ...talk, without: [...talk.without, part] };
  setUp(repaired, cx);
  return { ...state, talk: repaired };
}
