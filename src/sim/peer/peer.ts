/**
 * The simulated Realtime peer: an HTTP and WebSocket server on the loopback interface that behaves
 * like the real service, and misbehaves where its scenario says so. For tests in the same process
 * (`startPeer`) and for `pipit simulate`.
 */

import type { Clock } from "../../ports.ts";
import { Connection } from "./connection.ts";
import { Conversation } from "./conversation.ts";
import { FaultDesk } from "./fault-desk.ts";
import { Gate, type Guest } from "./gate.ts";
import type { JsonObject } from "./json.ts";
import { type LogEntry, Records, type ReplyRecord } from "./records.ts";
import type { SentSound } from "./reply.ts";
import type { Scenario } from "./scenario.ts";
import { faultOf, scenarioOf } from "./scenario-file.ts";
import { Script } from "./script.ts";
import { Sounds } from "./sounds.ts";
import { prepareJudge } from "./validate.ts";
import type { ApiError } from "./wire.ts";

/** Violations kept; later ones are only reported. */
const VIOLATIONS_MAX = 1000;
const WAIT_MS = 10_000;

/** A rule of the protocol that the client broke. */
export interface Violation {
  readonly connection: number;
  readonly error: ApiError;
  /** The client's event, as far as it could be read. */
  readonly event: JsonObject | null;
}

export interface PeerOptions {
  /** As in a scenario file, checked as strictly: a ScenarioError says what is wrong. */
  readonly scenario?: JsonObject;
  /** A scenario already read, instead. */
  readonly parsed?: Scenario;
  /** Where relative WAV names are looked for; the working directory when absent. */
  readonly folder?: string;
  /** Reads a sound of the scenario's; Node's own when not given. */
  readonly readFile?: (path: string) => Uint8Array;
  /** 0, the default: any free port. */
  readonly port?: number;
  readonly clock?: Clock;
  readonly onLog?: (entry: LogEntry) => void;
  readonly onViolation?: (violation: Violation) => void;
  /** All sound, both ways, as it passes. */
  readonly onAudio?: (connection: number, from: "client" | "peer", pcm: Int16Array) => void;
}

export interface Peer {
  /** What `openai.base_url` takes: http://127.0.0.1:PORT/v1 */
  readonly url: string;
  /** Everything that was said, in order; sound as `audio_bytes`. */
  readonly events: readonly LogEntry[];
  readonly violations: readonly Violation[];
  /** One entry for each audio item of a reply. */
  readonly replies: readonly ReplyRecord[];
  /** Upgrade requests so far, refused ones included; also the number of the latest one. */
  attempts(): number;
  /** Every sample of one connection's input audio, in order; of the latest by default. */
  receivedAudio(connection?: number): Int16Array;
  /** The first entry that fits, past or to come; rejects after `timeoutMs` (10 s). */
  waitFor(fits: (entry: LogEntry) => boolean, timeoutMs?: number): Promise<LogEntry>;
  /** Does one thing a fault can do, now, on one connection (the latest by default). */
  act(fault: JsonObject, connection?: number): void;
  /** Scripted faults that never struck. */
  unusedFaults(): string[];
  /** Sentences that became tones because espeak-ng is not installed. */
  unspoken(): number;
  /** Log entries, samples and replies that the bounded records had to forget. */
  forgotten(): number;
  /** Ends every connection and the server. */
  close(): Promise<void>;
}

/** Time as this process has it. */
const SYSTEM_CLOCK: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, ring) => {
    const timer = setTimeout(ring, Math.min(Math.max(0, delayMs), 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

/** Starts a peer and resolves when it listens. */
export async function startPeer(options: PeerOptions = {}): Promise<Peer> {
  const scenario = options.parsed ?? scenarioOf(options.scenario ?? {});
  const sounds = new Sounds(options.readFile);
  await sounds.prepare(scenario, options.folder ?? process.cwd());
  if (scenario.protocol !== "beta") prepareJudge("ga");
  if (scenario.protocol !== "ga") prepareJudge("beta");
  const house = new House(scenario, sounds, options);
  await house.start(options.port ?? 0);
  return house;
}

class House implements Peer {
  readonly violations: Violation[] = [];
  readonly #scenario: Scenario;
  readonly #sounds: Sounds;
  readonly #accepted = new Set<string>();
  readonly #script: Script;
  readonly #options: PeerOptions;
  readonly #clock: Clock;
  readonly #desk: FaultDesk;
  readonly #records = new Records();
  readonly #connections = new Map<number, Connection>();
  readonly #gate: Gate;

  constructor(scenario: Scenario, sounds: Sounds, options: PeerOptions) {
    this.#scenario = scenario;
    this.#sounds = sounds;
    this.#script = new Script(scenario, sounds);
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#desk = new FaultDesk(scenario.faults);
    this.#gate = new Gate({
      scenario,
      desk: this.#desk,
      clock: this.#clock,
      turn: () => this.#script.next,
      note: (connection, note) => this.#log(connection, "note", note),
      enter: (guest) => this.#enter(guest),
    });
  }

  async start(port: number): Promise<void> {
    const { onLog } = this.#options;
    if (onLog !== undefined) this.#records.watch(onLog);
    await this.#gate.start(port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#gate.port}/v1`;
  }

  get events(): readonly LogEntry[] {
    return this.#records.events;
  }

  get replies(): readonly ReplyRecord[] {
    return this.#records.replies;
  }

  attempts(): number {
    return this.#gate.attempts;
  }

  receivedAudio(connection = this.attempts()): Int16Array {
    return this.#records.received(connection);
  }

  async waitFor(fits: (entry: LogEntry) => boolean, timeoutMs = WAIT_MS): Promise<LogEntry> {
    const past = this.events.find(fits);
    if (past !== undefined) return past;
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        unwatch();
        reject(new Error(`not seen within ${timeoutMs} ms`));
      }, timeoutMs);
      const unwatch = this.#records.watch((entry) => {
        if (!fits(entry)) return;
        clearTimeout(timer);
        unwatch();
        resolve(entry);
      });
    });
  }

  act(fault: JsonObject, connection = this.attempts()): void {
    this.#connections.get(connection)?.act(faultOf(fault).action);
  }

  unusedFaults(): string[] {
    return this.#desk.unused();
  }

  unspoken(): number {
    return this.#sounds.unspoken;
  }

  forgotten(): number {
    return this.#records.forgotten;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values()) connection.close();
    await this.#gate.close();
  }

  #log(connection: number, from: LogEntry["from"], what: JsonObject | string): void {
    this.#records.log({ ms: this.#clock.nowMs(), connection, from }, what);
  }

  #violated(violation: Violation): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(violation);
    this.#log(violation.connection, "note", `violation: ${violation.error.message}`);
    this.#options.onViolation?.(violation);
  }

  #enter({ index, admission, ws, socket }: Guest): void {
    const connection = new Connection({
      index,
      ws,
      socket,
      model: admission.model,
      beta: admission.beta,
      strict: this.#scenario.strict,
      earlyClose: admission.earlyClose,
      conversation: this.#converse(index, admission),
      desk: this.#desk,
      clock: this.#clock,
      log: (from, what) => this.#log(index, from, what),
      violation: (error, event) => this.#violated({ connection: index, error, event }),
      over: () => this.#connections.delete(index),
    });
    this.#connections.set(index, connection);
    connection.start();
  }

  #converse(index: number, { model, beta }: Guest["admission"]): Conversation {
    const plan = this.#scenario.connections[index - 1] ?? null;
    const { onAudio } = this.#options;
    const setup = {
      scope: `c${index}n`,
      scenario: this.#scenario,
      plan,
      model,
      beta,
      prompter: this.#script.prompter(plan),
      accepted: this.#accepted,
      received: (pcm: Int16Array) => {
        this.#records.heard(index, pcm);
        onAudio?.(index, "client", pcm);
      },
      sent: (sound: SentSound) => {
        this.#records.said(index, sound);
        onAudio?.(index, "peer", sound.pcm);
      },
    };
    return new Conversation(setup, this.#clock.nowMs());
  }
}
