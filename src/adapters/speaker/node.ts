/**
 * The speaker by the npm package `speaker`, in a child process (child.ts).
 *
 * Invariant: whatever the package does to its process, the daemon only sees a fault and a restart.
 * Silence is asked for; a child that does not answer in time is killed, which is silence, too.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { WRONG_RATE } from "../alsa/fault.ts";
import type { ChildEnd } from "../os/child.ts";
import { siblingProgram } from "../os/sibling-program.ts";
import { ChildSink, type ChildSinkOptions, KILL_WAIT_MS } from "./child-sink.ts";
import { withLeadIn } from "./lead-in.ts";
import { type Order, parseReport, type Report } from "./messages.ts";
import { PacedSpeaker } from "./paced-speaker.ts";

/** From the flush to SIGKILL; the port promises 60 ms. */
export const DROP_MS = 45;
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

export interface NodeSpeakerOptions extends ChildSinkOptions {
  /** Writes after which the child is exchanged; RECYCLE_WRITES when not given. */
  readonly recycleWrites?: number;
}

export class NodeSpeaker extends PacedSpeaker {
  constructor(options: NodeSpeakerOptions) {
    const { clock, leadInMs = 0 } = options;
    super({ clock, device: withLeadIn(new NodeSink(options), clock, leadInMs) });
  }
}

class NodeSink extends ChildSink {
  readonly #options: NodeSpeakerOptions;
  #writes = 0;
  /** Chunks for which the child has not answered. */
  #pending = 0;
  #failure = "";

  constructor(options: NodeSpeakerOptions) {
    super(options, "speaker");
    this.#options = options;
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
    if (this.child?.process == null) return Promise.resolve();
    return new Promise((resolve) => {
      let cancel = clock.after(DROP_MS, () => {
        cancel = clock.after(KILL_WAIT_MS, () => this.dropped());
        this.child?.renew("SIGKILL");
      });
      this.dropped = () => {
        cancel();
        this.dropped = () => undefined;
        resolve();
      };
      this.#send("drop");
    });
  }

  #send(message: Uint8Array | Order): void {
    // A broken channel is told by the end of the process.
    this.child?.process?.send(message, () => undefined);
  }

  protected override launch(device: string): ChildProcess {
    const { env = process.env } = this.#options;
    this.#writes = 0;
    this.#pending = 0;
    this.#failure = "";
    this.awaitReady(READY_MS);
    const child = spawn(process.execPath, [...SPEAKER_CHILD, device], {
      // One write is in flight at a time, so one thread is enough.
      env: { ...env, LC_ALL: "C", UV_THREADPOOL_SIZE: "1" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      serialization: "advanced",
      // Its own group: a Ctrl-C at the terminal is for us.
      detached: true,
    });
    child.on("message", (message: unknown) => this.#heard(child, message));
    child.once("exit", () => this.dropped());
    child.stderr?.on("data", (text: unknown) => {
      if (WRONG_RATE.test(String(text))) child.kill("SIGKILL");
    });
    return child;
  }

  #heard(child: ChildProcess, message: unknown): void {
    const report = parseReport(message);
    if (report === null || child !== this.child?.process) return;
    if (report.tag === "ready") this.#ready();
    else if (report.tag === "accepted") this.#accepted(report);
    else if (report.tag === "drained") this.sink?.drained();
    else if (report.tag === "dropped") this.#childDropped();
    else this.#failure = report.message;
  }

  #childDropped(): void {
    this.#pending = 0;
    this.dropped();
  }

  #accepted({ count, delayMs }: Extract<Report, { tag: "accepted" }>): void {
    for (let nth = 0; nth < count && this.#pending > 0; nth++) {
      this.#pending -= 1;
      this.sink?.accepted(delayMs);
    }
  }

  #ready(): void {
    this.opened();
    const { clock, recycleWrites = RECYCLE_WRITES } = this.#options;
    if (this.#writes < recycleWrites) {
      this.sink?.ready();
      return;
    }
    this.cancelReady = clock.after(RECYCLE_WAIT_MS, () => this.child?.renew("SIGKILL"));
  }

  /** The package says more than it writes. */
  protected override lastWords({ stderr }: ChildEnd): string {
    return `${stderr}\n${this.#failure}`;
  }
}
