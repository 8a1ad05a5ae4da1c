/**
 * Models of the chain that will stop answering: what to tell the owner, when, and who answers then.
 * The server's own dates win over the catalogue's.
 */

import { DAY_MS } from "../duration.ts";
import type { SettingKey, Settings } from "../settings/table.ts";
import { modelNamed } from "./catalogue.ts";
import { midnightMs, type ShutdownDates, shutdownOf } from "./dates.ts";
import { chainOf, namesInUse } from "./fallback.ts";
import { obstacleOf } from "./prospect.ts";

/** An announced end this near is worth a line a day. */
export const NOTICE_DAYS = 60;

export interface Retirement {
  readonly model: string;
  /** The setting that names it. */
  readonly key: SettingKey;
  readonly date: string;
  /** Whole days from today; negative: it is over. */
  readonly days: number;
  readonly successor: string | null;
  /** Who of the chain answers once it is over; null: nobody. */
  readonly instead: string | null;
  /** It is the first that is asked. */
  readonly isFirst: boolean;
}

/** The models of the chain that end within NOTICE_DAYS, or have ended, soonest first. */
export function retirements(
  settings: Settings,
  dates: ShutdownDates,
  wallMs: number,
): readonly Retirement[] {
  const found: Retirement[] = [];
  const chain = chainOf(settings);
  for (const model of chain) {
    const known = modelNamed(model);
    const date = shutdownOf(model, dates);
    if (date === null) continue;
    const days = Math.ceil((midnightMs(date) - wallMs) / DAY_MS);
    if (days > NOTICE_DAYS) continue;
    const thenMs = Math.max(wallMs, midnightMs(date));
    const instead = chain.find(
      (other) => obstacleOf(settings, other, { dates, offered: null }, thenMs) === null,
    );
    const [key = "openai.model"] = namesInUse(settings).find(([, name]) => name === model) ?? [];
    found.push({
      model,
      key,
      date,
      days,
      successor: known?.successor ?? null,
      instead: instead ?? null,
      isFirst: model === chain[0],
    });
  }
  return found.sort((a, b) => a.days - b.days);
}

/** One line for the journal. */
export function retirementLine({ model, date, days, successor, instead }: Retirement): string {
  const end =
    days <= 0
      ? `was shut down on ${date}; ${instead ?? "nobody"} answers instead`
      : `will be shut down on ${date}, in ${days} ${days === 1 ? "day" : "days"}; then ${instead ?? "nobody"} answers`;
  const move =
    successor === null
      ? ""
      : `. Its successor is ${successor}: sudo pipit migrate-config --model auto`;
  return `The model ${model} ${end}${move}`;
}

/**
 * How loudly to say it; null where there is nothing for the owner to do: a model that is over and was
 * not the first to be asked is stepped over, and an end that leaves nobody is told as such.
 */
export function retirementLevel({
  days,
  instead,
  isFirst,
}: Retirement): "warning" | "notice" | null {
  if (days > 0) return instead === null ? "warning" : "notice";
  return isFirst && instead !== null ? "notice" : null;
}
