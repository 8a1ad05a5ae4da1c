/** `pipit cost`: what so many tokens a day cost, with the preview model and with today's. */

import { CATALOGUE_DATE, MODELS, type Model, modelNamed } from "../../core/models/catalogue.ts";
import { didYouMean } from "../../core/suggest.ts";
import { type CommandSpec, EXIT_FINE, readCommandLine, usageError } from "../args.ts";
import { terminalColumns, wrapped } from "../columns.ts";

import { type SavingsRow, type Spend, savings } from "./savings.ts";

/** The older system's model, with which the guide compares. */
const BEFORE = "gpt-4o-realtime-preview";
const AFTER = "gpt-realtime";
/** Three hundred times what one connection can use in a day. */
const TOKENS_MAX = 1_000_000_000;

export const SPEC: CommandSpec = {
  name: "cost",
  summary: "what a number of tokens a day costs, before and after a change of model",
  json: true,
  options: {
    "tokens-per-day": { value: "N", doc: "how many tokens a day, a whole number such as 100000" },
    model: { value: "MODEL", doc: `the model moved to; else ${AFTER}` },
    against: { value: "MODEL", doc: `the model moved from; else ${BEFORE}` },
  },
};

/** Exit code 0; 2 where the number or a model is not known. */
export async function cost(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const given = line.option("tokens-per-day");
  if (given === undefined) return usageError(SPEC.name, "--tokens-per-day N is missing");
  const tokens = /^\d+$/.test(given) ? Number(given) : 0;
  if (tokens < 1 || tokens > TOKENS_MAX) {
    const bounds = `must be a whole number from 1 to ${TOKENS_MAX}`;
    return usageError(SPEC.name, `--tokens-per-day ${bounds}, found "${given}"`);
  }
  const names = [line.option("against") ?? BEFORE, line.option("model") ?? AFTER];
  const [before, after] = names.map(modelNamed);
  if (!before || !after) {
    const unknown = names.find((name) => modelNamed(name) === null) ?? "";
    const known = MODELS.map(({ name }) => name);
    const hint = didYouMean(unknown, known);
    return usageError(SPEC.name, `the price of "${unknown}" is not known${hint}`);
  }
  const rows = savings(tokens, before, after);
  const text = line.json ? json(tokens, before, after, rows) : table(tokens, before, after, rows);
  process.stdout.write(text);
  return EXIT_FINE;
}

function json(tokens: number, before: Model, after: Model, rows: readonly SavingsRow[]): string {
  const data = {
    tokens_per_day: tokens,
    price_table: CATALOGUE_DATE,
    before: before.name,
    after: after.name,
    rows: rows.map((row) => ({
      tokens: row.tokens,
      before: spendData(row.before),
      after: spendData(row.after),
      saved: spendData(row.saved),
      saved_share: row.savedShare === null ? null : Number(row.savedShare.toFixed(4)),
    })),
  };
  return `${JSON.stringify(data, null, 2)}\n`;
}

function spendData({ dayMicroUsd, monthMicroUsd, yearMicroUsd }: Spend) {
  return {
    day_usd: dayMicroUsd / 1e6,
    month_usd: monthMicroUsd / 1e6,
    year_usd: yearMicroUsd / 1e6,
  };
}

function table(tokens: number, before: Model, after: Model, rows: readonly SavingsRow[]): string {
  const perMonth = (row: SavingsRow): readonly string[] => [
    row.tokens,
    ...[row.before, row.after, row.saved].flatMap((spend) => [
      dollars(spend.dayMicroUsd),
      dollars(spend.monthMicroUsd),
      dollars(spend.yearMicroUsd),
    ]),
    row.savedShare === null ? "" : `${Math.round(row.savedShare * 100)} %`,
  ];
  const names = ["", before.name, "", "", after.name, "", "", "saved", "", "", ""];
  const heads = [
    "all tokens are",
    ...Array(3).fill(["a day", "a month", "a year"]).flat(),
    "share",
  ];
  const cells = [heads, ...rows.map(perMonth)];
  const widths = heads.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const lines = cells.map((row) => aligned(row, widths));
  const columns = terminalColumns();
  const full = widths.reduce((sum, width) => sum + width + 2, -2);
  if (columns !== null && full > columns) return stacked(tokens, [before, after], rows, columns);
  return [title(tokens), "", headline(names, widths), ...lines, ""].join("\n");
}

function title(tokens: number): string {
  return `${tokens.toLocaleString("en-US")} ${tokens === 1 ? "token" : "tokens"} a day, US dollars, prices of ${CATALOGUE_DATE}; a month has 30 days`;
}

/** For a narrow terminal: a block for each kind of tokens. */
function stacked(
  tokens: number,
  [before, after]: readonly [Model, Model],
  rows: readonly SavingsRow[],
  columns: number,
): string {
  const line = (name: string, spend: Spend, share = ""): string => {
    const { dayMicroUsd: day, monthMicroUsd: month, yearMicroUsd: year } = spend;
    const text = `${dollars(day)} a day, ${dollars(month)} a month, ${dollars(year)} a year${share}`;
    return `  ${wrapped(`${name}: ${text}`, columns, 4, 2)}`;
  };
  const share = (row: SavingsRow): string =>
    row.savedShare === null ? "" : ` (${Math.round(row.savedShare * 100)} %)`;
  const blocks = rows.flatMap((row) => [
    `all tokens are ${row.tokens}`,
    line(before.name, row.before),
    line(after.name, row.after),
    line("saved", row.saved, share(row)),
  ]);
  return `${[wrapped(title(tokens), columns), "", ...blocks].join("\n")}\n`;
}

/** The names of the models over the first of their three columns. */
function headline(names: readonly string[], widths: readonly number[]): string {
  const group = (at: number): number => widths.slice(at, at + 3).reduce((sum, w) => sum + w + 2, 0);
  const label = " ".repeat(widths[0] ?? 0);
  const groups = [1, 4, 7].map((at) => `  ${names[at] ?? ""}`.padStart(group(at)));
  return `${label}${groups.join("")}`;
}

function aligned(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, at) =>
    at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
  );
  return cells.join("  ").trimEnd();
}

function dollars(microUsd: number): string {
  return (microUsd / 1e6).toFixed(2);
}
