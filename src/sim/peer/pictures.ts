/**
 * Pictures that a client sends: looked at as a server would that has to decode them, and counted in
 * tokens. The API documents neither a limit nor a formula; these are the limits of the house's own
 * event size, and the tiles of OpenAI's older vision models (1024 × 768 is 765, as reported).
 */

import { jpegHead } from "../../core/camera/jpeg.ts";
import type { JsonObject } from "./json.ts";
import { textAt } from "./json.ts";

const DATA_URI = /^data:image\/(png|jpeg);base64,([A-Za-z0-9+/]+={0,2})$/;
/** As of the sound of one event. */
const BYTES_MAX = 15 * 1024 * 1024;
const PNG = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** The last chunk of a PNG, its checksum included. */
const PNG_END = Buffer.of(0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82);

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The rule that an image URL breaks, as a sentence; null: none. */
export function pictureProblem(url: string): string | null {
  const found = DATA_URI.exec(url);
  const base64 = found?.[2];
  if (base64 === undefined || base64.length % 4 !== 0) {
    return "Expected a base64 data URI of a PNG or JPEG image.";
  }
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length > BYTES_MAX) return "The image has more than 15 MiB.";
  return sizeOf(found?.[1] ?? "", bytes) === null ? "The image cannot be decoded." : null;
}

/** What a picture counts as. `part`: an `input_image` that was let in. */
export function pictureTokens(part: JsonObject): number {
  const base = 85;
  const [, kind = "", base64 = ""] = DATA_URI.exec(textAt(part, "image_url") ?? "") ?? [];
  const size = sizeOf(kind, Buffer.from(base64, "base64"));
  if (textAt(part, "detail") === "low" || size === null) return base;
  const fit = Math.min(1, 2_048 / Math.max(size.width, size.height));
  const short = Math.min(1, 768 / (Math.min(size.width, size.height) * fit));
  const tiles = (side: number): number => Math.ceil((side * fit * short) / 512);
  return base + 170 * tiles(size.width) * tiles(size.height);
}

/** Null: it is not what it says, not whole, or lacks what a decoder needs. */
function sizeOf(kind: string, bytes: Buffer): Size | null {
  if (kind === "png") {
    const isWhole = bytes.subarray(0, 8).equals(PNG) && bytes.subarray(-8).equals(PNG_END);
    if (!isWhole || bytes.length < 45) return null;
    return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  }
  if (bytes.length < 4) return null;
  const head = bytes.readUInt16BE(0) === 0xffd8 ? jpegHead(bytes, 2) : "is none";
  const isWhole = bytes.readUInt16BE(bytes.length - 2) === 0xffd9;
  return typeof head === "string" || !head.hasTables || !isWhole ? null : head;
}
