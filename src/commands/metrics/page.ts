/**
 * The report as one page that needs nothing else: no script, no font, no request. Days by the zone that
 * is given; longer times by week or month, so that the page stays small.
 *
 * Invariant: every text that came from a file or the command line is escaped, and the page itself
 * forbids the browser to load anything.
 */

import { type Buckets, bucketsOf } from "./buckets.ts";
import { countText, groupedText, nounText, pluralText, shareText, usdText } from "./figures.ts";
import { monthOf } from "./month.ts";
import { errorsHtml, modelsHtml, monthHtml } from "./page-parts.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { PAGE_WORDS } from "./page-words.ts";
import { escaped, type Plot, plotHtml } from "./plot.ts";
import { hoursPlot, plotsOf } from "./plots.ts";
import type { Scope } from "./report-json.ts";
import { type Summary, summarise } from "./summary.ts";
import { localText, type Zone } from "./time.ts";
import { isConversation, type SessionView } from "./view.ts";

export interface PageOptions {
  readonly zone: Zone;
  readonly nowMs: number;
  /** Whose page it is: the machine's name; empty where it is not said. */
  readonly host?: string;
  /** The budget of a day, US dollars; 0 or absent: none. */
  readonly dailyUsd?: number;
  /** Why nobody can tell whether there is a budget; empty or absent: it is known. */
  readonly budgetUnknown?: string;
  /** False: nothing is refused when it is spent (budget.action: warn). */
  readonly isLimit?: boolean;
}

/** The whole document. */
export function metricsPage(
  sessions: readonly SessionView[],
  scope: Scope,
  options: PageOptions,
): string {
  const body = sessions.length === 0 ? empty() : full(sessions, scope, options);
  const { host = "" } = options;
  const title = host === "" ? "Pipit: metrics" : `Pipit: metrics of ${host}`;
  return `${[
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<link rel="icon" href="data:,">',
    `<title>${escaped(title)}</title>`,
    `<style>${PAGE_STYLE}</style>`,
    "</head>",
    "<body>",
    "<main>",
    `<h1>${escaped(title)}</h1>`,
    ...about(sessions, scope, options),
    body,
    "</main>",
    "</body>",
    "</html>",
  ].join("\n")}\n`;
}

function about(
  sessions: readonly SessionView[],
  { dir, sinceMs, untilMs, broken, newer, leftOut }: Scope,
  { zone, nowMs }: PageOptions,
): readonly string[] {
  const first = sinceMs ?? sessions[0]?.startedMs;
  const last = untilMs ?? sessions.at(-1)?.startedMs;
  const period =
    first === undefined || last === undefined
      ? ""
      : `${localText(first, zone)} to ${localText(last, zone)}. `;
  const missing = [
    ...(broken > 0 ? [`${broken} not whole or not readable`] : []),
    ...(newer > 0 ? [`${newer} of a later version of Pipit`] : []),
    ...(leftOut > 0 ? [`${leftOut} older than the newest that were read`] : []),
  ];
  const made = `Made on ${localText(nowMs, zone)} from ${dir}.`;
  return [
    `<p class="about">${escaped(`${period}${made}`)}</p>`,
    ...(missing.length > 0 ? [`<p class="note">Files left out: ${missing.join(", ")}.</p>`] : []),
  ];
}

function empty(): string {
  return '<div class="empty"><p><b>No conversations yet</b></p><p class="about">Say the wake word: each conversation leaves its figures here.</p></div>';
}

function full(sessions: readonly SessionView[], scope: Scope, options: PageOptions): string {
  const { zone, nowMs, dailyUsd = 0, isLimit = true, budgetUnknown = "" } = options;
  const { sinceMs, untilMs } = scope;
  const total = summarise(sessions);
  const talks = sessions.filter(isConversation);
  const buckets = bucketsOf(sessions, options);
  const steps = {
    labels: buckets.buckets.map(({ label }) => label),
    names: buckets.buckets.map(({ name }) => name),
  };
  const plots = buckets.buckets.length === 0 ? [] : plotsOf(buckets, dailyUsd);
  const figures = plots.map((plot) => withMeanings(plotHtml(plot, steps), plot));
  const month = monthOf(sessions, { zone, nowMs, dailyUsd, sinceMs, untilMs });
  return [
    ...(month === null ? [] : [monthHtml(month, isLimit, budgetUnknown)]),
    cards(total),
    ...notes(total, buckets),
    `<div class="plots">\n${[...figures, ...(plots.length === 0 ? [] : [hours(talks, zone)])].join("\n")}\n</div>`,
    modelsHtml(talks, zone),
    errorsHtml(sessions, zone),
    words(),
  ].join("\n");
}

const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"));

/** When the household talks to it, and when something else woke it. */
function hours(sessions: readonly SessionView[], zone: Zone): string {
  const [all, silent] = [HOURS.map(() => 0), HOURS.map(() => 0)];
  for (const { startedMs, turns, trigger } of sessions) {
    const hour = Math.floor((((startedMs / 60_000 + zone(startedMs)) / 60) % 24) + 24) % 24;
    const isFalse = turns === 0 && trigger === "wake-word";
    const which = isFalse ? silent : all;
    which[hour] = (which[hour] ?? 0) + 1;
  }
  const plot = hoursPlot(all, silent);
  const names = HOURS.map((hour) => `${hour}:00 to ${hour}:59`);
  return withMeanings(plotHtml(plot, { labels: HOURS, names }), plot);
}

/** The first ones weigh more than the rest. */
const MAIN_CARDS = 4;

function cards(of: Summary): string {
  const none = "–";
  const or = (value: number | null, text: (value: number) => string): string =>
    value === null ? none : text(value);
  const ms = (value: number): string => `${(value / 1_000).toFixed(2)} s`;
  const items: readonly (readonly [string, string])[] = [
    [or(of.costMicroUsd, usdText), of.costUnknown > 0 ? "cost, as far as it is known" : "cost"],
    [groupedText(of.conversations), nounText(of.conversations, "conversation")],
    [or(of.turns, groupedText), nounText(of.turns ?? 0, "turn")],
    [or(of.talkMs, length), "in conversation"],
    [or(of.latencyP50Ms, ms), "response latency, p50"],
    [or(of.latencyP95Ms, ms), "response latency, p95"],
    [or(of.callSuccess, shareText), `of ${pluralText(of.calls ?? 0, "function call")} succeeded`],
    [or(of.interruptions, groupedText), nounText(of.interruptions ?? 0, "interruption")],
    [or(of.errors, groupedText), nounText(of.errors ?? 0, "error")],
    [or(of.tokens, countText), "tokens"],
  ];
  const rows = items.map(
    ([value, what], index) =>
      `<li${index < MAIN_CARDS ? ' class="main"' : ""}><b>${escaped(value)}</b><span>${escaped(what)}</span></li>`,
  );
  return `<ul class="cards">${rows.join("")}</ul>`;
}

function length(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function notes({ costUnknown, recovered }: Summary, { outside }: Buckets): readonly string[] {
  const all = [
    ...(costUnknown > 0
      ? [
          `Of ${pluralText(costUnknown, "conversation")}, some or all of the cost is not known; the figures have the rest.`,
        ]
      : []),
    ...(recovered > 0
      ? [
          `${pluralText(recovered, "conversation")} ended with the process, and have what was known by then.`,
        ]
      : []),
    ...(outside > 0
      ? [
          `${pluralText(outside, "conversation")} began when the clock was not set, or too long ago for the plots: in the totals only.`,
        ]
      : []),
  ];
  return all.map((note) => `<p class="note">${escaped(note)}</p>`);
}

function withMeanings(figure: string, { id }: Plot): string {
  const links = PAGE_WORDS.filter(({ plots }) => plots.includes(id)).map(
    (of) => `<a href="#${of.id}">${escaped(of.word)}</a>`,
  );
  if (links.length === 0) return figure;
  return figure.replace(
    /<\/figure>$/,
    `<p class="means">What it means: ${links.join(", ")}</p>\n</figure>`,
  );
}

function words(): string {
  const items = PAGE_WORDS.map(
    ({ id, word, meaning }) => `<dt id="${id}">${escaped(word)}</dt><dd>${escaped(meaning)}</dd>`,
  );
  return `<section class="words"><h2>What the words mean</h2><dl>${items.join("\n")}</dl></section>`;
}
