/** Reading the folder of the metrics files: what is ours, what is broken, and nothing changed. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { METRICS_FILE_MAX_BYTES } from "../../../src/adapters/metrics/files.ts";
import { metricsFolder, readMetrics } from "../../../src/commands/metrics/io-folder.ts";
import { writePage } from "../../../src/commands/metrics/io-page-file.ts";
import { recorded, writeRecorded } from "../../helpers/recorded.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const ALWAYS = { sinceMs: null, untilMs: null };
const START = Date.UTC(2026, 10, 20, 22);
const HOUR_MS = 3_600_000;

test("whole files are read, unknown ones left alone, broken ones counted", (t) => {
  const dir = tempFolder(t);
  writeRecorded(dir, recorded({ count: 10, startMs: START, everyMs: HOUR_MS }));
  writeRecorded(dir, recorded({ count: 2, startMs: START - 1e9, everyMs: HOUR_MS, schema: 1 }));
  const [first] = recorded({ count: 1, startMs: START, everyMs: 1, seed: 99 });
  const put = (name: string, text: string): void => writeFileSync(join(dir, name), text);
  put("session_20261121_000000_newer.json", JSON.stringify({ ...first?.data, schema_version: 9 }));
  put("session_20261121_000000_half.json", '{"schema_version": 1, "sta');
  put("session_20261121_000000_empty.json", "");
  put("session_20261121_000000_large.json", " ".repeat(METRICS_FILE_MAX_BYTES + 1));
  mkdirSync(join(dir, "session_20261121_000000_folder.json"));
  symlinkSync("/etc/passwd", join(dir, "session_20261121_000000_link.json"));
  spawnSync("mkfifo", [join(dir, "session_20261121_000000_pipe.json")]);
  put(".session.12.tmp", "{");
  put("notes.txt", "mine");
  const before = readdirSync(dir).sort();
  const found = readMetrics(dir, ALWAYS);
  assert.deepEqual([found.sessions.length, found.broken, found.newer], [12, 6, 1]);
  assert.match(found.brokenName ?? "", /^session_20261121_000000_/);
  const times = found.sessions.map(({ startedMs }) => startedMs);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
    "the oldest first",
  );
  assert.deepEqual(readdirSync(dir).sort(), before);
});

test("a period takes those that began in it", (t) => {
  const dir = tempFolder(t);
  writeRecorded(dir, recorded({ count: 100, startMs: START, everyMs: HOUR_MS }));
  const count = (sinceMs: number | null, untilMs: number | null): number =>
    readMetrics(dir, { sinceMs, untilMs }).sessions.length;
  assert.equal(count(null, null), 100);
  assert.equal(count(START + 10 * HOUR_MS, null), 90);
  assert.equal(count(START + 10 * HOUR_MS + 1, null), 89);
  assert.equal(count(null, START + 10 * HOUR_MS), 11);
  assert.equal(count(START + 5 * HOUR_MS, START + 6 * HOUR_MS), 2);
  assert.equal(count(START + 1e12, null), 0);
  const newest = readMetrics(dir, { sinceMs: null, untilMs: START + 49 * HOUR_MS }, 30);
  assert.deepEqual([newest.sessions.length, newest.leftOut], [30, 20], "the newest");
  assert.equal(newest.sessions.at(-1)?.startedMs, START + 49 * HOUR_MS);
});

test("a relative metrics.dir counts from the service's folder when the configuration is the system's", () => {
  assert.equal(metricsFolder("metrics", "/etc/pipit/config.yaml"), "/var/lib/pipit/metrics");
  assert.equal(metricsFolder("/mnt/m", "/etc/pipit/config.yaml"), "/mnt/m");
  assert.equal(metricsFolder("metrics", "config/config.yaml"), resolve("metrics"));
});

const OURS = "<title>Pipit: metrics</title>";

test("a page is written whole, over an ordinary file only, and nothing is left beside it", async (t) => {
  const dir = tempFolder(t);
  const page = join(dir, "page.html");
  assert.equal(await writePage(page, `${OURS}one`), null);
  assert.equal(await writePage(page, `${OURS}two`), null);
  symlinkSync(page, join(dir, "link.html"));
  assert.equal(await writePage(join(dir, "link.html"), `${OURS}three`), null);
  assert.equal(readFileSync(page, "utf8"), `${OURS}three`);
  assert.match((await writePage(dir, "x")) ?? "", /^is not an ordinary file/);
  assert.match((await writePage("/dev/null", "x")) ?? "", /^is not an ordinary file/);
  assert.equal(await writePage(join(dir, "no", "page.html"), "x"), "there is no such folder");
  assert.deepEqual(readdirSync(dir).sort(), ["link.html", "page.html"]);
});

test("a link that waits where the page is made leads nowhere", async (t) => {
  const dir = tempFolder(t);
  const other = join(dir, "other");
  writeFileSync(other, "not to be touched");
  symlinkSync(other, join(dir, `.page.html.${process.pid}.tmp`));
  assert.equal(await writePage(join(dir, "page.html"), "page"), null);
  assert.equal(readFileSync(other, "utf8"), "not to be touched");
  assert.ok(lstatSync(join(dir, "page.html")).isFile());
});
