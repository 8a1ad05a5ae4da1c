/**
 * The report's texts, word for word: `test/fixtures/report`. After a wanted change, run this with
 * PIPIT_WRITE_GOLDEN=1 and look at the difference.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../../src/adapters/os/project-root.ts";
import { sparkline } from "../../../src/commands/bars.ts";
import { type Comparison, compare } from "../../../src/commands/metrics/compare.ts";
import { compareText } from "../../../src/commands/metrics/compare-text.ts";
import { csvField, metricsCsv } from "../../../src/commands/metrics/csv.ts";
import { countText, msText, shareText, usdText } from "../../../src/commands/metrics/figures.ts";
import { reportData } from "../../../src/commands/metrics/report-json.ts";
import { metricsTable, TABLE_LINES_MAX } from "../../../src/commands/metrics/table.ts";
import { readSession, type SessionView } from "../../../src/commands/metrics/view.ts";
import { modelNamed } from "../../../src/core/models/catalogue.ts";
import type { Usage } from "../../../src/core/realtime/usage.ts";
import { type RecordedShape, recorded } from "../../helpers/recorded.ts";

const HOUR_MS = 3_600_000;
const ZONE = (): number => 60;
const ESCAPE = "\u001b";
const CODE = new RegExp(`${ESCAPE}\\[\\d+m`, "g");
const TABLE = { zone: ZONE, width: 80, colour: false, utf8: true, bySession: false };

function sessions(...shapes: readonly RecordedShape[]): SessionView[] {
  const views = shapes
    .flatMap((shape) => recorded(shape))
    .map(({ data }) => readSession(JSON.parse(JSON.stringify(data))))
    .filter((reading) => typeof reading === "object");
  return views.sort((a, b) => a.startedMs - b.startedMs);
}

/** A household: the preview model in October, today's since, and one that nobody knows. */
const HOUSEHOLD = sessions(
  {
    ...{ count: 40, startMs: Date.UTC(2026, 9, 20, 5), everyMs: 5 * HOUR_MS, seed: 11, schema: 1 },
    ...{ model: "gpt-4o-realtime-preview", latencyMs: 1_150 },
  },
  { count: 90, startMs: Date.UTC(2026, 10, 1, 6), everyMs: 3 * HOUR_MS, seed: 12 },
  { count: 2, startMs: Date.UTC(2026, 10, 3, 7), everyMs: HOUR_MS, seed: 13, model: "acme-voice" },
);
const NOVEMBER = HOUSEHOLD.filter(({ startedMs }) => startedMs >= Date.UTC(2026, 10, 1));

function assertGolden(name: string, text: string): void {
  const path = join(projectRoot(), "test", "fixtures", "report", name);
  if (process.env["PIPIT_WRITE_GOLDEN"] === "1") writeFileSync(path, text);
  assert.equal(text, readFileSync(path, "utf8"), name);
}

function assertFits(text: string, width: number): void {
  for (const line of text.split("\n")) assert.ok(line.length <= width, `${line.length}: ${line}`);
}

test("the table by day, by conversation, and in ASCII", () => {
  const byDay = metricsTable(HOUSEHOLD, TABLE);
  assertGolden("by-day.txt", byDay);
  assertFits(byDay, 80);
  const bySession = metricsTable(HOUSEHOLD.slice(-9), { ...TABLE, bySession: true });
  assertGolden("by-session.txt", bySession);
  assertFits(bySession, 80);
  const ascii = metricsTable(NOVEMBER, { ...TABLE, utf8: false });
  assert.match(ascii, /^[\n\x20-\x7e]*$/);
  assertGolden("ascii.txt", ascii);
});

test("a narrow terminal does without charts and the least of the columns", () => {
  for (const width of [79, 70, 60, 50, 40]) {
    for (const bySession of [true, false]) {
      const text = metricsTable(HOUSEHOLD.slice(-9), { ...TABLE, width, bySession });
      assertFits(text, width);
      assert.match(text, / p50 .* cost|p50 cost/);
    }
    const sides = ["gpt-4o-realtime-preview", "gpt-realtime"] as const;
    const found = compare(HOUSEHOLD, { sides, price: () => 1_000, zone: ZONE });
    assertFits(compareText(found, true, width), Math.max(width, 45));
  }
  assert.match(metricsTable(HOUSEHOLD, { ...TABLE, width: 60 }), /func fail$/m);
});

test("one is one: no plural of a single conversation or day", () => {
  const one = HOUSEHOLD.slice(-1);
  const found = compare(one, { sides: ["gpt-realtime", "x"], price: () => 1_000, zone: ZONE });
  const text = compareText(found, true);
  assert.match(text, /\(1 conversation, 1 day\)/);
  assert.doesNotMatch(text, /\b1 (conversations|days)/);
});

test("a wide terminal gets longer charts and the model; colour adds nothing but colour", () => {
  const wide = metricsTable(HOUSEHOLD, { ...TABLE, width: 140, bySession: true });
  assertFits(wide, 140);
  assert.match(wide, /gpt-4o-realtime-preview +no-speech/);
  const colour = metricsTable(HOUSEHOLD, { ...TABLE, colour: true });
  assert.ok(colour.includes(`${ESCAPE}[36m`));
  const plain = colour.replaceAll(CODE, "").replace(/ +$/gm, "");
  assert.equal(plain, metricsTable(HOUSEHOLD, TABLE));
});

test("a long time: the newest days are shown, all are in the total", () => {
  const years = sessions({ count: 3_000, startMs: Date.UTC(2025, 1, 1), everyMs: 5 * HOUR_MS });
  const text = metricsTable(years, TABLE);
  assertFits(text, 80);
  assert.equal(text.split("\n").filter((line) => /^20\d\d-/.test(line)).length, TABLE_LINES_MAX);
  assert.match(text, /^total +3000 /m);
  assert.match(text, /^525 earlier days are in the total; --csv, --json and --html have them$/m);
  assert.equal(metricsTable([], TABLE), "");
});

test("CSV: one line a conversation, the unit in the name", () => {
  const csv = metricsCsv(HOUSEHOLD.slice(37, 45));
  assertGolden("sessions.csv", csv);
  const lines = csv.split("\r\n");
  assert.equal(lines.length, 10, "a header, eight, and the end of the last");
  assert.equal(new Set(lines.slice(0, 9).map((line) => line.split(",").length)).size, 1);
});

test("no field of the CSV is a formula, and every one can be read back", () => {
  const texts = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    " =1",
    'say "x"',
    "a,b",
    "a\r\nb",
    "plain",
  ];
  for (const text of texts) {
    const field = csvField(text);
    const inner = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
    assert.doesNotMatch(inner, /^\s*[=+\-@]/);
    assert.equal(inner.replace(/^'/, ""), text);
    if (/[",\r\n]/.test(text)) assert.match(field, /^"(?:[^"]|"")*"$/);
  }
  assert.deepEqual([csvField(null), csvField(0), csvField(12.5)], ["", "0", "12.5"]);
});

/** A price list of the test's own; there are no images here. */
function priceAt(usage: Usage, model: string): number | null {
  const prices = modelNamed(model)?.prices;
  if (prices === undefined) return null;
  const rows = [
    [usage.inputText - usage.cachedText, prices.textIn],
    [usage.cachedText, prices.textCached],
    [usage.inputAudio - usage.cachedAudio, prices.audioIn],
    [usage.cachedAudio, prices.audioCached],
    [usage.outputText, prices.textOut],
    [usage.outputAudio, prices.audioOut],
  ] as const;
  return rows.reduce((sum, [tokens, price]) => sum + Math.round(tokens * price), 0);
}

const found = (of: readonly SessionView[], sides: readonly [string, string] | null = null) =>
  compare(of, { sides, price: priceAt, zone: ZONE });

test("the comparison in words, of both sides, of one, and of too few", () => {
  const texts = { both: HOUSEHOLD, one: NOVEMBER, few: HOUSEHOLD.slice(30, 50) };
  for (const [name, of] of Object.entries(texts)) {
    const text = compareText(found(of), true);
    assertGolden(`compare-${name}.txt`, text);
    assertFits(text, 80);
    assert.match(compareText(found(of), false), /^[\n\x20-\x7e]*$/);
  }
  assert.match(compareText(found([]), true), /No tokens were recorded/);
});

test("the comparison's figures are those of a plain computation", () => {
  const mean = (values: readonly number[]): number =>
    values.reduce((a, b) => a + b, 0) / values.length;
  const of = (model: string) => HOUSEHOLD.filter((session) => session.model === model);
  const [ours, theirs] = [of("gpt-realtime"), of("gpt-4o-realtime-preview")];
  const all: Comparison = found(HOUSEHOLD);
  const [latency, cost] = all.measures;
  assert.equal(all.others, 2);
  const latencyOf = (side: readonly SessionView[]) =>
    mean(side.flatMap(({ responseMs }) => responseMs));
  assert.ok(Math.abs((latency?.a?.value ?? 0) - latencyOf(ours)) < 1e-6);
  assert.ok(Math.abs((latency?.b?.value ?? 0) - latencyOf(theirs)) < 1e-6);
  assert.ok(
    Math.abs((latency?.change?.value ?? 0) - (latencyOf(ours) / latencyOf(theirs) - 1)) < 1e-9,
  );
  const costOfSide = (side: readonly SessionView[]) =>
    mean(side.map((s) => s.cost.knownMicroUsd ?? 0)) / 1e6;
  assert.ok(Math.abs((cost?.a?.value ?? 0) - costOfSide(ours)) < 1e-12);
  const at = (model: string): number =>
    [...ours, ...theirs].reduce(
      (sum, { usage }) => sum + ((usage && priceAt(usage, model)) || 0),
      0,
    );
  assert.equal(all.repriced?.aMicroUsd, at("gpt-realtime"));
  assert.equal(all.repriced?.bMicroUsd, at("gpt-4o-realtime-preview"));
});

test("two models by name: snapshots count, the vendor's figures do not, unknown prices are said", () => {
  const named = found(HOUSEHOLD, ["gpt-realtime", "acme-voice"]);
  assert.deepEqual([named.a.conversations, named.b.conversations], [90, 2]);
  assert.ok(
    named.measures.every(({ expected, judgement }) => expected === null && judgement === null),
  );
  assert.equal(named.repriced?.bMicroUsd, null);
  assert.equal(named.repriced?.savedMonthMicroUsd, null);
  assert.match(compareText(named, true), /at acme-voice: its prices are not known/);
  const snapshot = sessions({ count: 3, startMs: 1, everyMs: 1, model: "gpt-realtime-2025-08-28" });
  assert.equal(found(snapshot, ["gpt-realtime", "x"]).a.conversations, 3);
  const mini = sessions({ count: 3, startMs: 1, everyMs: 1, model: "gpt-realtime-mini" });
  assert.deepEqual(found(mini).otherModels, ["gpt-realtime-mini"]);
});

test("the report for programs has the shape that is promised", () => {
  const scope = { dir: "metrics", sinceMs: 0, untilMs: null, broken: 1, newer: 0, leftOut: 0 };
  const data = reportData(HOUSEHOLD.slice(39, 42), scope, { zone: ZONE, bySession: true });
  assertGolden("report.json", `${JSON.stringify(data, null, 2)}\n`);
});

test("figures as short texts", () => {
  const money = [0, 12_345, 999_949, 999_950, 12_300_000, 1_234_000_000, -500_000].map(usdText);
  assert.deepEqual(money, [
    "$0.0000",
    "$0.0123",
    "$0.9999",
    "$1.00",
    "$12.30",
    "$1234",
    "-$0.5000",
  ]);
  const counts = [0, 999, 1_000, 12_345, 99_960, 999_499, 999_500, 123_456_789].map(countText);
  assert.deepEqual(counts, ["0", "999", "1.00k", "12.3k", "100k", "999k", "1.00M", "123M"]);
  assert.deepEqual([0, 0.001, 0.5, 0.999, 1].map(shareText), ["0%", "1%", "50%", "99%", "100%"]);
  assert.deepEqual([811.6, 99_999, 250_000].map(msText), ["812", "99999", "250s"]);
});

test("a line of bars: blank for nothing, lowest for 0, highest for the greatest", () => {
  assert.equal(sparkline([null, 0, 1, 4, 8, 9], 8, true), " ▁▁▄██");
  assert.equal(sparkline([null, 0, 1, 4, 8, 9], 8, false), " ..=@@");
  assert.equal(sparkline([0, null], 0, true), "▁ ");
});
