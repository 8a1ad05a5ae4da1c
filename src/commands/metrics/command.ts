/**
 * `pipit metrics`: what the appliance has recorded, as a table, for programs, or as a page.
 *
 * Invariant: data goes to stdout, everything else to stderr; nothing in the folder is changed.
 */

import { hostname } from "node:os";
import { resolve } from "node:path";
import { loadConfig } from "../../adapters/config/file.ts";
import { errorCode } from "../../adapters/os/files.ts";
import { fdSink, wantsColour } from "../../adapters/os/line-sink.ts";
import { outputTrouble } from "../../adapters/os/own-file.ts";
import { oneLine } from "../../core/fault.ts";
import { billOf } from "../../core/money/cost.ts";
import { NO_OVERRIDES, overridesOf, type PriceOverrides } from "../../core/money/prices.ts";
import type { Usage } from "../../core/realtime/usage.ts";
import {
  type CommandLine,
  type CommandSpec,
  EXIT_FAILED,
  EXIT_FINE,
  EXIT_USAGE,
  readCommandLine,
  reportError,
  usageError,
} from "../args.ts";
import { isUtf8 } from "../bars.ts";
import { terminalColumns } from "../columns.ts";
import { compare } from "./compare.ts";
import { compareText } from "./compare-text.ts";
import { metricsCsv } from "./csv.ts";
import { pluralText } from "./figures.ts";
import {
  METRICS_READ_MAX,
  metricsFolder,
  type Period,
  type Recorded,
  readMetrics,
} from "./io-folder.ts";
import { writePage } from "./io-page-file.ts";
import { metricsPage } from "./page.ts";
import { reportData, type Scope, scopeData } from "./report-json.ts";
import { metricsTable } from "./table.ts";
import type { SessionView } from "./view.ts";
import { readWhen } from "./when.ts";

export const SPEC: CommandSpec = {
  name: "metrics",
  summary: "shows what was recorded: latency, cost, function calls, tokens",
  operands: "[--compare [A B]]",
  operandsMax: 2,
  json: true,
  config: true,
  options: {
    since: {
      value: "TIME",
      doc: "from then on: today, yesterday, 7d, 24h, 2026-11-01, 2026-11, 2026, 2026-11-01T18:00",
    },
    until: { value: "TIME", doc: "until then; a date: to the end of that day" },
    sessions: { doc: "a line a conversation instead of a day" },
    compare: { doc: "production against preview models, or model A against model B" },
    csv: { doc: "print a line a conversation for spreadsheets" },
    html: { value: "FILE", doc: "write a page with plots; - prints it" },
    dir: { value: "DIR", doc: "the folder; else metrics.dir of the configuration" },
  },
};

/** What --csv, --json and --html are each the only one of. */
const FORMS = ["csv", "json", "html"] as const;

const STDOUT = 1;
/** Where there is no terminal to ask. */
const WIDTH_DEFAULT = 80;

/** Exit code 0 also where nothing was recorded yet; 1 when the folder cannot be read. */
export async function metrics(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const problem = contradiction(line);
  if (problem !== null) return usageError(SPEC.name, problem);
  const page = line.option("html") ?? "-";
  const trouble = page === "-" ? null : outputTrouble(page);
  if (trouble !== null) return usageError(SPEC.name, `--html ${page} ${trouble}`);
  const nowMs = Date.now();
  const period = periodOf(line, nowMs);
  if (typeof period === "string") return usageError(SPEC.name, period);
  const source = sourceOf(line);
  if (typeof source === "number") return source;
  const { dir, ...known } = source;
  const recorded = read(dir, period, line.option("dir") !== undefined);
  if (typeof recorded === "number") return recorded;
  printOmissions(recorded);
  const { broken, newer, leftOut } = recorded;
  const scope = { dir, ...period, broken, newer, leftOut };
  return show(line, recorded.sessions, { ...known, scope, nowMs });
}

/** The period that was asked for, or what is wrong with it. */
function periodOf(line: CommandLine, nowMs: number): Period | string {
  const [since, until] = [line.option("since"), line.option("until")];
  const from = since === undefined ? null : readWhen(since, nowMs, localZone);
  const to = until === undefined ? null : readWhen(until, nowMs, localZone, true);
  if (from !== null && !from.ok) return `--since: ${from.problem}`;
  if (to !== null && !to.ok) return `--until: ${to.problem}`;
  const [sinceMs, untilMs] = [from?.atMs ?? null, to?.atMs ?? null];
  const isUpsideDown = sinceMs !== null && untilMs !== null && sinceMs > untilMs;
  return isUpsideDown ? "--since is later than --until" : { sinceMs, untilMs };
}

/** The machine's time zone. */
function localZone(epochMs: number): number {
  return -new Date(epochMs).getTimezoneOffset();
}

function contradiction(line: CommandLine): string | null {
  const forms = FORMS.filter((form) => (form === "json" ? line.json : line.flag(form)));
  if (forms.length > 1) return `--${forms[0]} and --${forms[1]} exclude each other`;
  const isCompare = line.flag("compare");
  if (line.flag("sessions") && (line.flag("html") || line.flag("csv") || isCompare)) {
    return "--sessions is for the table, or --json";
  }
  if (isCompare && (line.flag("csv") || line.flag("html"))) {
    return "--compare is for the terminal, or --json";
  }
  if (isCompare && line.operands.length === 1) return "--compare takes two models, or none";
  if (!isCompare && line.operands.length > 0) return `unexpected argument "${line.operands[0]}"`;
  return null;
}

interface Source {
  readonly dir: string;
  /** Micro-dollars of a usage at a model's prices; null: not known. */
  readonly price: (usage: Usage, model: string) => number | null;
  /** The budget of a day, US dollars; 0: none, or not known. */
  readonly dailyUsd: number;
  /** Why it is not known; empty: it is. */
  readonly budgetUnknown: string;
  /** Is it a limit? `budget.action: warn` refuses nothing. */
  readonly isLimit: boolean;
}

/** The owner's prices laid over the catalogue's. */
function priceWith(overrides: PriceOverrides): Source["price"] {
  return (usage, model) => billOf(usage, model, overrides)?.totalMicroUsd ?? null;
}

/** Where the files are, and what tokens cost; a number is the exit code. */
function sourceOf(line: CommandLine): Source | number {
  const named = line.option("dir");
  const { env } = process;
  const loaded = loadConfig({ path: line.config, env, missingVariables: "default", rules: false });
  if (loaded.ok) {
    const { settings, path } = loaded;
    const dir = named ?? metricsFolder(settings["metrics.dir"], path);
    const price = priceWith(overridesOf(settings["budget.prices"]));
    const isLimit = settings["budget.action"] !== "warn";
    return { dir, price, dailyUsd: settings["budget.daily_usd"], budgetUnknown: "", isLimit };
  }
  const [budgetUnknown = loaded.path] = loaded.problems;
  const unknown = { price: priceWith(NO_OVERRIDES), dailyUsd: 0, budgetUnknown, isLimit: true };
  if (named !== undefined) return { dir: named, ...unknown };
  for (const problem of loaded.problems) reportError(problem);
  reportError("pipit metrics: name the folder with --dir DIR to do without the configuration");
  return EXIT_USAGE;
}

const NOTHING: Recorded = { sessions: [], broken: 0, brokenName: null, newer: 0, leftOut: 0 };

/** A folder that was asked for must be there; the appliance's own is made at its first start. */
function read(dir: string, period: Period, wasNamed: boolean): Recorded | number {
  try {
    return readMetrics(dir, period);
  } catch (error) {
    const code = errorCode(error);
    if (code === "") throw error;
    const why = WHY[code] ?? `cannot be read (${code})`;
    reportError(`pipit metrics: ${oneLine(dir)}: ${why}`);
    return code === "ENOENT" && !wasNamed ? NOTHING : EXIT_FAILED;
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT:
    "there is no such folder (the appliance creates it at its start; for another one: --dir DIR)",
  ENOTDIR: "is not a folder",
  EACCES: "cannot be read by this user; join the service's group (usermod -aG pipit), or use sudo",
  EPERM: "cannot be read by this user; join the service's group (usermod -aG pipit), or use sudo",
};

/** One line for all that the report lacks. */
function printOmissions({ broken, brokenName, newer, leftOut }: Recorded): void {
  const parts = [
    broken === 0
      ? ""
      : `${pluralText(broken, "file")} not whole or not readable (${brokenName ?? ""})`,
    newer === 0 ? "" : `${pluralText(newer, "file")} of a later version of Pipit`,
    leftOut === 0
      ? ""
      : `${pluralText(leftOut, "file")} older than the newest ${METRICS_READ_MAX}; use --until`,
  ].filter((part) => part !== "");
  if (parts.length > 0) reportError(`pipit metrics: left out: ${parts.join("; ")}`);
}

async function show(
  line: CommandLine,
  sessions: readonly SessionView[],
  { scope, price, nowMs, ...budget }: Omit<Source, "dir"> & { scope: Scope; nowMs: number },
): Promise<number> {
  const bySession = line.flag("sessions");
  const page = line.option("html");
  if (page !== undefined) {
    const about = { zone: localZone, nowMs, host: hostname(), ...budget };
    return save(page, metricsPage(sessions, scope, about));
  }
  let text: string;
  if (line.flag("compare")) {
    const [a, b] = line.operands;
    const sides = a === undefined || b === undefined ? null : ([a, b] as const);
    const found = compare(sessions, { sides, price, zone: localZone });
    text = line.json
      ? json({ ...scopeData(sessions.length, scope), compare: found })
      : compareText(found, isUtf8(), terminalColumns());
  } else if (line.json) text = json(reportData(sessions, scope, { zone: localZone, bySession }));
  else if (line.flag("csv")) text = metricsCsv(sessions);
  else text = metricsTable(sessions, tableOptions(bySession)) || nothingThere(scope);
  process.stdout.write(text);
  return EXIT_FINE;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function nothingThere({ dir, sinceMs, untilMs }: Scope): string {
  const period = sinceMs === null && untilMs === null ? "yet" : "in that time";
  return `No conversations recorded ${period} in ${oneLine(dir)}\n`;
}

function tableOptions(bySession: boolean) {
  const width = terminalColumns() ?? WIDTH_DEFAULT;
  const colour = wantsColour(fdSink(STDOUT, process.env), process.env);
  return { zone: localZone, width, colour, utf8: isUtf8(), bySession };
}

async function save(path: string, page: string): Promise<number> {
  if (path === "-") {
    process.stdout.write(page);
    return EXIT_FINE;
  }
  const problem = await writePage(path, page);
  if (problem === null) {
    const [file, host] = [resolve(path), hostname()];
    process.stderr.write(
      `pipit metrics: wrote ${oneLine(file)}: open it in a browser, or from another computer: ssh ${host} pipit metrics --html - > page.html\n`,
    );
    return EXIT_FINE;
  }
  reportError(`pipit metrics: ${oneLine(path)}: ${problem}`);
  return EXIT_FAILED;
}
