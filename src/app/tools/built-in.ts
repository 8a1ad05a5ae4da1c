/** The functions that Pipit has by itself, carried out. Their rows are in core/functions/built-in.ts. */

import type { TimerOrder } from "../../core/control.ts";
import { GOODBYE, REPEAT } from "../../core/functions/built-in.ts";
import { timeData } from "../../core/functions/context.ts";
import type { ToolResult } from "../../core/functions/result.ts";
import { type Fields, number, text } from "../../core/json.ts";
import { alarmTimeOf } from "../../core/timers/time-text.ts";
import { moveAlarm } from "../../core/timers/timers.ts";
import { isZone } from "../../core/timers/wall-time.ts";
import { STEP_PERCENT } from "../../core/volume.ts";
import type { Volume } from "../audio/volume.ts";
import type { AlarmClock } from "../timers/alarm-clock.ts";
import { timerOrder } from "../timers/orders.ts";
import type { Handler } from "./executor.ts";
import type { Memory } from "./memory.ts";

export interface BuiltInParts {
  readonly alarmClock: AlarmClock;
  readonly volume: Volume;
  readonly memory: Memory;
  readonly look: (signal: AbortSignal) => Promise<ToolResult>;
  /** As `pipit status --json` has it. */
  readonly status: () => Fields;
  /** Is there a reply that could be played again? */
  readonly canRepeat: () => boolean;
  /** Nothing is heard any more once the model has answered. */
  readonly muteAfterReply: () => void;
}

/** What of the status somebody in the kitchen may ask for. */
const STATUS_KEYS = [
  "model",
  "voice",
  "microphone",
  "speaker",
  "wake_word",
  "uptime_s",
  "conversations_today",
  "cost_today_usd",
  "budget",
  "last_fault",
  "last_fault_s",
  "version",
] as const;

/** By the name of the row. */
export function builtInHandlers(parts: BuiltInParts): ReadonlyMap<string, Handler> {
  const { alarmClock, memory } = parts;
  const order = async (request: TimerOrder): Promise<ToolResult> => {
    const done = await timerOrder(alarmClock, request);
    return done.ok ? { ok: true, data: forModel(done.data) } : done;
  };
  return new Map<string, Handler>([
    [GOODBYE, async () => ({ ok: true, data: { ok: true } })],
    ["get_time", async (args) => getTime(alarmClock, text(args, "zone") ?? "")],
    ["set_timer", (args) => order(setTimer(args))],
    ["set_alarm", (args) => order(setAlarm(args))],
    ["list_timers", () => order({ act: "list" })],
    ["change_timer", (args) => changeTimer(parts, args, order)],
    ["cancel_timer", (args) => order({ act: "cancel", which: text(args, "which") ?? "" })],
    ["snooze_timer", (args) => order({ act: "snooze", minutes: number(args, "minutes") ?? 5 })],
    ["set_volume", (args) => setVolume(parts.volume, args)],
    [REPEAT, async () => repeated(parts.canRepeat())],
    [
      "mute",
      async () => {
        parts.muteAfterReply();
        return { ok: true, data: MUTING };
      },
    ],
    ["get_status", async () => ({ ok: true, data: statusData(parts.status()) })],
    [
      "remember",
      async (args) => factsResult(await memory.remember(text(args, "fact") ?? ""), "kept"),
    ],
    ["look", (_, signal) => parts.look(signal)],
    ["forget", async (args) => factsResult(await memory.forget(text(args, "about") ?? ""), "gone")],
  ]);
}

function getTime({ now }: AlarmClock, zone: string): ToolResult {
  if (zone === "") return { ok: true, data: timeData(now) };
  if (!isZone(zone)) {
    return { ok: false, error: `There is no zone '${zone}'; use an IANA name such as Asia/Tokyo` };
  }
  return { ok: true, data: timeData({ ...now, zone }) };
}

function setTimer(args: Fields): TimerOrder {
  return { act: "set", seconds: number(args, "seconds") ?? 0, label: text(args, "label") ?? "" };
}

function setAlarm(args: Fields): TimerOrder {
  const label = text(args, "label") ?? "";
  return { act: "alarm", at: text(args, "at") ?? "", days: daysIn(args), label };
}

function daysIn(args: Fields): readonly string[] {
  const { days } = args;
  return Array.isArray(days) ? days.filter((day) => typeof day === "string") : [];
}

async function changeTimer(
  { alarmClock }: BuiltInParts,
  args: Fields,
  order: (request: TimerOrder) => Promise<ToolResult>,
): Promise<ToolResult> {
  const which = text(args, "which") ?? "";
  const at = text(args, "at") ?? "";
  const seconds = number(args, "add_seconds");
  if (seconds !== null && at === "") return await order({ act: "add", which, seconds });
  if (at === "" || seconds !== null) return { ok: false, error: "Give add_seconds, or at" };
  const time = alarmTimeOf(at, daysIn(args));
  if (typeof time === "string") return { ok: false, error: time };
  const done = await alarmClock.order((timers, now) => moveAlarm(timers, which, time, now));
  return done.ok ? await order({ act: "list" }) : { ok: false, error: done.problem };
}

/** The lines are what a model needs; the fields are for programs. */
function forModel(data: Fields): Fields {
  const { done, cancelled, lines, ringing, missed, not_stored: unsaved } = data;
  const warning = warningOf(unsaved === undefined ? unsaved : String(unsaved));
  if (done !== undefined) return { done, ...warning };
  if (cancelled !== undefined) return { cancelled, ...warning };
  return { timers: lines, ringing, missed };
}

async function setVolume(volume: Volume, args: Fields): Promise<ToolResult> {
  const percent = number(args, "percent");
  const change = text(args, "change");
  const by = change === null ? null : change === "louder" ? STEP_PERCENT : -STEP_PERCENT;
  const unsaved =
    percent !== null ? await volume.set(percent) : by !== null ? await volume.step(by) : null;
  return { ok: true, data: { percent: volume.percent, ...warningOf(unsaved?.message) } };
}

function statusData(status: Fields): Fields {
  return Object.fromEntries(STATUS_KEYS.map((key) => [key, status[key] ?? null]));
}

const MUTING = {
  state: "muted as soon as you have answered",
  say: "that you no longer listen, not even to the wake word, until somebody presses the button (or enters pipit mute off)",
};

function repeated(can: boolean): ToolResult {
  if (!can) return { ok: false, error: "Nothing was said yet that could be played again" };
  return { ok: true, data: { state: "the last answer is played again; say nothing" } };
}

function factsResult(done: Awaited<ReturnType<Memory["remember"]>>, word: string): ToolResult {
  if (!done.ok) return { ok: false, error: done.problem };
  return { ok: true, data: { [word]: done.facts, ...warningOf(done.unsaved?.message) } };
}

/** It is done, but may not outlive this run: the user is to know. */
function warningOf(unsaved: string | undefined): Fields {
  return unsaved === undefined ? {} : { warning: `not on the disk: ${unsaved}` };
}
