/**
 * What follows from the state: shown, set and timed by the shell whenever it changes. A view asks
 * nothing and remembers nothing.
 */

import { dailyMicroUsd, isRefused } from "../money/budget.ts";
import type { EndReason, Indication, Phase } from "../phase.ts";
import type { ResponseBy, SessionMode } from "../realtime/session.ts";
import { RESPONSE_RESERVE_MICRO_USD } from "./limits.ts";
import { isHeard } from "./playback.ts";
import { isWireFree } from "./response.ts";
import type { Conversation, State, StepContext, Tools, Turn } from "./state.ts";

/** The word for what the appliance does, for LEDs, metrics and people. */
export function phase({ rest, conversation }: State): Phase {
  return conversation === null ? rest.tag : phaseOf(conversation);
}

export function phaseOf({ link, turn, playback }: Conversation): Phase {
  if (isHeard(playback)) return "speaking";
  if (link.tag !== "ready") return "connecting";
  switch (turn.tag) {
    case "open":
      return turn.followUp ? "follow-up" : "listening";
    case "speech":
    case "held":
      return "listening";
    case "ended":
    case "committed":
    case "released":
      return "thinking";
    case "closed":
      return isAfterReply(turn) ? "thinking" : "follow-up";
  }
}

/** Would the wake word change nothing? It has been said, and the question is not over. */
export function isWakeVain(now: Phase): boolean {
  return now === "connecting" || now === "listening";
}

/** What the LEDs show. At rest without microphone or speaker is no rest: the owner must see it. */
export function indication(state: State): Indication {
  const { microphone, speaker } = state.memory.deviceFaults;
  const shown = phase(state);
  const isAsked = state.conversation !== null && isApprovable(state.conversation);
  if (isAsked && shown !== "speaking") return "awaiting-approval";
  return shown === "idle" && (microphone ?? speaker) ? "fault" : shown;
}

/** Monotonic time at which `tick` is due; null while resting with nothing kept open. */
export function deadlineMs({ memory, rest, conversation: c }: State): number | null {
  const warmMs = memory.warm?.untilMs ?? null;
  if (c === null) return earlier(warmMs, untilMs(rest));
  const due = dueTimes(c);
  const waits = isTurnTimed(c) ? due.turn : null;
  const asks = isResponseWanted(c) ? c.response.notBeforeMs : null;
  const limits = isLimited(c) ? c.call.endsAtMs : null;
  const machines = [due.link, waits, due.response, due.playback, due.tools];
  return [...machines, approvalDeadlineMs(c), asks, limits].reduce(earlier, warmMs);
}

/** When each machine's state is over by itself; null: not by time. */
export function dueTimes({ link, turn, response, playback, tools }: Conversation) {
  const isWaiting = link.tag === "dialing" && link.redialAtMs !== null;
  const confirmMs = turn.tag === "speech" ? turn.confirmAtMs : null;
  const underrunMs = playback.tag === "playing" ? playback.underrunUntilMs : null;
  const calls = tools.tag === "running" ? tools.calls : [];
  return {
    link: isWaiting ? link.redialAtMs : untilMs(link),
    turn: earlier(untilMs(turn), confirmMs),
    response: earlier(untilMs(response), response.unsolicited?.untilMs ?? null),
    playback: earlier(untilMs(playback), underrunMs),
    tools: earlier(
      calls.map((call) => call.deadlineMs).reduce(earlier, null),
      tools.listings.map((one) => one.untilMs).reduce(earlier, null),
    ),
  };
}

function untilMs(own: { readonly tag: string; readonly untilMs?: number | null }): number | null {
  return own.untilMs ?? null;
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || (b !== null && b < a) ? b : a;
}

/** Closed while the reply to it is under way, or is heard. */
export function isAfterReply(turn: Turn): boolean {
  return turn.tag === "closed" && turn.opens === "after-reply";
}

/** The user has said what there was to say. */
export function isUserDone(turn: Turn): boolean {
  return turn.tag === "committed" || isAfterReply(turn);
}

/** Nothing but time stands before the request of a response. */
export function isResponseWanted({ link, turn, response, playback, tools }: Conversation): boolean {
  const isFree = link.tag === "ready" && isWireFree(response) && tools.tag === "quiet";
  const isQuiet = playback.tag !== "flushing" && playback.tag !== "held";
  return response.pending && isFree && isQuiet && isUserDone(turn) && !isListing(tools);
}

/** Remote servers are still being asked for their tools. */
function isListing({ listings }: Tools): boolean {
  return listings.some(({ untilMs }) => untilMs !== null);
}

/** A conversation is on, and nobody speaks or is about to: the model may be told something. */
export function isQuiet({ link, turn, response, playback, tools }: Conversation): boolean {
  const isIdle = response.tag === "none" && !response.pending && playback.tag === "silent";
  const isListening = turn.tag === "open" && !turn.pushToTalk;
  const isDone = tools.tag === "quiet" && !tools.awaited && tools.approvals.length === 0;
  return link.tag === "ready" && isIdle && isListening && isDone;
}

/** The model has asked, or is to ask, for the user's yes, and has no answer yet. */
export function isApprovalWanted({ tools }: Conversation): boolean {
  return tools.approvals.some(({ stage }) => stage !== "answered");
}

/** The question is being heard or was, and nobody says anything: a press is a yes. */
export function isApprovable(c: Conversation): boolean {
  const isAsked = c.tools.approvals.some(({ stage }) => stage === "asked");
  const mayPress = ["speaking", "follow-up"].includes(phaseOf(c)) || c.turn.tag === "open";
  const isFree = c.link.tag === "ready" && c.tools.tag === "quiet" && !c.response.pending;
  return isAsked && mayPress && isFree && c.turn.tag !== "speech";
}

/** Until when an answer is waited for; null while something is said, which has its own limits. */
export function approvalDeadlineMs({ turn, response, playback, tools }: Conversation) {
  if (tools.approvals.length === 0) return null;
  const isOpen = turn.tag === "open" || (turn.tag === "closed" && !isAfterReply(turn));
  const isSilent = playback.tag === "silent" || playback.tag === "settling";
  const isNext = response.tag === "none" && !response.pending && tools.tag === "quiet";
  if (!isOpen || !isSilent || !isNext) return null;
  return tools.approvals.map((one) => one.untilMs).reduce(earlier, null);
}

/** A turn that waits for a connection, or for the wire, has the deadline of what it waits for. */
export function isTurnTimed({ link, turn, response }: Conversation): boolean {
  const isWaiting = turn.tag === "ended" || turn.tag === "released";
  return link.tag === "ready" && (!isWaiting || response.tag === "none");
}

/** The limit of the conversation lets a reply be heard out, and a connection be made. */
export function isLimited(c: Conversation): boolean {
  return !["speaking", "connecting"].includes(phaseOf(c));
}

/**
 * What of the microphone goes to the server. `open`: everything from a capture position on.
 * `closing`: up to a position, then `uplink-flushed`; from null: it was open.
 */
export type MicrophoneGate = Readonly<
  | { tag: "closed" }
  | { tag: "open"; fromSample: number }
  | { tag: "closing"; fromSample: number | null; toSample: number }
>;

const CLOSED: MicrophoneGate = { tag: "closed" };

export function microphoneGate({ conversation }: State): MicrophoneGate {
  return conversation === null ? CLOSED : gateOf(conversation);
}

/** The server finds the turns, and has heard nothing of this one: it waits for a session. */
export function isUnheard(turn: Turn): boolean {
  return turn.tag === "closed" && turn.opens === "with-link" && !turn.pushToTalk;
}

export function gateOf({ link, turn }: Conversation): MicrophoneGate {
  if (link.tag === "configuring" && link.trusted && isUnheard(turn)) {
    return { tag: "open", fromSample: turn.openedSample };
  }
  if (link.tag !== "ready" || turn.tag === "closed") return CLOSED;
  if (turn.tag === "released") {
    const fromSample = turn.wasOpen ? null : turn.openedSample;
    return { tag: "closing", fromSample, toSample: turn.sample };
  }
  if (turn.tag === "committed" && turn.pushToTalk) return CLOSED;
  return { tag: "open", fromSample: turn.openedSample };
}

export function isSameGate(a: MicrophoneGate, b: MicrophoneGate): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** How long sound may wait while nobody speaks: the gate finds the beginning of a word, which takes twice as long. */
export const REST_NAP_MS = 250;
/** In the middle of a word, and while the API hears silence: as long as the pieces in which it is sent then. */
export const WORD_NAP_MS = 80;

/** What the microphone has heard last. */
export interface Sounding {
  /** Somebody makes a sound, as the gate sees it. */
  readonly isLoud: boolean;
  /** Somebody is in the middle of a word. */
  readonly isMidWord: boolean;
  /** An answer plays, nobody speaks over it, and the API hears silence instead of it. */
  readonly isAnswerAlone: boolean;
}

/**
 * How late the microphone may be heard, milliseconds: being woken is what costs. Seldom at rest, and
 * while an answer is heard out in half duplex, for then only a word may interrupt it, to which the gate
 * wakes. In full duplex less: an answer is made softer soon after somebody begins to speak. Never where
 * the user may be speaking over an answer, or has just stopped.
 */
export function napMs(state: State, { isLoud, isMidWord, isAnswerAlone }: Sounding): number {
  const isSpeaking = phase(state) === "speaking";
  const isHeardOut = isSpeaking && microphoneGate(state).tag === "closed";
  if (!isLoud && (state.conversation === null || isHeardOut)) return REST_NAP_MS;
  const mayWait = isSpeaking && !isHeardOut ? isAnswerAlone : isMidWord;
  return mayWait ? WORD_NAP_MS : 0;
}

/** Is the sound of a reply kept back, because the user may be speaking? */
export function isSpeakerHeld({ conversation: c }: State): boolean {
  return c !== null && isPerhapsSpeech(c) && !isHeard(c.playback);
}

export function isPerhapsSpeech({ turn }: Conversation): boolean {
  return turn.tag === "speech" && turn.confirmAtMs !== null;
}

export function wantedSession(c: Conversation, at: StepContext): SessionMode {
  return { pushToTalk: c.turn.pushToTalk, responseBy: responseBy(c, at) };
}

/**
 * Who creates the responses. By the server saves a round trip in each turn, but only the client can
 * refuse one, or wait with it: where the wake word alone may look like a turn, where the budget may be
 * passed by it, and while the tools of remote servers are still being listed.
 */
export function responseBy({ call, turn, tools }: Conversation, at: StepContext): ResponseBy {
  const wanted = call.settings["session.response_by"];
  if (turn.pushToTalk) return "client";
  if (wanted !== "auto") return wanted;
  const mayBeWakeWord = turn.wakeSample !== null;
  return mayBeWakeWord || isBudgetClose(at) || isListing(tools) ? "client" : "server";
}

function isBudgetClose({ settings, spentMicroUsd }: StepContext): boolean {
  if (dailyMicroUsd(settings) === 0) return false;
  return isRefused(settings, spentMicroUsd + RESPONSE_RESERVE_MICRO_USD);
}

/** Why the conversation is over when the reply has been heard; null: it goes on. */
export function endAfterReply(c: Conversation): EndReason | null {
  const { call, turn, tools } = c;
  if (tools.goodbye !== "no") return "goodbye";
  if (isApprovalWanted(c)) return null;
  const { "session.max_turns": most, "session.mode": mode } = call.settings;
  if (turn.counted && turn.count >= most) return "max_turns";
  return mode === "single_turn" ? "single_turn" : null;
}
