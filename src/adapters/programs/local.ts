/**
 * A program as a child of this process.
 *
 * Invariants: no shell; an environment that is given, never ours; a process group of its own, ended as
 * a whole (TERM, then KILL) when it is stopped, its time is over, the program itself has ended, or we
 * have; no file of ours is open in it but its three pipes; `ended` is said once, in bounded time.
 */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Clock, Program, ProgramEnd, ProgramRequest, ProgramSink } from "../../ports.ts";
import { errorCode } from "../os/files.ts";
import { endWithUs } from "../os/left-behind.ts";

/** Between the polite end and the other one; and between that and giving up on it. */
export const GRACE_MS = 500;
/** A program that does not read what it is told is broken: more is not kept for it. */
export const INPUT_MAX_BYTES = 1_048_576;
const PATH = "/usr/local/bin:/usr/bin:/bin";
export const USUAL_ENV = { PATH, LANG: "C.UTF-8", HOME: "/nonexistent" } as const;

export interface LocalOptions {
  readonly clock: Clock;
  /** The words to run instead, as another user say. */
  readonly wrap?: (words: readonly string[]) => readonly string[];
}

/** Never throws: what cannot be started ends with its error. */
export function startLocal(
  request: ProgramRequest,
  sink: ProgramSink,
  { clock, wrap = (words) => words }: LocalOptions,
): LocalProgram {
  const [program = "", ...rest] = wrap(request.argv);
  const env = { ...USUAL_ENV, ...request.env };
  let child: ChildProcessWithoutNullStreams | string;
  try {
    // Node has closed all that it was started with to its children, systemd's socket included.
    const started = spawn(program, rest, { cwd: request.cwd, env, stdio: "pipe", detached: true });
    child = hasPipes(started) ? started : "no pipes";
  } catch (error) {
    child = errorCode(error) || "it cannot be started"; // A zero byte in a word, say.
  }
  return new LocalProgram(child, request, sink, clock);
}

function hasPipes(child: ReturnType<typeof spawn>): child is ChildProcessWithoutNullStreams {
  return child.stdin !== null && child.stdout !== null && child.stderr !== null;
}

export class LocalProgram implements Program {
  readonly #child: ChildProcessWithoutNullStreams | null;
  readonly #sink: ProgramSink;
  readonly #clock: Clock;
  #cancelLimit: () => void = () => undefined;
  #cancelKill: (() => void) | null = null;
  #end: ProgramEnd | null = null;
  #over: boolean = false;
  #letGo: () => void = () => undefined;

  constructor(
    child: ChildProcessWithoutNullStreams | string,
    request: ProgramRequest,
    sink: ProgramSink,
    clock: Clock,
  ) {
    this.#sink = sink;
    this.#clock = clock;
    this.#child = typeof child === "string" ? null : child;
    if (typeof child === "string") {
      clock.after(0, () => this.#finish({ code: null, signal: null, error: child }));
      return;
    }
    if (request.maxMs !== null) {
      this.#cancelLimit = clock.after(request.maxMs, () => this.stop());
    }
    if (child.pid !== undefined) this.#letGo = endWithUs(-child.pid);
    this.#attend(child);
  }

  #attend(child: ChildProcessWithoutNullStreams): void {
    child.stdout.on("data", (bytes: Buffer) => this.#sink.output(bytes));
    child.stderr.on("data", (bytes: Buffer) => this.#sink.errors(bytes));
    child.stdin.on("error", () => undefined); // It does not want to read: its own affair.
    child.on("error", (error) => {
      // Also said of a signal that could not be sent: that is no end.
      if (child.pid === undefined) {
        this.#finish({ code: null, signal: null, error: errorCode(error) || error.message });
      }
    });
    child.on("exit", (code, signal) => {
      this.#end = { code, signal, error: null };
      // What it has started and left behind ends with it, and so do its pipes.
      this.stop();
    });
    child.on("close", () => {
      if (this.#end !== null) this.#finish(this.#end);
    });
  }

  write(bytes: Uint8Array): void {
    const { stdin } = this.#child ?? {};
    if (stdin === undefined || !stdin.writable) return;
    stdin.write(bytes);
    if (stdin.writableLength > INPUT_MAX_BYTES) this.stop();
  }

  endInput(): void {
    this.#child?.stdin.end();
  }

  stop(): void {
    this.#signal("SIGTERM");
    if (this.#cancelKill !== null || this.#over) return;
    this.#cancelKill = this.#clock.after(GRACE_MS, () => this.#kill());
  }

  /** What it writes is left in its pipe, until `resume`. */
  pause(): void {
    this.#child?.stdout.pause();
    this.#child?.stderr.pause();
  }

  resume(): void {
    this.#child?.stdout.resume();
    this.#child?.stderr.resume();
  }

  #kill(): void {
    this.#signal("SIGKILL");
    // Somebody outside the group may hold the pipes open: we read no more of them.
    this.#child?.stdin.destroy();
    this.#child?.stdout.destroy();
    this.#child?.stderr.destroy();
    // A process stuck in the kernel never says that it has ended.
    this.#cancelKill = this.#clock.after(GRACE_MS, () => {
      this.#finish(this.#end ?? { code: null, signal: "SIGKILL", error: null });
    });
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The group is gone: as wanted.
    }
  }

  #finish(end: ProgramEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelLimit();
    this.#cancelKill?.();
    // Polite or not, nothing of the group is left.
    this.#signal("SIGKILL");
    this.#letGo();
    this.#sink.ended(end);
  }
}
