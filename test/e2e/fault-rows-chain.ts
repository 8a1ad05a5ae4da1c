/** Each model of the chain gone, at each place where that can show. Data for faults.test.ts. */

import type { FaultRow } from "../helpers/fault-row.ts";
import { CHAIN } from "./fault-rows-handshake.ts";

const PLACES = [
  { gone: "http-404", name: "HTTP 404", code: null },
  { gone: "http-403", name: "HTTP 403", code: null },
  { gone: "error", name: "an error event and close 4000", code: "model_not_found" },
  { gone: "response", name: "response.done", code: null },
] as const;

type Place = (typeof PLACES)[number];

/** The first `count` models of the chain are gone. */
function gone(count: number, place: Place): FaultRow {
  const models = CHAIN.map((id, nth) => (nth < count ? { id, gone: place.gone } : id));
  const left = CHAIN[count];
  const late = place.gone === "response";
  const wrong = "connecting listening thinking ";
  const again = late ? wrong.repeat(count) : "";
  const reached = Math.min(count, CHAIN.length - 1);
  const fallbacks = CHAIN.slice(0, reached).map(
    (model, nth) => `${model}>${CHAIN[nth + 1]}: model-unavailable`,
  );
  const codes = Array.from({ length: count }, () => place.code).filter((code) => code !== null);
  const base = {
    name: `${count} of 4 models gone, seen by ${place.name}`,
    traps: [29] as const,
    scenario: { models },
    fallbacks,
    turns: late || left !== undefined ? 1 : 0,
    lines: CHAIN.slice(0, count).map(
      (model) => new RegExp(`^Failed to connect with model ${model}: .*model_not_found`),
    ),
  };
  if (left !== undefined) {
    const leds = `${again}connecting listening thinking speaking follow-up idle`;
    return { ...base, leds, model: left, errors: codes, withinMs: 8_000 };
  }
  return {
    ...base,
    leds: late ? `${again}fault idle` : "connecting fault idle",
    endReason: "fault",
    model: CHAIN[reached] ?? "",
    nextModel: "gpt-realtime",
    errors: [...codes, "model-unavailable"],
    sound: ["model-retired"],
    answers: 0,
    lasting: true,
  };
}

function forced(choice: "new" | "legacy", model: string, place: Place): FaultRow {
  const late = place.gone === "response";
  return {
    name: `model_selection: ${choice} never falls back, seen by ${place.name}`,
    scenario: { models: CHAIN.map((id) => (id === model ? { id, gone: place.gone } : id)) },
    settings: { "openai.model_selection": choice },
    leds: late ? "connecting listening thinking fault idle" : "connecting fault idle",
    lines: [new RegExp(`^Failed to connect with model ${model}: .*Choose a model`)],
    endReason: "fault",
    turns: late ? 1 : 0,
    model,
    errors: [...(place.code === null ? [] : [place.code]), "model-unavailable"],
    sound: ["model-retired"],
    answers: 0,
    dials: 1,
    lasting: true,
  };
}

export const CHAIN_ROWS: readonly FaultRow[] = [
  ...PLACES.flatMap((place) => [1, 2, 3, 4].map((count) => gone(count, place))),
  ...PLACES.map((place) => forced("new", "gpt-realtime", place)),
  ...PLACES.map((place) => forced("legacy", "gpt-4o-realtime-preview", place)),
  {
    name: "cedar on the legacy model: the fallback voice, with one notice",
    scenario: {
      models: CHAIN.map((id) => (id === "gpt-realtime" ? { id, gone: "http-404" } : id)),
    },
    settings: { "openai.voice": "cedar", "openai.voice_fallback": "shimmer" },
    lines: [
      /^Voice 'cedar' not available for model 'gpt-4o-realtime-preview'; using 'shimmer'$/,
      /^Audio session config: model=gpt-4o-realtime-preview, voice=shimmer$/,
    ],
    model: "gpt-4o-realtime-preview",
    fallbacks: ["gpt-realtime>gpt-4o-realtime-preview: model-unavailable"],
  },
  {
    name: "cedar on the legacy model, auto_select_voice: false: the next model that has it",
    scenario: {
      models: CHAIN.map((id) => (id === "gpt-realtime" ? { id, gone: "http-404" } : id)),
    },
    settings: { "openai.voice": "cedar", "openai.auto_select_voice": false },
    lines: [
      /^Voice 'cedar' not available for model 'gpt-4o-realtime-preview'; trying gpt-realtime-2\.1$/,
    ],
    model: "gpt-realtime-2.1",
    fallbacks: [
      "gpt-realtime>gpt-4o-realtime-preview: model-unavailable",
      "gpt-4o-realtime-preview>gpt-realtime-2.1: config",
    ],
  },
];
