/**
 * A comparison as text for people: at most 80 characters a line; in a narrower terminal a measure's
 * name has a line of its own.
 */

import { wrapped } from "../columns.ts";
import type { Comparison, Estimate, Measure, Repriced, SideData } from "./compare.ts";
import { changeText, countText, pluralText, usdText } from "./figures.ts";

const FULL_COLUMNS = 80;
const NAME_CHARS = 25;
const SIDE_CHARS = 17;
const CHANGE_CHARS = 14;
const VENDOR_CHARS = 7;
/** A projection from less is told to be one. */
const FEW_DAYS = 14;

/** The whole text, each line with its newline. */
export function compareText(
  found: Comparison,
  utf8: boolean,
  columns: number | null = null,
): string {
  const { a, b, others, otherModels, measures, repriced } = found;
  const lines = [
    ...sideLines(a),
    ...sideLines(b),
    ...(others === 0
      ? []
      : [`neither: ${others} of ${listed(otherModels) || "no model that is named"}`]),
    "",
    row(["", clip(a.name), clip(b.name), "change", "vendor"]),
    ...measures.flatMap(measureLines),
    "",
    ...repricedLines(repriced, a, b),
    "",
    ...notes(found),
  ];
  const narrow = columns !== null && columns < FULL_COLUMNS;
  const fit = (line: string): string => (narrow ? narrowed(line, columns) : line.trimEnd());
  const text = lines.map((line) => `${fit(line)}\n`).join("");
  return utf8 ? text : text.replaceAll("−", "-").replaceAll("…", "..").replaceAll("±", "+-");
}

/** A row of cells under its name; a sentence at its blanks. */
function narrowed(line: string, columns: number): string {
  if (line.trimEnd().length <= columns) return line.trimEnd();
  const isRow = /\S {3,}\S/.test(line) || line.startsWith(" ".repeat(NAME_CHARS));
  if (!isRow) return wrapped(line.trimEnd(), columns, 2, 0);
  const name = line.slice(0, NAME_CHARS).trimEnd();
  const cells = line.slice(NAME_CHARS).trim().split(/ {2,}/);
  const shown = cells.map((cell) => cell.trim()).join("  ");
  const body = wrapped(`  ${shown}`, columns, 2, 0);
  return name.trim() === "" ? body : `${name}\n${body}`;
}

function sideLines({ name, models, conversations, price_model, shutdown }: SideData): string[] {
  const ends = shutdown === null ? "" : ` (its end: ${shutdown})`;
  const what =
    conversations === 0
      ? `no conversations of ${price_model} here${ends}`
      : `${conversations} of ${listed(models)}`;
  return [`${name}: ${what}`];
}

const LISTED_MAX = 3;

function listed(models: readonly string[]): string {
  const shown = models.slice(0, LISTED_MAX).join(", ");
  return models.length > LISTED_MAX ? `${shown} and ${models.length - LISTED_MAX} more` : shown;
}

function clip(name: string): string {
  return name.length < SIDE_CHARS ? name : `${name.slice(0, SIDE_CHARS - 2)}…`;
}

type Row = readonly [string, string, string, string, string];

function row([name, ...cells]: Row): string {
  const widths = [SIDE_CHARS, SIDE_CHARS, CHANGE_CHARS, VENDOR_CHARS];
  const [first = "", ...others] = cells.map((cell, index) => cell.padStart(widths[index] ?? 0));
  // A long name takes the blanks of its neighbour.
  const start = first.trimStart().padStart(NAME_CHARS + SIDE_CHARS - name.length);
  return `${name}${start}${others.join("")}`;
}

/** How the change lies to the vendor's figure, which stands above it. */
const JUDGED: Readonly<Record<NonNullable<Measure["judgement"]>, string>> = {
  "as expected": "as expected",
  better: "beats that",
  worse: "short of that",
};

function measureLines(of: Measure): string[] {
  const { name, a, b, change, expected, judgement } = of;
  const value = (side: Estimate | null): string =>
    side === null ? "no data" : sized(of, side.value);
  const vendor = expected === null ? "" : changeText(expected).replace(".0 ", " ");
  const changed = change === null ? "" : changeText(change.value);
  const lines = [row([name.replace(" per ", " / "), value(a), value(b), changed, vendor])];
  if (a === null && b === null) return lines;
  const spread = (side: Estimate | null): string => (side === null ? "" : spreadText(of, side));
  const n = (side: Estimate | null): string => (side === null ? "" : nText(of, side));
  const judged = judgement === null ? "" : JUDGED[judgement];
  return [
    ...lines,
    row(["  95 % interval", spread(a), spread(b), changeSpread(of), ""]),
    row([`  n (${of.per})`, n(a), n(b), judged, ""]),
  ];
}

function spreadText(of: Measure, { interval }: Estimate): string {
  return interval === null ? "too few" : `${bare(of, interval.low)}…${bare(of, interval.high)}`;
}

function changeSpread({ change }: Measure): string {
  if (change === null) return "";
  if (change.interval === null) return "too few";
  const { low, high } = change.interval;
  return `${changeText(low)}…${changeText(high)}`.replaceAll(" %", "");
}

function nText(of: Measure, { conversations, units }: Estimate): string {
  if (of.per === "conversations") return String(conversations);
  const some = units < 10 && !Number.isInteger(units) ? units.toFixed(1) : countText(units);
  return `${some} in ${conversations}`;
}

function sized(of: Measure, value: number): string {
  return of.unit === "ms" ? `${Math.round(value)} ms` : bare(of, value);
}

function bare({ unit }: Measure, value: number): string {
  if (unit === "ms") return String(Math.round(value));
  return unit === "usd" ? usdText(value * 1_000_000) : `${(value * 100).toFixed(1)}%`;
}

function repricedLines(repriced: Repriced | null, a: SideData, b: SideData): string[] {
  if (repriced === null) return ["No tokens were recorded: there is nothing to price."];
  const { conversations, tokens, days, change, savedMonthMicroUsd: saved } = repriced;
  const line = (side: SideData, micro: number | null, month: number | null): string =>
    micro === null || month === null
      ? `  at ${side.price_model}: its prices are not known`
      : `  at ${side.price_model}: ${usdText(micro)}, projected ${usdText(month)} a month`;
  const lines = [
    `Your own ${countText(tokens)} tokens (${pluralText(conversations, "conversation")}, ${pluralText(days, "day")}) at each price:`,
    line(a, repriced.aMicroUsd, repriced.aMonthMicroUsd),
    line(b, repriced.bMicroUsd, repriced.bMonthMicroUsd),
  ];
  if (saved === null || change === null) return lines;
  const verb = saved >= 0 ? "saves" : "costs";
  const more = saved >= 0 ? "" : " more";
  lines.push(
    `  ${a.price_model} ${verb} ${usdText(Math.abs(saved))}${more} a month (${changeText(change)})`,
  );
  if (days < FEW_DAYS)
    lines.push(`  projected from ${pluralText(days, "day")} only: take it as a hint`);
  return lines;
}

function notes({ measures, a, b }: Comparison): string[] {
  const few = measures.some(
    ({ a: one, b: other, change }) =>
      (one !== null && one.interval === null) ||
      (other !== null && other.interval === null) ||
      (change !== null && change.interval === null),
  );
  const fewest = measures.map((measure) => measure.fewest);
  const least = (of: "conversations" | "calls"): number =>
    fewest.find((one) => one.of === of)?.count ?? 0;
  const isGuides = measures.some(({ expected }) => expected !== null);
  return [
    ...(few
      ? [
          `too few: below ${pluralText(least("conversations"), "conversation")} or ${pluralText(least("calls"), "function call")}`,
        ]
      : []),
    ...(a.conversations === 0 || b.conversations === 0
      ? ["A side without conversations has no latency: only its prices are compared."]
      : []),
    ...(isGuides
      ? [
          "vendor: what OpenAI's price list and benchmarks had led one to expect; its",
          "benchmarks were not run on an appliance.",
        ]
      : []),
  ];
}
