/**
 * The helper's side of the socket: each connection is one program, run as the helper's user. What Pipit
 * says is checked like anything foreign; what the program writes is passed on as fast as it is taken.
 *
 * Invariants: a connection that ends, whatever the cause, ends its program with all of its group; so
 * does a request that is none. At most PROGRAMS_MAX at a time. Children that have left their group are
 * found by the mark in their environment.
 */

import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { Clock, ProgramEnd, ProgramSink } from "../../ports.ts";
import { endFrame, type Frame, FrameReader, frames, requestOf } from "./frames.ts";
import { type LocalProgram, startLocal } from "./local.ts";

/** Those of the owner's functions, and servers that stay. */
export const PROGRAMS_MAX = 16;
/** In the environment of each program: whose child a stray process is. */
const MARK = "PIPIT_PROGRAM";

export interface HelperOptions {
  readonly clock: Clock;
  /** The home of the programs, where they may write. */
  readonly home: string;
  /** How many programs run has changed. */
  readonly changed: (running: number) => void;
}

export class Helper {
  readonly #options: HelperOptions;
  readonly #running = new Set<Attended>();

  constructor(options: HelperOptions) {
    this.#options = options;
  }

  /** A connection, which is the helper's from now on. */
  take(socket: Socket): void {
    if (this.#running.size >= PROGRAMS_MAX) {
      socket.on("error", () => undefined);
      const error = "too many programs are running; wait for one to finish";
      socket.end(endFrame({ code: null, signal: null, error }));
      return;
    }
    const { changed } = this.#options;
    const attended = new Attended(socket, this.#options, () => {
      this.#running.delete(attended);
      changed(this.#running.size);
    });
    this.#running.add(attended);
    changed(this.#running.size);
  }
}

/** A program and its connection. */
class Attended implements ProgramSink {
  readonly #socket: Socket;
  readonly #options: HelperOptions;
  readonly #over: () => void;
  readonly #reader = new FrameReader();
  readonly #mark = randomUUID();
  #program: LocalProgram | null = null;

  constructor(socket: Socket, options: HelperOptions, over: () => void) {
    this.#socket = socket;
    this.#options = options;
    this.#over = over;
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("drain", () => this.#program?.resume());
    socket.on("error", () => undefined); // `close` follows.
    socket.on("close", () => this.#gone());
    // Half a connection is none: who no longer speaks no longer listens.
    socket.on("end", () => socket.destroy());
  }

  output(bytes: Uint8Array): void {
    this.#pass(frames("output", bytes));
  }

  errors(bytes: Uint8Array): void {
    this.#pass(frames("errors", bytes));
  }

  ended(end: ProgramEnd): void {
    killMarked(this.#mark);
    this.#program = null;
    this.#socket.end(endFrame(end));
    this.#over();
  }

  #take(chunk: Buffer): void {
    const found = this.#reader.take(chunk);
    for (const frame of found ?? []) this.#heard(frame);
    if (found === null) this.#socket.destroy();
  }

  #heard({ kind, bytes }: Frame): void {
    if (kind === "request") this.#start(bytes);
    else if (kind === "input") this.#program?.write(bytes);
    else if (kind === "end-input") this.#program?.endInput();
    else if (kind === "stop") this.#program?.stop();
    else this.#socket.destroy();
  }

  #start(bytes: Buffer): void {
    const request = requestOf(bytes);
    if (request === null || this.#program !== null) {
      this.#socket.destroy();
      return;
    }
    const { clock, home } = this.#options;
    const env = { HOME: home, ...request.env, [MARK]: this.#mark };
    this.#program = startLocal({ ...request, env }, this, { clock });
  }

  #pass(bytes: Buffer): void {
    if (!this.#socket.writable) return;
    if (!this.#socket.write(bytes)) this.#program?.pause();
  }

  /** Nobody listens any more: `ended` follows, where a program runs. */
  #gone(): void {
    if (this.#program === null) this.#over();
    else this.#program.stop();
    this.#program?.resume();
  }
}

/** A program may start others faster than they are found: so often it is looked again. */
const ROUNDS_MAX = 20;

/** Ends what has left its group, but not its environment; of other users' processes nothing is seen. */
function killMarked(mark: string): void {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const stray = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isMarked(name, mark));
    if (stray.length === 0) return;
    for (const pid of stray) kill(Number(pid));
  }
}

function isMarked(pid: string, mark: string): boolean {
  try {
    // What has ended and waits for its parent has no environment any more.
    return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`${MARK}=${mark}`);
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}
