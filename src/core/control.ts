/** The owner's commands to the running daemon, and their replies: one JSON object a line each way. */

import { type Fields, number, record, text } from "./json.ts";

/** What is wanted of the timers and alarms. */
export type TimerOrder =
  | { readonly act: "list" }
  | { readonly act: "set"; readonly seconds: number; readonly label: string }
  | {
      readonly act: "alarm";
      readonly at: string;
      readonly days: readonly string[];
      readonly label: string;
    }
  | { readonly act: "add"; readonly which: string; readonly seconds: number }
  | { readonly act: "cancel"; readonly which: string }
  | { readonly act: "snooze"; readonly minutes: number };

export type ControlRequest =
  | { readonly command: "status"; readonly debug?: boolean }
  | { readonly command: "wake" }
  | { readonly command: "stop" }
  | { readonly command: "mute"; readonly on: boolean }
  | { readonly command: "timers"; readonly order: TimerOrder }
  /** Both in percent of full scale; `by` is added. Neither: only asks. */
  | { readonly command: "volume"; readonly percent?: number; readonly by?: number }
  | { readonly command: "tools"; readonly act: "list" }
  /** `arguments`: JSON text, as the model would write it. */
  | {
      readonly command: "tools";
      readonly act: "call";
      readonly name: string;
      readonly arguments: string;
    }
  /** `offline`: not in the model's voice, which costs something. */
  | { readonly command: "say"; readonly text: string; readonly offline?: boolean }
  | { readonly command: "memory"; readonly act: "list" }
  | { readonly command: "memory"; readonly act: "remember" | "forget"; readonly text: string };

/** The loop answers within a turn; most commands wait for nothing but the disk. */
export const ANSWER_MAX_MS = 5_000;
/** A function of the owner's own may take its time: the longest that one may have, and some. */
const CALL_MAX_MS = 605_000;

/** A line of the protocol has 4 KB, and a minute of speech some 1,000 characters. */
export const SAY_MAX_CHARS = 1_000;
/** How long the daemon has for its answer, milliseconds. */
export function answerMaxMs(request: ControlRequest): number {
  // Eight texts at most are read by the model one after the other, a minute each.
  const isCall =
    request.command === "say" || (request.command === "tools" && request.act === "call");
  return isCall ? CALL_MAX_MS : ANSWER_MAX_MS;
}

/** `ok: false` carries one sentence for the owner. */
export type ControlReply =
  | { readonly ok: true; readonly data: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly error: string };

const SHAPES =
  'expected {"command":"status"}, {"command":"wake"}, {"command":"stop"}, ' +
  '{"command":"mute","on":true|false} {"command":"volume","percent":0…100|"by":…}, ' +
  '{"command":"tools","act":"list"|"call","name":…,"arguments":…}, ' +
  '{"command":"say","text":…}, {"command":"memory","act":"list"|"remember"|"forget","text":…} ' +
  'or {"command":"timers","act":"list"|"set"|"alarm"|"add"|"cancel"|"snooze", …}';
const TIMER_SHAPES =
  'timers: expected "act":"list", "set" with seconds and label, "alarm" with at, days and label, ' +
  '"add" with which and seconds, "cancel" with which, or "snooze" with minutes';

/** Reads one line of the control protocol; a string is the error message. */
export function parseControlRequest(line: string): ControlRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `not JSON: ${SHAPES}`;
  }
  const request = record(value);
  if (request === null) return SHAPES;
  const { command, on, debug } = request;
  switch (command) {
    case "status":
      return debug === true ? { command, debug } : { command };
    case "wake":
    case "stop":
      return { command };
    case "mute":
      return typeof on === "boolean" ? { command, on } : SHAPES;
    case "timers": {
      const order = timerOrder(request);
      return order === null ? TIMER_SHAPES : { command, order };
    }
    case "volume":
      return volumeRequest(request);
    case "say": {
      const words = text(request, "text") ?? "";
      const isFine = words !== "" && words.length <= SAY_MAX_CHARS;
      const offline = request["offline"] === true ? { offline: true } : {};
      return isFine
        ? { command, text: words, ...offline }
        : `say: expected "text" of 1 to ${SAY_MAX_CHARS}`;
    }
    case "tools":
      return toolsRequest(request) ?? SHAPES;
    case "memory":
      return memoryRequest(request) ?? SHAPES;
    default:
      return SHAPES;
  }
}

function volumeRequest(request: Fields): ControlRequest {
  const [percent, by] = [number(request, "percent"), number(request, "by")];
  if (percent !== null) return { command: "volume", percent };
  return by === null ? { command: "volume" } : { command: "volume", by };
}

function toolsRequest(request: Fields): ControlRequest | null {
  const { act } = request;
  if (act === "list") return { command: "tools", act };
  const name = text(request, "name");
  if (act !== "call" || name === null) return null;
  return { command: "tools", act, name, arguments: text(request, "arguments") ?? "" };
}

function memoryRequest(request: Fields): ControlRequest | null {
  const { act } = request;
  if (act === "list") return { command: "memory", act };
  const words = text(request, "text");
  if ((act !== "remember" && act !== "forget") || words === null) return null;
  return { command: "memory", act, text: words };
}

/** The line's fields of an order are beside the command. */
export function controlFields(request: ControlRequest): Fields {
  return request.command === "timers" ? { command: "timers", ...request.order } : request;
}

function timerOrder(request: Fields): TimerOrder | null {
  const { act } = request;
  const [which, label] = [text(request, "which") ?? "", text(request, "label") ?? ""];
  const seconds = number(request, "seconds");
  switch (act) {
    case "list":
      return { act };
    case "set":
      return seconds === null ? null : { act, seconds, label };
    case "alarm": {
      const [at, days] = [text(request, "at"), texts(request["days"])];
      return at === null || days === null ? null : { act, at, days, label };
    }
    case "add":
      return seconds === null ? null : { act, which, seconds };
    case "cancel":
      return { act, which };
    case "snooze": {
      const minutes = number(request, "minutes");
      return minutes === null ? null : { act, minutes };
    }
    default:
      return null;
  }
}

/** A list of texts; absent is none; null: anything else. */
function texts(value: unknown): readonly string[] | null {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return null;
  return value.every((item) => typeof item === "string") ? value : null;
}
