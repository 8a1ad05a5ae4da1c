/**
 * What a response costs, from the tokens that the server reports. Money is counted in whole
 * micro-dollars: sums stay exact. Cached tokens are a subset of the input and priced as cached.
 */

import { modelNamed, type Prices } from "./models.ts";
import type { Usage } from "./realtime/usage.ts";

/** Micro-dollars for this usage at these prices (dollars a million tokens = micro-dollars a token). */
export function priceOf(usage: Usage, prices: Prices): number {
  return Math.round(
    (usage.inputText - usage.cachedText) * prices.textIn +
      usage.cachedText * prices.textCached +
      (usage.inputAudio - usage.cachedAudio) * prices.audioIn +
      usage.cachedAudio * prices.audioCached +
      (usage.inputImage - usage.cachedImage) * prices.imageIn +
      usage.cachedImage * prices.imageCached +
      usage.outputText * prices.textOut +
      usage.outputAudio * prices.audioOut,
  );
}

/** Micro-dollars for this usage of a model; null when its prices are not known. */
export function costOf(usage: Usage, model: string): number | null {
  const known = modelNamed(model);
  return known === null ? null : priceOf(usage, known.prices);
}
