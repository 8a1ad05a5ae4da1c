/**
 * The money of one conversation as its metrics file tells it: what was used, what each kind of it
 * cost, what is not known, and the budget it counted against. Whole micro-dollars; dollars outside.
 */

import { dailyMicroUsd } from "../money/budget.ts";
import type { ConversationCost } from "../money/conversation-cost.ts";
import type { Usage } from "../realtime/usage.ts";
import type { Settings } from "../settings/table.ts";

/** What the day had come to when the conversation was over. */
export interface BudgetReading {
  readonly dailyUsd: number;
  readonly spentTodayMicroUsd: number;
  readonly action: string;
}

/** The day against its budget, as the settings in force have it; null where there is none. */
export function budgetReading(settings: Settings, spentMicroUsd: number): BudgetReading | null {
  const dailyUsd = dailyMicroUsd(settings) / 1e6;
  if (dailyUsd === 0) return null;
  return { dailyUsd, spentTodayMicroUsd: spentMicroUsd, action: settings["budget.action"] };
}

/** The fields of the metrics file that are about tokens and money. */
export function moneyFields(
  conversationCost: ConversationCost,
  budget: BudgetReading | null,
): Record<string, unknown> {
  const { usage, parts, transcription } = conversationCost;
  return {
    tokens: { ...tokenFields(usage), reasoning: usage.reasoning },
    transcription: transcription && {
      model: transcription.model,
      input_text: transcription.inputText,
      input_audio: transcription.inputAudio,
      output_text: transcription.outputText,
      seconds: transcription.seconds,
    },
    cost: {
      input_text: dollars(parts.inputText),
      cached_text: dollars(parts.cachedText),
      input_audio: dollars(parts.inputAudio),
      cached_audio: dollars(parts.cachedAudio),
      input_image: dollars(parts.inputImage),
      cached_image: dollars(parts.cachedImage),
      output_text: dollars(parts.outputText),
      output_audio: dollars(parts.outputAudio),
      transcription: dollars(transcription?.microUsd ?? 0),
    },
    estimated_cost:
      conversationCost.estimatedMicroUsd === null
        ? null
        : dollars(conversationCost.estimatedMicroUsd),
    known_cost: dollars(conversationCost.knownMicroUsd),
    assumed_cost: dollars(conversationCost.assumedMicroUsd),
    budget: budget && {
      daily_usd: budget.dailyUsd,
      spent_today_usd: dollars(budget.spentTodayMicroUsd),
      action: budget.action,
    },
  };
}

function dollars(microUsd: number): number {
  return microUsd / 1_000_000;
}

/** Tokens by the names that metrics files and reports have for them. */
export function tokenFields(usage: Usage): Record<string, number> {
  return {
    input_text: usage.inputText,
    input_audio: usage.inputAudio,
    input_image: usage.inputImage,
    cached_text: usage.cachedText,
    cached_audio: usage.cachedAudio,
    cached_image: usage.cachedImage,
    output_text: usage.outputText,
    output_audio: usage.outputAudio,
  };
}
