/**
 * Cuts a stream of bytes into lines of JSON. A line that is too long is not kept: its request's
 * number is looked for at its beginning and its end, so that somebody can be told.
 */

import { MESSAGE_MAX_BYTES } from "./channel.ts";

export interface LineSink {
  line(line: string): void;
  /** `id`: of the request that the line answers; null where it cannot be seen. */
  tooLong(id: number | null): void;
}

const NEWLINE = 0x0a;
/** Looked at, at both ends of a line that is too long. */
const END_BYTES = 128;
/** The id stands beside the version, before the result or after it. */
const ID_AT_START = /^\s*\{(?:\s*"jsonrpc"\s*:\s*"2\.0"\s*,)?\s*"id"\s*:\s*(\d+)\s*[,}]/;
const ID_AT_END = /,\s*"id"\s*:\s*(\d+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/;

export class LineCutter {
  readonly #sink: LineSink;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Of a line that is too long. */
  #start: Buffer | null = null;
  #end: Buffer = Buffer.alloc(0);

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(NEWLINE, from);
      if (at < 0) break;
      this.#keep(chunk.subarray(from, at));
      this.#finish();
      from = at + 1;
    }
    this.#keep(chunk.subarray(from));
  }

  #keep(piece: Buffer): void {
    if (this.#start !== null) {
      this.#end = Buffer.concat([this.#end, piece.subarray(-END_BYTES)]).subarray(-END_BYTES);
      return;
    }
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes <= MESSAGE_MAX_BYTES) return;
    const whole = Buffer.concat(this.#pieces);
    this.#start = Buffer.from(whole.subarray(0, END_BYTES));
    this.#end = Buffer.from(whole.subarray(-END_BYTES));
    this.#pieces = [];
    this.#bytes = 0;
  }

  #finish(): void {
    if (this.#start !== null) {
      const id =
        ID_AT_START.exec(this.#start.toString("utf8")) ??
        ID_AT_END.exec(this.#end.toString("utf8"));
      this.#start = null;
      this.#sink.tooLong(id === null ? null : Number(id[1]));
      return;
    }
    const line = Buffer.concat(this.#pieces).toString("utf8");
    this.#pieces = [];
    this.#bytes = 0;
    if (line.trim() !== "") this.#sink.line(line);
  }
}
