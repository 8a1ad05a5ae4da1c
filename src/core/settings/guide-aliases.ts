/**
 * Keys of the migration guide's, and its block `session_config`, that mean the same as a key here:
 * they are read as that key. What means nothing here is answered in words (guide-keys.ts).
 */

import type { SettingKey } from "./table.ts";

/** Read as `key` with `value`. */
export interface Alias {
  readonly key: SettingKey;
  readonly value: unknown;
}

/** The guide's block: what a session of the API is asked for, under the API's own names. */
export const SESSION_BLOCK = "session_config";

const ANYWHERE: Readonly<Record<string, (value: unknown) => Alias>> = {
  async_functions: (value) => ({ key: "openai.async_functions", value }),
  // Other words than yes and no are the camera's own, and checked as those.
  image_input: (value) => {
    const source = value === true ? "auto" : value === false ? "off" : value;
    return { key: "camera.source", value: source };
  },
};

const IN_BLOCK: Readonly<Record<string, SettingKey>> = {
  model: "openai.model",
  voice: "openai.voice",
  instructions: "openai.instructions",
  temperature: "openai.temperature",
  max_output_tokens: "openai.max_output_tokens",
  max_response_output_tokens: "openai.max_output_tokens",
  "reasoning.effort": "openai.reasoning_effort",
  reasoning_effort: "openai.reasoning_effort",
  noise_reduction: "openai.noise_reduction",
  "input_audio_noise_reduction.type": "openai.noise_reduction",
  "turn_detection.type": "openai.turn_detection.type",
  "turn_detection.threshold": "openai.turn_detection.threshold",
  "turn_detection.silence_duration_ms": "openai.turn_detection.silence_ms",
  "turn_detection.prefix_padding_ms": "openai.turn_detection.prefix_ms",
  "turn_detection.eagerness": "openai.turn_detection.eagerness",
};

/** Maps within the block that hold further keys. */
const BLOCKS: readonly string[] = ["turn_detection", "reasoning", "input_audio_noise_reduction"];

/** The names below the block; null: the path is not in it. */
function inBlock(path: readonly string[]): readonly string[] | null {
  const at = path.indexOf(SESSION_BLOCK);
  return at === 0 || (at === 1 && path[0] === "openai") ? path.slice(at + 1) : null;
}

/** Must the keys below be looked at, each for itself? */
export function isGuideBlock(path: readonly string[]): boolean {
  const below = inBlock(path);
  return below !== null && (below.length === 0 || BLOCKS.includes(below.join(".")));
}

/** What a name that the table has not is read as; null: as nothing. */
export function aliasOf(path: readonly string[], value: unknown): Alias | null {
  const below = inBlock(path);
  const name = path.at(-1) ?? "";
  const isTop = path.length === 1 || (path.length === 2 && path[0] === "openai");
  const read = Object.hasOwn(ANYWHERE, name) ? ANYWHERE[name] : undefined;
  if (read !== undefined && (isTop || below?.length === 1)) return read(value);
  const key = below === null ? "" : below.join(".");
  const same = Object.hasOwn(IN_BLOCK, key) ? IN_BLOCK[key] : undefined;
  return same === undefined ? null : { key: same, value };
}
