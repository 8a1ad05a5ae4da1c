/**
 * Which metrics files are too many: by count, by age, and by the room they take, the oldest first.
 *
 * Invariants: the file just written stays; only regular files of our names go; the age is that of
 * the name, and only a clock that the files themselves bear out is believed; one call looks at and
 * removes a bounded number.
 */

import { join } from "node:path";
import { DAY_MS } from "../../core/duration.ts";
import { errorCode, type Files } from "../os/files.ts";
import { byName, METRICS_NAME, nameMs } from "./names.ts";

export interface MetricsLimits {
  /** At least 1. */
  readonly maxFiles: number;
  /** As the files lie on the card, in blocks of 4 KiB. */
  readonly maxBytes: number;
  /** Days; 0 for any age. */
  readonly maxAgeDays: number;
}

/** ext4's block, and the card's page. */
export const BLOCK_BYTES = 4_096;
/** Sizes asked for in one call, some 0.1 ms each on a Pi; the rest is asked for by the next. */
export const LOOKS_MAX = 5_000;
/** Files removed by one call: after a limit was lowered, the next conversations go on with it. */
export const REMOVALS_MAX = 500;
/** Of so many newest files, more than half must be of the clock's recent past. */
const DATED_FILES = 10;
/** No conversation was before Pipit. */
const FIRST_MS = Date.UTC(2026, 0, 1);

export class MetricsRotation {
  readonly #dir: string;
  readonly #files: Files;
  /** Blocks in bytes by name; 0 for what is no regular file. Only of names that are there. */
  #sizes = new Map<string, number>();

  constructor(dir: string, files: Files) {
    this.#dir = dir;
    this.#files = files;
  }

  /** Goes on after trouble with one file, and then rejects. */
  async rotate(justWritten: string, limits: MetricsLimits, wallMs: number): Promise<void> {
    const names = (await this.#files.list(this.#dir)).filter((name) => METRICS_NAME.test(name));
    const older = names.filter((name) => name !== justWritten).toSorted((a, b) => byName(b, a));
    const known = this.#sizes;
    this.#sizes = new Map();
    for (const name of older) {
      const bytes = known.get(name);
      if (bytes !== undefined) this.#sizes.set(name, bytes);
    }
    const cutoffMs = cutoff(older, limits.maxAgeDays, wallMs);
    const beyond = new Set(await this.#beyond([justWritten, ...older], limits));
    const surplus = older.filter((name) => beyond.has(name) || isOlder(name, cutoffMs));
    await this.#removeAll(surplus.toReversed().slice(0, REMOVALS_MAX));
  }

  /** The names for which there is no room, from the newest on. */
  async #beyond(
    newestFirst: readonly string[],
    { maxFiles, maxBytes }: MetricsLimits,
  ): Promise<readonly string[]> {
    let [count, bytes, looks] = [0, 0, 0];
    for (const [at, name] of newestFirst.entries()) {
      if (!this.#sizes.has(name) && ++looks > LOOKS_MAX) return [];
      const size = await this.#sizeOf(name);
      count += size > 0 ? 1 : 0;
      bytes += size;
      if (at > 0 && (count > maxFiles || bytes > maxBytes)) return newestFirst.slice(at);
    }
    return [];
  }

  async #removeAll(names: readonly string[]): Promise<void> {
    let trouble: unknown = null;
    for (const name of names) {
      try {
        if ((await this.#sizeOf(name)) > 0) await this.#files.remove(join(this.#dir, name));
      } catch (error) {
        // The owner was faster: as good as removed.
        if (errorCode(error) !== "ENOENT") trouble ??= error;
      }
    }
    if (trouble !== null) throw trouble;
  }

  /** What a file takes on the card, at least one block; 0 when it is none, or cannot be looked at. */
  async #sizeOf(name: string): Promise<number> {
    const known = this.#sizes.get(name);
    if (known !== undefined) return known;
    const facts = await this.#files.facts(join(this.#dir, name)).catch(() => null);
    if (facts === null) return 0;
    const blocks = facts.isFile ? Math.max(1, Math.ceil(facts.bytes / BLOCK_BYTES)) : 0;
    this.#sizes.set(name, blocks * BLOCK_BYTES);
    return blocks * BLOCK_BYTES;
  }
}

/** A name from before Pipit comes of a clock that had not been set: its age is not known. */
function isOlder(name: string, cutoffMs: number): boolean {
  const atMs = nameMs(name);
  return atMs >= FIRST_MS && atMs < cutoffMs;
}

/**
 * Before which time a file is too old. Nothing is when the clock cannot be believed: at the start of
 * a Pi it is anything from 1970 to the last shutdown, and a broken one may be years ahead.
 */
function cutoff(newestFirst: readonly string[], maxAgeDays: number, wallMs: number): number {
  if (maxAgeDays <= 0) return Number.NEGATIVE_INFINITY;
  const cutoffMs = wallMs - maxAgeDays * DAY_MS;
  const asked = newestFirst.slice(0, DATED_FILES).map(nameMs);
  const agreeing = asked.filter((atMs) => atMs >= cutoffMs && atMs <= wallMs);
  return agreeing.length * 2 > asked.length ? cutoffMs : Number.NEGATIVE_INFINITY;
}
