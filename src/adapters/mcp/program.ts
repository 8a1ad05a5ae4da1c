/**
 * A server of tools that is a program of ours: messages as lines through its pipes.
 *
 * Invariants: no shell; a small environment; a process group of its own, which is ended as a whole
 * (its input ends, then TERM, then KILL), also when the program itself has ended and left others
 * behind; no line longer than MESSAGE_MAX_BYTES is kept; what floods standard error is slowed down.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { parseJson } from "../../core/json.ts";
import type { Message } from "../../core/mcp/messages.ts";
import type { ProgramReach } from "../../core/mcp/servers.ts";
import { type Trouble, trouble } from "../../core/mcp/trouble.ts";
import type { Clock } from "../../ports.ts";
import { errorCode } from "../os/files.ts";
import type { Channel, ChannelSink } from "./channel.ts";
import { LineCutter } from "./line-cutter.ts";

/** Where programs are kept away from the key; null: they are not run here. */
export type Isolate = () => { wrap(words: readonly string[]): readonly string[] } | null;

export interface ProgramOptions {
  readonly reach: ProgramReach;
  readonly clock: Clock;
  readonly isolate: Isolate;
}

/** From the end of its input to TERM, and from there to KILL: all within a stop of the service. */
export const POLITE_MS = 300;
export const TERM_MS = 500;
/** How often it is looked whether all have ended. */
const LOOK_MS = 25;
const LAST_WORDS_MAX_CHARS = 2_048;
/** Of standard error so much is read in FLOOD_MS; a program that writes more waits for us. */
const FLOOD_MAX_BYTES = 262_144;
const FLOOD_MS = 100;
/** Sent and not yet taken by the program; more, and it does not read. */
const UNSENT_MAX_BYTES = 1_048_576;
const PATH = "/usr/local/bin:/usr/bin:/bin";

export class ProgramChannel implements Channel {
  readonly #options: ProgramOptions;
  #child: ChildProcess | null = null;
  #lastWords = "";
  #flood = 0;
  #closing: Promise<void> | null = null;
  #ending: Promise<void> | null = null;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  get lastWords(): string {
    return this.#lastWords;
  }

  open(sink: ChannelSink, signal: AbortSignal): Promise<Trouble | null> {
    const { reach, isolate } = this.#options;
    const isolated = isolate();
    if (isolated === null) return Promise.resolve(trouble("not-run", NOT_ISOLATED));
    if (signal.aborted) return Promise.resolve(trouble("aborted", "given up"));
    const [program = "", ...words] = isolated.wrap(reach.argv);
    const child = spawn(program, words, {
      cwd: reach.cwd,
      env: { PATH, LANG: "C.UTF-8", HOME: "/nonexistent", ...reach.env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    this.#child = child;
    this.#attend(child, sink);
    return new Promise((resolve) => {
      child.once("spawn", () => resolve(null));
      child.once("error", (error) => {
        if (child.pid === undefined) resolve(trouble("not-run", notRun(errorCode(error))));
      });
    });
  }

  #attend(child: ChildProcess, sink: ChannelSink): void {
    const cutter = new LineCutter({
      line: (line) => {
        // What is no JSON is chatter of a program that does not know better.
        const value = parseJson(line);
        if (value !== undefined) sink.message(value);
      },
      tooLong: (id) => {
        const why = trouble("too-long", "its answer was too long");
        if (id !== null) sink.failed(id, why);
      },
    });
    child.stdout?.on("data", (chunk: Buffer) => cutter.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => this.#complains(child, chunk));
    child.stdin?.on("error", () => undefined); // Its end is told by `exit`.
    child.on("error", () => undefined);
    child.on("exit", (code, signal) => {
      // What it has started and left behind ends with it.
      void this.#endGroup();
      const how = code === null ? `was ended (${signal ?? "no code"})` : `ended with code ${code}`;
      sink.closed(trouble("broken", `its program ${how}`));
    });
  }

  send(message: Message): void {
    const input = this.#child?.stdin;
    if (input === null || input === undefined || input.destroyed) return;
    if (input.writableLength > UNSENT_MAX_BYTES) return;
    input.write(`${JSON.stringify(message)}\n`);
  }

  drop(): void {
    // A late answer is dropped by the client.
  }

  speak(): void {
    // A pipe has no headers.
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child === null || child.pid === undefined) return;
    if (child.exitCode === null && child.signalCode === null) {
      child.stdin?.end();
      await this.#exitOf(child, POLITE_MS);
    }
    await this.#endGroup();
  }

  /** Resolves when it has ended, or after so long. */
  #exitOf(child: ChildProcess, maxMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(maxMs, resolve);
      child.once("exit", () => {
        cancel();
        resolve();
      });
    });
  }

  /** TERM to all of the group, then KILL. Twice is once. */
  #endGroup(): Promise<void> {
    this.#ending ??= this.#endAll();
    return this.#ending;
  }

  async #endAll(): Promise<void> {
    const { clock } = this.#options;
    this.#signal("SIGTERM");
    for (let waitedMs = 0; waitedMs < TERM_MS; waitedMs += LOOK_MS) {
      if (!this.#signal(0)) return;
      await new Promise<void>((resolve) => {
        clock.after(LOOK_MS, resolve);
      });
    }
    this.#signal("SIGKILL");
    this.#child?.stdout?.destroy();
    this.#child?.stderr?.destroy();
  }

  /** False: there is nobody left in the group. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    const pid = this.#child?.pid;
    if (pid === undefined) return false;
    try {
      return process.kill(-pid, signal);
    } catch {
      return false;
    }
  }

  #complains(child: ChildProcess, chunk: Buffer): void {
    const tail = chunk.subarray(-LAST_WORDS_MAX_CHARS).toString("utf8");
    this.#lastWords = (this.#lastWords + tail).slice(-LAST_WORDS_MAX_CHARS);
    this.#flood += chunk.length;
    if (this.#flood < FLOOD_MAX_BYTES) return;
    child.stderr?.pause();
    this.#options.clock.after(FLOOD_MS, () => {
      this.#flood = 0;
      child.stderr?.resume();
    });
  }
}

const NOT_ISOLATED =
  "programs are not run: as this user they could read the key. Give the server a unit of its own and use url, or set tools.sandbox: none";

function notRun(code: string): string {
  const why = code === "ENOENT" ? "there is no such program, or no such folder" : code;
  return `its program could not be started (${why})`;
}
