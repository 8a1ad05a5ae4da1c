/** For each field of the metrics file the cause that changes it: what happens instead of the plain course. */

import { type Plan, reply, USAGE } from "../../helpers/plan.ts";
import {
  call,
  cut,
  fallback,
  gap,
  serverError,
  slowLeds,
  slowSocket,
  TURN,
  type Turn,
  turns,
  unsolicited,
} from "../../helpers/plan-acts.ts";

export interface Story {
  /** Laid over the plain course: what it is compared with, and what is told. */
  readonly base?: Partial<Plan>;
  readonly plan: Partial<Plan>;
  /** Fields, or groups of them, that may move with it. */
  readonly also: readonly string[];
}

const SPREADS = ["response_latency_ms", "average_response_latency", "commit_to_first_delta_ms"];
const MONEY = ["estimated_cost", "known_cost", "assumed_cost"];
const LONGER = ["ended_at", "audio.sent_ms"];

type Counts = Readonly<Record<string, number | Readonly<Record<string, number>>>>;

/** So many more tokens of a kind. */
function used(part: "input" | "output", details: Counts): Partial<Plan> {
  const name = `${part}_token_details` as const;
  const usage = { ...USAGE, [name]: { ...USAGE[name], ...details } };
  return { answer: (world) => reply(world, { usage }) };
}

function cached(details: Readonly<Record<string, number>>): Partial<Plan> {
  const all = { ...USAGE.input_token_details.cached_tokens_details, ...details };
  return used("input", { cached_tokens_details: all });
}

function tokenStories(): Readonly<Record<string, Story>> {
  const kinds: readonly (readonly [string, Partial<Plan>, readonly string[]])[] = [
    ["input_text", used("input", { text_tokens: 110 }), []],
    ["input_audio", used("input", { audio_tokens: 74 }), []],
    ["input_image", used("input", { image_tokens: 20 }), []],
    ["cached_text", cached({ text_tokens: 60 }), ["cost.input_text"]],
    ["cached_audio", cached({ audio_tokens: 42 }), ["cost.input_audio"]],
    ["cached_image", cached({ image_tokens: 8 }), ["cost.input_image"]],
    ["output_text", used("output", { text_tokens: 40 }), []],
    ["output_audio", used("output", { audio_tokens: 26 }), []],
  ];
  const both = kinds.flatMap(([kind, plan, also]): [string, Story][] => [
    [`tokens.${kind}`, { plan, also: [`cost.${kind}`, ...also, ...MONEY] }],
    [`cost.${kind}`, { plan, also: [`tokens.${kind}`, ...also, ...MONEY] }],
  ]);
  return {
    ...Object.fromEntries(both),
    "tokens.reasoning": { plan: used("output", { reasoning_tokens: 15 }), also: [] },
    known_cost: {
      plan: used("output", { audio_tokens: 26 }),
      also: ["tokens.output_audio", "cost.output_audio", "estimated_cost", "assumed_cost"],
    },
  };
}

/** Three turns, of which one, or the last, is another. */
function spreadStories(
  name: string,
  slower: Partial<Turn>,
  also: readonly string[],
): Readonly<Record<string, Story>> {
  const base = turns({}, {}, { deltaMs: 240, soundMs: 40, commitMs: 0 });
  const middle = turns(slower, slower, { deltaMs: 240, soundMs: 40, commitMs: 0 });
  const last = { ...TURN, deltaMs: 240, soundMs: 40 };
  const longest = turns(
    {},
    {},
    {
      commitMs: last.commitMs + (slower.commitMs ?? 0),
      deltaMs: last.deltaMs + (slower.deltaMs ?? TURN.deltaMs) - TURN.deltaMs,
      soundMs: last.soundMs + (slower.soundMs ?? 0),
    },
  );
  const moves = [name, ...also, ...LONGER];
  return {
    [`${name}.p50`]: { base, plan: middle, also: moves },
    [`${name}.p95`]: { base, plan: longest, also: moves },
    [`${name}.max`]: { base, plan: longest, also: moves },
    [`${name}.all`]: { base, plan: middle, also: moves },
  };
}

/** Fields whose cause is in the course of a conversation. */
export const STORIES: Readonly<Record<string, Story>> = {
  session_id: { plan: { seed: 2 }, also: [] },
  started_at: { plan: { before: (world) => world.clock.jumpWall(3_600_000) }, also: ["ended_at"] },
  ended_at: { plan: { changes: { "session.follow_up_s": 7 } }, also: ["audio.sent_ms"] },
  end_reason: { plan: { changes: { "session.mode": "single_turn" } }, also: LONGER },
  trigger: {
    plan: { call: (world) => void world.controlServer.answer?.({ command: "wake" }) },
    also: ["audio.pre_roll_ms", "audio.sent_ms"],
  },
  model: { plan: { changes: { "openai.model": "gpt-realtime-1.5" } }, also: ["model_requested"] },
  model_requested: {
    base: fallback({ "openai.model": "gpt-realtime-2", "openai.legacy_model": "gpt-realtime" }),
    plan: fallback({ "openai.model": "gpt-realtime-2.1", "openai.legacy_model": "gpt-realtime" }),
    also: ["fallbacks[].from"],
  },
  "fallbacks[].from": {
    base: fallback({ "openai.model": "gpt-realtime-2", "openai.legacy_model": "gpt-realtime" }),
    plan: fallback({ "openai.model": "gpt-realtime-2.1", "openai.legacy_model": "gpt-realtime" }),
    also: ["model_requested"],
  },
  "fallbacks[].to": {
    base: fallback({ "openai.legacy_model": "gpt-realtime-1.5" }),
    plan: fallback({ "openai.legacy_model": "gpt-realtime-1.5-2026-02-23" }),
    also: ["model"],
  },
  "fallbacks[].reason": {
    base: fallback({ "openai.legacy_model": "gpt-realtime-1.5" }),
    plan: fallback({ "openai.legacy_model": "gpt-realtime-1.5" }, { status: 503, code: "busy" }),
    also: ["connection_latency_ms", "wake_to_listening_ms", ...LONGER],
  },
  voice: { plan: { changes: { "openai.voice": "echo" } }, also: [] },
  protocol: { plan: { changes: { "openai.protocol": "beta" } }, also: [] },
  turns: {
    base: turns({}),
    plan: turns({}, {}),
    also: [...SPREADS, ...MONEY, ...LONGER, "delta_to_sound_ms", "responses.completed"].concat([
      "tokens",
      "cost",
      "audio",
      "response_by.client",
    ]),
  },
  "response_by.client": {
    base: turns({}),
    plan: turns({}, {}),
    also: [...SPREADS, ...MONEY, ...LONGER, "delta_to_sound_ms", "responses.completed"].concat([
      "tokens",
      "cost",
      "audio",
      "turns",
    ]),
  },
  "response_by.server": {
    plan: { changes: { "session.response_by": "server" } },
    also: ["response_by.client"],
  },
  wake_to_led_ms: {
    plan: { before: slowLeds },
    also: [],
  },
  wake_to_listening_ms: {
    plan: {
      connect: (world) => {
        world.listen(60);
        world.server("session.created", { session: { id: "sess_1" } });
        world.listen(140);
        world.server("session.updated", { session: { id: "sess_1" } });
      },
    },
    also: LONGER,
  },
  connection_latency_ms: {
    plan: {
      connect: (world) => {
        world.listen(80);
        world.server("session.created", { session: { id: "sess_1" } });
        world.listen(20);
        world.server("session.updated", { session: { id: "sess_1" } });
      },
    },
    also: [],
  },
  average_response_latency: {
    base: turns({}),
    plan: turns({ deltaMs: 300 }),
    also: [...SPREADS, ...LONGER],
  },
  ...spreadStories("response_latency_ms", { deltaMs: 220 }, SPREADS),
  ...spreadStories("commit_to_first_delta_ms", { commitMs: 60, deltaMs: 160 }, SPREADS),
  ...spreadStories("delta_to_sound_ms", { soundMs: 20 }, SPREADS),
  "responses.completed": { plan: unsolicited("completed"), also: [] },
  "responses.cancelled": { plan: unsolicited("cancelled"), also: [] },
  "responses.incomplete": { plan: unsolicited("incomplete"), also: [] },
  "responses.failed": { plan: unsolicited("failed"), also: [] },
  "responses.unbilled": {
    plan: unsolicited("cancelled", {}),
    also: ["responses.cancelled", "estimated_cost", "assumed_cost"],
  },
  estimated_cost: {
    plan: unsolicited("cancelled", {}),
    also: ["responses.cancelled", "responses.unbilled", "assumed_cost"],
  },
  "interruptions[].heard_ms": {
    base: cut({ heardMs: 300 }),
    plan: cut({ heardMs: 400 }),
    also: ["audio.played_ms", ...LONGER],
  },
  "interruptions[].received_ms": {
    base: cut({ receivedMs: 800 }),
    plan: cut({ receivedMs: 900 }),
    also: ["audio.received_ms"],
  },
  "function_calls[].name": {
    base: call("lamp"),
    plan: call("fan"),
    also: ["function_calls[].result_bytes"],
  },
  "function_calls[].ok": {
    base: call("lamp"),
    plan: call("end_conversation"),
    also: [
      "function_calls[].name",
      "function_calls[].result_bytes",
      "function_success_rate",
      "end_reason",
      ...LONGER,
    ],
  },
  function_success_rate: {
    plan: call("lamp"),
    also: ["function_calls", "responses.completed"],
  },
  "errors[].at": {
    base: serverError("odd", "one"),
    plan: serverError("odd", "one", 1020),
    also: [],
  },
  "errors[].code": { base: serverError("odd", "one"), plan: serverError("even", "one"), also: [] },
  "errors[].message": {
    base: serverError("odd", "one"),
    plan: serverError("odd", "two"),
    also: [],
  },
  ...tokenStories(),
  "audio.sent_ms": { plan: { changes: { "session.follow_up_s": 7 } }, also: ["ended_at"] },
  "audio.received_ms": {
    base: cut({ receivedMs: 800 }),
    plan: cut({ receivedMs: 900 }),
    also: ["interruptions[].received_ms"],
  },
  "audio.played_ms": {
    base: cut({ heardMs: 300 }),
    plan: cut({ heardMs: 400 }),
    also: ["interruptions[].heard_ms", ...LONGER],
  },
  "audio.dropped_ms": {
    plan: { ask: slowSocket },
    also: ["audio.sent_ms", "ended_at", ...SPREADS],
  },
  "audio.pre_roll_ms": {
    plan: { changes: { "audio.pre_roll_ms": 500 } },
    also: ["audio.sent_ms"],
  },
  "audio.underruns": { plan: { answer: gap }, also: [...LONGER] },
  ...pressStories(),
};

function pressStories(): Readonly<Record<string, Story>> {
  const base = cut({ silentMs: 20 });
  const plan = cut({ silentMs: 40 });
  const also = ["press_to_silence_ms", "interruptions[].heard_ms", "audio.played_ms", ...LONGER];
  const names = ["p50", "p95", "max", "all"];
  return Object.fromEntries(
    names.map((name) => [`press_to_silence_ms.${name}`, { base, plan, also }]),
  );
}
