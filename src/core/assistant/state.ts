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

import type { Fault } from "../fault.ts";
import type { FallbackChain } from "../models/fallback.ts";
import type { BudgetLevel } from "../money/budget.ts";
import type { Dialogue } from "../realtime/dialogue.ts";
import type { EventId } from "../realtime/event-ids.ts";
import type { ResponseBy, SessionMode, SetUpPart } from "../realtime/session.ts";
import type { PublicSettings } from "../settings/table.ts";

/** What called the appliance. `sample`: position of the capture clock. */
export type Trigger = Readonly<
  | { source: "wake-word"; keyword: string; sample: number }
  | { source: "button" | "command"; sample: number }
>;

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
  readonly sessionUntilMs: number;
  /** This attempt's own deadline, never later than that. */
  readonly untilMs: number;
  /** Models that failed since the last good connection, and why. */
  readonly failed: readonly { readonly model: string; readonly why: Fault }[];
  /** Failures of this model since then. */
  readonly failures: number;
}

/** What the session was last asked to be; a new connection is due, since the server ends this one. */
interface SetUp {
  readonly sent: SessionMode;
  readonly recycleAtMs: number;
}

/** `updates`: set-ups that the server has not answered yet; `confirmed`: what it has. */
export type Link =
  | (Connecting & Readonly<{ tag: "dialing"; redialAtMs: number | null }>)
  /**
   * `greeted`: the server has spoken. `trusted`: it took this very set-up before, so sound is sent
   * behind it.
   */
  | (Connecting & SetUp & Readonly<{ tag: "configuring"; greeted: boolean; trusted: boolean }>)
  | (LinkData & SetUp & Readonly<{ tag: "ready"; confirmed: SessionMode; updates: number }>)
  | (LinkData & Readonly<{ tag: "lost" }>);

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
  Readonly<
    | { tag: "closed"; opens: Opens; untilMs: number | null }
    | { tag: "open"; followUp: boolean; untilMs: number }
    | {
        tag: "speech";
        itemId: string;
        fromSample: number | null;
        untilMs: number;
        /** A question is under way already; this may be a cough. When it counts as speech. */
        confirmAtMs: number | null;
        before: "open" | "committed";
      }
    | { tag: "ended"; itemId: string; untilMs: number }
    /** `releasedSample`: by push-to-talk, where the question ends; null: the server found the turn. */
    | { tag: "committed"; releasedSample: number | null }
    | { tag: "held"; untilMs: number }
    /** `wasOpen`: the gate was open; else all of it is sent from `openedSample` on. */
    | { tag: "released"; sample: number; wasOpen: boolean; untilMs: number }
  >;

// ---------------------------------------------------------------- response

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
  Readonly<
    | { tag: "none" }
    | { tag: "requested"; by: ResponseBy; untilMs: number }
    /** Until its first sound; null once that has come. */
    | { tag: "active"; id: string; untilMs: number | null }
    /** Its `response.done` is still to come. `id` null: not known yet. */
    | { tag: "cancelling"; id: string | null; cancel: EventId; untilMs: number }
    /** It will not come on this connection. */
    | { tag: "failed"; why: Fault }
  >;

// ---------------------------------------------------------------- playback

/** `error`: why the reply being heard will not be finished. */
export type Playback = Readonly<
  | { tag: "silent" }
  /** Its sound waits, because the user may be speaking. `complete`: all of it has come. */
  | { tag: "held"; responseId: string; complete: boolean }
  /** `underrunUntilMs`: the speaker has nothing left and the server sends nothing; until then. */
  | { tag: "playing"; responseId: string; untilMs: number; underrunUntilMs: number | null }
  | { tag: "draining"; untilMs: number; error: Fault | null }
  /** Silenced; what exactly was heard is not known yet. */
  | { tag: "flushing"; untilMs: number }
  /** Half duplex: the echo of the reply dies away. */
  | { tag: "settling"; untilMs: number }
>;

// ---------------------------------------------------------------- tools

/**
 * `isAnswered`: the model has an output for it already, and is told its result by a message.
 * `isRemote`: the API makes it by itself; it is only waited for.
 */
export interface OpenCall {
  readonly callId: string;
  readonly name: string;
  readonly argumentsText: string;
  readonly startedMs: number;
  readonly deadlineMs: number;
  readonly isAnswered: boolean;
  readonly isRemote: boolean;
  /** Asked to play the last reply again, and alone: the response that asked. Null for all others. */
  readonly repeatsBut: string | null;
}

/** A remote server that is being asked for its tools; `untilMs` null: that is not waited for any more. */
export interface Listing {
  readonly itemId: string;
  readonly label: string;
  readonly untilMs: number | null;
}

/** A call that awaits approval. `untilMs`: counts while nobody speaks (see views.ts). */
export interface Approval {
  readonly callId: string;
  readonly name: string;
  /** Only the model can make it again, and the API runs it. */
  readonly isRemote: boolean;
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
  /** The last reply is played again instead of another response; but not that of this response. */
  readonly repeatsBut: string | null;
  readonly approvals: readonly Approval[];
  readonly listings: readonly Listing[];
  /** Reported as begun; their end is still to come. */
  readonly begun: readonly Pick<OpenCall, "callId" | "name" | "startedMs">[];
} & ({ readonly tag: "quiet" } | { readonly tag: "running"; readonly calls: readonly OpenCall[] });

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
  /** The set-up that a server took last, for an account and a model (see `setUpMark`). */
  readonly acceptedSetUp: string | null;
  /** Capture position before which nothing is sent: it was muted, or our own voice. */
  readonly earliestSample: number;
  /** Notices logged already, so that each is logged once. */
  readonly notified: readonly string[];
  /** The budget level the owner was notified of; null: not looked at yet since the start. */
  readonly budgetNotified: BudgetLevel | null;
}

/**
 * At rest: what is shown. A fault is shown for a while; muted has no end of its own. `pressEnds`: muted
 * by voice, so that whoever did it can end it without the command line.
 */
export type Rest = Readonly<
  | { tag: "idle" }
  | { tag: "muted"; pressEnds: boolean }
  | { tag: "fault"; fault: Fault; untilMs: number }
>;

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

/** What a machine's function may ask beyond its own state. */
export interface Scope extends StepContext {
  readonly call: Call;
  readonly memory: Memory;
}
