/**
 * Trouble that lasts: a line that comes again and again is said a few times, then counted, and the
 * count is told after an hour, and ever more seldom while it goes on.
 *
 * Invariants: nothing is dropped uncounted; a line that has stopped coming is told a last time, and
 * forgotten; at most LINES_REMEMBERED lines are known, one alarm each.
 */

import type { Clock, LogLevel } from "../../ports.ts";
import { localTime } from "../os/local-time.ts";

/** So often it is said as it comes, within the first hour: a fault that is tried again by hand. */
export const SAID_FREELY = 3;
/** The first time until the count is told; it doubles each time. */
export const FIRST_COUNT_MS = 3_600_000;
export const COUNT_MAX_MS = 24 * 3_600_000;
/** Different lines that are known at a time; the oldest makes room. */
export const LINES_REMEMBERED = 64;

export interface RepeatsOptions {
  readonly clock: Clock;
  readonly say: (level: LogLevel, line: string) => void;
}

interface Known {
  readonly level: LogLevel;
  readonly sinceWallMs: number;
  /** How often it came since then; and how often it was neither said nor counted. */
  times: number;
  unlogged: number;
  periodMs: number;
  cancel: () => void;
}

export class JournalRepeats {
  readonly #options: RepeatsOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: RepeatsOptions) {
    this.#options = options;
  }

  /** Is it to be said now? Otherwise it was counted. */
  admits(level: LogLevel, line: string): boolean {
    const known = this.#known.get(line) ?? this.#meet(level, line);
    known.times++;
    if (known.times <= SAID_FREELY) return true;
    known.unlogged++;
    return false;
  }

  /** Tells all counts, and forgets. */
  close(): void {
    for (const line of [...this.#known.keys()]) this.#forget(line);
  }

  #meet(level: LogLevel, line: string): Known {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= LINES_REMEMBERED && oldest !== undefined) this.#forget(oldest);
    const known: Known = {
      level,
      sinceWallMs: this.#options.clock.wallMs(),
      times: 0,
      unlogged: 0,
      periodMs: FIRST_COUNT_MS,
      cancel: () => {},
    };
    this.#known.set(line, known);
    this.#countLater(line, known);
    return known;
  }

  #countLater(line: string, known: Known): void {
    known.cancel = this.#options.clock.after(known.periodMs, () => {
      if (known.unlogged === 0) this.#known.delete(line);
      else {
        this.#log(line, known);
        known.periodMs = Math.min(COUNT_MAX_MS, known.periodMs * 2);
        this.#countLater(line, known);
      }
    });
  }

  #forget(line: string): void {
    const known = this.#known.get(line);
    if (known === undefined) return;
    known.cancel();
    this.#known.delete(line);
    if (known.unlogged > 0) this.#log(line, known);
  }

  #log(line: string, known: Known): void {
    known.unlogged = 0;
    const since = clockTime(known.sinceWallMs);
    this.#options.say(known.level, `${line} (said ${known.times} times since ${since})`);
  }
}

/** Local time as `2026-11-22 13:30`. */
function clockTime(wallMs: number): string {
  const at = localTime.date(wallMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
