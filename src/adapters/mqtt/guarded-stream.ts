/** A socket to a broker of which only packets of ordinary size are seen. */

import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { FrameGuard } from "./frame-guard.ts";

export class GuardedStream extends Duplex {
  readonly #socket: Socket;
  readonly #guard = new FrameGuard();
  readonly #onDropped: () => void;

  constructor(socket: Socket, onDropped: () => void) {
    super();
    this.#socket = socket;
    this.#onDropped = onDropped;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  #take(bytes: Buffer): void {
    const before = this.#guard.dropped;
    const pieces = this.#guard.take(bytes);
    if (pieces === null) {
      this.destroy();
      return;
    }
    if (this.#guard.dropped > before) this.#onDropped();
    const isFull = pieces.map((piece) => this.push(piece)).includes(false);
    if (isFull) this.#socket.pause();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
