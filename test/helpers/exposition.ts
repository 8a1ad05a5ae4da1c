/**
 * A strict reader of the text that Prometheus's tools read: the grammar of a line, one TYPE and HELP
 * a family and before its samples, families in one piece, no series twice, counters and histograms
 * that add up, units in names, `# EOF` at the end. Throws an assertion for whatever breaks a rule.
 */

import assert from "node:assert/strict";

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e-?\d+)?)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/;

export interface ReadFamily {
  readonly type: string;
  readonly help: string;
  unit: string;
  /** By the sample's name and labels, as written. */
  readonly series: Map<string, number>;
}

export function readExposition(text: string): Map<string, ReadFamily> {
  assert.ok(text.endsWith("\n# EOF\n"), "ends with # EOF");
  const families = new Map<string, ReadFamily>();
  const helps = new Map<string, string>();
  let current: [string, ReadFamily] | null = null;
  for (const line of text.slice(0, -"# EOF\n".length).trimEnd().split("\n")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") {
      assert.match(name, NAME);
      assert.ok(!helps.has(name), `a second HELP of ${name}`);
      helps.set(name, rest);
    } else if (kind === "TYPE") {
      assert.ok(!families.has(name), `a second TYPE of ${name}`);
      assert.ok(["counter", "gauge", "histogram"].includes(rest), line);
      const help = helps.get(name);
      assert.ok(help, `HELP before TYPE of ${name}`);
      current = [name, { type: rest, help, unit: "", series: new Map() }];
      families.set(...current);
    } else if (kind === "UNIT") {
      assert.equal(current?.[0], name, "UNIT within its family");
      assert.ok(name.replace(/_total$/, "").endsWith(`_${rest}`), `${name} names its unit ${rest}`);
      if (current !== null) current[1].unit = rest;
    } else readSample(line, current);
  }
  for (const [name, family] of families) assertAddsUp(name, family);
  return families;
}

function readSample(line: string, current: [string, ReadFamily] | null): void {
  const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
  assert.notEqual(name, "", `no sample: ${line}`);
  assert.ok(current, `${line} before any TYPE`);
  const [family, { type, series }] = current;
  const suffixes = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
  assert.ok(
    suffixes.some((suffix) => name === family + suffix),
    `${name} in ${family}`,
  );
  if (type === "counter") assert.match(name, /_total$/);
  const names: string[] = [];
  for (let rest = labels; rest !== ""; ) {
    const [whole = "", label = ""] = LABEL.exec(rest) ?? [];
    assert.notEqual(whole, "", `labels: ${line}`);
    assert.ok(!names.includes(label), `label twice: ${line}`);
    names.push(label);
    rest = rest.slice(whole.length);
  }
  const key = `${name}{${labels}}`;
  assert.ok(!series.has(key), `${key} twice`);
  series.set(key, Number(value));
}

function assertAddsUp(name: string, { type, series }: ReadFamily): void {
  if (type !== "gauge") for (const [key, value] of series) assert.ok(value >= 0, key);
  if (type !== "histogram") return;
  let last = -Infinity;
  let below = 0;
  for (const [key, value] of series) {
    const [, le] = /^.*_bucket\{le="(.*)"\}$/.exec(key) ?? [];
    if (le === undefined) continue;
    const bound = le === "+Inf" ? Infinity : Number(le);
    assert.match(le, /^(?:\+Inf|\d+\.\d+)$/, "a bound is a float");
    assert.ok(bound > last && value >= below, key);
    [last, below] = [bound, value];
  }
  assert.equal(last, Infinity);
  assert.equal(series.get(`${name}_count{}`), below);
  assert.ok(series.has(`${name}_sum{}`));
}
