/**
 * Whose turn it is to speak, and from where the microphone is heard.
 *
 * Theory: the server finds the turns (speech started, stopped, committed), unless the button does
 * (push-to-talk: held, released, committed by us). A turn that was only the wake word, or shorter
 * than `session.min_speech_ms`, is empty: it is deleted and nobody responds to it. Speech that
 * begins while a response is under way may be a cough: it is confirmed when it has lasted longer
 * than a cough would, or when its end shows what it was; until then the response is kept.
 */

import type { EndReason } from "../phase.ts";
import type { ResponseBy } from "../realtime/session.ts";
import type { Effect, Fact } from "./inputs.ts";
import { CONNECT_MAX_MS, EMPTY_TURNS_MAX, THINK_MAX_MS, UTTERANCE_MAX_MS } from "./limits.ts";
import { type Change, type Of, send, stay, type Table } from "./machine.ts";
import type { Call, Scope, Turn } from "./state.ts";
import { commitKind, confirmMs, isEmpty } from "./turn-views.ts";

export type TurnEvent = Readonly<
  | { tag: "link-ready" }
  /** `settledSample`: where the room is silent again, should no question be unanswered. */
  | { tag: "link-gone"; settledSample: number }
  | { tag: "speech-started"; itemId: string; sample: number | null }
  | { tag: "speech-stopped"; itemId: string; sample: number | null }
  | { tag: "committed"; itemId: string }
  /** A response to it is on its way. */
  | { tag: "asked"; by: ResponseBy }
  | { tag: "answered" }
  /** A reply begins to be heard. */
  | { tag: "reply"; half: boolean }
  /** `leastMs`: the window is at least so long. */
  | { tag: "follow-up"; settleMs: number | null; leastMs: number }
  | { tag: "settled" }
  /** Somebody wants to be heard, in a turn of theirs or at the end of a reply. */
  | { tag: "listen"; sample: number; wakeSample: number | null }
  | { tag: "interrupted"; sample: number; wakeSample: number | null; isClosed: boolean }
  /** The user's own voice silenced the reply. */
  | { tag: "barged-in" }
  | { tag: "ptt-down"; sample: number }
  /** `wasOpen`: the gate is open; else all of it is sent once there is a session. */
  | { tag: "ptt-up"; wasOpen: boolean }
  | { tag: "uplink-flushed" }
  | { tag: "due" }
>;

type Event<T extends TurnEvent["tag"]> = Of<TurnEvent, T>;
type Speech = Of<Turn, "speech">;

export const TURN: Table<Turn, TurnEvent> = {
  closed: {
    "link-ready": [sessionListens, "open", "closed"],
    "link-gone": [linkGone],
    committed: [committed],
    asked: [asked],
    answered: [answered],
    reply: [replyBegins],
    "follow-up": [followUp, "closed", "open"],
    settled: [settled, "open"],
    listen: [listen, "open"],
    interrupted: [interrupted, "open"],
    "ptt-down": [pttDown, "held"],
    due: [over, "end"],
  },
  open: {
    "link-gone": [linkGone, "closed"],
    "speech-started": [speechStarted, "speech"],
    committed: [committed, "open", "committed"],
    reply: [replyBegins, "closed", "committed"],
    listen: [listen],
    "ptt-down": [pttDown, "held"],
    due: [over, "end"],
  },
  speech: {
    "link-gone": [linkGone, "closed"],
    "speech-started": [speechStarted],
    "speech-stopped": [speechStopped, "open", "ended"],
    committed: [committed, "speech", "committed"],
    answered: [answered],
    "barged-in": [bargedIn],
    "ptt-down": [pttDown, "held"],
    due: [speechDue, "speech", "end"],
  },
  ended: {
    "link-gone": [linkGone, "closed"],
    "speech-started": [speechStarted, "speech"],
    committed: [committed, "ended", "committed"],
    answered: [answered],
    reply: [replyBegins, "closed"],
    interrupted: [interrupted, "open"],
  },
  committed: {
    "link-gone": [linkGone, "closed", "released"],
    "speech-started": [speechStarted, "committed", "speech"],
    committed: [committed],
    asked: [asked],
    answered: [answered],
    reply: [replyBegins, "closed"],
    "follow-up": [followUp, "closed", "open"],
    interrupted: [interrupted, "open"],
    "ptt-down": [pttDown, "held"],
  },
  held: {
    "link-ready": [(own, _, at) => ({ next: { ...own, untilMs: at.nowMs + UTTERANCE_MAX_MS } })],
    "link-gone": [linkGone],
    committed: [committed],
    "ptt-up": [pttUp, "released"],
    due: [over, "end"],
  },
  released: {
    "link-ready": [(own, _, at) => ({ next: { ...own, untilMs: at.nowMs + THINK_MAX_MS } })],
    "link-gone": [linkGone],
    committed: [committed],
    "uplink-flushed": [flushed, "committed"],
    interrupted: [interrupted, "open"],
    "ptt-down": [pttDown, "held"],
  },
};

export function firstTurn({ trigger, fromSample }: Call, pushToTalk: boolean, nowMs: number): Turn {
  const wakeSample = trigger.source === "wake-word" ? trigger.sample : null;
  const from = { questionSample: fromSample, openedSample: fromSample, wakeSample };
  const own = { pushToTalk, empty: [], lastItem: null, count: 0, counted: false, ...from };
  return pushToTalk
    ? { tag: "held", untilMs: nowMs + UTTERANCE_MAX_MS, ...own }
    : { tag: "closed", opens: "with-link", untilMs: null, ...own };
}

/** Nobody wants a response to this turn: the model forgets it. */
export function forget(itemId: string, count: number): Effect {
  return send({ tag: "delete-item", itemId }, "delete", count);
}

// ---------------------------------------------------------------- opening and closing

function data(own: Turn) {
  const { pushToTalk, questionSample, openedSample, wakeSample, empty, lastItem } = own;
  const { count, counted } = own;
  return { pushToTalk, questionSample, openedSample, wakeSample, empty, lastItem, count, counted };
}

function opened(own: Turn, openedSample: number, untilMs: number, isFollowUp: boolean): Turn {
  return { tag: "open", followUp: isFollowUp, untilMs, ...data(own), openedSample };
}

function noSpeechMs({ call, nowMs }: Scope): number {
  return nowMs + call.settings["session.no_speech_s"] * 1000;
}

function followUpMs({ call, nowMs }: Scope): number {
  return nowMs + call.settings["session.follow_up_s"] * 1000;
}

function sessionListens(own: Of<Turn, "closed">, _: unknown, at: Scope): Change<Turn> {
  return own.pushToTalk
    ? { next: { ...own, opens: "by-button", untilMs: followUpMs(at) } }
    : { next: opened(own, own.openedSample, noSpeechMs(at), false) };
}

/** The server has forgotten; what it has not answered is sent again from the ring. */
function linkGone(own: Turn, { settledSample }: Event<"link-gone">, at: Scope): Change<Turn> {
  // The next connection may name its items as this one did.
  const openedSample = own.questionSample ?? settledSample;
  const lost = { openedSample, empty: [], lastItem: null };
  if (own.tag === "held") return { next: { ...own, ...lost } };
  const rest = { ...data(own), ...lost };
  const of = own.tag === "committed" ? own.releasedSample : null;
  const sample = own.tag === "released" ? own.sample : of;
  if (sample === null || own.questionSample === null)
    return { next: { tag: "closed", opens: "with-link", untilMs: null, ...rest } };
  const untilMs = at.nowMs + CONNECT_MAX_MS;
  return { next: { tag: "released", sample, wasOpen: false, untilMs, ...rest } };
}

/** In half duplex the microphone closes before it can hear the reply. */
function replyBegins(own: Turn, { half }: Event<"reply">): Change<Turn> {
  if (!half) {
    return { next: own.tag === "open" ? answerable(own) : own };
  }
  const next = { tag: "closed", opens: "after-reply", untilMs: null, ...data(own) } as const;
  return { next, sends: [send({ tag: "clear-input" }, "clear", own.count)] };
}

/** The reply has been heard: more may be said without the wake word, after the echo has died. */
function followUp(own: Turn, event: Event<"follow-up">, at: Scope): Change<Turn> {
  const { settleMs, leastMs } = event;
  const untilMs = Math.max(followUpMs(at), at.nowMs + leastMs) + (settleMs ?? 0);
  const rest = { ...data(own), counted: false };
  if (own.pushToTalk) return { next: { tag: "closed", opens: "by-button", untilMs, ...rest } };
  return settleMs === null
    ? { next: { tag: "open", followUp: true, untilMs, ...rest } }
    : { next: { tag: "closed", opens: "after-settling", untilMs, ...rest } };
}

function settled(own: Of<Turn, "closed">, _: unknown, at: Scope): Change<Turn> {
  return { next: opened(own, at.headSample, own.untilMs ?? followUpMs(at), true) };
}

/** From now on it cannot be the wake word alone any more. */
function asked(own: Turn, { by }: Event<"asked">): Change<Turn> {
  if (own.counted) return { next: { ...own, wakeSample: null } };
  const count = own.count + 1;
  const next = { ...own, count, counted: true, wakeSample: null };
  return { next, facts: [{ tag: "turn-asked", turns: count, by }] };
}

function answered(own: Turn): Change<Turn> {
  return { next: { ...own, questionSample: null } };
}

function listen(own: Turn, { sample, wakeSample }: Event<"listen">, at: Scope): Change<Turn> {
  const openedSample = own.tag === "closed" ? sample : own.openedSample;
  const tuned = { ...own, pushToTalk: false, wakeSample };
  return { next: opened(tuned, openedSample, noSpeechMs(at), false) };
}

function interrupted(own: Turn, event: Event<"interrupted">, at: Scope): Change<Turn> {
  const { sample, wakeSample, isClosed } = event;
  // What was said before the interruption, and is not committed yet, wants no response any more.
  const empty = own.tag === "ended" ? withEmpty(own, own.itemId) : own.empty;
  const fresh = { pushToTalk: false, questionSample: sample, counted: false, empty, wakeSample };
  const openedSample = isClosed ? sample : own.openedSample;
  const next = opened({ ...own, ...fresh }, openedSample, noSpeechMs(at), false);
  return { next, facts: [{ tag: "interrupted" }] };
}

function bargedIn(own: Speech, _: unknown, at: Scope): Change<Turn> {
  const questionSample = own.fromSample ?? at.headSample;
  const fresh = { questionSample, counted: false, wakeSample: null };
  return {
    next: { ...own, ...fresh, confirmAtMs: null, before: "open" },
    facts: [{ tag: "interrupted" }],
  };
}

// ---------------------------------------------------------------- the server finds the turn

function speechStarted(
  own: Of<Turn, "open" | "speech" | "ended" | "committed">,
  { itemId, sample }: Event<"speech-started">,
  at: Scope,
): Change<Turn> {
  if (own.pushToTalk) return stay(own); // From before the button was held.
  // The server's padding may reach back to before the gate opened, where our own voice was.
  const fromSample = sample === null ? null : Math.max(sample, own.openedSample);
  const questionSample = own.questionSample ?? fromSample ?? at.headSample;
  const untilMs = at.nowMs + UTTERANCE_MAX_MS;
  const isFirst = own.tag === "open" || own.tag === "speech";
  const known = own.tag === "speech" ? own.confirmAtMs : null;
  const confirmAtMs = isFirst ? known : confirmMs(fromSample, own, at);
  const before = own.tag === "speech" ? own.before : isFirst ? "open" : "committed";
  const heard = { itemId, fromSample, untilMs, confirmAtMs, before } as const;
  return { next: { tag: "speech", ...heard, ...data(own), questionSample } };
}

function speechStopped(
  own: Speech,
  { itemId, sample }: Event<"speech-stopped">,
  at: Scope,
): Change<Turn> {
  const untilMs = at.nowMs + THINK_MAX_MS;
  if (isEmpty(own, sample, at)) {
    const rest = { ...own, empty: withEmpty(own, itemId) };
    return own.before === "open"
      ? { next: opened(rest, own.openedSample, noSpeechMs(at), false) }
      : { next: { tag: "ended", itemId, untilMs, ...data(rest) } };
  }
  const facts: Fact[] = [{ tag: "speech-ended", capturedAt: sample }];
  if (own.before === "committed") facts.unshift({ tag: "question-reopened" });
  return { next: { tag: "ended", itemId, untilMs, ...data(own) }, facts };
}

/** The user has said what there was to say, as far as the server can tell. */
function answerable(own: Turn): Of<Turn, "committed"> {
  return { tag: "committed", releasedSample: null, ...data(own) };
}

function withEmpty(own: Turn, itemId: string): readonly string[] {
  return [...own.empty, itemId].slice(-EMPTY_TURNS_MAX);
}

function committed(own: Turn, { itemId }: Event<"committed">): Change<Turn> {
  switch (commitKind(own, itemId)) {
    case "empty": {
      const rest = { ...own, empty: own.empty.filter((one) => one !== itemId) };
      const isOver = own.tag === "ended" && own.itemId === itemId;
      const next = isOver ? answerable(rest) : rest;
      return { next, sends: [forget(itemId, own.count)] };
    }
    case "late":
      // In a reply it is the echo of our own voice, and stays; after it, nobody asked for it.
      return own.tag === "closed" && own.opens === "after-reply"
        ? stay(own)
        : { next: own, sends: [forget(itemId, own.count)] };
    case "own":
      return stay(own);
    case "question":
      return {
        next: { ...answerable(own), lastItem: itemId },
        facts: [{ tag: "turn-committed" }],
      };
  }
}

// ---------------------------------------------------------------- the button finds the turn

function pttDown(own: Turn, { sample }: Event<"ptt-down">, at: Scope): Change<Turn> {
  const isConnecting = own.tag === "closed" && own.opens === "with-link";
  const questionSample = own.questionSample ?? sample;
  const openedSample = isConnecting ? questionSample : sample;
  const from = { pushToTalk: true, questionSample, openedSample, wakeSample: null };
  const untilMs = at.nowMs + UTTERANCE_MAX_MS;
  const next = { tag: "held", untilMs, ...data(own), ...from } as const;
  if (isConnecting || own.tag === "released") return { next };
  // The server forgets what it has of the room, and hears it from the press on.
  return { next, sends: [send({ tag: "clear-input" }, "clear", own.count)] };
}

function pttUp(own: Of<Turn, "held">, { wasOpen }: Event<"ptt-up">, at: Scope): Change<Turn> {
  const untilMs = at.nowMs + THINK_MAX_MS;
  const next = { tag: "released", sample: at.headSample, wasOpen, untilMs, ...data(own) } as const;
  return { next, facts: [{ tag: "ptt-released" }] };
}

/** All of the question is on the wire. */
function flushed(own: Of<Turn, "released">): Change<Turn> {
  return {
    next: { tag: "committed", releasedSample: own.sample, ...data(own) },
    sends: [send({ tag: "commit-input" }, "commit", own.count)],
    facts: [{ tag: "turn-committed" }],
  };
}

// ---------------------------------------------------------------- time

/** It has lasted longer than a cough would; or too long. */
function speechDue(own: Speech, _: unknown, at: Scope): Change<Turn> {
  if (at.nowMs >= own.untilMs) return over(own);
  return { next: { ...own, confirmAtMs: null }, facts: [{ tag: "question-reopened" }] };
}

function over(own: Turn): Change<Turn> {
  return { next: own, ends: { reason: lateReason(own), fault: null } };
}

function lateReason(own: Turn): EndReason {
  if (own.tag === "speech" || own.tag === "held") return "utterance_too_long";
  return own.tag === "open" && !own.followUp ? "no_speech" : "follow_up_over";
}
