/**
 * Prices by the owner's word: the lines of `budget.prices`, laid over the catalogue's rows. A line
 * names a model and any of its prices; what it does not name stays as the catalogue has it, and is
 * unknown for a model that the catalogue does not have.
 */

import { MODELS, modelNamed, type Prices } from "../models/catalogue.ts";
import { type KnownPrices, readPrices } from "../settings/price-lines.ts";

/** By the names of the models as they stand in the configuration. */
export type PriceOverrides = ReadonlyMap<string, KnownPrices>;

export const NO_OVERRIDES: PriceOverrides = new Map();

/** The lines as a table; lines that cannot be read have been refused before, and are left out. */
export function overridesOf(lines: readonly string[]): PriceOverrides {
  if (lines.length === 0) return NO_OVERRIDES;
  const read = lines.map(readPrices).filter((one) => typeof one !== "string");
  return new Map(read.map(({ model, prices }) => [model, prices]));
}

/** What is known of a model's prices; `own`: whether the owner's word is in them. */
export function pricesOf(
  model: string,
  overrides: PriceOverrides,
): { readonly prices: KnownPrices; readonly own: boolean } {
  const row = modelNamed(model);
  const mine = overrides.get(model) ?? (row === null ? undefined : overrides.get(row.name));
  return { prices: { ...row?.prices, ...mine }, own: mine !== undefined };
}

/**
 * Every part at the dearest that the catalogue has or has had: what an unknown price is taken for
 * where a budget has to be kept.
 */
export const DEAREST: Prices = dearest();

function dearest(): Prices {
  const most = (part: keyof Prices): number => Math.max(...MODELS.map((row) => row.prices[part]));
  return {
    textIn: most("textIn"),
    textCached: most("textCached"),
    textOut: most("textOut"),
    audioIn: most("audioIn"),
    audioCached: most("audioCached"),
    audioOut: most("audioOut"),
    imageIn: most("imageIn"),
    imageCached: most("imageCached"),
  };
}
