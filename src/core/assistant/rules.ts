/**
 * How the machines are coupled: state-triggered transitions. The rules are looked at in order, after
 * each input and after each other, until none applies. A rule asks about the state (and the time);
 * what it orders makes its own answer no.
 */

import { msToSamples } from "../audio/pcm.ts";
import { type Fault, fault } from "../fault.ts";
import { budgetExceeded } from "../money/budget.ts";
import type { DialogueEvent } from "./dialogue.ts";
import type { Ending } from "./inputs.ts";
import { APPROVAL_MAX_MS } from "./limits.ts";
import type { LinkEvent } from "./link.ts";
import { type Change, endingBy } from "./machine.ts";
import { isHeard, type PlaybackEvent } from "./playback.ts";
import type { ResponseEvent } from "./response.ts";
import type { Conversation, Scope, State, StepContext } from "./state.ts";
import type { ToolsEvent } from "./tools.ts";
import type { TurnEvent } from "./turn.ts";
import { isSpeaking } from "./turn-views.ts";
import {
  endAfterReply,
  isAfterReply,
  isApprovalWanted,
  isPerhapsSpeech,
  isResponseWanted,
  isTurnTimed,
  isUserDone,
  phaseOf,
  wantedSession,
} from "./views.ts";

export type Order = Readonly<
  | { to: "link"; event: LinkEvent }
  | { to: "turn"; event: TurnEvent }
  | { to: "response"; event: ResponseEvent }
  | { to: "playback"; event: PlaybackEvent }
  | { to: "tools"; event: ToolsEvent }
  | { to: "dialogue"; event: DialogueEvent }
  | { to: "end"; ending: Ending }
>;

/** Orders to the machines. */
export const orderTo = {
  link: (event: LinkEvent): Order => ({ to: "link", event }),
  turn: (event: TurnEvent): Order => ({ to: "turn", event }),
  response: (event: ResponseEvent): Order => ({ to: "response", event }),
  playback: (event: PlaybackEvent): Order => ({ to: "playback", event }),
  tools: (event: ToolsEvent): Order => ({ to: "tools", event }),
  dialogue: (event: DialogueEvent): Order => ({ to: "dialogue", event }),
  end: (ending: Ending): Order => ({ to: "end", ending }),
} as const;

/** What is done with an input: orders to the machines of the conversation, or the state as a whole. */
export type Routed = readonly Order[] | Change<State>;

export interface Rule {
  readonly name: string;
  /** Null: it does not apply. */
  readonly orders: (c: Conversation, at: Scope) => readonly Order[] | null;
}

export const RULES: readonly Rule[] = [
  {
    name: "a device that is needed does not work: end",
    orders: neededDevice,
  },
  {
    name: "the response failed while its beginning is heard: the reply plays on, without a link",
    orders: ({ response, playback, link }, at) =>
      response.tag === "failed" && isHeard(playback) && link.tag === "ready"
        ? breakLink(response.why, true, at)
        : null,
  },
  {
    name: "the response failed: a new connection, or the end",
    orders: (c, at) => (c.response.tag === "failed" ? giveUpOrRenew(c, c.response.why, at) : null),
  },
  {
    name: "the session is not as it is wanted: it is updated",
    orders: (c, at) => {
      if (c.link.tag !== "configuring" && c.link.tag !== "ready") return null;
      const wanted = wantedSession(c, at);
      const { pushToTalk, responseBy } = c.link.sent;
      const isAsWanted = pushToTalk === wanted.pushToTalk && responseBy === wanted.responseBy;
      return isAsWanted ? null : [orderTo.link({ tag: "update", wanted })];
    },
  },
  {
    name: "the user speaks into the reply: it is silenced",
    orders: (c) =>
      c.turn.tag === "speech" && isHeard(c.playback)
        ? [...silence(c), orderTo.turn({ tag: "barged-in" })]
        : null,
  },
  {
    name: "the user goes on with the question: one response is wanted for all of it",
    orders: (c) => {
      const isOnItsWay = c.response.tag === "requested" || c.response.tag === "active";
      return isSpeaking(c.turn) && (isOnItsWay || c.playback.tag === "held") ? takeBack(c) : null;
    },
  },
  {
    name: "it was no speech: what was held is heard",
    orders: (c) =>
      c.playback.tag === "held" && !isPerhapsSpeech(c) && !isSpeaking(c.turn)
        ? [orderTo.playback({ tag: "release" })]
        : null,
  },
  {
    name: "the reply begins to be heard: the microphone is closed, in half duplex",
    orders: (c) => {
      if (c.link.tag !== "ready" || !isHeard(c.playback)) return null;
      const half = isHalf(c);
      const isOpen = half ? !isAfterReply(c.turn) : c.turn.tag === "open";
      return isOpen ? [orderTo.turn({ tag: "reply", half })] : null;
    },
  },
  {
    name: "the budget is spent: what is heard is heard out, nothing more is asked",
    orders: budgetSpent,
  },
  {
    name: "all functions are settled: the model goes on, or has said goodbye",
    orders: (c) => (c.tools.tag === "quiet" && c.tools.awaited && mayReport(c) ? report(c) : null),
  },
  {
    name: "the model has answered what it was shown: the pictures are deleted",
    orders: ({ link, tools, response }) =>
      tools.pictures.length > 0 &&
      link.tag === "ready" &&
      tools.tag === "quiet" &&
      !tools.awaited &&
      response.tag === "none" &&
      !response.pending
        ? [orderTo.tools({ tag: "looked" })]
        : null,
  },
  {
    name: "the user has finished and the wire is free: a response is requested",
    orders: (c, at) =>
      isResponseWanted(c) && at.nowMs >= c.response.notBeforeMs
        ? [orderTo.turn({ tag: "asked", by: "client" }), orderTo.response({ tag: "request" })]
        : null,
  },
  {
    name: "the end of the question was not committed in time",
    orders: (c, at) =>
      (c.turn.tag === "ended" || c.turn.tag === "released") &&
      isTurnTimed(c) &&
      at.nowMs >= c.turn.untilMs
        ? [orderTo.response({ tag: "overdue" })]
        : null,
  },
  {
    name: "the link is gone and nothing is heard any more: a new connection, or the end",
    orders: (c, at) => {
      if (c.link.tag !== "lost" || isHeard(c.playback)) return null;
      const isHeardOut = c.playback.tag === "silent" || c.playback.tag === "settling";
      const reason = isHeardOut ? endAfterReply(c) : null;
      return reason === null ? renew(c, RENEWAL, at) : [orderTo.end({ reason, fault: null })];
    },
  },
  {
    name: "the reply was heard: more may be said, or it was the last",
    orders: replyOver,
  },
  {
    name: "the room has settled: the microphone opens",
    orders: ({ link, turn, playback }) =>
      link.tag === "ready" &&
      turn.tag === "closed" &&
      turn.opens === "after-settling" &&
      playback.tag === "silent"
        ? [orderTo.turn({ tag: "settled" })]
        : null,
  },
];

/** Nothing to blame on anybody. */
const RENEWAL = fault("network", "retry", "The session has to be renewed");

export function isHalf({ call }: Pick<Conversation, "call">): boolean {
  return call.settings["audio.duplex"] !== "full";
}

export function endWith(why: Fault): Order {
  return orderTo.end(endingBy(why));
}

/** How long the echo of our own voice is waited for; null: not at all. */
export function settleMs(c: Conversation): number | null {
  return isHalf(c) && isAfterReply(c.turn) ? c.call.settings["audio.settle_ms"] : null;
}

/** A new connection for the same conversation; the unanswered question is sent again. */
export function renew(c: Conversation, why: Fault, at: StepContext): readonly Order[] {
  const echoes = isHalf(c) && (isHeard(c.playback) || c.playback.tag === "settling");
  const echoMs = echoes ? c.call.settings["audio.settle_ms"] : 0;
  return [
    ...(c.playback.tag === "held" ? [flush(c)] : []),
    ...linkGone(at.headSample + msToSamples(echoMs)),
    orderTo.link({ tag: "renew", why }),
  ];
}

/** The link is no more, but what came of the reply is heard; then the fault is reported, if it cut it. */
export function breakLink(why: Fault, isReported: boolean, at: StepContext): readonly Order[] {
  return [
    orderTo.playback({ tag: "complete", error: isReported ? why : null }),
    ...linkGone(at.headSample),
    orderTo.link({ tag: "break", why }),
  ];
}

function linkGone(settledSample: number): readonly Order[] {
  return [
    orderTo.tools({ tag: "link-gone" }),
    orderTo.response({ tag: "link-gone" }),
    orderTo.turn({ tag: "link-gone", settledSample }),
  ];
}

/** Silence at once; nothing of the reply, nor what follows from it, is wanted any more. */
export function silence(c: Conversation): readonly Order[] {
  return [
    flush(c),
    orderTo.response({ tag: "cancel", keep: false }),
    orderTo.tools({ tag: "interrupted" }),
  ];
}

function flush({ link }: Conversation): Order {
  return orderTo.playback({ tag: "flush", attempt: link.attempt });
}

function neededDevice(c: Conversation, { memory }: Scope): readonly Order[] | null {
  const { microphone, speaker } = memory.deviceFaults;
  if (microphone === undefined && speaker === undefined) return null;
  const isListening = ["connecting", "listening", "follow-up"].includes(phaseOf(c));
  if (isListening && microphone !== undefined) return [endWith(microphone)];
  return isHeard(c.playback) && speaker !== undefined ? [endWith(speaker)] : null;
}

/** A silent server is tried once more on a new connection, a failing one as often as links may be. */
function giveUpOrRenew(c: Conversation, why: Fault, at: Scope): readonly Order[] {
  const isSecond = why.code === "timeout" && c.response.retries > 1;
  return isSecond ? [endWith(why)] : renew(c, why, at);
}

function takeBack(c: Conversation): readonly Order[] {
  const cancel = orderTo.response({ tag: "cancel", keep: true });
  if (c.playback.tag !== "held") return [cancel];
  // Where all of it had come, nothing is left to cancel; it was not heard all the same.
  const again = orderTo.response({ tag: "question", by: "client" });
  return c.playback.complete ? [flush(c), again] : [flush(c), cancel];
}

function budgetSpent(c: Conversation, at: Scope): readonly Order[] | null {
  const { response, playback, tools } = c;
  if (response.tag !== "none" || playback.tag === "held") return null;
  const exceeded = budgetExceeded(at.settings, at.spentMicroUsd);
  if (exceeded === null) return null;
  if (!isHeard(playback)) return [endWith(exceeded)];
  const isMoreWanted = response.pending || (tools.awaited && tools.goodbye === "no");
  if (!isMoreWanted) return null;
  return [
    orderTo.tools({ tag: "interrupted" }),
    orderTo.response({ tag: "drop" }),
    orderTo.playback({ tag: "complete", error: null }),
  ];
}

/** Another reply can begin; the last one can be played again. */
function mayReport({ response, playback, tools }: Conversation): boolean {
  const mayPlay = ["playing", "silent", "settling"].includes(playback.tag);
  return response.tag === "none" && (tools.repeatsBut === null || mayPlay);
}

/** Results are answered by another response, unless the model has said its goodbye. */
function report({ tools, playback }: Conversation): readonly Order[] {
  const reported = orderTo.tools({ tag: "reported" });
  const { repeatsBut } = tools;
  if (repeatsBut !== null) {
    // What the model has said before its call is heard out first.
    return playback.tag === "playing"
      ? [orderTo.playback({ tag: "complete", error: null })]
      : [reported, orderTo.playback({ tag: "repeat", but: repeatsBut })];
  }
  if (tools.goodbye === "no" || (tools.goodbye === "called" && !isHeard(playback))) {
    return [reported, orderTo.response({ tag: "results" })];
  }
  return [reported, orderTo.playback({ tag: "complete", error: null })];
}

function replyOver(c: Conversation, at: Scope): readonly Order[] | null {
  const { link, turn, response, playback, tools } = c;
  if (link.tag !== "ready" || response.tag !== "none" || response.pending) return null;
  if (tools.tag !== "quiet" || tools.awaited || !isUserDone(turn)) return null;
  if (playback.tag !== "silent" && playback.tag !== "settling") return null;
  const reason = endAfterReply(c);
  if (reason !== null) return [orderTo.end({ reason, fault: null })];
  const isAsked = isApprovalWanted(c);
  if (!isAsked && at.nowMs >= link.recycleAtMs) return renew(c, RENEWAL, at);
  const leastMs = isAsked ? APPROVAL_MAX_MS : 0;
  const over = tools.approvals.length > 0 ? [orderTo.tools({ tag: "reply-over" })] : [];
  return [orderTo.turn({ tag: "follow-up", settleMs: settleMs(c), leastMs }), ...over];
}
