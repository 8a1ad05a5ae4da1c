/**
 * One client of the control socket, served line by line, one at a time.
 *
 * Invariants: at most LINE_MAX_BYTES of a client are kept; nothing more is read while its line is
 * being answered or its answer waits to be read; a client that says or takes nothing for
 * CLIENT_IDLE_MS is cut, and sooner where its place is wanted; after junk it gets one error and the
 * end.
 */

import type { Socket } from "node:net";
import {
  answerMaxMs,
  type ControlReply,
  type ControlRequest,
  parseControlRequest,
} from "../../core/control.ts";
import { FaultError } from "../../core/fault.ts";
import type { Redactor } from "../../core/redact.ts";
import { within } from "../../core/timeout.ts";
import type { Clock } from "../../ports.ts";

/** The longest command has some fifty bytes. */
export const LINE_MAX_BYTES = 4_096;
/** Time for a whole line to come, or for an answer to be taken. */
export const CLIENT_IDLE_MS = 10_000;
/** Read and dropped behind junk, so that the error can be read; beyond it the client is cut. */
export const DROPPED_MAX_BYTES = 65_536;
/** Commands of one connection that are answered as fast as they come … */
export const FREE_ANSWERS = 50;
/** … and the wait before each further one: a loop of commands must not cost the daemon its time. */
export const PACE_MS = 20;

const NEWLINE = 0x0a;

/** A connection and its unfinished line. */
export class ControlSession {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #answer: (request: ControlRequest) => Promise<ControlReply>;
  readonly #secrets: Redactor;
  #answered = 0;
  #dropped = 0;
  #rest: Buffer = Buffer.alloc(0);
  #answering: boolean = false;
  #ended: boolean = false;
  #waitsSinceMs: number | null = null;
  #takeBack: () => void = () => undefined;
  #cancelPace: () => void = () => undefined;

  constructor(
    socket: Socket,
    clock: Clock,
    answer: (request: ControlRequest) => Promise<ControlReply>,
    secrets: Redactor,
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.#answer = answer;
    this.#secrets = secrets;
  }

  attend(): void {
    const socket = this.#socket;
    this.#guard();
    socket.on("data", (chunk) => {
      if (socket.writableEnded) return; // after the end nothing is kept
      this.#rest = Buffer.concat([this.#rest, Buffer.from(chunk)]);
      this.#advance();
    });
    // The client may end its side first (`echo … | socat`): its last line is answered all the same.
    socket.on("end", () => {
      this.#ended = true;
      this.#advance();
    });
  }

  /** One error, and the end. */
  refuse(error: string): void {
    this.#guard();
    this.#finish({ ok: false, error });
  }

  /** Since when the client has been waited for, monotonic ms; null: it waits for us. */
  get waitsSinceMs(): number | null {
    return this.#answering ? null : this.#waitsSinceMs;
  }

  /** Its place is wanted: one error, and gone, whether or not the client ends its side. */
  evict(error: string): void {
    if (!this.#socket.writableEnded) this.#socket.end(this.#line({ ok: false, error }));
    this.#socket.destroySoon();
  }

  /** Ends in good manners: what was answered still goes out. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #guard(): void {
    this.#socket.on("error", () => this.#socket.destroy()); // the client went: nobody to tell
    this.#socket.on("close", () => {
      this.#takeBack();
      this.#cancelPace();
    });
    this.#arm();
  }

  #arm(): void {
    this.#takeBack();
    this.#waitsSinceMs = this.#clock.nowMs();
    this.#takeBack = this.#clock.after(CLIENT_IDLE_MS, () => this.#socket.destroy());
  }

  #advance(): void {
    if (this.#answering || this.#socket.writableEnded) return;
    const at = this.#rest.indexOf(NEWLINE);
    if (at > LINE_MAX_BYTES || (at < 0 && this.#rest.length > LINE_MAX_BYTES)) {
      this.#finish({ ok: false, error: `a line may have at most ${LINE_MAX_BYTES} bytes` });
    } else if (at >= 0) {
      const line = this.#rest.subarray(0, at);
      this.#rest = this.#rest.subarray(at + 1);
      this.#serve(line.toString("utf8"));
    } else if (this.#ended) {
      const line = this.#rest.toString("utf8");
      this.#rest = Buffer.alloc(0);
      if (line === "") this.#socket.end();
      else this.#serve(line);
    }
  }

  #serve(line: string): void {
    const request = parseControlRequest(line);
    if (typeof request === "string") {
      this.#finish({ ok: false, error: request });
      return;
    }
    this.#answering = true;
    this.#takeBack(); // It waits for us now, not we for it.
    this.#socket.pause();
    void this.#reply(request);
  }

  async #reply(request: ControlRequest): Promise<void> {
    const reply = await this.#answerInTime(request);
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#arm();
    this.#socket.write(this.#line(reply), () => {
      if (this.#socket.destroyed) return;
      if (++this.#answered < FREE_ANSWERS) this.#next();
      else this.#cancelPace = this.#clock.after(PACE_MS, () => this.#next());
    });
  }

  /** On with what came behind the line that was answered. */
  #next(): void {
    if (this.#socket.destroyed) return;
    this.#answering = false;
    this.#arm();
    this.#advance();
    if (!this.#answering) this.#socket.resume();
  }

  #line(reply: ControlReply): string {
    return `${JSON.stringify(this.#secrets.value(reply))}\n`;
  }

  /** A bug in the answer passes through: it ends the daemon, as every bug does. */
  async #answerInTime(request: ControlRequest): Promise<ControlReply> {
    const late = { ok: false, error: "the daemon did not answer in time" } as const;
    try {
      return await within(this.#clock, answerMaxMs(request), this.#answer(request), () => late);
    } catch (error) {
      if (error instanceof FaultError) return { ok: false, error: error.message };
      this.#socket.destroy();
      throw error;
    }
  }

  #finish(reply: ControlReply): void {
    this.#rest = Buffer.alloc(0);
    this.#socket.end(this.#line(reply));
    // What still comes is read and dropped, so that the end can come; a flood is cut.
    this.#socket.on("data", (chunk) => {
      this.#dropped += chunk.length;
      if (this.#dropped > DROPPED_MAX_BYTES) this.#socket.destroy();
    });
    this.#socket.resume();
  }
}
