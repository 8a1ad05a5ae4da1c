/** How a turn stands in a scenario file: what is said, when, and how it ends. */

import { isObject, type JsonObject, type JsonValue } from "./json.ts";
import {
  anything,
  type Field,
  flag,
  integer,
  list,
  made,
  nullable,
  number,
  oneOf,
  optional,
  record,
  text,
  type Values,
} from "./reading.ts";
import type { Ending, ItemPlan, Turn } from "./scenario.ts";
import type { ApiError } from "./wire.ts";

/** Longest delay and longest sound that can be scripted, milliseconds. */
const DELAY_MAX_MS = 3_600_000;
const SOUND_MAX_MS = 300_000;
export const TONE_MS = 1200;

/** An error's four fields, each with a sensible default. */
export const errorField: Field<ApiError> = made(
  record({
    type: text<string | null>(null),
    code: nullable(text<string | null>(null)),
    message: text<string | null>(null),
    param: nullable(text<string | null>(null)),
  }),
  ({ type, code, message, param }) => ({
    type: type ?? "invalid_request_error",
    code,
    message: message ?? (code === null ? "A scripted error." : `A scripted error: ${code}.`),
    param,
  }),
);

/** A number of milliseconds, with what stands for it when absent. */
export function delay<A>(absent: A): Field<number | A> {
  return number(absent, 0, DELAY_MAX_MS);
}

const callFields = {
  name: text("tool"),
  arguments: anything(),
  call_id: text<string | null>(null),
};

const MCP_ERRORS = ["protocol_error", "http_error", "tool_execution_error"] as const;

const remoteFields = {
  label: text("docs"),
  name: text("search"),
  arguments: anything(),
  output: text("found"),
  error: oneOf<(typeof MCP_ERRORS)[number], null>(null, MCP_ERRORS),
  ms: delay(50),
  approval: flag(false),
};

function remoteOf(values: Values<typeof remoteFields>): ItemPlan {
  const { label, name, output, ms, approval: asks } = values;
  const args = argumentsText(values.arguments);
  return { tag: "remote", label, name, arguments: args, output, ms, asks, error: errorOf(values) };
}

function errorOf({ error }: Values<typeof remoteFields>): JsonObject | null {
  if (error === null) return null;
  const message = "A scripted error.";
  if (error === "tool_execution_error") return { type: error, message };
  return { type: error, code: error === "http_error" ? 503 : -32_600, message };
}

const itemFields = {
  say: text<string | null>(null),
  tone: optional(
    record({ hz: number<number | null>(null, 20, 11_000), ms: number(TONE_MS, 1, SOUND_MAX_MS) }),
  ),
  wav: text<string | null>(null),
  text: text<string | null>(null),
  call: optional(record(callFields)),
  mcp: optional(record(remoteFields)),
  transcript: text<string | null>(null),
  phase: text<string | null>(null),
};

function itemsOf(values: Values<typeof itemFields>): ItemPlan[] {
  const { transcript, phase } = values;
  const plans: ItemPlan[] = [];
  if (values.say !== null) {
    const sound = { tag: "say", text: values.say } as const;
    plans.push({ tag: "sound", sound, transcript, phase });
  }
  if (values.tone !== null) {
    plans.push({ tag: "sound", sound: { tag: "tone", ...values.tone }, transcript, phase });
  }
  if (values.wav !== null) {
    plans.push({ tag: "sound", sound: { tag: "wav", file: values.wav }, transcript, phase });
  }
  if (values.text !== null) plans.push({ tag: "text", text: values.text, phase });
  if (values.call !== null) {
    const { name, call_id: callId } = values.call;
    plans.push({ tag: "call", name, arguments: argumentsText(values.call.arguments), callId });
  }
  if (values.mcp !== null) plans.push(remoteOf(values.mcp));
  return plans;
}

function argumentsText(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? {});
}

const itemField: Field<ItemPlan | null> = made(record(itemFields), (values, fail) => {
  const plans = itemsOf(values);
  if (plans.length !== 1) fail("expected exactly one of say, tone, wav, text, call, mcp");
  return plans[0] ?? null;
});

const endingFields = {
  status: oneOf<Ending["status"], Ending["status"]>("completed", [
    "completed",
    "failed",
    "incomplete",
    "cancelled",
  ]),
  error: errorField,
  reason: oneOf<string, null>(null, [
    "turn_detected",
    "client_cancelled",
    "max_output_tokens",
    "content_filter",
  ]),
  /** Audio deltas before the end; "all" when absent, except that a failure comes at once. */
  after_deltas: integer<number | null>(null, 0, 100_000),
};

function endingOf(values: Values<typeof endingFields>): Ending {
  const { status, error, reason, after_deltas: afterDeltas } = values;
  if (status === "completed") return { status };
  if (status === "failed") return { status, error, afterDeltas: afterDeltas ?? 0 };
  const usual = status === "cancelled" ? "turn_detected" : "max_output_tokens";
  return { status, reason: reason ?? usual, afterDeltas };
}

const turnFields = {
  ...itemFields,
  items: list<ItemPlan | null, null>(null, itemField),
  think_ms: delay(30),
  first_delta_ms: delay(200),
  delta_ms: delay(null),
  pace: number<number | null>(null, 0.1, 1000),
  chunk_ms: number(200, 1, 10_000),
  interleave: flag(false),
  ...endingFields,
  usage: anything(),
  late_deltas: integer(0, 0, 1000),
  late_after_done: flag(false),
  heard: record({
    text: text("(what was said)"),
    delay_ms: delay(300),
    fails: flag(false),
  }),
};

export const turnField: Field<Turn> = made(record(turnFields), (values, fail) => {
  const own = itemsOf(values);
  if (own.length > 1 || (values.items !== null && own.length > 0)) {
    fail("expected either 'items' or one of say, tone, wav, text, call, mcp");
  }
  const { usage } = values;
  if (usage !== undefined && usage !== null && !isObject(usage)) {
    fail("expected 'usage' to be a map or null");
  }
  const listed = values.items?.filter((item) => item !== null) ?? null;
  return {
    items: listed ?? (own.length > 0 ? own : null),
    thinkMs: values.think_ms,
    firstDeltaMs: values.first_delta_ms,
    deltaMs: values.delta_ms,
    pace: values.pace,
    chunkMs: values.chunk_ms,
    interleave: values.interleave,
    ending: endingOf(values),
    usage: usageOf(usage),
    lateDeltas: values.late_deltas,
    lateAfterDone: values.late_after_done,
    heard: {
      text: values.heard.text,
      delayMs: values.heard.delay_ms,
      fails: values.heard.fails,
    },
  };
});

function usageOf(usage: JsonValue | undefined): JsonObject | null {
  if (usage === null) return null;
  return isObject(usage) ? usage : {};
}
