/**
 * A camera's picture, looked at before it leaves the house: is it a whole JPEG, small enough, and can
 * it be decoded by everybody?
 *
 * Theory: a JPEG is a row of segments (FF, kind, length) up to the scan; after it come entropy-coded
 * bytes up to FFD9. A frame of motion JPEG may leave out the Huffman tables (DHT), which everybody is
 * then to take from the standard; decoders of still pictures do not. They are put in.
 */

/** The longer side of what is sent, pixels; more costs tokens and tells the model no more. */
export const PICTURE_MAX_PIXELS = 1_024;
/** A picture of 1024 × 768 at quality 70 has 100 to 200 KiB, a webcam's frame up to 300. */
export const PICTURE_MAX_BYTES = 393_216;
/** What a camera may print before it is ended: some webcams pad their frames. */
export const CAMERA_OUTPUT_MAX_BYTES = 4 * PICTURE_MAX_BYTES;

export interface Jpeg {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export type JpegCheck =
  | { readonly ok: true; readonly jpeg: Jpeg }
  /** `why` goes on from "the picture ". */
  | { readonly ok: false; readonly why: string };

/** What stands around the picture is cut off. */
export function checkJpeg(found: Uint8Array): JpegCheck {
  const start = indexOf(found, 0xd8, 0);
  if (start < 0) return bad(found.length === 0 ? "is empty" : "is no JPEG");
  const head = jpegHead(found, start + 2);
  if (typeof head === "string") return bad(head);
  const end = lastEnd(found);
  if (end < head.scanAt) return bad("is cut short");
  const { width, height } = head;
  if (Math.max(width, height) > PICTURE_MAX_PIXELS) {
    const most = `at most ${PICTURE_MAX_PIXELS} pixels a side are sent`;
    return bad(`has ${width} × ${height} pixels; ${most}`);
  }
  const bytes = head.hasTables
    ? found.slice(start, end)
    : joined(found.subarray(start, head.scanAt), TABLES, found.subarray(head.scanAt, end));
  if (bytes.length > PICTURE_MAX_BYTES) {
    return bad(
      `has ${kilobytes(bytes.length)} kB; at most ${kilobytes(PICTURE_MAX_BYTES)} are sent`,
    );
  }
  return { ok: true, jpeg: { bytes, width, height } };
}

export function kilobytes(bytes: number): number {
  return Math.ceil(bytes / 1_000);
}

function bad(why: string): JpegCheck {
  return { ok: false, why };
}

/** Frames with Huffman coding: baseline, extended, progressive. */
const FRAMES = [0xc0, 0xc1, 0xc2];
const TABLES_MARK = 0xc4;
const SCAN_MARK = 0xda;

export interface JpegHead {
  readonly width: number;
  readonly height: number;
  readonly hasTables: boolean;
  /** Where the scan's own segment begins. */
  readonly scanAt: number;
}

/** Segment by segment up to the scan, from just after the beginning (FFD8); a sentence where that cannot be. */
export function jpegHead(bytes: Uint8Array, from: number): JpegHead | string {
  let [width, height, hasTables] = [0, 0, false];
  for (let at = from; at + 4 <= bytes.length; ) {
    const mark = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff) return "is damaged";
    if (mark === 0xff) {
      at += 1; // A filler.
      continue;
    }
    if (mark === SCAN_MARK) {
      const isSeen = width > 0 && height > 0;
      return isSeen ? { width, height, hasTables, scanAt: at } : "has no size";
    }
    if (mark === TABLES_MARK) hasTables = true;
    if (FRAMES.includes(mark)) [height, width] = [word(bytes, at + 5), word(bytes, at + 7)];
    at += 2 + Math.max(2, word(bytes, at + 2));
  }
  return "is cut short";
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Of the two bytes FF, `mark`; -1: there are none. */
function indexOf(bytes: Uint8Array, mark: number, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === mark) return at;
  }
  return -1;
}

/** Just after the last FFD9; -1: there is none. */
function lastEnd(bytes: Uint8Array): number {
  for (let at = bytes.lastIndexOf(0xd9); at > 0; at = bytes.lastIndexOf(0xd9, at - 1)) {
    if (bytes[at - 1] === 0xff) return at + 1;
  }
  return -1;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// ---------------------------------------------------------------- the standard's Huffman tables

/** ITU-T T.81, K.3: the number of codes of each length, then their values, as hexadecimal digits. */
const DC_LUMA = "00010501010101010100000000000000" + "000102030405060708090a0b";
const DC_CHROMA = "00030101010101010101010000000000" + "000102030405060708090a0b";
const AC_LUMA =
  "0002010303020403050504040000017d" +
  "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a2526" +
  "2728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485" +
  "868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6" +
  "d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa";
const AC_CHROMA =
  "00020102040403040705040400010277" +
  "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f1171819" +
  "1a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a8283" +
  "8485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4" +
  "d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa";

/** One segment with all four; before the values of each, its class and number. */
const TABLES = tablesSegment([
  [0x00, DC_LUMA],
  [0x10, AC_LUMA],
  [0x01, DC_CHROMA],
  [0x11, AC_CHROMA],
]);

function tablesSegment(tables: readonly (readonly [number, string])[]): Uint8Array {
  const body = tables.flatMap(([kind, hex]) => [kind, ...bytesOf(hex)]);
  const length = body.length + 2;
  return Uint8Array.from([0xff, TABLES_MARK, length >> 8, length & 0xff, ...body]);
}

function bytesOf(hex: string): readonly number[] {
  return (hex.match(/[0-9a-f]{2}/g) ?? []).map((pair) => Number.parseInt(pair, 16));
}
