/**
 * Every seam between Pipit and the world, as types, on one page. `adapters/` has the real things,
 * `sim/` the simulated ones; `app/` sees only this. Ports are named for their role.
 *
 * Rules for all of them: a constructor does nothing; `start` acquires; `close` releases, may be
 * called twice, and ends in bounded time. A callback only reports: it never throws.
 */

import type { Jpeg } from "./core/camera/jpeg.ts";
import type { ControlReply, ControlRequest } from "./core/control.ts";
import type { Fault } from "./core/fault.ts";
import type { Check } from "./core/functions/arguments.ts";
import type { CustomFunction } from "./core/functions/custom.ts";
import type { Parameters } from "./core/functions/registry.ts";
import type { ToolResult } from "./core/functions/result.ts";
import type { Fields } from "./core/json.ts";
import type { Offer } from "./core/mcp/offer.ts";
import type { Asked, Trouble } from "./core/mcp/trouble.ts";
import type { PastConversation } from "./core/money/ledger.ts";
import type { Indication } from "./core/phase.ts";
import type { LinkFailure } from "./core/realtime/failure.ts";
import type { Written } from "./core/settings/loss.ts";
import type { Settings } from "./core/settings/table.ts";

/** Time. The simulated one moves when it is told to. */
export interface Clock {
  /** Monotonic milliseconds, fractional; no meaning but its differences. */
  nowMs(): number;
  /** Wall clock, milliseconds since 1970; may jump. */
  wallMs(): number;
  /** Calls `ring` once, `delayMs` (clamped to 0 … 2^31-1) from now; the result takes it back. */
  after(delayMs: number, ring: () => void): () => void;
}

/** The owner's days: their time zone, their daylight saving. */
export interface Calendar {
  /** When the local day of a wall-clock time began; both in milliseconds since 1970. */
  dayStartMs(wallMs: number): number;
  /** The name of the owner's time zone in the IANA database; may change while we run. */
  zone(): string;
  /** False: power has come lately, and nobody has said yet how late it is. */
  isSet(): boolean;
}

/** Chance: jitter and identifiers. */
export interface Dice {
  /** At least 0, below 1. */
  unit(): number;
}

export interface MicrophoneSink {
  /**
   * One frame: FRAME_SAMPLES samples of 24 kHz mono. The array is the adapter's and is
   * overwritten after the call returns: copy what you keep.
   */
  frame(pcm: Int16Array): void;
  /** Frames flow: after `start`, and again after each `lost`. */
  flowing(): void;
  /** Capture stopped; the adapter goes on trying by itself, with backoff. */
  lost(fault: Fault): void;
}

/** Captures 24 kHz mono, in exact frames. */
export interface Microphone {
  start(sink: MicrophoneSink): void;
  /**
   * Frames may come so many milliseconds late, several in one go; 0: at once. Less than before counts
   * at once: what waits is handed over before the call returns, unless a frame is being handed over.
   */
  nap(ms: number): void;
  close(): Promise<void>;
}

export interface SpeakerSink {
  /**
   * The first sample of an utterance has reached the device. `atMs`: the monotonic time at which it
   * is heard, as far as the adapter can know.
   */
  sounded(atMs: number): void;
  /**
   * These samples sound, the first of them at `atMs` (monotonic), as far as the adapter can know:
   * told when the device takes them, before they are heard. The array is the adapter's: copy what
   * you keep. What sounds without a gap is told without one.
   */
  playing(pcm: Int16Array, atMs: number): void;
  /** Nothing of what `playing` told sounds from `atMs` on: it was flushed, or lost. */
  silenced(atMs: number): void;
  /** `finish` was called and the last sample has been heard. */
  drained(): void;
  /** An utterance goes on after the device had wanted samples of it, and there were none. */
  underrun(): void;
  flowing(): void;
  /**
   * Playing stopped; what was queued is dropped, and its `drained` never comes; the adapter goes on
   * trying by itself, and meanwhile takes nothing.
   */
  lost(fault: Fault): void;
}

/**
 * Plays 24 kHz mono. Positions are samples counted from `start` over everything `play` took,
 * in order; they only grow. What `flush` drops is skipped: the position moves past it.
 */
export interface Speaker {
  start(sink: SpeakerSink): void;
  /** Queues samples, which must not change any more; returns how many fitted in the bounded queue. Starts at once. */
  play(pcm: Int16Array): number;
  /** How loud it is from now on, what is queued included: linear, 1 (at the start) is as it comes. */
  gain(gain: number): void;
  /** This utterance is complete: `drained` follows (at once when nothing is queued). */
  finish(): void;
  /**
   * Silence within 60 ms; drops what is queued and forgets a pending `finish`.
   * Resolves, within 250 ms, with the position up to which sound was really heard.
   */
  flush(): Promise<number>;
  /** Position up to which sound has been heard, by the device's clock as well as it is known. */
  heard(): number;
  close(): Promise<void>;
}

export interface WakeSink {
  /** `endSample` is the one fed with the frame that completed the word. */
  detected(keyword: string, endSample: number): void;
  lost(fault: Fault): void;
  flowing(): void;
}

/** Finds spoken keywords in 16 kHz mono. */
export interface WakeEngine {
  start(sink: WakeSink): void;
  /** One frame of WAKE_FRAME_SAMPLES (copied), and its end as a position of the capture clock. */
  feed(frame: Int16Array, endSample: number): void;
  /**
   * Looks for one of its words (as it is reported), or leaves it alone, from the next frame on. At the
   * beginning it looks for all; an engine that cannot choose looks for all always.
   */
  listenFor(keyword: string, on: boolean): void;
  close(): Promise<void>;
}

export interface NeighbourSink {
  /** Something that may be a claim; anybody in the network may have sent it. */
  received(text: string): void;
  /** The others can be heard: after `start`, and again after each `lost`. */
  joined(): void;
  /** They cannot; it is tried again by itself. */
  lost(fault: Fault): void;
}

/** The other Pipits in this network: what is told may reach all of them, or some, or none. */
export interface Neighbours {
  start(sink: NeighbourSink): void;
  /** One claim; silently nothing where the network is not there. */
  tell(text: string): void;
  /** Datagrams dropped before they were read. */
  counts(): { readonly tooLong: number; readonly tooMany: number; readonly unsigned: number };
  close(): Promise<void>;
}

/** A light, or two, or a line on a terminal. */
export interface Leds {
  /**
   * `lit` is called, at most once, when light of it has been written to the device: at once, or when
   * the device is ready; never when there is none, or something else was shown before.
   */
  show(indication: Indication, lit?: () => void): void;
  /** How loud the answer is, 0 to 1, from `atMs` (monotonic) on; only LEDs that can show it have it. */
  loudness?(share: number, atMs: number): void;
  /** When the next timer rings (monotonic), or that none does; only LEDs that can show it have it. */
  countdown?(dueMs: number | null): void;
  close(): Promise<void>;
}

export interface ButtonSink {
  /** `atMs` is the monotonic time of the edge. */
  edge(down: boolean, atMs: number): void;
}

export interface Button {
  start(sink: ButtonSink): void;
  close(): Promise<void>;
}

export interface DialTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface LinkSink {
  /** The handshake succeeded; text may be sent. */
  opened(): void;
  /** One text frame, as it came. */
  text(text: string): void;
  /** The end, said exactly once, whatever the cause; nothing follows it. */
  closed(failure: LinkFailure): void;
}

/** One attempt at a WebSocket, and its life. */
export interface Link {
  /**
   * Sends a text frame; silently nothing when not open. As bytes (UTF-8) it is copied before this
   * returns, so that the array can be used again.
   */
  send(text: string | Uint8Array): void;
  /** Bytes accepted by `send` and not yet given to the operating system. */
  bufferedBytes(): number;
  /** Ends it; `closed` follows, in bounded time, unless it was already said. */
  close(): void;
}

/** Opens links. Handshake time-out, ping and its deadline are the adapter's. */
export interface Dialer {
  dial(target: DialTarget, sink: LinkSink): Link;
}

/** The broker to talk to, and what it is told of us at once. */
export interface BrokerTarget {
  /** mqtt:// or mqtts://, host and port only. */
  readonly url: string;
  /** Both may be empty. */
  readonly username: string;
  readonly password: string;
  /** PEM file of the authority that is trusted; empty: those that Node.js trusts. */
  readonly caFile: string;
  readonly clientId: string;
  /** What the broker says when we are gone without a goodbye; null: nothing. */
  readonly will: Publication | null;
  readonly subscriptions: readonly string[];
}

export interface Publication {
  readonly topic: string;
  /** Empty and retained: what is retained there is cleared. */
  readonly payload: string;
  readonly isRetained: boolean;
}

export interface BrokerSink {
  /** Connected; `unheard`: topics that the broker does not let us listen to. */
  opened(unheard: readonly string[]): void;
  /**
   * `text` is null where there was more than is read, or no text; `topic` is empty where even that
   * was too much.
   */
  message(topic: string, text: string | null, isRetained: boolean): void;
  /**
   * The end, said once, and not after `close`. Recovery `report`: the broker refuses us as we are;
   * `retry`: another attempt may succeed.
   */
  closed(why: Fault): void;
}

/** One attempt at a broker, and its life. */
export interface BrokerLink {
  /** Resolves when the broker has it, or with false when it will not. Few at a time. */
  publish(publication: Publication): Promise<boolean>;
  /** Says goodbye, in bounded time: the will is not published. */
  close(): Promise<void>;
}

/** Opens connections to an MQTT broker; loads what that needs with the first. */
export interface BrokerDialer {
  dial(target: BrokerTarget, sink: BrokerSink): BrokerLink;
}

/** The machine that we run on. */
export interface Machine {
  /** Twelve hexadecimal digits; the same over new names, new cards of sound, new versions. */
  readonly id: string;
  readonly hostname: string;
  /** Such as Raspberry Pi 4 Model B Rev 1.4. */
  readonly hardware: string;
}

export type LogLevel = "debug" | "info" | "notice" | "warning" | "error";

/** Lines for people. Never a key, never speech. */
export interface Journal {
  log(level: LogLevel, line: string): void;
}

/** What was found of conversations that earlier runs did not end. */
export interface Recovered {
  /** Names of the files that were made of them. */
  readonly names: readonly string[];
  readonly trouble: Fault | null;
}

/** Where the metrics files are. Never rejects for trouble with the disk: it resolves with it. */
export interface MetricsStore {
  /** Makes files of the checkpoints that dead processes left. Once, before `past`. */
  recover(): Promise<Recovered>;
  /**
   * Notes what the file would be (as `recovered`, `interrupted`) if the process died now. Cheap: not
   * durable against a power cut. A later `save` of the same name makes it void.
   */
  checkpoint(fileName: string, json: string): Promise<Fault | null>;
  save(fileName: string, json: string): Promise<Fault | null>;
  /** Conversations that ended at or after a wall-clock time. Rejects where the folder cannot be read. */
  past(sinceWallMs: number): Promise<Past>;
}

export interface Past {
  /** Those that can be read, in no order. */
  readonly found: readonly PastConversation[];
  /** Some are not ours to read; null: none. */
  readonly unread: Fault | null;
}

/** A small text of ours that outlives the process. Never rejects for trouble with the disk. */
export interface StateFile {
  /** Null: there is none yet. */
  load(): Promise<
    | { readonly ok: true; readonly text: string | null }
    | { readonly ok: false; readonly fault: Fault }
  >;
  /** Resolves when it is durable, or with why it is not. */
  save(text: string): Promise<Fault | null>;
  /** What is there cannot be used: it is kept under another name. */
  setAside(): Promise<void>;
}

/** Speaks without a network. Never rejects; in bounded time. */
export interface PlainVoice {
  /** 24 kHz mono, or why not. `language`: as `openai.language`. */
  speak(text: string, language: string): Promise<Int16Array | Fault>;
}

/** A program to be started: words, never a line for a shell. */
export interface ProgramRequest {
  /** The first is an absolute path. */
  readonly argv: readonly string[];
  /** Its environment, nothing of ours; PATH, LANG and HOME are added where they are missing. */
  readonly env: Readonly<Record<string, string>>;
  /** An absolute path. */
  readonly cwd: string;
  /** After so many milliseconds it is stopped; null: it runs until it is stopped, or ends. */
  readonly maxMs: number | null;
}

export interface ProgramEnd {
  /** Its exit code; null: it did not run, or a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it could not be started (a system's error code such as ENOENT, or words); null: it ran. */
  readonly error: string | null;
}

export interface ProgramSink {
  /** What it writes to its standard output, as it comes; the array is the sink's. */
  output(bytes: Uint8Array): void;
  /** The same of its standard error. */
  errors(bytes: Uint8Array): void;
  /** It is over: said exactly once, and nothing follows. */
  ended(end: ProgramEnd): void;
}

/** A program that was started. */
export interface Program {
  /** Queues bytes for its standard input; one that lets more than 1 MB wait is stopped. */
  write(bytes: Uint8Array): void;
  /** No more input comes; what is queued is still written. */
  endInput(): void;
  /** TERM to it and all its children, KILL after 500 ms; `ended` follows within 2 s. */
  stop(): void;
}

/**
 * Starts the programs of others: those of `tools.custom`, servers of MCP. Each is a process group of
 * its own, ended as a whole when it ends, is stopped, or we end. What it writes is not cut here: a sink
 * that has had enough calls `stop`.
 */
export interface ProgramRunner {
  /** Never throws; `ended` is never said before this returns. */
  start(request: ProgramRequest, sink: ProgramSink): Program;
  /** For the owner: how it is kept away from the key. */
  readonly says: string;
}

/** Which runner there is, by `tools.sandbox` and by what this machine offers; asked anew each time. */
export interface Programs {
  /** Null: no program may be run here; `protection` says why, and what to do. */
  runner(): ProgramRunner | null;
  protection(): string;
}

/** A picture, and what took it; or why there is none. */
export type Shot =
  | { readonly ok: true; readonly jpeg: Jpeg; readonly by: string }
  | { readonly ok: false; readonly fault: Fault };

/** Takes a picture when it is told to, and at no other time. */
export interface Camera {
  /** In bounded time; sooner when the signal comes. Never rejects. */
  take(signal: AbortSignal): Promise<Shot>;
}

/** Carries out the owner's own functions, out of the process. Never rejects; ends with the signal. */
export interface FunctionHost {
  run(custom: CustomFunction, args: Fields, signal: AbortSignal): Promise<ToolResult>;
  /** Checks arguments by the schema of a function. */
  checkOf(parameters: Parameters): Promise<Check>;
  /** What is wrong with a schema itself; null: nothing. */
  schemaTrouble(parameters: Parameters): Promise<string | null>;
  /** For the owner: what keeps programs away from the key, or why none is run. */
  readonly protection: () => string;
}

/** How a server of tools is, for the owner. */
export interface ToolServerState {
  /** `idle`: not asked yet. `refused`: it is not asked again before a restart. */
  readonly state: "idle" | "up" | "down" | "refused";
  readonly trouble: Trouble | null;
  /** Connections since the start, the first included. */
  readonly connects: number;
  /** The version of the protocol that is spoken; empty: none yet. */
  readonly protocol: string;
  /** The last of what its program wrote to standard error; may hold anything. */
  readonly lastWords: string;
}

/** A server of tools: connected when it is first asked, and anew after it was lost. Never rejects. */
export interface ToolServer {
  /** Asks what it offers. Ends with the signal, in bounded time anyway. */
  offer(signal: AbortSignal): Promise<Asked<Offer>>;
  /** `tool`: by the server's own name. Ends with the signal. */
  call(tool: string, args: Fields, signal: AbortSignal): Promise<ToolResult>;
  state(): ToolServerState;
  close(): Promise<void>;
}

/** The text file for the tools of a fleet. Never rejects for trouble with the disk: it resolves with it. */
export interface FleetFile {
  /** Replaces the whole text, in bounded time. */
  write(text: string): Promise<Fault | null>;
}

/** What the server says of its models' ends. Never rejects; asks at most once a day. */
export interface ModelsSource {
  /** Shutdown dates (YYYY-MM-DD) by model; empty when nothing is known. */
  shutdownDates(): Promise<Readonly<Record<string, string>>>;
}

/** The service manager. Silent where there is none. */
export interface Notifier {
  ready(status: string): Promise<void>;
  /** The configuration is being read again; `ready` says that this is over. */
  reloading(): Promise<void>;
  status(text: string): void;
  stopping(): Promise<void>;
  watchdog(): void;
  /** How often the manager wants `watchdog`, milliseconds; null when it does not. */
  readonly watchdogMs: number | null;
}

/** The configuration file as it is now. `digest` is that of its text, or of why there is none. */
export type ConfigReading =
  | {
      readonly ok: true;
      readonly settings: Settings;
      readonly digest: string;
      readonly path: string;
      /** What the file says itself: a reload asks what it has lost. */
      readonly written: Written;
      /** Nothing but blanks and comments: sound, and yet hardly what the owner meant. */
      readonly isEmpty: boolean;
    }
  | { readonly ok: false; readonly problems: readonly string[]; readonly digest: string };

export interface ConfigWatchSink {
  /** The file may have changed; often said more than once. */
  changed(): void;
  /** It cannot be watched; `line` says why, once. */
  blind(line: string): void;
}

/** Looks whether the configuration file changes. */
export interface ConfigWatch {
  start(sink: ConfigWatchSink): void;
  close(): Promise<void>;
}

/** The machine itself. */
export interface Power {
  /** Begins an orderly power-off of the whole machine. Never rejects. */
  off(): Promise<Fault | null>;
}

/** Serves the owner's commands to the running daemon: a Unix socket, one JSON object a line. */
export interface ControlServer {
  /** Rejects with a FaultError when the socket cannot be made. */
  start(answer: (request: ControlRequest) => Promise<ControlReply>): Promise<void>;
  close(): Promise<void>;
}
