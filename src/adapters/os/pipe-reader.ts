/**
 * The reading end of a child's pipe. What costs is being woken, not the bytes: so it reads into one
 * buffer of its own, without the layers of a stream, and it can nap: then what comes waits in the pipe
 * for a while, and is fetched in one go.
 *
 * Invariant: all bytes come once, in order, and the end of the pipe is seen whether it naps or not, but
 * for UNTIL_LOOKED.
 * Where Node does not show the pipe's handle, it is an ordinary stream, and never naps.
 */

import { readSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { Clock } from "../../ports.ts";
import { errorCode } from "./files.ts";

/** 0.7 s of one channel. */
const BUFFER_BYTES = 32 * 1024;
/** In one go: all that a pipe of Linux holds, 208 KiB. */
const READS_MAX = 8;

/** A nap in which nothing is fetched, nor the end seen, until somebody looks, or ends it. */
export const UNTIL_LOOKED = Number.POSITIVE_INFINITY;

interface Way {
  readonly socket: Socket;
  readonly fd: number;
}

export class PipeReader {
  readonly #stream: Readable;
  readonly #clock: Clock;
  readonly #take: (bytes: Uint8Array) => void;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #way: Way | null = null;
  /** How long what comes may wait in the pipe; 0: awake. */
  #napMs = 0;
  /** Bytes are being handed over: whoever takes them may want us to wake, or to nap. */
  #handing: boolean = false;
  #cancelNap: () => void = () => undefined;

  /** `stream`: the child's stdout. `take` gets an array that is overwritten when it has returned. */
  constructor(stream: Readable, clock: Clock, take: (bytes: Uint8Array) => void) {
    this.#stream = stream;
    this.#clock = clock;
    this.#take = take;
  }

  start(): void {
    this.#stream.on("error", () => undefined);
    this.#way = this.#directWay();
    if (this.#way !== null) return;
    this.#stream.on("data", (chunk: unknown) => {
      if (chunk instanceof Uint8Array) this.#take(chunk);
    });
  }

  /** What happens while bytes are handed over happens after that. */
  nap(ms: number): void {
    const way = this.#way;
    if (ms === this.#napMs || way === null || way.socket.destroyed) return;
    const isShorter = ms < this.#napMs;
    this.#napMs = ms;
    if (this.#handing) return;
    // Whoever takes it may want another nap, which `settle` then finds.
    if (isShorter) this.#fetch(way);
    this.#settle(way);
  }

  /** Hands over what waits, for one that naps. Whoever takes it may end the nap. */
  look(): void {
    const way = this.#way;
    if (this.#napMs === 0 || this.#handing || way === null || way.socket.destroyed) return;
    if (this.#fetch(way)) this.#napMs = 0;
    this.#settle(way);
  }

  close(): void {
    this.#cancelNap();
    this.#napMs = 0;
    this.#stream.destroy();
    this.#way?.socket.destroy();
    this.#way = null;
  }

  /** Falls asleep, or reads as sound comes. */
  #settle(way: Way): void {
    this.#cancelNap();
    if (this.#napMs === 0) {
      way.socket.resume();
      return;
    }
    way.socket.pause();
    if (this.#napMs === UNTIL_LOOKED) return;
    this.#cancelNap = this.#clock.after(this.#napMs, () => {
      if (this.#fetch(way)) this.#napMs = 0;
      this.#settle(way);
    });
  }

  /** The handle behind the stream, read by a socket with a buffer of ours; null where there is none. */
  #directWay(): Way | null {
    const handle: unknown = Reflect.get(this.#stream, "_handle");
    if (typeof handle !== "object" || handle === null) return null;
    const fd: unknown = Reflect.get(handle, "fd");
    if (typeof fd !== "number" || fd < 0) return null;
    this.#stream.removeAllListeners("data");
    this.#stream.pause();
    const callback = (count: number): boolean => {
      this.#hand(count);
      if (this.#napMs > 0 && this.#way !== null) this.#settle(this.#way);
      return true;
    };
    const onread = { buffer: this.#buffer, callback };
    const options = { handle, readable: true, writable: false, onread };
    const socket = new Socket(options);
    socket.on("error", () => undefined);
    // The stream's own end is waited for by whoever supervises the child.
    socket.on("end", () => {
      this.#cancelNap();
      this.#stream.destroy();
    });
    socket.resume();
    return { socket, fd };
  }

  #hand(count: number): void {
    this.#handing = true;
    try {
      this.#take(this.#buffer.subarray(0, count));
    } finally {
      this.#handing = false;
    }
  }

  /** Hands over what waits in the pipe; true at its end, which the socket sees by itself. */
  #fetch({ fd }: Way): boolean {
    for (let reads = 0; reads < READS_MAX; reads++) {
      let count: number;
      try {
        count = readSync(fd, this.#buffer);
      } catch (error) {
        return errorCode(error) !== "EAGAIN";
      }
      if (count === 0) return true;
      this.#hand(count);
      if (count < this.#buffer.length) return false;
    }
    return false;
  }
}
