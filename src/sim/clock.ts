/**
 * Time that moves when it is told to.
 *
 * Invariant: alarms ring in the order of their time, those of the same time in the order of their
 * setting, and while one rings `nowMs` is exactly its time. Real time never enters.
 */

import { DAY_MS } from "../core/duration.ts";
import type { Calendar, Clock } from "../ports.ts";

/** Alarms that one call may ring: more means two of them set each other for ever. */
export const RINGS_MAX = 1_000_000;
/** The clamp of the Clock port. */
const DELAY_MAX_MS = 2_147_483_647;
/** 2026-01-01T00:00:00Z, so that file names and time stamps in tests are always the same. */
const WALL_START_MS = 1_767_225_600_000;

interface Alarm {
  readonly dueMs: number;
  readonly ring: () => void;
}

/** A clock for tests, the demo and simulated worlds. Starts at 0. */
export class SimClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs: number;
  readonly #alarms = new Set<Alarm>();

  /** `wallStartMs`: the wall clock at time 0, milliseconds since 1970. */
  constructor(wallStartMs = WALL_START_MS) {
    this.#wallOffsetMs = wallStartMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  /** Makes the wall clock jump, as when the network brings the right time. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  after(delayMs: number, ring: () => void): () => void {
    const delay = delayMs > 0 ? Math.min(delayMs, DELAY_MAX_MS) : 0;
    const alarm: Alarm = { dueMs: this.#nowMs + delay, ring };
    this.#alarms.add(alarm);
    return () => {
      this.#alarms.delete(alarm);
    };
  }

  /** Alarms set and not yet rung: 0 after a clean close. */
  pending(): number {
    return this.#alarms.size;
  }

  /** Moves time on by `ms`, ringing everything due on the way, also what the alarms set anew. */
  advance(ms: number): void {
    const targetMs = this.#nowMs + Math.max(0, ms);
    for (let rings = 0; this.#ringNext(targetMs); rings++) this.#check(rings);
    this.#nowMs = targetMs;
  }

  /**
   * Rings alarm after alarm until `predicate` holds (asked before the first and after each).
   * False when it did not hold within `limitMs`, or nothing is left to ring; time then stands at
   * the limit.
   */
  runUntil(predicate: () => boolean, limitMs: number): boolean {
    const targetMs = this.#nowMs + Math.max(0, limitMs);
    for (let rings = 0; !predicate(); rings++) {
      this.#check(rings);
      if (this.#ringNext(targetMs)) continue;
      this.#nowMs = targetMs;
      return predicate();
    }
    return true;
  }

  /** As `advance`, letting promises and input settle before, between and after the alarms. */
  async advanceAsync(ms: number): Promise<void> {
    const targetMs = this.#nowMs + Math.max(0, ms);
    await settle();
    for (let rings = 0; this.#ringNext(targetMs); rings++) {
      this.#check(rings);
      await settle();
    }
    this.#nowMs = targetMs;
    await settle();
  }

  /** As `runUntil`, letting promises and input settle before each question. */
  async runUntilAsync(predicate: () => boolean, limitMs: number): Promise<boolean> {
    const targetMs = this.#nowMs + Math.max(0, limitMs);
    await settle();
    for (let rings = 0; !predicate(); rings++) {
      this.#check(rings);
      if (!this.#ringNext(targetMs)) {
        this.#nowMs = targetMs;
        await settle();
        return predicate();
      }
      await settle();
    }
    return true;
  }

  #check(rings: number): void {
    if (rings >= RINGS_MAX) throw new Error(`more than ${RINGS_MAX} alarms rang in one call`);
  }

  /** Rings the next alarm due up to `targetMs`; false when there is none. */
  #ringNext(targetMs: number): boolean {
    let next: Alarm | null = null;
    for (const alarm of this.#alarms) {
      // The set keeps the order of setting, so the first of equals stays the first.
      if (next === null || alarm.dueMs < next.dueMs) next = alarm;
    }
    if (next === null || next.dueMs > targetMs) return false;
    this.#alarms.delete(next);
    this.#nowMs = next.dueMs;
    next.ring();
    return true;
  }
}

/** Lets everything run that waits for a promise or an event, but for no time. */
export async function settle(): Promise<void> {
  // Two turns: the first may resolve what only then schedules a callback of its own.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The simulated house is in Greenwich, and has no daylight saving. */
export class SimCalendar implements Calendar {
  /** Its timers and alarms may be elsewhere. */
  zoneName = "UTC";
  hasTime: boolean = true;
  dayStartMs(wallMs: number): number {
    return Math.floor(wallMs / DAY_MS) * DAY_MS;
  }
  zone(): string {
    return this.zoneName;
  }
  isSet(): boolean {
    return this.hasTime;
  }
}
