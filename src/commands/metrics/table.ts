/**
 * The table for people: a line a day or a conversation, and one for all of them.
 *
 * Invariant: no line is wider than the width that is given, as long as that is 40 or more and the
 * figures are those of a household; colour changes nothing of the text. In a narrow terminal the
 * charts go first, then the columns of DROPPED.
 */

import { DAY_MS } from "../../core/duration.ts";
import { sparkline } from "../bars.ts";
import { wrapped } from "../columns.ts";
import { countText, msText, shareText, usdText } from "./figures.ts";
import { cellsOf, greatestOf, type Point } from "./sparkline.ts";
import { byDay, type Summary, summarise } from "./summary.ts";
import { dayText, fromLocal, localDay, localText, type Zone } from "./time.ts";
import type { SessionView } from "./view.ts";

export interface TableOptions {
  readonly zone: Zone;
  /** Characters a line. */
  readonly width: number;
  readonly colour: boolean;
  readonly utf8: boolean;
  /** A line a conversation instead of a day. */
  readonly bySession: boolean;
}

/** Lines above the totals; the newest are shown, the others counted. */
export const TABLE_LINES_MAX = 100;
/** A small chart has at least and at most so many characters. */
const CHART_MIN = 3;
const CHART_MAX = 24;
/** Here all columns have room, with the smallest charts. */
const FULL_WIDTH = 80;
/** From here on there is room for the model and how it ended. */
const ROOMY_WIDTH = 110;

interface Line {
  readonly name: string;
  readonly summary: Summary;
  readonly latencies: readonly Point[];
  readonly costs: readonly Point[];
  readonly model: string;
  readonly end: string;
}

interface Column {
  readonly head: string;
  readonly cells: readonly string[];
  readonly left?: boolean;
  readonly paint?: (cell: string) => string;
}

/** The whole text, each line with its newline; nothing for no conversations. */
export function metricsTable(sessions: readonly SessionView[], options: TableOptions): string {
  if (sessions.length === 0) return "";
  const days = byDay(sessions, options.zone);
  const count = options.bySession ? sessions.length : days.size;
  const shown = options.bySession ? sessionLines(sessions, options) : dayLines(days, options);
  const total = totalLine(sessions, options.zone);
  const plain = fitting(figureColumns([...shown, total], options), options.width);
  const room = Math.floor((options.width - usedBy(plain) - 1) / 2);
  const charts = Math.min(CHART_MAX, Math.max(CHART_MIN, room));
  const isNarrow = room < CHART_MIN && options.width < FULL_WIDTH;
  const columns = isNarrow ? plain : withCharts(plain, shown, total, charts, options);
  const hidden = count - shown.length;
  const lines = render(columns, options);
  const notes = legend(total.summary, hidden, { ...options, isNarrow }).map((one) =>
    wrapped(one, options.width, 2, 0),
  );
  return [...lines, "", ...notes].map((l) => `${l}\n`).join("");
}

/** What a narrow terminal does without, the least wanted first. */
const DROPPED: readonly string[] = ["token", "cuts", "func", "p95", "turns"];

function fitting(columns: readonly Column[], width: number): readonly Column[] {
  let kept = columns;
  for (const head of DROPPED) {
    if (usedBy(kept) - 1 <= width || width >= FULL_WIDTH) return kept;
    kept = kept.filter((column) => column.head !== head);
  }
  return kept;
}

function usedBy(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + widthOf(column) + 1, 0);
}

type Days = ReadonlyMap<number, readonly SessionView[]>;

function dayLines(days: Days, { zone }: TableOptions): readonly Line[] {
  return [...days]
    .slice(-TABLE_LINES_MAX)
    .map(([day, group]) =>
      lineOf(
        dayText(day),
        group,
        fromLocal(day * DAY_MS, zone),
        fromLocal((day + 1) * DAY_MS, zone),
      ),
    );
}

function sessionLines(sessions: readonly SessionView[], { zone }: TableOptions): readonly Line[] {
  return sessions.slice(-TABLE_LINES_MAX).map((session) => {
    const { responseMs, startedMs } = session;
    const line = lineOf(localText(startedMs, zone), [session], startedMs, startedMs + 1);
    const step = 1 / Math.max(1, responseMs.length);
    return { ...line, latencies: responseMs.map((value, index) => ({ at: index * step, value })) };
  });
}

function totalLine(sessions: readonly SessionView[], zone: Zone): Line {
  const days = sessions.map(({ startedMs }) => localDay(startedMs, zone));
  const first = days[0] ?? 0;
  const afterLast = (days.at(-1) ?? 0) + 1;
  const end = fromLocal(afterLast * DAY_MS, zone);
  return lineOf("total", sessions, fromLocal(first * DAY_MS, zone), end);
}

function lineOf(name: string, group: readonly SessionView[], from: number, to: number): Line {
  const at = ({ startedMs }: SessionView): number => (startedMs - from) / (to - from);
  const models = [...new Set(group.map(({ model }) => model ?? "?"))];
  return {
    name,
    summary: summarise(group),
    latencies: group.flatMap((session) =>
      session.responseMs.map((value) => ({ at: at(session), value })),
    ),
    costs: group.flatMap((session) => {
      const value = session.cost.knownMicroUsd;
      return value === null ? [] : [{ at: at(session), value }];
    }),
    model: models.length === 1 ? (models[0] ?? "") : `${models.length} models`,
    end: group.length === 1 ? (group[0]?.endReason ?? "?") : "",
  };
}

function figureColumns(lines: readonly Line[], options: TableOptions): Column[] {
  const none = options.utf8 ? "–" : "-";
  const column = (head: string, text: (of: Summary) => string, paint = plainly): Column => ({
    head,
    cells: lines.map(({ summary }) => text(summary)),
    paint,
  });
  const or = (value: number | null, text: (value: number) => string): string =>
    value === null ? none : text(value);
  const red = painter(options, "31");
  const names: Column = { head: "", cells: lines.map(({ name }) => name), left: true };
  const talks = column("conv", (of) => String(of.conversations));
  return [
    { ...names, head: options.bySession ? "began" : "day" },
    ...(options.bySession ? [] : [talks]),
    column("turns", (of) => or(of.turns, String)),
    column("p50", (of) => or(of.latencyP50Ms, msText)),
    column("p95", (of) => or(of.latencyP95Ms, msText)),
    column("cost", (of) => costText(of, none)),
    column("cuts", (of) => or(of.interruptions, String)),
    column("func", (of) => or(of.callSuccess, shareText)),
    column(
      "fail",
      (of) => or(of.errors, String),
      (cell) => (/[1-9]/.test(cell) ? red(cell) : cell),
    ),
    column("token", (of) => or(of.tokens, countText)),
    ...(options.width >= ROOMY_WIDTH ? roomyColumns(lines, options) : []),
  ];
}

function roomyColumns(lines: readonly Line[], { bySession }: TableOptions): Column[] {
  const model: Column = { head: "model", cells: lines.map((line) => line.model), left: true };
  const end: Column = { head: "end", cells: lines.map((line) => line.end), left: true };
  return bySession ? [model, end] : [model];
}

/** A "?" where some of it is not known. */
function costText({ costMicroUsd, costUnknown }: Summary, none: string): string {
  const mark = costUnknown > 0 ? "?" : "";
  return costMicroUsd === null ? mark || none : `${usdText(costMicroUsd)}${mark}`;
}

/** Puts the charts behind the latencies and behind the cost. */
function withCharts(
  columns: readonly Column[],
  shown: readonly Line[],
  total: Line,
  width: number,
  options: TableOptions,
): Column[] {
  const latency = [...shown, total].map((line) => cellsOf(line.latencies, width, "median"));
  const cells = options.bySession ? 1 : width;
  const cost = shown.map(({ costs }) => cellsOf(costs, cells, "sum"));
  const totalCost = cellsOf(total.costs, width, "sum");
  const { utf8 } = options;
  const latencyTop = greatestOf(latency);
  const costTop = greatestOf(cost);
  const chart = (head: string, lines: readonly string[], code: string): Column => ({
    head: head.slice(0, width),
    cells: lines.map((line) => line.padEnd(width)),
    left: true,
    paint: painter(options, code),
  });
  const latencyChart = chart(
    "latency",
    latency.map((line) => sparkline(line, latencyTop, utf8)),
    "36",
  );
  const costLines = cost.map((line) => sparkline(line, costTop, utf8));
  // The total adds up days: it has a height of its own.
  const costTotal = sparkline(totalCost, greatestOf([totalCost]), utf8);
  const costChart = chart("spent", [...costLines, costTotal], "33");
  return columns.flatMap((column) => {
    if (column.head === "p95") return [column, latencyChart];
    return column.head === "cost" ? [column, costChart] : [column];
  });
}

function widthOf({ head, cells }: Column): number {
  return Math.max(head.length, ...cells.map((cell) => cell.length));
}

function render(columns: readonly Column[], options: TableOptions): readonly string[] {
  const bold = painter(options, "1");
  const place = (column: Column, text: string): string =>
    column.left === true ? text.padEnd(widthOf(column)) : text.padStart(widthOf(column));
  const head = columns.map((column) => place(column, column.head)).join(" ");
  const count = columns[0]?.cells.length ?? 0;
  const lines = Array.from({ length: count }, (_, index) =>
    columns
      .map((column) => (column.paint ?? plainly)(place(column, column.cells[index] ?? "")))
      .join(" ")
      .trimEnd(),
  );
  const rule = (options.utf8 ? "─" : "-").repeat(head.trimEnd().length);
  return [bold(head.trimEnd()), ...lines.slice(0, -1), rule, ...lines.slice(-1)];
}

function legend(
  total: Summary,
  hidden: number,
  { bySession, isNarrow }: TableOptions & { readonly isNarrow: boolean },
): readonly string[] {
  const what = bySession ? "conversations" : "days";
  const chart = bySession ? "its answers in turn; its cost" : "the day from left to right";
  const unknown =
    total.costUnknown === 1
      ? "of 1 conversation, some or all of the cost is not known"
      : `of ${total.costUnknown} conversations, some or all of the cost is not known`;
  return [
    "p50, p95: milliseconds from the end of speech to the first sound of the answer",
    ...(isNarrow ? [] : [`latency, spent: ${chart}; total: the whole period`]),
    "cuts: answers interrupted; func: function calls that succeeded; fail: errors",
    ...(total.costUnknown > 0 ? [`?: ${unknown}`] : []),
    ...(hidden > 0
      ? [`${hidden} earlier ${what} are in the total; --csv, --json and --html have them`]
      : []),
  ];
}

function plainly(cell: string): string {
  return cell;
}

function painter({ colour }: TableOptions, code: string): (text: string) => string {
  return colour
    ? (text) => (text.trim() === "" ? text : `\u001b[${code}m${text}\u001b[0m`)
    : plainly;
}
