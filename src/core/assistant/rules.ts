/**
 * How the machines are coupled: state-triggered transitions. The rules are looked at in order, after
 * each input and after each other, until none applies. A rule's `when` is a question about the state
 * (and the time), its `orders` to machines that makes the answer no.
 */

import { msToSamples } from "../audio/pcm.ts";
import { type Fault, fault } from "../fault.ts";
import { budgetExceeded } from "../money/budget.ts";
import type { DialogueEvent } from "./dialogue.ts";
import type { Change, Ending } from "./inputs.ts";
import { APPROVAL_MAX_MS } from "./limits.ts";
import type { LinkEvent } from "./link.ts";
import type { LinkScope } from "./link-dial.ts";
import { isHeard, type PlaybackEvent } from "./playback.ts";
import type { ResponseEvent } from "./response.ts";
import type { Conversation, State } from "./state.ts";
import type { ToolsEvent } from "./tools.ts";
import type { TurnEvent } from "./turn.ts";
import { isSpeaking } from "./turn-views.ts";
import {
  endAfterReply,
  isApprovalWanted,
  isPerhapsSpeech,
  isResponseWanted,
  isTurnTimed,
  phaseOf,
  wantedSession,
} from "./views.ts";

export type Order =
  | { readonly to: "link"; readonly event: LinkEvent }
  | { readonly to: "turn"; readonly event: TurnEvent }
  | { readonly to: "response"; readonly event: ResponseEvent }
  | { readonly to: "playback"; readonly event: PlaybackEvent }
  | { readonly to: "tools"; readonly event: ToolsEvent }
  | { readonly to: "dialogue"; readonly event: DialogueEvent }
  | { readonly to: "end"; readonly ending: Ending };

/** What is done with an input: orders to the machines of the conversation, or the state as a whole. */
export type Routed = readonly Order[] | Change<State>;

export interface Rule {
  readonly name: string;
  readonly when: (c: Conversation, at: LinkScope) => boolean;
  readonly orders: (c: Conversation, at: LinkScope) => readonly Order[];
}

export const RULES: readonly Rule[] = [
  {
    name: "a device that is needed does not work: end",
    when: (c, at) => neededFault(c, at) !== null,
    orders: (c, at) => [endWith(neededFault(c, at))],
  },
  {
    name: "the response failed while its beginning is heard: the reply plays on, without a link",
    when: ({ response, playback, link }) =>
      response.tag === "failed" && isHeard(playback) && link.tag === "ready",
    orders: (c, at) => (c.response.tag === "failed" ? breakLink(c.response.why, true, at) : []),
  },
  {
    name: "the response failed: a new connection, or the end",
    when: ({ response }) => response.tag === "failed",
    orders: (c, at) => (c.response.tag === "failed" ? giveUpOrRenew(c, c.response.why, at) : []),
  },
  {
    name: "the session is not as it is wanted: it is updated",
    when: (c, at) => isOutdated(c, at),
    orders: (c, at) => [{ to: "link", event: { tag: "update", wanted: wantedSession(c, at) } }],
  },
  {
    name: "the user speaks into the reply: it is silenced",
    when: ({ turn, playback }) => turn.tag === "speech" && isHeard(playback),
    orders: (c) => [...silence(c), { to: "turn", event: { tag: "barged-in" } }],
  },
  {
    name: "the user goes on with the question: one response is wanted for all of it",
    when: ({ turn, response, playback }) =>
      isSpeaking(turn) &&
      (response.tag === "requested" || response.tag === "active" || playback.tag === "held"),
    orders: takeBack,
  },
  {
    name: "it was no speech: what was held is heard",
    when: (c) => c.playback.tag === "held" && !isPerhapsSpeech(c) && !isSpeaking(c.turn),
    orders: () => [{ to: "playback", event: { tag: "release" } }],
  },
  {
    name: "the reply begins to be heard: the microphone is closed, in half duplex",
    when: ({ link, turn, playback, call }) =>
      link.tag === "ready" &&
      isHeard(playback) &&
      (isHalf({ call })
        ? !(turn.tag === "closed" && turn.opens === "after-reply")
        : turn.tag === "open"),
    orders: (c) => [{ to: "turn", event: { tag: "reply", half: isHalf(c) } }],
  },
  {
    name: "the budget is spent: what is heard is heard out, nothing more is asked",
    when: (c, at) =>
      budgetExceeded(at.settings, at.spentMicroUsd) !== null &&
      c.response.tag === "none" &&
      (isHeard(c.playback) ? wantsMore(c) : c.playback.tag !== "held"),
    orders: (c, at) =>
      isHeard(c.playback) ? hearOut() : [endWith(budgetExceeded(at.settings, at.spentMicroUsd))],
  },
  {
    name: "all functions are settled: the model goes on, or has said goodbye",
    when: ({ tools, response }) =>
      tools.tag === "quiet" && tools.awaited && response.tag === "none",
    orders: report,
  },
  {
    name: "the model has answered what it was shown: the pictures are deleted",
    when: ({ link, tools, response }) =>
      tools.pictures.length > 0 &&
      link.tag === "ready" &&
      tools.tag === "quiet" &&
      !tools.awaited &&
      response.tag === "none" &&
      !response.pending,
    orders: () => [{ to: "tools", event: { tag: "looked" } }],
  },
  {
    name: "the user has finished and the wire is free: a response is requested",
    when: (c, at) => isResponseWanted(c) && at.nowMs >= c.response.notBeforeMs,
    orders: () => [
      { to: "turn", event: { tag: "asked", by: "client" } },
      { to: "response", event: { tag: "request" } },
    ],
  },
  {
    name: "the end of the question was not committed in time",
    when: (c, at) =>
      (c.turn.tag === "ended" || c.turn.tag === "released") &&
      isTurnTimed(c) &&
      at.nowMs >= c.turn.untilMs,
    orders: () => [{ to: "response", event: { tag: "overdue" } }],
  },
  {
    name: "the link is gone and nothing is heard any more: a new connection, or the end",
    when: ({ link, playback }) => link.tag === "lost" && !isHeard(playback),
    orders: (c, at) => {
      const isHeardOut = c.playback.tag === "silent" || c.playback.tag === "settling";
      const reason = isHeardOut ? endAfterReply(c) : null;
      return reason === null ? renew(c, RENEWAL, at) : [end({ reason, fault: null })];
    },
  },
  {
    name: "the reply was heard: more may be said, or it was the last",
    when: isReplyOver,
    orders: replyOver,
  },
  {
    name: "the room has settled: the microphone opens",
    when: ({ link, turn, playback }) =>
      link.tag === "ready" &&
      turn.tag === "closed" &&
      turn.opens === "after-settling" &&
      playback.tag === "silent",
    orders: () => [{ to: "turn", event: { tag: "settled" } }],
  },
];

/** Nothing to blame on anybody. */
const RENEWAL = fault("network", "retry", "The session has to be renewed");

export function isHalf({ call }: Pick<Conversation, "call">): boolean {
  return call.settings["audio.duplex"] === "half";
}

export function end(ending: Ending): Order {
  return { to: "end", ending };
}

export function endWith(why: Fault | null): Order {
  return end({ reason: why?.code === "budget" ? "budget" : "fault", fault: why });
}

/** How long the echo of our own voice is waited for; null: not at all. */
export function settleMs(c: Conversation): number | null {
  return isHalf(c) && c.turn.tag === "closed" && c.turn.opens === "after-reply"
    ? c.call.settings["audio.settle_ms"]
    : null;
}

/** A new connection for the same conversation; the unanswered question is sent again. */
export function renew(c: Conversation, why: Fault, at: LinkScope): readonly Order[] {
  const echoes = isHalf(c) && (isHeard(c.playback) || c.playback.tag === "settling");
  const echoMs = echoes ? c.call.settings["audio.settle_ms"] : 0;
  const settledSample = at.headSample + msToSamples(echoMs);
  const held: readonly Order[] = c.playback.tag === "held" ? [flush(c)] : [];
  return [
    ...held,
    { to: "tools", event: { tag: "link-gone" } },
    { to: "response", event: { tag: "link-gone" } },
    { to: "turn", event: { tag: "link-gone", settledSample } },
    { to: "link", event: { tag: "renew", why } },
  ];
}

/** The link is no more, but what came of the reply is heard; then the fault is reported, if it cut it. */
export function breakLink(why: Fault, isReported: boolean, at: LinkScope): readonly Order[] {
  return [
    { to: "playback", event: { tag: "complete", error: isReported ? why : null } },
    { to: "tools", event: { tag: "link-gone" } },
    { to: "response", event: { tag: "link-gone" } },
    { to: "turn", event: { tag: "link-gone", settledSample: at.headSample } },
    { to: "link", event: { tag: "break", why } },
  ];
}

/** Silence at once; nothing of the reply, nor what follows from it, is wanted any more. */
export function silence(c: Conversation): readonly Order[] {
  return [
    flush(c),
    { to: "response", event: { tag: "cancel", keep: false } },
    { to: "tools", event: { tag: "interrupted" } },
  ];
}

function flush({ link }: Conversation): Order {
  return { to: "playback", event: { tag: "flush", attempt: link.attempt } };
}

function neededFault(c: Conversation, { memory }: LinkScope): Fault | null {
  const { microphone, speaker } = memory.deviceFaults;
  const isListening = ["connecting", "listening", "follow-up"].includes(phaseOf(c));
  if (isListening && microphone !== undefined) return microphone;
  return isHeard(c.playback) && speaker !== undefined ? speaker : null;
}

/** A silent server is tried once more on a new connection, a failing one as often as links may be. */
function giveUpOrRenew(c: Conversation, why: Fault, at: LinkScope): readonly Order[] {
  const isSecond = why.code === "timeout" && c.response.retries > 1;
  return isSecond ? [endWith(why)] : renew(c, why, at);
}

function isOutdated(c: Conversation, at: LinkScope): boolean {
  if (c.link.tag !== "configuring" && c.link.tag !== "ready") return false;
  const wanted = wantedSession(c, at);
  const { sent } = c.link;
  return sent.pushToTalk !== wanted.pushToTalk || sent.responseBy !== wanted.responseBy;
}

function takeBack(c: Conversation): readonly Order[] {
  const cancel: Order = { to: "response", event: { tag: "cancel", keep: true } };
  if (c.playback.tag !== "held") return [cancel];
  // Where all of it had come, nothing is left to cancel; it was not heard all the same.
  const again: Order = { to: "response", event: { tag: "question", by: "client" } };
  return c.playback.complete ? [flush(c), again] : [flush(c), cancel];
}

function wantsMore({ response, tools }: Conversation): boolean {
  return response.pending || (tools.awaited && tools.goodbye === "no");
}

function hearOut(): readonly Order[] {
  return [
    { to: "tools", event: { tag: "interrupted" } },
    { to: "response", event: { tag: "drop" } },
    { to: "playback", event: { tag: "complete", error: null } },
  ];
}

/** Results are answered by another response, unless the model has said its goodbye. */
function report({ tools, playback }: Conversation): readonly Order[] {
  const reported: Order = { to: "tools", event: { tag: "reported" } };
  if (tools.goodbye === "no" || (tools.goodbye === "called" && !isHeard(playback))) {
    return [reported, { to: "response", event: { tag: "results" } }];
  }
  return [reported, { to: "playback", event: { tag: "complete", error: null } }];
}

function isReplyOver({ link, turn, response, playback, tools }: Conversation): boolean {
  if (link.tag !== "ready" || response.tag !== "none" || response.pending) return false;
  if (tools.tag !== "quiet" || tools.awaited) return false;
  if (playback.tag !== "silent" && playback.tag !== "settling") return false;
  return turn.tag === "committed" || (turn.tag === "closed" && turn.opens === "after-reply");
}

function replyOver(c: Conversation, at: LinkScope): readonly Order[] {
  const reason = endAfterReply(c);
  if (reason !== null) return [end({ reason, fault: null })];
  const isAsked = isApprovalWanted(c);
  if (!isAsked && c.link.tag === "ready" && at.nowMs >= c.link.recycleAtMs)
    return renew(c, RENEWAL, at);
  const leastMs = isAsked ? APPROVAL_MAX_MS : 0;
  const over: readonly Order[] =
    c.tools.approvals.length > 0 ? [{ to: "tools", event: { tag: "reply-over" } }] : [];
  return [{ to: "turn", event: { tag: "follow-up", settleMs: settleMs(c), leastMs } }, ...over];
}
