/** What the owner or the model wants of the timers: one order, carried out, and told in words. */

import type { TimerOrder } from "../../core/control.ts";
import { alarmTimeOf } from "../../core/timers/time-text.ts";
import { addAlarm, addTime, addTimer, cancel } from "../../core/timers/timers.ts";
import { entryText } from "../../core/timers/words.ts";
import type { AlarmClock, Done } from "./alarm-clock.ts";

/** Longer is an alarm's business; shorter is no rest. */
const SNOOZE_MINUTES = { min: 1, max: 120 } as const;

export type TimerResult =
  | { readonly ok: true; readonly data: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly error: string };

export async function timerOrder(alarmClock: AlarmClock, order: TimerOrder): Promise<TimerResult> {
  if (order.act === "list") return { ok: true, data: alarmClock.data() };
  const done = await perform(alarmClock, order);
  if (!done.ok) return { ok: false, error: done.problem };
  const word = order.act === "cancel" ? "cancelled" : "done";
  const { now } = alarmClock;
  const lines = done.touched.map((entry) => entryText(entry, now));
  const note = done.unsaved === null ? {} : { not_stored: done.unsaved.message };
  return { ok: true, data: { ...alarmClock.data(), [word]: lines, ...note } };
}

async function perform(
  alarmClock: AlarmClock,
  order: Exclude<TimerOrder, { act: "list" }>,
): Promise<Done> {
  switch (order.act) {
    case "set":
      return alarmClock.order((timers, now) => addTimer(timers, order.seconds, order.label, now));
    case "alarm": {
      const time = alarmTimeOf(order.at, order.days);
      if (typeof time === "string") return { ok: false, problem: time };
      return alarmClock.order((timers, now) => addAlarm(timers, time, order.label, now));
    }
    case "add":
      return alarmClock.order((timers, now) => addTime(timers, order.which, order.seconds, now));
    case "cancel":
      return alarmClock.order((timers) => cancel(timers, order.which));
    case "snooze": {
      const { min, max } = SNOOZE_MINUTES;
      const isFine = order.minutes >= min && order.minutes <= max;
      if (!isFine) return { ok: false, problem: `Snooze takes ${min} to ${max} minutes` };
      return alarmClock.snooze(order.minutes);
    }
  }
}
