/** Parts of the page that are no plots: the running month, the models in figures, errors in words. */

import { oneLine } from "../../core/fault.ts";
import { monthName } from "./buckets.ts";
import { groupedText, pluralText, usdText } from "./figures.ts";
import type { Month } from "./month.ts";
import { escaped } from "./plot.ts";
import { summarise, sumOf } from "./summary.ts";
import { dayText, localDay, localText, type Zone } from "./time.ts";
import type { SessionView } from "./view.ts";

/** Rows of the table of models, and of that of errors; the rest is counted. */
const ROWS_MAX = 20;

/** The first thing an owner asks: what does it cost me? */
export function monthHtml(month: Month, isLimit: boolean, budgetUnknown: string): string {
  const { spentMicroUsd: spent, projectedMicroUsd: projected, capMicroUsd: cap } = month;
  const days = Math.ceil(month.days);
  const unknown =
    month.unknown === 0
      ? ""
      : ` Of ${pluralText(month.unknown, "conversation")} not all of the cost is known.`;
  const rate = `${pluralText(month.conversations, "conversation")} in ${pluralText(days, "day")}. At this rate it will be ${usdText(projected)} by the end of the month.${unknown}`;
  return [
    '<section class="month" id="month">',
    `<h2>${escaped(monthName(month.year, month.month))} so far</h2>`,
    `<p class="sum"><b>${escaped(usdText(spent))}</b> <span>${escaped(rate)}</span></p>`,
    ...(cap === null
      ? [`<p class="about">${noBudget(budgetUnknown)}</p>`]
      : [gauge(spent, projected, cap), budgetWords(month, cap, isLimit)]),
    "</section>",
  ].join("\n");
}

/** `unknown`: why nobody can tell whether there is one; empty where there is none. */
function noBudget(unknown: string): string {
  if (unknown === "") return "No budget is set: budget.daily_usd in the configuration is a limit.";
  return `The budget is not known: ${escaped(oneLine(unknown))}`;
}

/** Spent and projected against what the budget allows. */
function gauge(spent: number, projected: number, cap: number): string {
  const share = (value: number): string => `${Math.min(100, (value / cap) * 100).toFixed(1)}%`;
  const says = `${usdText(spent)} spent, ${usdText(projected)} projected, of ${usdText(cap)}`;
  return `<div class="gauge" role="img" aria-label="${escaped(says)}"><i class="will" style="width:${share(projected)}"></i><i class="has" style="width:${share(spent)}"></i></div>`;
}

/** Only what budget.action refuses is a limit; `warn` warns. */
function budgetWords(
  { monthDays, projectedMicroUsd }: Month,
  cap: number,
  isLimit: boolean,
): string {
  const [daily, most] = [usdText(cap / monthDays), isLimit ? "so at most" : "which is"];
  const end = isLimit
    ? ": the daily limit will stop it"
    : ", and budget.action: warn stops nothing";
  const over = projectedMicroUsd > cap ? ` The projection is beyond it${end}.` : "";
  return `<p class="about">Budget: ${escaped(daily)} a day, ${most} ${escaped(usdText(cap))} this month (the whole bar).${over}</p>`;
}

/** Which model answered from when to when, how fast, and for how much. */
export function modelsHtml(sessions: readonly SessionView[], zone: Zone): string {
  const names = [...new Set(sessions.map(({ model }) => model ?? "?"))];
  const rows = names
    .map((name) => ({ name, of: sessions.filter(({ model }) => (model ?? "?") === name) }))
    .sort((a, b) => b.of.length - a.of.length)
    .slice(0, ROWS_MAX)
    .map(({ name, of }) => modelCells(name, of, zone));
  const heads = ["model", "conversations", "first", "last", "p50 ms", "p95 ms", "a conversation"];
  return tableHtml("models-table", "The models in figures", heads, rows);
}

function modelCells(name: string, of: readonly SessionView[], zone: Zone): readonly string[] {
  const { latencyP50Ms: p50, latencyP95Ms: p95 } = summarise(of);
  // A part of a cost would make the mean of the whole ones dearer or cheaper.
  const whole = of.flatMap(({ cost }) => (cost.isWhole ? (cost.knownMicroUsd ?? []) : []));
  const mean = (sumOf(whole) ?? 0) / whole.length;
  const day = (at: number): string => dayText(localDay(of.at(at)?.startedMs ?? 0, zone));
  const ms = (value: number | null): string => (value === null ? "–" : groupedText(value));
  const each = whole.length === 0 ? "–" : usdText(mean);
  return [name, groupedText(of.length), day(0), day(-1), ms(p50), ms(p95), each];
}

/** What went wrong, the newest first; nothing where nothing did. */
export function errorsHtml(sessions: readonly SessionView[], zone: Zone): string {
  const found = new Map<string, { code: string; message: string; count: number; lastMs: number }>();
  for (const { errorList, startedMs } of sessions) {
    for (const { code, message, atMs } of errorList) {
      const key = `${code} ${message}`;
      const before = found.get(key);
      const lastMs = Math.max(before?.lastMs ?? 0, atMs ?? startedMs);
      found.set(key, { code, message, count: (before?.count ?? 0) + 1, lastMs });
    }
  }
  if (found.size === 0) return "";
  const sorted = [...found.values()].sort((a, b) => b.lastMs - a.lastMs);
  const rows = sorted
    .slice(0, ROWS_MAX)
    .map(({ code, message, count, lastMs }) => [
      message === "" ? code : message,
      code,
      groupedText(count),
      localText(lastMs, zone),
    ]);
  const rest = sorted.length - rows.length;
  const more = rest > 0 ? `<p class="about">And ${pluralText(rest, "kind")} more.</p>` : "";
  const heads = ["what went wrong", "kind", "times", "last"];
  return tableHtml("errors", "Errors in words", heads, rows) + more;
}

function tableHtml(
  id: string,
  title: string,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const head = heads.map((name) => `<th scope="col">${escaped(name)}</th>`).join("");
  const body = rows.map(([first = "", ...cells]) => {
    const rest = cells.map((cell) => `<td>${escaped(cell)}</td>`).join("");
    return `<tr><th scope="row">${escaped(first)}</th>${rest}</tr>`;
  });
  return [
    `<section class="words" aria-labelledby="${id}"><h2 id="${id}">${escaped(title)}</h2>`,
    `<div class="wide" tabindex="0"><table><thead><tr>${head}</tr></thead>`,
    `<tbody>${body.join("\n")}</tbody></table></div></section>`,
  ].join("");
}
