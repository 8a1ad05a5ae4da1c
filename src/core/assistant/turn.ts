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
import { confirmMs, isEmpty } from "./empty-turn.ts";
import { eventId } from "./ids.ts";
import type { Change, Fact } from "./inputs.ts";
import { CONNECT_MAX_MS, EMPTY_TURNS_MAX, THINK_MAX_MS, UTTERANCE_MAX_MS } from "./limits.ts";
import type { Call, ResponseBy, Scope, Table, Turn } from "./state.ts";
import { commitKind } from "./turn-views.ts";

export type TurnEvent =
  | { readonly tag: "link-ready" }
  /** `settledSample`: where the room is silent again, should no question be unanswered. */
  | { readonly tag: "link-gone"; readonly settledSample: number }
  | { readonly tag: "speech-started"; readonly itemId: string; readonly sample: number | null }
  | { readonly tag: "speech-stopped"; readonly itemId: string; readonly sample: number | null }
  | { readonly tag: "committed"; readonly itemId: string }
  /** A response to it is on its way. */
  | { readonly tag: "asked"; readonly by: ResponseBy }
  | { readonly tag: "answered" }
  /** A reply begins to be heard. */
  | { readonly tag: "reply"; readonly half: boolean }
  | {
      readonly tag: "follow-up";
      readonly settleMs: number | null;
      /** The window is at least so long. */
      readonly leastMs: number;
    }
  | { readonly tag: "settled" }
  /** Somebody wants to be heard, in a turn of theirs or at the end of a reply. */
  | { readonly tag: "listen"; readonly sample: number; readonly wakeSample: number | null }
  | {
      readonly tag: "interrupted";
      readonly sample: number;
      readonly wakeSample: number | null;
      readonly isClosed: boolean;
    }
  /** The user's own voice silenced the reply. */
  | { readonly tag: "barged-in" }
  | { readonly tag: "ptt-down"; readonly sample: number }
  /** `wasOpen`: the gate is open; else all of it is sent once there is a session. */
  | { readonly tag: "ptt-up"; readonly wasOpen: boolean }
  | { readonly tag: "uplink-flushed" }
  | { readonly tag: "due" };

export const TURN_TABLE: Table<Turn["tag"], TurnEvent["tag"]> = {
  closed: {
    "link-ready": ["open", "closed"],
    "link-gone": ["closed"],
    committed: ["closed"],
    asked: ["closed"],
    answered: ["closed"],
    reply: ["closed"],
    "follow-up": ["closed", "open"],
    settled: ["open"],
    listen: ["open"],
    interrupted: ["open"],
    "ptt-down": ["held"],
    due: ["end"],
  },
  open: {
    "link-gone": ["closed"],
    "speech-started": ["speech"],
    committed: ["open", "committed"],
    reply: ["closed", "committed"],
    listen: ["open"],
    "ptt-down": ["held"],
    due: ["end"],
  },
  speech: {
    "link-gone": ["closed"],
    "speech-started": ["speech"],
    "speech-stopped": ["open", "ended"],
    committed: ["speech", "committed"],
    answered: ["speech"],
    "barged-in": ["speech"],
    "ptt-down": ["held"],
    due: ["speech", "end"],
  },
  ended: {
    "link-gone": ["closed"],
    "speech-started": ["speech"],
    committed: ["ended", "committed"],
    answered: ["ended"],
    reply: ["closed"],
    interrupted: ["open"],
  },
  committed: {
    "link-gone": ["closed", "released"],
    "speech-started": ["committed", "speech"],
    committed: ["committed"],
    asked: ["committed"],
    answered: ["committed"],
    reply: ["closed"],
    "follow-up": ["closed", "open"],
    interrupted: ["open"],
    "ptt-down": ["held"],
  },
  held: {
    "link-ready": ["held"],
    "link-gone": ["held"],
    committed: ["held"],
    "ptt-up": ["released"],
    due: ["end"],
  },
  released: {
    "link-ready": ["released"],
    "link-gone": ["released"],
    committed: ["released"],
    "uplink-flushed": ["committed"],
    interrupted: ["open"],
    "ptt-down": ["held"],
  },
};

export function nextTurn(own: Turn, event: TurnEvent, at: Scope): Change<Turn> {
  switch (event.tag) {
    case "link-ready":
      return { next: sessionListens(own, at) };
    case "link-gone":
      return { next: linkGone(own, event.settledSample, at.nowMs) };
    case "speech-started":
      return speechStarted(own, event.itemId, event.sample, at);
    case "speech-stopped":
      return speechStopped(own, event.itemId, event.sample, at);
    case "committed":
      return committed(own, event.itemId);
    case "asked":
      return asked(own, event.by);
    case "answered":
      return { next: { ...own, questionSample: null } };
    case "reply":
      return replyBegins(own, event.half);
    case "follow-up":
      return { next: followUp(own, event.settleMs, event.leastMs, at) };
    case "settled":
      return { next: opened(own, at.headSample, followUpEndMs(own, at), true) };
    case "listen":
      return { next: listen(own, event.sample, event.wakeSample, at) };
    case "interrupted":
      return { next: interrupted(own, event, at), facts: [{ tag: "interrupted" }] };
    case "barged-in":
      return { next: bargedIn(own, at), facts: [{ tag: "interrupted" }] };
    case "ptt-down":
      return pttDown(own, event.sample, at);
    case "ptt-up":
      return pttUp(own, event.wasOpen, at);
    case "uplink-flushed":
      return flushed(own);
    case "due":
      return due(own, at);
  }
}

export function firstTurn({ trigger, fromSample }: Call, pushToTalk: boolean, nowMs: number): Turn {
  const wakeSample = trigger.source === "wake-word" ? trigger.sample : null;
  const data = {
    questionSample: fromSample,
    openedSample: fromSample,
    wakeSample,
    empty: [],
    lastItem: null,
    count: 0,
  };
  const own = { ...data, counted: false, pushToTalk };
  return pushToTalk
    ? { ...own, tag: "held", untilMs: nowMs + UTTERANCE_MAX_MS }
    : { ...own, tag: "closed", opens: "with-link", untilMs: null };
}

// ---------------------------------------------------------------- opening and closing

function data(own: Turn) {
  const { pushToTalk, questionSample, openedSample, wakeSample, empty, lastItem } = own;
  const { count, counted } = own;
  return { pushToTalk, questionSample, openedSample, wakeSample, empty, lastItem, count, counted };
}

function opened(own: Turn, openedSample: number, untilMs: number, followUp: boolean): Turn {
  return { ...data(own), openedSample, tag: "open", followUp, untilMs };
}

function noSpeechMs({ call, nowMs }: Scope): number {
  return nowMs + call.settings["session.no_speech_s"] * 1000;
}

function sessionListens(own: Turn, at: Scope): Turn {
  if (own.tag === "held") return { ...own, untilMs: at.nowMs + UTTERANCE_MAX_MS };
  if (own.tag === "released") return { ...own, untilMs: at.nowMs + THINK_MAX_MS };
  if (own.tag !== "closed") return own;
  if (!own.pushToTalk) return opened(own, own.openedSample, noSpeechMs(at), false);
  const untilMs = at.nowMs + at.call.settings["session.follow_up_s"] * 1000;
  return { ...own, opens: "by-button", untilMs };
}

/** The server has forgotten; what it has not answered is sent again from the ring. */
function linkGone(own: Turn, settledSample: number, nowMs: number): Turn {
  const fromSample = own.questionSample ?? settledSample;
  const rest = { ...data(own), openedSample: fromSample, empty: [] };
  if (own.tag === "held") return { ...own, openedSample: fromSample, empty: [] };
  const released =
    own.tag === "released" ? own.sample : own.tag === "committed" ? own.releasedSample : null;
  if (released !== null && own.questionSample !== null) {
    return {
      ...rest,
      tag: "released",
      sample: released,
      wasOpen: false,
      untilMs: nowMs + CONNECT_MAX_MS,
    };
  }
  return { ...rest, tag: "closed", opens: "with-link", untilMs: null };
}

/** In half duplex the microphone closes before it can hear the reply. */
function replyBegins(own: Turn, half: boolean): Change<Turn> {
  if (half) {
    const next = { ...data(own), tag: "closed", opens: "after-reply", untilMs: null } as const;
    const send = { event: { tag: "clear-input" }, id: eventId("clear", own.count) } as const;
    return { next, sends: [{ tag: "send", ...send }] };
  }
  const next = { ...data(own), tag: "committed", releasedSample: null } as const;
  return { next: own.tag === "open" ? next : own };
}

/** The reply has been heard: more may be said without the wake word, after the echo has died. */
function followUp(own: Turn, settleMs: number | null, leastMs: number, at: Scope): Turn {
  const windowMs = Math.max(leastMs, at.call.settings["session.follow_up_s"] * 1000);
  const untilMs = at.nowMs + (settleMs ?? 0) + windowMs;
  const rest = { ...data(own), counted: false };
  if (own.pushToTalk) return { ...rest, tag: "closed", opens: "by-button", untilMs };
  if (settleMs !== null) return { ...rest, tag: "closed", opens: "after-settling", untilMs };
  return opened({ ...own, counted: false }, own.openedSample, untilMs, true);
}

function followUpEndMs(own: Turn, at: Scope): number {
  const fresh = at.nowMs + at.call.settings["session.follow_up_s"] * 1000;
  return own.tag === "closed" ? (own.untilMs ?? fresh) : fresh;
}

/** From now on it cannot be the wake word alone any more. */
function asked(own: Turn, by: ResponseBy): Change<Turn> {
  const count = own.count + (own.counted ? 0 : 1);
  const next = { ...own, count, counted: true, wakeSample: null };
  if (own.counted) return { next };
  return { next, facts: [{ tag: "turn-asked", turns: count, by }] };
}

function listen(own: Turn, sample: number, wakeSample: number | null, at: Scope): Turn {
  const openedSample = own.tag === "closed" ? sample : own.openedSample;
  const tuned = { ...own, pushToTalk: false, wakeSample };
  return opened(tuned, openedSample, noSpeechMs(at), false);
}

function interrupted(
  own: Turn,
  { sample, wakeSample, isClosed }: Extract<TurnEvent, { tag: "interrupted" }>,
  at: Scope,
): Turn {
  // What was said before the interruption, and is not committed yet, wants no response any more.
  const empty = own.tag === "ended" ? withEmpty(own, own.itemId) : own.empty;
  const fresh = { pushToTalk: false, questionSample: sample, counted: false };
  const openedSample = isClosed ? sample : own.openedSample;
  return opened({ ...own, ...fresh, empty, wakeSample }, openedSample, noSpeechMs(at), false);
}

function bargedIn(own: Turn, at: Scope): Turn {
  if (own.tag !== "speech") return own;
  const questionSample = own.fromSample ?? at.headSample;
  return {
    ...own,
    confirmAtMs: null,
    before: "open",
    questionSample,
    counted: false,
    wakeSample: null,
  };
}

// ---------------------------------------------------------------- the server finds the turn

function speechStarted(own: Turn, itemId: string, sample: number | null, at: Scope): Change<Turn> {
  if (own.pushToTalk) return { next: own }; // From before the button was held.
  // The server's padding may reach back to before the gate opened, where our own voice was.
  const fromSample = sample === null ? null : Math.max(sample, own.openedSample);
  const questionSample = own.questionSample ?? fromSample ?? at.headSample;
  const untilMs = at.nowMs + UTTERANCE_MAX_MS;
  const begun = {
    ...data(own),
    questionSample,
    tag: "speech",
    itemId,
    fromSample,
    untilMs,
  } as const;
  if (own.tag === "speech")
    return { next: { ...begun, confirmAtMs: own.confirmAtMs, before: own.before } };
  if (own.tag === "open") return { next: { ...begun, confirmAtMs: null, before: "open" } };
  const confirmAtMs = confirmMs(fromSample, own, at);
  return { next: { ...begun, confirmAtMs, before: "committed" } };
}

function speechStopped(own: Turn, itemId: string, sample: number | null, at: Scope): Change<Turn> {
  if (own.tag !== "speech") return { next: own };
  if (isEmpty(own, sample, at)) {
    const empty = withEmpty(own, itemId);
    const rest = { ...own, empty };
    return own.before === "open"
      ? { next: opened(rest, own.openedSample, noSpeechMs(at), false) }
      : { next: { ...data(rest), tag: "ended", itemId, untilMs: at.nowMs + THINK_MAX_MS } };
  }
  const facts: Fact[] = [{ tag: "speech-ended", capturedAt: sample }];
  if (own.before === "committed") facts.unshift({ tag: "question-reopened" });
  return { next: { ...data(own), tag: "ended", itemId, untilMs: at.nowMs + THINK_MAX_MS }, facts };
}

function withEmpty(own: Turn, itemId: string): readonly string[] {
  return [...own.empty, itemId].slice(-EMPTY_TURNS_MAX);
}

function committed(own: Turn, itemId: string): Change<Turn> {
  switch (commitKind(own, itemId)) {
    case "empty": {
      const left = own.empty.filter((one) => one !== itemId);
      const rest = { ...own, empty: left };
      const isOver = own.tag === "ended" && own.itemId === itemId;
      const next: Turn = isOver ? { ...data(rest), tag: "committed", releasedSample: null } : rest;
      return { next, sends: [forget(itemId, own)] };
    }
    case "late":
      // In a reply it is the echo of our own voice, and stays; after it, nobody asked for it.
      return own.tag === "closed" && own.opens === "after-reply"
        ? { next: own }
        : { next: own, sends: [forget(itemId, own)] };
    case "own":
      return { next: own };
    case "question": {
      const next = {
        ...data(own),
        lastItem: itemId,
        tag: "committed",
        releasedSample: null,
      } as const;
      return { next, facts: [{ tag: "turn-committed" }] };
    }
  }
}

/** Nobody wants a response to this turn: the model forgets it. */
export function forget(itemId: string, { count }: { readonly count: number }) {
  const event = { tag: "delete-item", itemId } as const;
  return { tag: "send", event, id: eventId("delete", count) } as const;
}

// ---------------------------------------------------------------- the button finds the turn

function pttDown(own: Turn, sample: number, at: Scope): Change<Turn> {
  const isConnecting = own.tag === "closed" && own.opens === "with-link";
  const questionSample = own.questionSample ?? sample;
  const openedSample = isConnecting ? questionSample : sample;
  const held = { ...data(own), pushToTalk: true, questionSample, openedSample, wakeSample: null };
  const next = { ...held, tag: "held", untilMs: at.nowMs + UTTERANCE_MAX_MS } as const;
  if (isConnecting || own.tag === "released") return { next };
  // The server forgets what it has of the room, and hears it from the press on.
  const event = { tag: "clear-input" } as const;
  return { next, sends: [{ tag: "send", event, id: eventId("clear", own.count) }] };
}

function pttUp(own: Turn, wasOpen: boolean, at: Scope): Change<Turn> {
  if (own.tag !== "held") return { next: own };
  const untilMs = at.nowMs + THINK_MAX_MS;
  const next = { ...data(own), tag: "released", sample: at.headSample, wasOpen, untilMs } as const;
  return { next, facts: [{ tag: "ptt-released" }] };
}

/** All of the question is on the wire. */
function flushed(own: Turn): Change<Turn> {
  if (own.tag !== "released") return { next: own };
  const next = { ...data(own), tag: "committed", releasedSample: own.sample } as const;
  const event = { tag: "commit-input" } as const;
  const send = { tag: "send", event, id: eventId("commit", own.count) } as const;
  return { next, sends: [send], facts: [{ tag: "turn-committed" }] };
}

// ---------------------------------------------------------------- time

function due(own: Turn, at: Scope): Change<Turn> {
  if (own.tag === "speech" && at.nowMs < own.untilMs) {
    return { next: { ...own, confirmAtMs: null }, facts: [{ tag: "question-reopened" }] };
  }
  return { next: own, ends: { reason: lateReason(own), fault: null } };
}

function lateReason(own: Turn): EndReason {
  if (own.tag === "speech" || own.tag === "held") return "utterance_too_long";
  return own.tag === "open" && !own.followUp ? "no_speech" : "follow_up_over";
}
