/** The causes of the fields about transcription and budget, and of what the budget assumes. */

import { type Plan, reply, USAGE } from "../../helpers/plan.ts";
import { unsolicited } from "../../helpers/plan-acts.ts";
import type { Story } from "./metrics-stories.ts";

const MONEY = ["estimated_cost", "known_cost", "assumed_cost"];
const TRANSCRIBED = ["transcription", "cost.transcription", ...MONEY];
/** Of a transcription, by all that it can be billed by. */
const PRICES = ["one: per_minute=6 text_in=2 audio_in=5 text_out=9"];

interface Words {
  readonly model?: string;
  readonly usage?: Readonly<Record<string, unknown>>;
}

function tokens(text: number, audio: number, out: number): Readonly<Record<string, unknown>> {
  const input = { text_tokens: text, audio_tokens: audio };
  return { type: "tokens", input_token_details: input, output_tokens: out };
}

/** The server puts the question into words, and bills it. */
function transcribed({ model = "one", usage = tokens(10, 20, 30) }: Words): Partial<Plan> {
  return {
    changes: { "budget.prices": PRICES },
    answer: (world) => {
      const input = { transcription: { model } };
      world.server("session.updated", { session: { id: "sess_1", audio: { input } } });
      world.server("conversation.item.input_audio_transcription.completed", {
        item_id: "item_user",
        usage,
      });
      reply(world);
    },
  };
}

function words(usage: Readonly<Record<string, unknown>>): Story {
  return { base: transcribed({}), plan: transcribed({ usage }), also: TRANSCRIBED };
}

function budget(dailyUsd: number, action: "warn" | "refuse" = "warn"): Partial<Plan> {
  return { changes: { "budget.daily_usd": dailyUsd, "budget.action": action } };
}

const DEARER = { ...USAGE, output_token_details: { text_tokens: 30, audio_tokens: 1000 } };

export const MONEY_STORIES: Readonly<Record<string, Story>> = {
  "transcription.model": {
    base: transcribed({}),
    plan: transcribed({ model: "two" }),
    also: [...TRANSCRIBED, "price_table"],
  },
  "transcription.input_text": words(tokens(11, 20, 30)),
  "transcription.input_audio": words(tokens(10, 21, 30)),
  "transcription.output_text": words(tokens(10, 20, 31)),
  "transcription.seconds": {
    base: transcribed({ usage: { type: "duration", seconds: 4 } }),
    plan: transcribed({ usage: { type: "duration", seconds: 5 } }),
    also: TRANSCRIBED,
  },
  "cost.transcription": words(tokens(10, 20, 31)),
  price_table: { plan: { changes: { "budget.prices": ["gpt-realtime: text_in=4"] } }, also: [] },
  assumed_cost: {
    plan: unsolicited("cancelled", {}),
    also: ["responses.cancelled", "responses.unbilled", "estimated_cost"],
  },
  "budget.daily_usd": { base: budget(5), plan: budget(6), also: [] },
  "budget.spent_today_usd": {
    base: budget(5),
    plan: { ...budget(5), answer: (world) => reply(world, { usage: DEARER }) },
    also: ["tokens.output_audio", "cost.output_audio", "tokens.reasoning", ...MONEY],
  },
  "budget.action": { base: budget(5), plan: budget(5, "refuse"), also: [] },
};
