/** What the assistant hears, what is to be done about it, and what has happened by it. */

import type { HeardItem } from "../audio/playhead.ts";
import type { SpokenSound } from "../audio/sentences.ts";
import type { Fault } from "../fault.ts";
import type { CallOutcome, EndReason } from "../phase.ts";
import type { ClientEvent } from "../realtime/client-events.ts";
import type { LinkFailure } from "../realtime/failure.ts";
import type { ServerEvent } from "../realtime/server-events.ts";
import type { EventId } from "./ids.ts";
import type { Call, Device, ResponseBy, State } from "./state.ts";
export type Command = "wake" | "stop" | "mute" | "unmute" | "toggle-mute" | "repeat";

/** What the world tells the assistant. */
export type Input =
  | { readonly tag: "wake"; readonly keyword: string; readonly endSample: number }
  /** `pressedMs` (monotonic): when the button went down, where there is one. */
  | { readonly tag: "tap"; readonly pressedMs?: number }
  /** The button is held for push-to-talk, since `pressedMs` (monotonic); and let go. */
  | { readonly tag: "ptt-down"; readonly pressedMs: number }
  | { readonly tag: "ptt-up" }
  | { readonly tag: "command"; readonly command: Command }
  /** All that the gate let through before it closed is on its way. */
  | { readonly tag: "uplink-flushed" }
  | { readonly tag: "power-off" }
  | { readonly tag: "link-closed"; readonly attempt: number; readonly failure: LinkFailure }
  | {
      readonly tag: "server";
      readonly attempt: number;
      readonly event: ServerEvent;
      /** For speech events: their time as a position of the capture clock, where known. */
      readonly capturedAt: number | null;
    }
  /** The first sound of a response has come, or the first after an underrun. */
  | { readonly tag: "reply-audio"; readonly responseId: string }
  | { readonly tag: "underrun" }
  | { readonly tag: "drained" }
  /** `attempt`: the connection whose reply was cut. */
  | { readonly tag: "flushed"; readonly attempt: number; readonly items: readonly HeardItem[] }
  /** A function has ended; `isBegun`: it goes on, and ends by a second input of the same call. */
  | {
      readonly tag: "tool-done";
      readonly callId: string;
      readonly ok: boolean;
      readonly output: string;
      /** What the function has seen, for the model to look at: a JPEG in base64. */
      readonly picture?: string;
      readonly isBegun: boolean;
    }
  /** The call needs the user's yes; `output` tells the model to ask. */
  | { readonly tag: "tool-asks"; readonly callId: string; readonly output: string }
  /** Told to the model at once if nobody speaks (see `isQuiet`), else not at all. */
  | { readonly tag: "news"; readonly text: string }
  | { readonly tag: "device-lost"; readonly device: Device; readonly fault: Fault }
  | { readonly tag: "device-back"; readonly device: Device }
  | { readonly tag: "tick" }
  | { readonly tag: "shutdown" };

/** What is to be done, in order. */
export type Effect =
  | { readonly tag: "dial"; readonly attempt: number; readonly model: string }
  | { readonly tag: "hang-up"; readonly attempt: number }
  | { readonly tag: "send"; readonly event: ClientEvent; readonly id: EventId }
  /** Late sound of this response is not played. */
  | { readonly tag: "discard-response"; readonly responseId: string }
  /** Silence at once; `flushed` follows. `attempt` 0: a sound of our own. */
  | { readonly tag: "flush-playback"; readonly attempt: number }
  /** No more sound of this reply will come; `drained` follows. */
  | { readonly tag: "finish-reply" }
  /** Plays the last reply again; `drained` follows, at once when there is none. */
  | { readonly tag: "repeat-reply" }
  | { readonly tag: "play-error"; readonly sound: SpokenSound }
  | {
      readonly tag: "run-tool";
      readonly callId: string;
      readonly name: string;
      readonly argumentsText: string;
      /** The user has said yes to it. */
      readonly isApproved: boolean;
    }
  | { readonly tag: "abort-tool"; readonly callId: string }
  | { readonly tag: "power-off" };

export type LogLevel = "debug" | "info" | "notice" | "warning" | "error";

/** What has happened, told once; for journal, metrics, billing. */
export type Fact =
  | { readonly tag: "log"; readonly level: LogLevel; readonly line: string }
  | {
      readonly tag: "conversation-began";
      readonly call: Call;
      readonly model: string;
      readonly voice: string;
      /** It goes on in a session that was kept. */
      readonly warm: boolean;
    }
  | {
      readonly tag: "conversation-ended";
      readonly reason: EndReason;
      readonly fault: Fault | null;
    }
  | { readonly tag: "dialed"; readonly model: string; readonly voice: string }
  | {
      readonly tag: "fell-back";
      readonly from: string;
      readonly to: string;
      readonly reason: string;
    }
  | {
      readonly tag: "model-unavailable";
      readonly model: string;
      readonly why: string;
      readonly forMs: number;
    }
  | { readonly tag: "model-answered"; readonly model: string }
  | { readonly tag: "retry-after"; readonly why: Fault; readonly forMs: number }
  | { readonly tag: "notice"; readonly line: string }
  /** The server's first word on a connection; and a session that listens. */
  | { readonly tag: "greeted"; readonly attempt: number }
  | { readonly tag: "listening"; readonly attempt: number; readonly voice: string }
  /** The user has finished. `capturedAt`: where the server heard the end; null: not known. */
  | { readonly tag: "speech-ended"; readonly capturedAt: number | null }
  | { readonly tag: "ptt-released" }
  | { readonly tag: "turn-committed" }
  | { readonly tag: "turn-asked"; readonly turns: number; readonly by: ResponseBy }
  /** The question is not waited for any more: more of it is being said. */
  | { readonly tag: "question-reopened" }
  | { readonly tag: "reply-began" }
  /** The reply is over. `by`: heard to its end, or what cut it. */
  | { readonly tag: "reply-over"; readonly by: "ear" | "user" | "end" }
  /** The user silenced it or took it back: whatever was asked has no answer. */
  | { readonly tag: "interrupted" }
  | { readonly tag: "response-over"; readonly responseId: string; readonly status: string }
  /** Its bill will not come. */
  | { readonly tag: "response-lost" }
  | {
      readonly tag: "called";
      readonly name: string;
      /** Null: it has no result. */
      readonly ok: boolean | null;
      readonly ms: number;
      readonly end: CallOutcome;
      /** Of the result, UTF-8; null: it has none. */
      readonly bytes: number | null;
    }
  /** The model was told the news. */
  | { readonly tag: "news-told" }
  | { readonly tag: "failed"; readonly fault: Fault }
  /** A machine does not take this event in this state. */
  | {
      readonly tag: "refused";
      readonly machine: string;
      readonly state: string;
      readonly event: string;
    };

export interface Ending {
  readonly reason: EndReason;
  readonly fault: Fault | null;
}

/** What a machine makes of an event. `ends`: the conversation is over by it. */
export interface Change<S> {
  readonly next: S;
  readonly sends?: readonly Effect[];
  readonly facts?: readonly Fact[];
  readonly ends?: Ending;
}

export interface Step {
  readonly state: State;
  readonly sends: readonly Effect[];
  readonly facts: readonly Fact[];
}
