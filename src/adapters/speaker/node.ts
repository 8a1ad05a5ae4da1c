/**
 * The speaker by the npm package `speaker`, in a child process (child.ts).
 *
 * Invariant: whatever the package does to its process, the daemon only sees a fault and a restart.
 * Silence is asked for; a child that does not answer in time is killed, which is silence, too.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Clock, Dice } from "../../ports.ts";
import { CardFinder } from "../alsa/card-finder.ts";
import { CardWatch } from "../alsa/card-watch.ts";
import { alsaFault, goneFault, WRONG_RATE } from "../alsa/fault.ts";
import { type ChildEnd, SupervisedChild } from "../os/child.ts";
import { siblingProgram } from "../os/sibling-program.ts";
import { withLeadIn } from "./lead-in.ts";
import { type Order, parseReport, type Report } from "./messages.ts";
import { PacedSpeaker } from "./paced-speaker.ts";
import type { PcmSink, PcmSinkListener } from "./pcm-sink.ts";

/** From the flush to SIGKILL; the port promises 60 ms. */
export const DROP_MS = 45;
/** After SIGKILL, the wait for the end of the process. */
const KILL_WAIT_MS = 100;
/** From the launch to an open device: a Node process on a small board, and a sound server. */
export const READY_MS = 30_000;
/** The package leaks about 370 bytes a write: a fresh child after some 18 MB (83 min of sound). */
export const RECYCLE_WRITES = 50_000;
/** Lets the silence behind the last utterance play before the child is exchanged. */
const RECYCLE_WAIT_MS = 200;

/**
 * It does little, and seldom: no thread of V8's own, a small young generation, no optimizing compiler.
 * Measured on Node 20: 48 MB resident instead of 55, of which the bare Node is 44.
 */
const SMALL = ["--single-threaded", "--max-semi-space-size=1", "--optimize-for-size"].concat([
  "--no-opt",
  "--no-sparkplug",
  "--max-old-space-size=32",
]);
/** The child: Node's flags, and the program beside this file, compiled or not as this one is. */
export const SPEAKER_CHILD: readonly string[] = [
  ...SMALL,
  fileURLToPath(siblingProgram(import.meta.url, "child")),
];

export interface NodeSpeakerOptions {
  /** An ALSA name, or part of a card's: looked for anew at each start, so that it may come later. */
  readonly device: string;
  /** Silence before the first sound after a pause, milliseconds; default 0. */
  readonly leadInMs?: number;
  readonly clock: Clock;
  readonly dice: Dice;
  /** Environment of the child; our own when not given. */
  readonly env?: NodeJS.ProcessEnv;
  /** Writes after which the child is exchanged; RECYCLE_WRITES when not given. */
  readonly recycleWrites?: number;
}

export class NodeSpeaker extends PacedSpeaker {
  constructor(options: NodeSpeakerOptions) {
    const { clock, leadInMs = 0 } = options;
    super({ clock, device: withLeadIn(new NodeSink(options), clock, leadInMs) });
  }
}

class NodeSink implements PcmSink {
  readonly #options: NodeSpeakerOptions;
  readonly #finder: CardFinder;
  readonly #watch: CardWatch;
  #child: SupervisedChild | null = null;
  #sink: PcmSinkListener | null = null;
  #lost: boolean = false;
  #cardWent: boolean = false;
  #writes = 0;
  /** Chunks for which the child has not answered. */
  #pending = 0;
  #failure = "";
  #cancelReady: () => void = () => undefined;
  #dropped: () => void = () => undefined;

  constructor(options: NodeSpeakerOptions) {
    this.#options = options;
    this.#finder = new CardFinder(options.device, "playback");
    this.#watch = new CardWatch(options.clock, this.#finder);
  }

  start(sink: PcmSinkListener): void {
    const { clock, dice } = this.#options;
    this.#sink = sink;
    this.#child = new SupervisedChild({
      clock,
      dice,
      launch: () => this.#launch(),
      ended: (end) => this.#ended(end),
    });
    this.#child.start();
    this.#watch.start(() => this.#cardGone());
  }

  write(chunk: Int16Array): void {
    this.#writes += 1;
    this.#pending += 1;
    this.#send(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }

  finish(): void {
    this.#send("finish");
  }

  drop(): Promise<void> {
    const { clock } = this.#options;
    if (this.#child?.process == null) return Promise.resolve();
    return new Promise((resolve) => {
      let cancel = clock.after(DROP_MS, () => {
        cancel = clock.after(KILL_WAIT_MS, () => this.#dropped());
        this.#child?.renew("SIGKILL");
      });
      this.#dropped = () => {
        cancel();
        this.#dropped = () => undefined;
        resolve();
      };
      this.#send("drop");
    });
  }

  #cardGone(): void {
    this.#cardWent = true;
    this.#child?.kill();
  }

  kill(): void {
    this.#child?.kill();
  }

  async close(): Promise<void> {
    this.#sink = null;
    this.#watch.close();
    this.#cancelReady();
    this.#dropped();
    // SIGKILL at once: there is nothing to save, and an idle aplay does not hear SIGTERM.
    this.#child?.kill();
    await this.#child?.close();
  }

  #send(message: Uint8Array | Order): void {
    // A broken channel is told by the end of the process.
    this.#child?.process?.send(message, () => undefined);
  }

  #launch(): ChildProcess {
    this.#cardWent = false;
    const { clock, env = process.env } = this.#options;
    this.#writes = 0;
    this.#pending = 0;
    this.#failure = "";
    this.#cancelReady();
    this.#cancelReady = clock.after(READY_MS, () => this.#child?.kill());
    const child = spawn(process.execPath, [...SPEAKER_CHILD, this.#finder.now()], {
      // One write is in flight at a time, so one thread is enough.
      env: { ...env, LC_ALL: "C", UV_THREADPOOL_SIZE: "1" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      serialization: "advanced",
      // Its own group: a Ctrl-C at the terminal is for us.
      detached: true,
    });
    child.on("message", (message: unknown) => this.#heard(child, message));
    child.once("exit", () => this.#dropped());
    child.stderr?.on("data", (text: unknown) => {
      if (WRONG_RATE.test(String(text))) child.kill("SIGKILL");
    });
    return child;
  }

  #heard(child: ChildProcess, message: unknown): void {
    const report = parseReport(message);
    if (report === null || child !== this.#child?.process) return;
    if (report.tag === "ready") this.#ready();
    else if (report.tag === "accepted") this.#accepted(report);
    else if (report.tag === "drained") this.#sink?.drained();
    else if (report.tag === "dropped") this.#childDropped();
    else this.#failure = report.message;
  }

  #childDropped(): void {
    this.#pending = 0;
    this.#dropped();
  }

  #accepted({ count, delayMs }: Extract<Report, { tag: "accepted" }>): void {
    for (let nth = 0; nth < count && this.#pending > 0; nth++) {
      this.#pending -= 1;
      this.#sink?.accepted(delayMs);
    }
  }

  #ready(): void {
    this.#cancelReady();
    this.#lost = false;
    const { clock, recycleWrites = RECYCLE_WRITES } = this.#options;
    if (this.#writes < recycleWrites) {
      this.#sink?.ready();
      return;
    }
    this.#cancelReady = clock.after(RECYCLE_WAIT_MS, () => this.#child?.renew("SIGKILL"));
  }

  #ended(end: ChildEnd): void {
    this.#cancelReady();
    if (this.#lost) return;
    this.#lost = true;
    const about = { role: "speaker", device: this.#options.device, program: "speaker" } as const;
    const stderr = `${end.stderr}\n${this.#failure}`;
    const why = this.#cardWent ? goneFault(about) : alsaFault(about, { ...end, stderr });
    this.#sink?.lost(why);
  }
}
