/** The rows of the section `budget`: what a day may cost, and what happens then. */

import { list, number, oneOf, text } from "./row.ts";

export const BUDGET_ROWS = {
  "budget.daily_usd": number({
    default: 0,
    min: 0,
    max: 10_000,
    unit: "US dollars",
    reload: "live",
    doc: "What a day may cost, from midnight to midnight of your time zone. 0 is no limit.",
  }),
  "budget.warn_at": number({
    default: 0.8,
    min: 0,
    max: 1,
    reload: "live",
    doc: "Share of it at which you are warned, once a day.",
  }),
  "budget.action": oneOf(["warn", "mini", "refuse"], {
    default: "refuse",
    reload: "live",
    doc: "warn only warns you; mini lets budget.mini_model answer from warn_at on, and refuses when all is spent; refuse does that only.",
  }),
  "budget.mini_model": text({
    default: "gpt-realtime-2.1-mini",
    required: true,
    pattern: {
      regex: /^[A-Za-z0-9][\w.:/@-]*$/,
      says: "a model name (letters, digits and . _ : / @ -)",
    },
    reload: "live",
    doc: "The model that answers under action mini.",
  }),
  "budget.prices": list({
    default: [],
    minItems: 0,
    maxItems: 32,
    loneText: true,
    pattern: {
      regex: /\S/,
      says: "a line in quotes, such as 'gpt-realtime: text_in=4 audio_in=32'",
    },
    reload: "live",
    doc: "Prices of your own, a line a model, US dollars for a million tokens: 'gpt-realtime: text_in=4 text_cached=0.4 text_out=16 audio_in=32 audio_cached=0.4 audio_out=64 image_in=5 image_cached=0.5'.",
  }),
} as const;
