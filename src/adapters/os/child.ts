/**
 * One child process that is kept running: started, watched, started again with backoff, and ended
 * in bounded time. The adapter brings the `launch`; what it says on stdin and stdout is its own.
 *
 * Invariant: at most one process at a time; every process that was launched is told to `ended`
 * exactly once, unless its end was planned (`renew`) or asked for (`close`).
 */

import type { ChildProcess } from "node:child_process";
import { type Backoff, backoffDelayMs } from "../../core/backoff.ts";
import type { Clock, Dice } from "../../ports.ts";

/** How much of its last words is kept. */
export const STDERR_KEPT_CHARS = 2_048;
/** From SIGTERM to SIGKILL. */
export const TERM_MS = 1_000;
/** From SIGKILL until `close` gives up waiting: a process stuck in the kernel cannot be helped. */
const KILL_WAIT_MS = 500;
/** After the exit, the wait for the last of stderr; a grandchild may hold it open for ever. */
const LAST_WORDS_MS = 200;

export interface ChildEnd {
  /** Exit code; null when a signal ended it or it never ran. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Code of the failure to run it at all ("ENOENT"), else null. */
  readonly spawnError: string | null;
  /** Its last STDERR_KEPT_CHARS characters of stderr. */
  readonly stderr: string;
  readonly ranMs: number;
}

export interface ChildBackoff extends Backoff {
  /** A process that ran this long had no part in earlier failures. */
  readonly wellMs: number;
}

/** Quick at first, because a plug is often put back at once; then once in ten seconds for ever. */
export const CHILD_BACKOFF: ChildBackoff = {
  firstMs: 250,
  maxMs: 10_000,
  spread: [0.75, 1.25],
  wellMs: 10_000,
};

export interface SupervisedChildOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly backoff?: ChildBackoff;
  /** Spawns it, and attaches what must be attached in the same tick. May throw. */
  readonly launch: () => ChildProcess;
  /** It ended by itself (or by `kill`); the next attempt is already planned. */
  readonly ended: (end: ChildEnd) => void;
}

export class SupervisedChild {
  readonly #options: SupervisedChildOptions;
  #process: ChildProcess | null = null;
  #failures = 0;
  #renewing: boolean = false;
  #closing: Promise<void> | null = null;
  #gone: () => void = () => undefined;
  #cancelRetry: () => void = () => undefined;
  #stderr = "";

  constructor(options: SupervisedChildOptions) {
    this.#options = options;
  }

  /** The running process, or null between two. */
  get process(): ChildProcess | null {
    return this.#process;
  }

  /** Launches it. Call once. */
  start(): void {
    this.#launch();
  }

  /** SIGKILL: it counts as a failure, and is started again with backoff. */
  kill(): void {
    this.#process?.kill("SIGKILL");
  }

  /** The end that is coming (now, by `signal`; or by itself, without one) is planned: at once anew. */
  renew(signal?: NodeJS.Signals): void {
    if (this.#process === null) return;
    this.#renewing = true;
    if (signal !== undefined) this.#process.kill(signal);
  }

  /** Ends it for good: SIGTERM, after 1 s SIGKILL; resolves after 1.5 s at the latest. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  #end(): Promise<void> {
    this.#cancelRetry();
    const running = this.#process;
    if (running === null) return Promise.resolve();
    const { clock } = this.#options;
    return new Promise((resolve) => {
      let cancel = clock.after(TERM_MS, () => {
        running.kill("SIGKILL");
        cancel = clock.after(KILL_WAIT_MS, resolve);
      });
      this.#gone = () => {
        cancel();
        resolve();
      };
      running.kill("SIGTERM");
    });
  }

  #launch(): void {
    const { clock, launch } = this.#options;
    const startedMs = clock.nowMs();
    this.#stderr = "";
    this.#renewing = false;
    let child: ChildProcess;
    try {
      child = launch();
    } catch (error) {
      this.#settle({ ...NEVER_RAN, spawnError: errorCode(error), stderr: "", ranMs: 0 });
      return;
    }
    this.#process = child;
    child.stderr?.on("data", (text: unknown) => {
      this.#stderr = (this.#stderr + String(text)).slice(-STDERR_KEPT_CHARS);
    });
    let said = false;
    const settle = (part: Pick<ChildEnd, "code" | "signal" | "spawnError">): void => {
      if (said) return;
      said = true;
      this.#process = null;
      this.#settle({ ...part, stderr: this.#stderr, ranMs: clock.nowMs() - startedMs });
    };
    child.once("error", (error) => {
      // Also said when a signal could not be sent; only a process that never ran has no pid.
      if (child.pid === undefined) settle({ ...NEVER_RAN, spawnError: errorCode(error) });
    });
    child.on("error", () => undefined);
    child.once("exit", (code, signal) => {
      const end = { code, signal, spawnError: null };
      if (this.#renewing || this.#closing !== null) return settle(end);
      // A loop that was held up comes to its timers before it reads what has long been said.
      const cancel = clock.after(LAST_WORDS_MS, () => setImmediate(settle, end));
      child.once("close", () => {
        cancel();
        settle(end);
      });
    });
  }

  #settle(end: ChildEnd): void {
    const { clock, dice, backoff = CHILD_BACKOFF, ended } = this.#options;
    if (this.#closing !== null) {
      this.#gone();
      return;
    }
    if (this.#renewing) {
      this.#failures = 0;
      this.#launch();
      return;
    }
    this.#failures = end.ranMs >= backoff.wellMs ? 1 : this.#failures + 1;
    const delayMs = backoffDelayMs(backoff, this.#failures, dice.unit());
    this.#cancelRetry = clock.after(delayMs, () => this.#launch());
    ended(end);
  }
}

const NEVER_RAN = { code: null, signal: null } as const;

function errorCode(error: unknown): string {
  if (error instanceof Error) {
    return "code" in error && typeof error.code === "string" ? error.code : error.message;
  }
  return String(error);
}
