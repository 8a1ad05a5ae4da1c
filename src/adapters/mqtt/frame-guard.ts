/**
 * Takes packets that are too long out of what a broker sends, before anything of them is kept: a
 * broker passes on up to 256 MB of anybody's, and the library would collect all of it. The frame of
 * MQTT 3.1.1 §2.2: a byte, then the length of the rest in one to four bytes of seven bits each.
 *
 * Invariant: packets come out whole, in order, or not at all.
 */

/** Longest rest of a packet that passes, bytes: a topic and a text of SAY_MAX_CHARS have 5 KB at most. */
export const PACKET_MAX_BYTES = 16_384;
const LENGTH_MAX_BYTES = 4;

export class FrameGuard {
  /** What has come of a packet's head. */
  #head: number[] = [];
  #leftBytes = 0;
  #passes: boolean = true;
  #dropped = 0;

  /** Packets that were taken out. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What passes of the bytes, as views of them; null: this is no MQTT. */
  take(bytes: Uint8Array): readonly Uint8Array[] | null {
    const passed: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#leftBytes > 0) {
        const end = Math.min(bytes.length, at + this.#leftBytes);
        if (this.#passes) passed.push(bytes.subarray(at, end));
        this.#leftBytes -= end - at;
        at = end;
        continue;
      }
      this.#head.push(bytes[at] ?? 0);
      at += 1;
      const length = lengthIn(this.#head);
      if (length === "wrong") return null;
      if (length === "more") continue;
      this.#begin(length, passed);
    }
    return passed;
  }

  #begin(length: number, passed: Uint8Array[]): void {
    this.#passes = length <= PACKET_MAX_BYTES;
    this.#leftBytes = length;
    if (this.#passes) passed.push(Uint8Array.from(this.#head));
    else this.#dropped += 1;
    this.#head = [];
  }
}

/** How long the rest of the packet is, in bytes. */
function lengthIn(head: readonly number[]): number | "more" | "wrong" {
  const digits = head.slice(1);
  const last = digits.at(-1);
  if (last === undefined) return "more";
  if (last >= 128) return digits.length < LENGTH_MAX_BYTES ? "more" : "wrong";
  return digits.reduce((sum, digit, place) => sum + (digit & 127) * 128 ** place, 0);
}
