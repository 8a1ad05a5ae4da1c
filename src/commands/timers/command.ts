/** `pipit timers`: lists, sets, changes and cancels the timers and alarms of the running appliance. */

import type { ControlReply, TimerOrder } from "../../core/control.ts";
import { secondsOf } from "../../core/timers/time-text.ts";
import {
  type CommandLine,
  type CommandSpec,
  EXIT_FINE,
  readCommandLine,
  usageError,
} from "../args.ts";
import { askRunning, failed, SOCKET_OPTION, socketOf, unstored } from "../ask-daemon.ts";

/** More words than any label has. */
const OPERANDS_MAX = 24;
const SNOOZE_MINUTES = 5;
/** A time of day without its colon. */
const CLOCK = /^(?:[01]\d|2[0-3])[0-5]\d$/;

export const SPEC: CommandSpec = {
  name: "timers",
  summary: "lists the timers and alarms; sets, changes and cancels them",
  operands: "[set 10m|07:00 [LABEL] | add WHICH 5m | cancel WHICH|all | snooze [MINUTES]]",
  operandsMax: OPERANDS_MAX,
  json: true,
  config: true,
  options: {
    days: { value: "DAYS", doc: "an alarm repeats: mon,tue,…, weekdays, weekend or daily" },
    ...SOCKET_OPTION,
  },
};

/** Runs the command; returns the exit code. */
export async function timers(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const order = orderOf(line);
  if (typeof order === "string") return usageError("timers", order);
  const reply = await askRunning(socketOf("timers", line), { command: "timers", order });
  if (!reply.ok) return failed("timers", reply.error, line.json);
  process.stdout.write(line.json ? `${JSON.stringify(reply.data)}\n` : screen(order, reply));
  return EXIT_FINE;
}

/** A string is the error message. */
function orderOf(line: CommandLine): TimerOrder | string {
  const [verb = "list", first = "", ...more] = line.operands;
  const days = line.option("days")?.split(",") ?? [];
  if (days.length > 0 && verb !== "set") return "--days goes with set";
  switch (verb) {
    case "list":
      return first === "" ? { act: "list" } : `unexpected argument "${first}"`;
    case "set":
      return setOrder(first, days, more.join(" "));
    case "add": {
      const seconds = secondsOf(more.join(" "));
      return seconds === null ? "add needs WHICH and a time such as 5m" : added(first, seconds);
    }
    case "cancel": {
      const which = [first, ...more].join(" ").trim();
      return which === "" ? "cancel needs WHICH, or all" : { act: "cancel", which };
    }
    case "snooze": {
      const minutes = first === "" ? SNOOZE_MINUTES : Number(first);
      return Number.isFinite(minutes) ? { act: "snooze", minutes } : "snooze takes minutes";
    }
    default:
      return `unknown word "${verb}"`;
  }
}

function setOrder(when: string, days: readonly string[], label: string): TimerOrder | string {
  if (when.includes(":")) return { act: "alarm", at: when, days, label };
  if (days.length > 0) return "--days goes with a time of day such as 07:00";
  if (CLOCK.test(when)) {
    const clock = `${when.slice(0, 2)}:${when.slice(2)}`;
    return `"${when}" may be a time of day or seconds: write ${clock} or ${when}s`;
  }
  const seconds = secondsOf(when);
  if (seconds === null) return "set needs a time such as 10m, 1h30m, 07:00 or 2026-11-29T07:00";
  return { act: "set", seconds, label };
}

function added(which: string, seconds: number): TimerOrder {
  return { act: "add", which, seconds };
}

function screen(order: TimerOrder, { data }: Extract<ControlReply, { ok: true }>): string {
  const of = (name: string): readonly string[] => textsOf(data[name]);
  const done = order.act === "list" ? of("lines") : [...of("done"), ...mark("cancelled", of)];
  const lines = [
    ...(order.act === "list" && done.length === 0 ? ["no timers and no alarms"] : done),
    ...mark("ringing", of),
    ...(order.act === "list" ? mark("missed", of) : []),
    ...unstored(data),
  ];
  return lines.map((text) => `${text}\n`).join("");
}

function mark(name: string, of: (name: string) => readonly string[]): readonly string[] {
  return of(name).map((text) => `${name}: ${text}`);
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
