/**
 * What is said between Pipit and its helper on their socket: frames of a kind, a length and bytes.
 *
 * Invariants: any bytes are answered; a frame is bounded; nothing is kept but the frame that is coming.
 */

import { type Fields, parseJson, record } from "../../core/json.ts";
import type { ProgramEnd, ProgramRequest } from "../../ports.ts";

/** From Pipit: a request (first, once), input, no more input, stop. From the helper: the others. */
export const FRAME_KINDS = [
  "request",
  "input",
  "end-input",
  "stop",
  "output",
  "errors",
  "ended",
] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

export interface Frame {
  readonly kind: FrameKind;
  readonly bytes: Buffer;
}

/** Of one frame; a request has its words and its environment in one. */
export const FRAME_MAX_BYTES = 262_144;
const HEAD_BYTES = 5;

/** One frame, or several where the bytes are more than one may have. */
export function frames(kind: FrameKind, bytes: Uint8Array = new Uint8Array(0)): Buffer {
  const pieces: Uint8Array[] = [];
  let at = 0;
  do {
    const piece = bytes.subarray(at, at + FRAME_MAX_BYTES);
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt8(FRAME_KINDS.indexOf(kind), 0);
    head.writeUInt32BE(piece.length, 1);
    pieces.push(head, piece);
    at += FRAME_MAX_BYTES;
  } while (at < bytes.length);
  return Buffer.concat(pieces);
}

/** Cuts what comes from a socket into frames. */
export class FrameReader {
  #parts: Buffer[] = [];
  #bytes = 0;
  /** Of the frame that is coming, its head included; so many bytes are waited for. */
  #wanted = HEAD_BYTES;

  /** The frames that are complete now; null: this is no such stream, and nothing more can be read. */
  take(chunk: Buffer): readonly Frame[] | null {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#wanted) return [];
    let rest = Buffer.concat(this.#parts);
    const found: Frame[] = [];
    this.#wanted = HEAD_BYTES;
    while (rest.length >= HEAD_BYTES) {
      const kind = FRAME_KINDS[rest.readUInt8(0)];
      const length = rest.readUInt32BE(1);
      if (kind === undefined || length > FRAME_MAX_BYTES) return null;
      this.#wanted = HEAD_BYTES + length;
      if (rest.length < this.#wanted) break;
      found.push({ kind, bytes: rest.subarray(HEAD_BYTES, this.#wanted) });
      rest = rest.subarray(this.#wanted);
      this.#wanted = HEAD_BYTES;
    }
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    return found;
  }
}

const WORDS_MAX = 256;

export function requestFrame(request: ProgramRequest): Buffer | null {
  const bytes = Buffer.from(JSON.stringify(request));
  return bytes.length > FRAME_MAX_BYTES ? null : frames("request", bytes);
}

/** Null: it is none. */
export function requestOf(bytes: Buffer): ProgramRequest | null {
  const of = parsed(bytes);
  const [argv, env, cwd, maxMs] = [of?.["argv"], record(of?.["env"]), of?.["cwd"], of?.["maxMs"]];
  if (!isTexts(argv) || argv.length === 0 || argv.length > WORDS_MAX || env === null) return null;
  if (typeof cwd !== "string" || !(maxMs === null || isDuration(maxMs))) return null;
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (typeof value !== "string") return null;
    values[name] = value;
  }
  return { argv, env: values, cwd, maxMs };
}

export function endFrame(end: ProgramEnd): Buffer {
  return frames("ended", Buffer.from(JSON.stringify(end)));
}

/** Null: it is none. */
export function endOf(bytes: Buffer): ProgramEnd | null {
  const of = parsed(bytes);
  if (of === null) return null;
  const { code, signal, error } = of;
  if (!isOr(code, "number") || !isOr(signal, "string") || !isOr(error, "string")) return null;
  return { code, signal, error };
}

function parsed(bytes: Buffer): Fields | null {
  return record(parseJson(bytes.toString("utf8")));
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((word) => typeof word === "string");
}

function isDuration(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isOr(value: unknown, type: "number"): value is number | null;
function isOr(value: unknown, type: "string"): value is string | null;
function isOr(value: unknown, type: string): boolean {
  return value === null || typeof value === type;
}
