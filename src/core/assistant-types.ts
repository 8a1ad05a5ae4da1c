/** The vocabulary of the one state machine: what it can be, hear, and ask for. */

import type { FaultSound } from "./audio/fault-sounds.ts";
import type { HeardItem } from "./audio/playhead.ts";
import type { Fault } from "./fault.ts";
import type { Ladder } from "./models/fallback.ts";
import type { BudgetLevel } from "./money/budget.ts";
import type { ClientEvent } from "./realtime/client-events.ts";
import type { LinkFailure } from "./realtime/failure.ts";
import type { ServerEvent } from "./realtime/server-events.ts";
import type { SetUpPart } from "./realtime/session.ts";
import type { Settings } from "./settings/table.ts";

/** What called the appliance. `wokenAt`: position of the capture clock, in samples. */
export type Trigger =
  | { readonly source: "wake-word"; readonly keyword: string; readonly wokenAt: number }
  | { readonly source: "button" | "command"; readonly wokenAt: number };

/** The at most one response of the model that is under way. */
export type Answer =
  | { readonly tag: "none" }
  | { readonly tag: "asked" }
  | { readonly tag: "active"; readonly id: string }
  /**
   * Given up by us; its `response.done` is still to come. Null: its id is not known yet.
   * `cancel`: the name of our cancel, by which its error is known from that of an older one.
   */
  | { readonly tag: "given-up"; readonly id: string | null; readonly cancel: string };

/** Push-to-talk: who holds the turn. `at`: capture position up to which the question goes. */
export type ByHand =
  | { readonly tag: "held" }
  | { readonly tag: "released"; readonly at: number }
  | { readonly tag: "waiting" };

/** Something said in this conversation, kept so that a new connection can be told of it. */
export interface Line {
  readonly itemId: string;
  readonly role: "assistant" | "user";
  readonly text: string;
}

/** One conversation, from the wake to its end. */
export interface Talk {
  readonly trigger: Trigger;
  /** Capture position from which sound is sent on the next connection. */
  readonly from: number;
  /** The settings as they were when it began: a reload does not change a running conversation. */
  readonly settings: Settings;
  /** Monotonic time after which no new turn begins. */
  readonly endsAtMs: number;
  /** The dial in force; what other attempts report is stale. */
  readonly attempt: number;
  readonly model: string;
  readonly voice: string;
  /** `greeted`: the server has spoken, our set-up is on its way. `lost`: it broke in mid-reply. */
  readonly link: "dialing" | "greeted" | "ready" | "lost";
  /** Monotonic time from which a new connection is due: the server ends it soon after. */
  readonly recycleAtMs: number;
  /** Models that failed since the last good connection, and why. */
  readonly failed: readonly { readonly model: string; readonly why: Fault }[];
  /** Failures of this model since then. */
  readonly failures: number;
  /** New connections in mid-conversation. */
  readonly reconnects: number;
  /** Parts of the set-up that the server refused, and that are left out. */
  readonly without: readonly SetUpPart[];
  readonly dialogue: readonly Line[];
  /** Replies that were cut lately: their words come after the cut, and are kept as far as heard. */
  readonly cuts: readonly HeardItem[];
  /** Capture position from which the gate is open, the last time it opened. */
  readonly openedAt: number;
  /** Null: the server finds the turns. */
  readonly byHand: ByHand | null;
  /** Capture position at which the unanswered question begins; null: nothing is unanswered. */
  readonly questionFrom: number | null;
  /** The answer to this question has failed once already. */
  readonly askedAgain: boolean;
  /** Why the reply being heard will not be finished. */
  readonly broken: Fault | null;
  /** Questions of the user's, each counted once however often it was asked. */
  readonly turns: number;
  readonly counted: boolean;
  /** Responses asked for: numbers the events, so that their errors can be told apart. */
  readonly asks: number;
  readonly toolRounds: number;
  readonly answer: Answer;
  /** The latest response that nobody asked for; its end is not that of ours. */
  readonly stranger: string | null;
  /** A turn of the user still waits for a response. */
  readonly owed: boolean;
  /** The speaker was hushed; where exactly is not known yet. */
  readonly cutting: boolean;
  /** A turn that has ended and is not committed yet. */
  readonly pending: string | null;
  /** A turn in which nothing was really said; it is deleted when the server commits it. */
  readonly ghost: string | null;
  /** The conversation ends when the reply has been heard, for this reason. */
  readonly farewell: EndReason | null;
}

/** Speech that the server hears just now; `from` is its capture position, where known. */
export interface Speech {
  readonly itemId: string;
  readonly from: number | null;
}

export type Talking = {
  readonly talk: Talk;
} /** `tryUntilMs`: this attempt's own deadline. `redialAtMs`: when the next one begins, if waiting. */ & (
  | {
      readonly tag: "connecting";
      readonly untilMs: number;
      readonly tryUntilMs: number;
      readonly redialAtMs: number | null;
    }
  | { readonly tag: "listening"; readonly untilMs: number; readonly speech: Speech | null }
  | { readonly tag: "thinking"; readonly untilMs: number }
  | { readonly tag: "speaking"; readonly untilMs: number; readonly starved: boolean }
  /** `openAtMs`: when the microphone opens again; null once it is open, infinite: not by itself. */
  | { readonly tag: "follow-up"; readonly untilMs: number; readonly openAtMs: number | null }
);

/** A session that waits for the next conversation. */
export interface Warm {
  readonly talk: Talk;
  readonly untilMs: number;
}

export type Part = "microphone" | "speaker" | "wake-word";

interface Common {
  /** Dials so far: the number of the next attempt is one more. */
  readonly dials: number;
  /** Parts of the appliance that do not work just now. */
  readonly troubles: Readonly<Partial<Record<Part, Fault>>>;
  readonly ladder: Ladder;
  /** A session kept open after a conversation, for the next one. */
  readonly warm: Warm | null;
  /** Capture position before which nothing is sent: it was muted, or our own voice. */
  readonly floor: number;
  /** Notices given already, so that each is given once. */
  readonly told: readonly string[];
  /** How far today's spending has been told of; null: not looked at yet since the start. */
  readonly budgetTold: BudgetLevel | null;
}

export type Resting = { readonly tag: "idle" } | { readonly tag: "muted" };

export type State = Common &
  (Resting | Talking | { readonly tag: "fault"; readonly untilMs: number; readonly fault: Fault });

/** A state in which a conversation is under way. */
export type TalkingState = Common & Talking;

export type PhaseTag = State["tag"];

export type Command = "wake" | "stop" | "mute" | "unmute" | "toggle-mute" | "repeat";

export type Input =
  | { readonly tag: "wake"; readonly keyword: string; readonly endSample: number }
  /** `pressedMs` (monotonic): when the button went down, where there is one. */
  | { readonly tag: "tap"; readonly pressedMs?: number }
  /** The button is held for push-to-talk, since `pressedMs` (monotonic); and let go. */
  | { readonly tag: "talk"; readonly pressedMs: number }
  | { readonly tag: "talk-over" }
  | { readonly tag: "command"; readonly command: Command }
  /** All that was to be sent by `flush-uplink` is on its way. */
  | { readonly tag: "uplink-flushed" }
  | { readonly tag: "power-off" }
  | { readonly tag: "link-opened"; readonly attempt: number }
  | { readonly tag: "link-closed"; readonly attempt: number; readonly failure: LinkFailure }
  | {
      readonly tag: "server";
      readonly attempt: number;
      readonly event: ServerEvent;
      /** For speech events: their time as a position of the capture clock, where known. */
      readonly capturedAt: number | null;
    }
  /** The first sound of a response has come, or the first after the speaker ran dry. */
  | { readonly tag: "reply-audio"; readonly responseId: string }
  | { readonly tag: "ran-dry" }
  | { readonly tag: "drained" }
  /** `attempt`: the connection whose reply was cut. */
  | { readonly tag: "hushed"; readonly attempt: number; readonly items: readonly HeardItem[] }
  | { readonly tag: "part-lost"; readonly part: Part; readonly fault: Fault }
  | { readonly tag: "part-back"; readonly part: Part }
  | { readonly tag: "tick" }
  | { readonly tag: "shutdown" };

/** What the shell knows at the instant of the input. */
export interface Moment {
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** Samples captured so far. */
  readonly head: number;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  /** Chance for this step: at least 0, below 1. */
  readonly chance: number;
  /** Micro-dollars that the budget counts since the local midnight, this conversation's included. */
  readonly spentMicroUsd: number;
}

export type EndReason =
  | "follow_up_over"
  | "no_speech"
  | "single_turn"
  | "goodbye"
  | "max_turns"
  | "max_duration"
  | "utterance_too_long"
  | "reply_too_long"
  | "stopped"
  | "muted"
  | "shutdown"
  | "budget"
  | "fault";

export type Effect =
  | { readonly tag: "begin-conversation"; readonly talk: Talk }
  | {
      readonly tag: "end-conversation";
      readonly reason: EndReason;
      readonly fault: Fault | null;
    }
  | {
      readonly tag: "dial";
      readonly attempt: number;
      readonly model: string;
      readonly settings: Settings;
    }
  | {
      readonly tag: "fall-back";
      readonly from: string;
      readonly to: string;
      readonly reason: string;
    }
  /** A function call was answered; for the metrics. */
  | { readonly tag: "called"; readonly name: string; readonly ok: boolean }
  /** Says aloud what went wrong. */
  | { readonly tag: "tell"; readonly sound: FaultSound }
  | { readonly tag: "hang-up"; readonly attempt: number }
  | { readonly tag: "send"; readonly event: ClientEvent; readonly eventId: string }
  /** Sound flows from capture position `from` on, as fast as the socket takes it. */
  | { readonly tag: "open-uplink"; readonly from: number }
  | { readonly tag: "close-uplink" }
  /**
   * Sends what was captured before position `upTo`, closes, and reports `uplink-flushed`. `from`:
   * where it begins; null: the uplink is open, and it goes on from there.
   */
  | { readonly tag: "flush-uplink"; readonly from: number | null; readonly upTo: number }
  /** Late sound of this response is not played. */
  | { readonly tag: "discard-response"; readonly responseId: string }
  | { readonly tag: "hush"; readonly attempt: number }
  /** Plays the last reply again; `drained` follows, at once when there is none. */
  | { readonly tag: "repeat-reply" }
  | { readonly tag: "power-off" }
  /** No more sound of this reply will come. */
  | { readonly tag: "finish-reply" }
  | {
      readonly tag: "log";
      readonly level: "debug" | "info" | "notice" | "warning" | "error";
      readonly line: string;
    };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}
