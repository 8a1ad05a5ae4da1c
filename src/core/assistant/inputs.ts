/** What the assistant hears, what is to be done about it, and what has happened by it. */

import type { HeardItem } from "../audio/playhead.ts";
import type { SpokenSound } from "../audio/sentences.ts";
import type { Fault } from "../fault.ts";
import type { CallOutcome, EndReason } from "../phase.ts";
import type { ClientEvent } from "../realtime/client-events.ts";
import type { EventId } from "../realtime/event-ids.ts";
import type { LinkFailure } from "../realtime/failure.ts";
import type { ServerEvent } from "../realtime/server-events.ts";
import type { ResponseBy } from "../realtime/session.ts";
import type { Call, Device, State } from "./state.ts";

export type Command =
  | "wake"
  | "stop"
  | "mute"
  | "mute-until-press"
  | "unmute"
  | "toggle-mute"
  | "repeat";

/** What the world tells the assistant. */
export type Input = Readonly<
  | { tag: "wake"; keyword: string; endSample: number }
  /** `pressedMs` (monotonic): when the button went down, where there is one. */
  | { tag: "tap"; pressedMs?: number }
  /** The button is held for push-to-talk, since `pressedMs` (monotonic); and let go. */
  | { tag: "ptt-down"; pressedMs: number }
  | { tag: "ptt-up" }
  | { tag: "command"; command: Command }
  /** All that the gate let through before it closed is on its way. */
  | { tag: "uplink-flushed" }
  | { tag: "power-off" }
  /** The socket is open: text may be sent. */
  | { tag: "link-opened"; attempt: number }
  | { tag: "link-closed"; attempt: number; failure: LinkFailure }
  | {
      tag: "server";
      attempt: number;
      event: ServerEvent;
      /** For speech events: their time as a position of the capture clock, where known. */
      capturedAt: number | null;
    }
  /** The first sound of a response has come, or the first after an underrun. */
  | { tag: "reply-audio"; responseId: string }
  | { tag: "underrun" }
  | { tag: "drained" }
  /** `attempt`: the connection whose reply was cut. */
  | { tag: "flushed"; attempt: number; items: readonly HeardItem[] }
  /** A function has ended; `isBegun`: it goes on, and ends by a second input of the same call. */
  | {
      tag: "tool-done";
      callId: string;
      ok: boolean;
      output: string;
      /** What the function has seen, for the model to look at: a JPEG in base64. */
      picture?: string;
      isBegun: boolean;
    }
  /** The call needs the user's yes; `output` tells the model to ask. */
  | { tag: "tool-asks"; callId: string; output: string }
  /** Told to the model at once if nobody speaks (see `isQuiet`), else not at all. */
  | { tag: "news"; text: string }
  /** What an announcement, which has a connection of its own, has learned of the models. */
  | { tag: "learned"; fact: ModelFact }
  | { tag: "device-lost"; device: Device; fault: Fault }
  | { tag: "device-back"; device: Device }
  | { tag: "tick" }
  | { tag: "shutdown" }
>;

/** What is to be done, in order. */
export type Effect = Readonly<
  | { tag: "dial"; attempt: number; model: string }
  | { tag: "hang-up"; attempt: number }
  | { tag: "send"; event: ClientEvent; id: EventId }
  /** Late sound of this response is not played. */
  | { tag: "discard-response"; responseId: string }
  /** Silence at once; `flushed` follows. `attempt` 0: a sound of our own. */
  | { tag: "flush-playback"; attempt: number }
  /** No more sound of this reply will come; `drained` follows. */
  | { tag: "finish-reply" }
  /** Plays the last reply again, or the one before if `but` is its response; `drained` follows. */
  | { tag: "repeat-reply"; but: string | null }
  | { tag: "play-error"; sound: SpokenSound }
  /** `isApproved`: the user has said yes to it. */
  | { tag: "run-tool"; callId: string; name: string; argumentsText: string; isApproved: boolean }
  | { tag: "abort-tool"; callId: string }
  | { tag: "power-off" }
>;

export type LogLevel = "debug" | "info" | "notice" | "warning" | "error";

/** What has happened, told once; for journal, metrics, billing. */
export type Fact = Readonly<
  | { tag: "log"; level: LogLevel; line: string }
  | {
      tag: "conversation-began";
      call: Call;
      model: string;
      voice: string;
      /** It goes on in a session that was kept. */
      warm: boolean;
    }
  | { tag: "conversation-ended"; reason: EndReason; fault: Fault | null }
  | { tag: "dialed"; model: string; voice: string }
  | { tag: "fell-back"; from: string; to: string; reason: string }
  | { tag: "model-unavailable"; model: string; why: string; forMs: number }
  | { tag: "model-answered"; model: string }
  /** Null: what was taken before is refused. */
  | { tag: "set-up-accepted"; mark: string | null }
  | { tag: "retry-after"; why: Fault; forMs: number }
  | { tag: "notice"; line: string }
  /** The server's first word on a connection; and a session that listens. */
  | { tag: "greeted"; attempt: number }
  | { tag: "listening"; attempt: number; voice: string }
  /** The user has finished. `capturedAt`: where the server heard the end; null: not known. */
  | { tag: "speech-ended"; capturedAt: number | null }
  | { tag: "ptt-released" }
  | { tag: "turn-committed" }
  | { tag: "turn-asked"; turns: number; by: ResponseBy }
  /** The question is not waited for any more: more of it is being said. */
  | { tag: "question-reopened" }
  | { tag: "reply-began" }
  /** The reply is over. `by`: heard to its end, or what cut it. */
  | { tag: "reply-over"; by: "ear" | "user" | "end" }
  /** The user silenced it or took it back: whatever was asked has no answer. */
  | { tag: "interrupted" }
  | { tag: "response-over"; responseId: string; status: string }
  /** Its bill will not come. */
  | { tag: "response-lost" }
  /** `ok` null: it has no result. `bytes`: of the result, UTF-8; null: it has none. */
  | {
      tag: "called";
      name: string;
      ok: boolean | null;
      ms: number;
      end: CallOutcome;
      bytes: number | null;
    }
  /** The model was told the news. */
  | { tag: "news-told" }
  | { tag: "failed"; fault: Fault }
  /** A machine does not take this event in this state. */
  | { tag: "refused"; machine: string; state: string; event: string }
>;

/** What is remembered of models, whoever has asked them. */
export type ModelFact = Extract<
  Fact,
  { tag: "model-unavailable" | "model-answered" | "retry-after" }
>;

export interface Ending {
  readonly reason: EndReason;
  readonly fault: Fault | null;
}

/** A move of a machine, as its table has it: what a test may watch. */
export interface Move {
  readonly machine: string;
  readonly state: string;
  readonly event: string;
  readonly target: string;
}

export interface Step {
  readonly state: State;
  readonly sends: readonly Effect[];
  readonly facts: readonly Fact[];
  /** What the machines did, in order; what they refused is a fact. */
  readonly moves: readonly Move[];
}
