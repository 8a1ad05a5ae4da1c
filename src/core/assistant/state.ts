/**
 * The vocabulary of the assistant: what each machine can be, what it hears and what it asks for.
 *
 * Theory of operation. A conversation is a few small machines side by side. Each owns its data and
 * its deadline; nothing else writes them. They are coupled in two ways only. Event-triggered: an
 * input of the world is routed to machines (step.ts), each of which has a table of what it takes in
 * which state. State-triggered: one ordered list of rules (rules.ts) is applied after each input
 * until no rule has anything left to do. What the shell shows or sets is a view of the state
 * (views.ts); what has happened is a fact, told once.
 */

import type { HeardItem } from "../audio/playhead.ts";
import type { Fault } from "../fault.ts";
import type { FallbackChain } from "../models/fallback.ts";
import type { BudgetLevel } from "../money/budget.ts";
import type { ServerEvent } from "../realtime/server-events.ts";
import type { SetUpPart } from "../realtime/session.ts";
import type { PublicSettings } from "../settings/table.ts";
import type { EventId } from "./ids.ts";

/** What called the appliance. `sample`: position of the capture clock. */
export type Trigger =
  | { readonly source: "wake-word"; readonly keyword: string; readonly sample: number }
  | { readonly source: "button" | "command"; readonly sample: number };

/** What never changes in a conversation. Settings: a reload does not change a running one. */
export interface Call {
  readonly trigger: Trigger;
  /** Capture position from which sound is sent: the trigger less the pre-roll. */
  readonly fromSample: number;
  readonly settings: PublicSettings;
  /** Monotonic time after which no new turn begins. */
  readonly endsAtMs: number;
}

// ---------------------------------------------------------------- link

/** What the session was last asked to be, by what can change in it. */
export interface WantedSession {
  readonly pushToTalk: boolean;
  readonly responseBy: ResponseBy;
}

interface LinkData {
  /** The dial in force; what other attempts report is stale. */
  readonly attempt: number;
  readonly model: string;
  readonly voice: string;
  /** New connections in mid-conversation. */
  readonly reconnects: number;
  /** Parts of the set-up that the server refused, and that are left out. */
  readonly omitted: readonly SetUpPart[];
  /** The voice of the set-up was refused: the fallback voice is asked for. */
  readonly voiceRefused: boolean;
}

interface Connecting extends LinkData {
  /** The conversation's deadline for a session that listens. */
  readonly untilMs: number;
  /** This attempt's own deadline. */
  readonly tryUntilMs: number;
  /** Models that failed since the last good connection, and why. */
  readonly failed: readonly { readonly model: string; readonly why: Fault }[];
  /** Failures of this model since then. */
  readonly failures: number;
}

/** `recycleAtMs`: a new connection is due, since the server ends this one soon after. */
export type Link =
  | (Connecting & { readonly tag: "dialing"; readonly redialAtMs: number | null })
  | (Connecting & {
      readonly tag: "configuring";
      readonly recycleAtMs: number;
      readonly sent: WantedSession;
    })
  | (LinkData & {
      readonly tag: "ready";
      readonly recycleAtMs: number;
      readonly sent: WantedSession;
      /** What the server has confirmed; `updates`: set-ups that it has not answered yet. */
      readonly confirmed: WantedSession;
      readonly updates: number;
    })
  | (LinkData & { readonly tag: "lost" });

// ---------------------------------------------------------------- turn

interface TurnData {
  /** The button finds the turns, not the server. */
  readonly pushToTalk: boolean;
  /** Capture position at which the unanswered question begins; null: nothing is unanswered. */
  readonly questionSample: number | null;
  /** Capture position from which the microphone gate is open, the last time it opened. */
  readonly openedSample: number;
  /** Where the wake word ended that opened this turn; null: it was no wake word. */
  readonly wakeSample: number | null;
  /** Turns in which nothing was said; each is deleted when the server commits it. */
  readonly empty: readonly string[];
  /** The turn committed last: what the server says twice is done once. */
  readonly lastItem: string | null;
  /** Questions of the user, each counted once however often it was asked. */
  readonly count: number;
  readonly counted: boolean;
}

/** When a closed microphone gate opens again. */
export type Opens = "with-link" | "after-reply" | "after-settling" | "by-button";

export type Turn = TurnData &
  (
    | { readonly tag: "closed"; readonly opens: Opens; readonly untilMs: number | null }
    | { readonly tag: "open"; readonly followUp: boolean; readonly untilMs: number }
    | {
        readonly tag: "speech";
        readonly itemId: string;
        readonly fromSample: number | null;
        readonly untilMs: number;
        /** A question is under way already; this may be a cough. When it counts as speech. */
        readonly confirmAtMs: number | null;
        readonly before: "open" | "committed";
      }
    | { readonly tag: "ended"; readonly itemId: string; readonly untilMs: number }
    /** `releasedSample`: by push-to-talk, where the question ends; null: the server found the turn. */
    | { readonly tag: "committed"; readonly releasedSample: number | null }
    | { readonly tag: "held"; readonly untilMs: number }
    /** `wasOpen`: the gate was open; else all of it is sent from `openedSample` on. */
    | {
        readonly tag: "released";
        readonly sample: number;
        readonly wasOpen: boolean;
        readonly untilMs: number;
      }
  );

// ---------------------------------------------------------------- response

export type ResponseBy = "server" | "client";

interface ResponseData {
  /** A turn of the user, or results of functions, wait for a response. */
  readonly pending: boolean;
  /** It is not asked for before this time: the server said so, or was busy. */
  readonly notBeforeMs: number;
  /** Failures of this question's response. */
  readonly retries: number;
  /** Requests so far: numbers the events, so that their errors can be told apart. */
  readonly requests: number;
  /**
   * A response under way that is not ours, and is cancelled; its end is not that of ours. `id` null:
   * to a turn in which nothing was said, and not begun yet.
   */
  readonly unsolicited: { readonly id: string | null; readonly untilMs: number } | null;
}

export type Response = ResponseData &
  (
    | { readonly tag: "none" }
    | { readonly tag: "requested"; readonly by: ResponseBy; readonly untilMs: number }
    | {
        readonly tag: "active";
        readonly id: string;
        /** Until its first sound; null once that has come. */
        readonly untilMs: number | null;
      }
    /** Its `response.done` is still to come. `id` null: not known yet. */
    | {
        readonly tag: "cancelling";
        readonly id: string | null;
        readonly cancel: EventId;
        readonly untilMs: number;
      }
    /** It will not come on this connection. */
    | { readonly tag: "failed"; readonly why: Fault }
  );

// ---------------------------------------------------------------- playback

/** `error`: why the reply being heard will not be finished. */
export type Playback =
  | { readonly tag: "silent" }
  /** Its sound waits, because the user may be speaking. `complete`: all of it has come. */
  | { readonly tag: "held"; readonly responseId: string; readonly complete: boolean }
  | {
      readonly tag: "playing";
      readonly responseId: string;
      readonly untilMs: number;
      /** The speaker has nothing left and the server sends nothing: until then. */
      readonly underrunUntilMs: number | null;
    }
  | { readonly tag: "draining"; readonly untilMs: number; readonly error: Fault | null }
  /** Silenced; what exactly was heard is not known yet. */
  | { readonly tag: "flushing"; readonly untilMs: number }
  /** Half duplex: the echo of the reply dies away. */
  | { readonly tag: "settling"; readonly untilMs: number };

// ---------------------------------------------------------------- tools

/** `isAnswered`: the model has an output for it already, and is told its result by a message. */
export interface OpenCall {
  readonly callId: string;
  readonly name: string;
  readonly argumentsText: string;
  readonly startedMs: number;
  readonly deadlineMs: number;
  readonly isAnswered: boolean;
}

/** A call that awaits approval. `untilMs`: counts while nobody speaks (see views.ts). */
export interface Approval {
  readonly callId: string;
  readonly name: string;
  readonly argumentsText: string;
  readonly startedMs: number;
  readonly untilMs: number;
  /** The model's question was not heard yet; was; the user has said something since. */
  readonly stage: "unheard" | "asked" | "answered";
}

export type Tools = {
  /** Calls answered or dead, the latest; a call id is answered once. */
  readonly settledIds: readonly string[];
  /** Responses with calls in this turn of the user. */
  readonly rounds: number;
  /** The model ends the conversation when its reply was heard; `asked`: it was asked for one. */
  readonly goodbye: "no" | "called" | "asked";
  /** The results of a response's calls have not been answered by another response yet. */
  readonly awaited: boolean;
  /** Items with pictures that the model has and has not answered yet: they go when it has. */
  readonly pictures: readonly string[];
  readonly approvals: readonly Approval[];
  /** Reported as begun; their end is still to come. */
  readonly begun: readonly Pick<OpenCall, "callId" | "name" | "startedMs">[];
} & ({ readonly tag: "quiet" } | { readonly tag: "running"; readonly calls: readonly OpenCall[] });

// ---------------------------------------------------------------- dialogue

/** Something said in this conversation, kept so that a new connection can be told of it. */
export interface Line {
  readonly itemId: string;
  readonly role: "assistant" | "user";
  readonly text: string;
}

/** `cuts`: replies cut lately; their words come after the cut, and are kept as far as heard. */
export interface Dialogue {
  readonly lines: readonly Line[];
  readonly cuts: readonly HeardItem[];
}

// ---------------------------------------------------------------- everything

export interface Conversation {
  readonly call: Call;
  readonly link: Link;
  readonly turn: Turn;
  readonly response: Response;
  readonly playback: Playback;
  readonly tools: Tools;
  readonly dialogue: Dialogue;
}

/** A session kept after a conversation, for the next one. */
export interface Warm {
  readonly link: Extract<Link, { tag: "ready" }>;
  readonly pushToTalk: boolean;
  readonly settings: PublicSettings;
  readonly dialogue: Dialogue;
  readonly requests: number;
  readonly untilMs: number;
}

export type Device = "microphone" | "speaker" | "wake-word";

/** What outlives a conversation. */
export interface Memory {
  /** Dials so far: the number of the next attempt is one more. */
  readonly dials: number;
  /** Devices that do not work just now. */
  readonly deviceFaults: Readonly<Partial<Record<Device, Fault>>>;
  readonly chain: FallbackChain;
  readonly warm: Warm | null;
  /** Capture position before which nothing is sent: it was muted, or our own voice. */
  readonly earliestSample: number;
  /** Notices logged already, so that each is logged once. */
  readonly notified: readonly string[];
  /** The budget level the owner was notified of; null: not looked at yet since the start. */
  readonly budgetNotified: BudgetLevel | null;
}

/** At rest: what is shown. A fault is shown for a while; muted has no end of its own. */
export type Rest =
  | { readonly tag: "idle" }
  | { readonly tag: "muted" }
  | { readonly tag: "fault"; readonly fault: Fault; readonly untilMs: number };

export interface State {
  readonly memory: Memory;
  readonly rest: Rest;
  readonly conversation: Conversation | null;
}

/** What the shell knows at the instant of the input. */
export interface StepContext {
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** Samples captured so far. */
  readonly headSample: number;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  /** Chance for this step: at least 0, below 1. */
  readonly chance: number;
  /** Micro-dollars that the budget counts since the local midnight, this conversation's included. */
  readonly spentMicroUsd: number;
  /** As they are now; without secrets. */
  readonly settings: PublicSettings;
  /** A hash of server and key: what one account lacks, another may have. */
  readonly account: string;
}

/** Where a machine may go: state → event → states. What is not in it is refused. */
export type Table<S extends string, E extends string> = {
  readonly [K in S]: { readonly [V in E]?: readonly (S | "end")[] };
};

/** What a machine's function may ask beyond its own state. */
export interface Scope extends StepContext {
  readonly call: Call;
}

export type ServerSaid<T extends ServerEvent["tag"]> = Extract<ServerEvent, { tag: T }>;
