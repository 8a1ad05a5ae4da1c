/**
 * A program that the helper runs for us (systemd/pipit-tools.service), as another user: a connection is
 * a program. When we end, so does the connection, and with it the program.
 *
 * Invariant: `ended` is said once, in bounded time, whatever the helper does.
 */

import { connect, type Socket } from "node:net";
import type { Clock, Program, ProgramEnd, ProgramRequest, ProgramSink } from "../../ports.ts";
import { errorCode } from "../os/files.ts";
import { endOf, type Frame, FrameReader, frames, requestFrame } from "./frames.ts";
import { INPUT_MAX_BYTES } from "./local.ts";

/** systemd starts the helper with the first connection: a Node start on a slow card. */
const STOP_MAX_MS = 1_800;

export interface IsolatedOptions {
  readonly clock: Clock;
  readonly socketPath: string;
}

/** Never throws: what cannot be started ends with its error. */
export function startIsolated(
  request: ProgramRequest,
  sink: ProgramSink,
  { clock, socketPath }: IsolatedOptions,
): Program {
  const frame = requestFrame(request);
  if (frame === null) {
    clock.after(0, () => sink.ended(notRun("its words are longer than 256 KB")));
    return { write: () => undefined, endInput: () => undefined, stop: () => undefined };
  }
  const socket = connect(socketPath);
  socket.write(frame);
  return new IsolatedProgram(socket, sink, clock);
}

class IsolatedProgram implements Program {
  readonly #socket: Socket;
  readonly #sink: ProgramSink;
  readonly #clock: Clock;
  readonly #reader = new FrameReader();
  #why = "";
  #over: boolean = false;
  #cancelGiveUp: (() => void) | null = null;

  constructor(socket: Socket, sink: ProgramSink, clock: Clock) {
    this.#socket = socket;
    this.#sink = sink;
    this.#clock = clock;
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("error", (error) => {
      this.#why = errorCode(error) || error.message;
    });
    socket.on("close", () => {
      const why = this.#why === "" ? "it went away" : this.#why;
      this.#finish(notRun(`the helper pipit-tools: ${why}`));
    });
  }

  write(bytes: Uint8Array): void {
    this.#send(frames("input", bytes));
    if (this.#socket.writableLength > INPUT_MAX_BYTES) this.stop();
  }

  endInput(): void {
    this.#send(frames("end-input"));
  }

  stop(): void {
    if (this.#over || this.#cancelGiveUp !== null) return;
    this.#send(frames("stop"));
    this.#cancelGiveUp = this.#clock.after(STOP_MAX_MS, () => {
      this.#finish({ code: null, signal: "SIGKILL", error: null });
    });
  }

  #send(bytes: Buffer): void {
    if (!this.#over && this.#socket.writable) this.#socket.write(bytes);
  }

  #take(chunk: Buffer): void {
    const found = this.#reader.take(chunk);
    for (const frame of found ?? []) this.#heard(frame);
    if (found === null) this.#broken();
  }

  #heard({ kind, bytes }: Frame): void {
    if (this.#over) return;
    if (kind === "output") this.#sink.output(bytes);
    else if (kind === "errors") this.#sink.errors(bytes);
    else if (kind === "ended") this.#finish(endOf(bytes) ?? notRun("its end cannot be read"));
    else this.#broken();
  }

  #broken(): void {
    this.#finish(notRun("the helper pipit-tools is of another release; restart pipit-tools"));
  }

  #finish(end: ProgramEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelGiveUp?.();
    this.#socket.destroy();
    this.#sink.ended(end);
  }
}

function notRun(error: string): ProgramEnd {
  return { code: null, signal: null, error };
}
