/**
 * The catalogue of Realtime models: voices, prices, lifecycle. Each row is as published on
 * CATALOGUE_DATE (OpenAI model, pricing and deprecation pages; the January 2027 shutdowns from the
 * type comments of the official SDK 7.57.0). An unknown model is not refused: it is taken for a
 * current one, and its cost is unknown.
 *
 * Prices: developers.openai.com/api/docs/models/<model>, one page each; those of gpt-realtime and
 * gpt-realtime-mini by way of @pydantic/genai-prices 0.1.8, which has them from the pricing page. No
 * source at hand had prices for transcription: it has none here (see core/money/cost.ts).
 */

import type { PriceParts } from "../settings/price-lines.ts";
import { ALL_VOICES, PREVIEW_VOICES, type Voice } from "../voices.ts";

/** When the rows were last compared with their sources; the metrics files name it. */
export const CATALOGUE_DATE = "2026-11-22";

/** US dollars for a million tokens. */
export type Prices = PriceParts;

export interface Model {
  readonly name: string;
  readonly prices: Prices;
  readonly voices: readonly Voice[];
  /** Context window and longest answer, tokens. */
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** Takes `reasoning.effort` and `parallel_tool_calls`. */
  readonly reasoning: boolean;
  readonly images: boolean;
  readonly released: string;
  /** The day it stops (or stopped) answering, where one is announced. */
  readonly shutdown: string | null;
  readonly successor: string | null;
}

const AUDIO = { audioIn: 32, audioCached: 0.4, audioOut: 64, imageIn: 5, imageCached: 0.5 };
const FULL: Prices = { textIn: 4, textCached: 0.4, textOut: 16, ...AUDIO };
const REASONING: Prices = { ...FULL, textOut: 24 };
const MINI: Prices = {
  textIn: 0.6,
  textCached: 0.06,
  textOut: 2.4,
  audioIn: 10,
  audioCached: 0.3,
  audioOut: 20,
  imageIn: 0.8,
  imageCached: 0.08,
};
const PREVIEW: Prices = {
  textIn: 5,
  textCached: 2.5,
  textOut: 20,
  audioIn: 40,
  audioCached: 2.5,
  audioOut: 80,
  imageIn: 0,
  imageCached: 0,
};
const PREVIEW_MINI: Prices = { ...MINI, textCached: 0.3, imageIn: 0, imageCached: 0 };

const SMALL = { contextTokens: 32_000, maxOutputTokens: 4_096, reasoning: false };
const LARGE = { contextTokens: 128_000, maxOutputTokens: 32_000, reasoning: true };
const GA = { voices: ALL_VOICES, images: true };
const OLD = { ...SMALL, voices: PREVIEW_VOICES, images: false };

export const MODELS: readonly Model[] = [
  row("gpt-realtime-2.1", { ...GA, ...LARGE }, REASONING, "2026-07-06", null, null),
  row("gpt-realtime-2.1-mini", { ...GA, ...LARGE }, MINI, "2026-07-06", null, null),
  row("gpt-realtime-2", { ...GA, ...LARGE }, REASONING, "2026-05-07", null, "gpt-realtime-2.1"),
  row("gpt-realtime-1.5", { ...GA, ...SMALL }, FULL, "2026-02-23", null, "gpt-realtime-2.1"),
  row("gpt-realtime", { ...GA, ...SMALL }, FULL, "2025-08-28", "2027-01-20", "gpt-realtime-2.1"),
  row(
    "gpt-realtime-mini",
    { ...GA, ...SMALL },
    MINI,
    "2025-10-06",
    "2027-01-20",
    "gpt-realtime-2.1-mini",
  ),
  row("gpt-4o-realtime-preview", OLD, PREVIEW, "2024-10-01", "2026-05-07", "gpt-realtime-1.5"),
  row(
    "gpt-4o-mini-realtime-preview",
    { ...OLD, contextTokens: 16_000 },
    PREVIEW_MINI,
    "2024-12-17",
    "2026-05-07",
    "gpt-realtime-mini",
  ),
];

function row(
  name: string,
  features: Pick<Model, "voices" | "images" | "contextTokens" | "maxOutputTokens" | "reasoning">,
  prices: Prices,
  released: string,
  shutdown: string | null,
  successor: string | null,
): Model {
  return { name, prices, ...features, released, shutdown, successor };
}

const SNAPSHOT = /-\d{4}-\d{2}-\d{2}$/;

/** The row of a model or of a dated snapshot of it; null when it is not in the catalogue. */
export function modelNamed(name: string): Model | null {
  const family = name.replace(SNAPSHOT, "");
  return MODELS.find((model) => model.name === name || model.name === family) ?? null;
}

/** Has the model this voice? A model that we do not know is taken to have all. */
export function hasVoice(model: string, voice: string): boolean {
  const known = modelNamed(model);
  return known === null || known.voices.some((its) => its === voice);
}
