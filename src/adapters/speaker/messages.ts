/**
 * What the daemon and the speaker's child process say to each other, over two pipes: a channel of
 * Node's own would cost the child 3 MB.
 *
 * To the child: a byte that says what it is, a length of four bytes, and so many bytes, sound (s16le)
 * or none. From the child: lines of JSON, few of them, which the daemon fetches when it is awake anyway.
 * Order is kept, so an answer always belongs to the oldest open question.
 */

import { parseJson } from "../../core/json.ts";

/** `asked`: sound, for which an answer is to come; `sound`: none. */
export type SoundKind = "sound" | "asked";
/** `finish`: play out, say so. `drop`: silence now, say so, be ready again. */
export type Order = "finish" | "drop";

export type Report =
  | { readonly tag: "ready" }
  /** The oldest chunk that was asked for: it sounds at `atMs`, by `monotonicMs`. */
  | { readonly tag: "accepted"; readonly atMs: number }
  | { readonly tag: "drained" }
  | { readonly tag: "dropped" }
  | { readonly tag: "failed"; readonly message: string };

/** Argument that makes the child only load the package: exit code 0 when it can. */
export const PROBE_ARGUMENT = "--probe";

const HEAD_BYTES = 5;
const KINDS = ["sound", "asked", "finish", "drop"] as const;
/** Five seconds of sound: fifty times what is handed over at once. */
export const MESSAGES_MAX_BYTES = 256 * 1024;
/** A line is a tag, a number or a sentence. */
const LINE_MAX_CHARS = 4_096;

export function soundMessage(chunk: Int16Array, kind: SoundKind): Buffer {
  return message(kind, new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
}

export function orderMessage(order: Order): Buffer {
  return message(order, new Uint8Array(0));
}

function message(kind: (typeof KINDS)[number], content: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + content.length);
  bytes[0] = KINDS.indexOf(kind);
  bytes.writeUInt32LE(content.length, 1);
  bytes.set(content, HEAD_BYTES);
  return bytes;
}

/** What the child does with messages. The sound is a part of the array that was read. */
export interface Receiver {
  play(sound: Uint8Array, isAsked: boolean): void;
  finish(): void;
  drop(): void;
}

/**
 * Reads the messages at the beginning of `bytes`; returns how many bytes they are. Throws a RangeError
 * for what is no message.
 */
export function readMessages(bytes: Buffer, receiver: Receiver): number {
  let at = 0;
  while (bytes.length - at >= HEAD_BYTES) {
    const kind = KINDS[bytes[at] ?? KINDS.length];
    const length = bytes.readUInt32LE(at + 1);
    if (kind === undefined || HEAD_BYTES + length > MESSAGES_MAX_BYTES) {
      throw new RangeError("what the daemon wrote is no message");
    }
    const end = at + HEAD_BYTES + length;
    if (end > bytes.length) break;
    if (kind === "finish" || kind === "drop") receiver[kind]();
    else receiver.play(bytes.subarray(at + HEAD_BYTES, end), kind === "asked");
    at = end;
  }
  return at;
}

export function reportLine(report: Report): string {
  return `${JSON.stringify(report)}\n`;
}

/** The child's lines, however they are cut. */
export class MessageReader {
  #rest = "";

  /** Returns the reports that are complete; what is none is left out. */
  push(text: string): readonly Report[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = (lines.pop() ?? "").slice(-LINE_MAX_CHARS);
    return lines.flatMap((line) => parseReport(parseJson(line)) ?? []);
  }
}

/** Reads a message from the child; null for anything else. */
function parseReport(value: unknown): Report | null {
  if (typeof value !== "object" || value === null || !("tag" in value)) return null;
  switch (value.tag) {
    case "ready":
    case "drained":
    case "dropped":
      return { tag: value.tag };
    case "accepted":
      return "atMs" in value && typeof value.atMs === "number"
        ? { tag: "accepted", atMs: value.atMs }
        : null;
    case "failed":
      return "message" in value && typeof value.message === "string"
        ? { tag: "failed", message: value.message }
        : null;
    default:
      return null;
  }
}
