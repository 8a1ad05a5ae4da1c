/**
 * Real time and real chance.
 *
 * Invariant: an alarm never rings before its time by `nowMs`, rings at most once, and never after
 * it was taken back.
 *
 * Alarms keep the process alive (no `unref`): a deadline that could vanish with the event loop is
 * no deadline. So whoever sets an alarm takes it back in its `close`.
 */

import { randomInt } from "node:crypto";
import type { Calendar, Clock, Dice } from "../../ports.ts";
import { clockIsSet, localTime } from "./local-time.ts";

/** The longest delay a Node timer takes, milliseconds (2^31-1: about 24.8 days). */
export const DELAY_MAX_MS = 2_147_483_647;

/** A delay as every clock takes it: 0 to DELAY_MAX_MS; what is not a number counts as 0. */
export function clampDelay(delayMs: number): number {
  return delayMs > 0 ? Math.min(delayMs, DELAY_MAX_MS) : 0;
}

/** The machine's own clocks and timers. */
export class SystemClock implements Clock {
  nowMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  after(delayMs: number, ring: () => void): () => void {
    const dueMs = this.nowMs() + clampDelay(delayMs);
    let timer = setTimeout(check, clampDelay(delayMs));
    // Node counts whole milliseconds from the start of the loop's turn, and so may be early.
    function check(): void {
      const leftMs = dueMs - performance.now();
      if (leftMs <= 0) ring();
      else timer = setTimeout(check, Math.ceil(leftMs));
    }
    return () => clearTimeout(timer);
  }
}

/** Days by the machine's time zone. */
export class SystemCalendar implements Calendar {
  dayStartMs(wallMs: number): number {
    return localTime.date(wallMs).setHours(0, 0, 0, 0);
  }

  zone(): string {
    return localTime.zone();
  }

  isSet(): boolean {
    return clockIsSet();
  }
}

/** Steps of SystemDice: the widest range `randomInt` draws from is below 2^48. */
const STEPS = 2 ** 47;

/** Chance from the operating system. */
export class SystemDice implements Dice {
  unit(): number {
    return randomInt(STEPS) / STEPS;
  }
}
