/**
 * What a function has brought, made fit for the model: cut where it is long, refused where it is no
 * text. Text of others is fenced, so that it is read as data.
 */

import { fenced, unmarked } from "./fence.ts";

/** What comes back of a call. `data` goes to the model as JSON. */
export type ToolResult =
  | {
      readonly ok: true;
      readonly data: unknown;
      /** What the model is shown besides: a JPEG in base64. */
      readonly picture?: string;
    }
  | { readonly ok: false; readonly error: string };

/** Looked at for characters that no text has. */
const SNIFFED_CHARS = 4_096;
/** More of them than this, and it is a picture or a program. */
const ODD_SHARE_MAX = 0.02;
/** A few are colours of a terminal. */
const ODD_MIN = 8;

/** The output of a call: JSON text of at most about `maxBytes`. */
export function outputOf(result: ToolResult, maxBytes: number): string {
  if (!result.ok) return JSON.stringify({ error: cut(result.error, maxBytes) });
  const text = JSON.stringify(result.data === undefined ? null : result.data);
  if (utf8Bytes(text) <= maxBytes) return text;
  return JSON.stringify({ cut: cut(text, maxBytes) });
}

/** Text that a program or a server wrote. `maxBytes`: of the output that becomes of it. */
export function foreignText(text: string, maxBytes: number): ToolResult {
  if (looksBinary(text)) {
    return { ok: false, error: "The result is no text (a picture or a program?); it was dropped" };
  }
  const room = maxBytes - jsonBytes({ result: fenced("") });
  return { ok: true, data: { result: fenced(cutAsJson(unmarked(text.trim()), room)) } };
}

/** What others wrote of a failure, to stand in a sentence of ours. */
export function foreignWords(text: string, maxBytes: number): string {
  if (text.trim() === "") return "no reason given";
  return looksBinary(text) ? "what it says is no text" : fenced(cut(text.trim(), maxBytes));
}

/** Cut so that it has at most so many bytes as a string of JSON, without its quotes. */
function cutAsJson(text: string, maxBytes: number): string {
  const short = cut(text, maxBytes);
  const excess = jsonBytes(short) - 2 - maxBytes;
  return excess > 0 ? cut(text, utf8Bytes(short) - excess) : short;
}

function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value));
}

/** At most so many bytes of UTF-8, with a sentence that says so where it was longer. */
export function cut(text: string, maxBytes: number): string {
  const total = utf8Bytes(text);
  if (total <= maxBytes) return text;
  const sentence = ` … (cut: the whole has ${total} bytes, this is the beginning)`;
  let bytes = utf8Bytes(sentence);
  let end = 0;
  for (const character of text) {
    bytes += characterBytes(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return text.slice(0, end) + sentence;
}

export function looksBinary(text: string): boolean {
  const start = text.slice(0, SNIFFED_CHARS);
  if (start.includes("\0")) return true;
  const odd = start.match(/(?!\s)\p{Cc}|\ufffd/gu)?.length ?? 0;
  return odd > Math.max(ODD_MIN, start.length * ODD_SHARE_MAX);
}

export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += characterBytes(character);
  return bytes;
}

function characterBytes(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}
