/**
 * Real time and real chance.
 *
 * Invariant: an alarm never rings before its time by `nowMs`, rings at most once, and never after
 * it was taken back. One that is LATE_MS late rings after what has come in the meantime was read.
 *
 * Alarms keep the process alive (no `unref`): a deadline that could vanish with the event loop is
 * no deadline. So whoever sets an alarm takes it back in its `close`.
 */

import { randomInt } from "node:crypto";
import type { Calendar, Clock, Dice } from "../../ports.ts";
import { clockIsSet, localTime } from "./local-time.ts";

/** The longest delay a Node timer takes, milliseconds (2^31-1: about 24.8 days). */
export const DELAY_MAX_MS = 2_147_483_647;

/**
 * An alarm that rings so much later lets the loop read what has come first. After a pause of the
 * process (swap, a machine that was suspended) Node rings before it reads: an answer that had come
 * in time would be judged missing.
 */
const LATE_MS = 250;

/** A delay as every clock takes it: 0 to DELAY_MAX_MS; what is not a number counts as 0. */
export function clampDelay(delayMs: number): number {
  return delayMs > 0 ? Math.min(delayMs, DELAY_MAX_MS) : 0;
}

/**
 * For Node's timers, which count whole milliseconds from the start of the last one, and so are early in
 * four cases of ten: with one more they are not, and Node is woken once instead of twice.
 */
function wholeDelay(delayMs: number): number {
  const delay = clampDelay(delayMs);
  return delay > 0 ? Math.min(Math.ceil(delay) + 1, DELAY_MAX_MS) : 0;
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
    let timer = setTimeout(check, wholeDelay(delayMs));
    let reading: NodeJS.Immediate | undefined;
    function check(): void {
      const leftMs = dueMs - performance.now();
      if (leftMs > 0) timer = setTimeout(check, wholeDelay(leftMs));
      else if (leftMs > -LATE_MS) ring();
      else reading = setImmediate(ring);
    }
    return () => {
      clearTimeout(timer);
      clearImmediate(reading);
    };
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
