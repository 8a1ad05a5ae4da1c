/**
 * A child process that talks in lines, for the bench: waited for by what it says, ended in bounded
 * time, and never left behind.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { treeOf } from "./proc.ts";

/** Lines that nobody has looked at yet; of more, the oldest go. A daemon says some twenty in a conversation. */
const LINES_MAX = 2_000;
/** The daemon stops within 3 s; then it is killed. */
const STOP_MAX_MS = 5_000;
/** Of its stderr, for an error message. */
const STDERR_CHARS = 300;

export interface Said {
  readonly line: string;
  /** Monotonic, of this process, when the line came. */
  readonly atMs: number;
}

export class Program {
  readonly startedMs = performance.now();
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #said: Said[] = [];
  /** It has ended, and everything it said has come. */
  #closed: boolean = false;
  #stderr = "";
  #look: () => void = () => undefined;

  /** Starts `node ARGS`. */
  constructor(name: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#name = name;
    this.#child = spawn(process.execPath, [...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = (): void => {
      this.#closed = true;
      this.#look();
    };
    this.#child.once("error", ended);
    this.#child.once("close", ended);
    this.#child.stderr?.on("data", (text: unknown) => {
      this.#stderr = (this.#stderr + String(text)).slice(-STDERR_CHARS);
    });
    if (this.#child.stdout === null) return;
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.#said.push({ line, atMs: performance.now() });
      if (this.#said.length > LINES_MAX) this.#said.shift();
      this.#look();
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} did not start`);
    return this.#child.pid;
  }

  /** The next line that has `part` in it, after the last one found; rejects after `maxMs`. */
  async line(part: string, maxMs: number): Promise<Said> {
    const endMs = performance.now() + maxMs;
    for (;;) {
      for (let said = this.#said.shift(); said !== undefined; said = this.#said.shift()) {
        if (said.line.includes(part)) return said;
      }
      const leftMs = endMs - performance.now();
      if (this.#closed || leftMs <= 0) throw new Error(this.#message(part));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#look = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Whether a line with `part` has come and was not yet passed by `line`. */
  hasSaid(part: string): boolean {
    return this.#said.some(({ line }) => line.includes(part));
  }

  /** SIGTERM, and SIGKILL when that is not enough. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MAX_MS);
    await gone;
    clearTimeout(timer);
  }

  #message(part: string): string {
    const last = this.#stderr.trim().split("\n").at(-1) ?? "";
    const when = this.#closed ? "before it ended" : "in time";
    return `${this.#name} did not say “${part}” ${when}${last === "" ? "" : ` (${last})`}`;
  }
}

/** Ends with us whatever we started, however we end. */
export function leaveNothingBehind(): void {
  process.on("exit", () => {
    for (const pid of startedByUs()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
}

function startedByUs(): number[] {
  try {
    return treeOf(process.pid).slice(1);
  } catch {
    return []; // No /proc: the children see the end of their pipes.
  }
}
