/** `pipit metrics` as an owner meets it: real processes, exit codes, what goes where. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fields, record } from "../../../src/core/json.ts";
import { runPipit } from "../../helpers/pipit.ts";
import { recorded, writeRecorded } from "../../helpers/recorded.ts";
import { tempFile, tempFolder } from "../../helpers/temp-folder.ts";

const SHAPE = { count: 12, startMs: Date.UTC(2026, 10, 20, 22), everyMs: 3_600_000 };
const ENV = { TZ: "Europe/Berlin", LANG: "C.UTF-8" };

test("the table, from the folder of the configuration, in local days, without colour in a pipe", async (t) => {
  const dir = join(tempFolder(t), "metrics");
  writeRecorded(dir, recorded(SHAPE));
  writeFileSync(join(dir, "session_20261121_000000_half.json"), "{");
  const config = tempFile(
    t,
    "c.yaml",
    `openai:\n  api_key: \${NO_SUCH}\nmetrics:\n  dir: ${dir}\n`,
  );
  const { code, stdout, stderr } = await runPipit(["metrics", "--config", config], ENV);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^2026-11-20 +1 /m);
  assert.match(stdout, /^2026-11-21 +11 /m);
  assert.match(stdout, /^total +12 /m);
  assert.match(stdout, /[▁▂▃▄▅▆▇█]/);
  assert.ok(!stdout.includes("\u001b"));
  assert.match(
    stderr,
    /^pipit metrics: left out: 1 file not whole or not readable \(.*half.json\)\n$/,
  );
  const ascii = await runPipit(["metrics", "--dir", dir, "--sessions"], { TZ: "UTC", LC_ALL: "C" });
  assert.match(ascii.stdout, /^2026-11-20 22:00 /m);
  assert.match(ascii.stdout, /^[\n\x20-\x7e]*$/);
});

test("for programs: JSON and CSV on stdout, also of nothing", async (t) => {
  const dir = tempFolder(t);
  const empty = await runPipit(["metrics", "--dir", dir], ENV);
  assert.deepEqual([empty.code, empty.stderr], [0, ""]);
  assert.match(empty.stdout, /^No conversations recorded yet in /);
  writeRecorded(dir, recorded(SHAPE));
  const json = await runPipit(["metrics", "--dir", dir, "--json", "--since", "2026-11-21"], ENV);
  const data = record(JSON.parse(json.stdout)) ?? {};
  assert.equal(fields(data, "total")["conversations"], 11);
  assert.equal(data["since"], "2026-11-20T23:00:00.000Z");
  const csv = await runPipit(["metrics", "--dir", dir, "--csv", "--until", "2026-11-20"], ENV);
  assert.equal(csv.stdout.split("\r\n").length, 3);
  const compared = await runPipit(["metrics", "--dir", dir, "--json", "--compare"], ENV);
  const sides = fields(record(JSON.parse(compared.stdout)) ?? {}, "compare");
  assert.equal(fields(sides, "a")["conversations"], 12);
  const two = await runPipit(["metrics", "--dir", dir, "--compare", "gpt-realtime", "x"], ENV);
  assert.match(two.stdout, /^gpt-realtime: 12 of gpt-realtime\nx: no conversations of x here\n/);
});

test("the page is written, or printed, and the folder of the metrics stays as it is", async (t) => {
  const [dir, out] = [tempFolder(t), tempFolder(t)];
  writeRecorded(dir, recorded(SHAPE));
  const before = readdirSync(dir);
  const file = join(out, "page.html");
  const written = await runPipit(["metrics", "--dir", dir, "--html", file], ENV);
  assert.deepEqual([written.code, written.stdout], [0, ""]);
  assert.match(
    written.stderr,
    /^pipit metrics: wrote .*page\.html: open it in a browser, or .*\n$/,
  );
  assert.match(readFileSync(file, "utf8"), /^<!doctype html>\n<html lang="en">/);
  const printed = await runPipit(["metrics", "--dir", dir, "--html", "-"], ENV);
  assert.match(printed.stdout, /<\/html>\n$/);
  const failed = await runPipit(
    ["metrics", "--dir", dir, "--html", join(out, "no", "x.html")],
    ENV,
  );
  assert.deepEqual([failed.code, failed.stdout], [2, ""]);
  assert.match(failed.stderr, /^pipit metrics: --html .*x\.html .*: there is no folder .*no /);
  assert.deepEqual(readdirSync(dir), before);
  assert.deepEqual(readdirSync(out), ["page.html"]);
});

test("what is wrong is one line, with its exit code", async (t) => {
  const dir = tempFolder(t);
  const missing = join(dir, "no");
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["--dir", missing], 1, /no: there is no such folder/],
    [["--dir", "/etc/passwd"], 1, /is not a folder/],
    [["--html", "x.html", "--sessions"], 2, /--sessions is for the table, or --json/],
    [["--since", "soon"], 2, /--since: "soon" is not a time; write today, /],
    [["--since", "1d", "--until", "2d"], 2, /--since is later than --until/],
    [["--csv", "--json"], 2, /--csv and --json exclude each other/],
    [["--compare", "--csv"], 2, /--compare is for the terminal, or --json/],
    [["--compare", "a"], 2, /--compare takes two models, or none/],
    [["a", "b"], 2, /unexpected argument "a"/],
    [["--sesions"], 2, /unknown option --sesions; did you mean "--sessions"/],
    [["--config", missing], 2, /there is no such file/],
  ];
  for (const [args, code, expected] of cases) {
    const ended = await runPipit(
      args[0] === "--config" ? ["metrics", ...args] : ["metrics", "--dir", dir, ...args],
      ENV,
    );
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, expected);
    assert.doesNotMatch(ended.stderr, /this is a bug/);
  }
  const config = tempFile(t, "c.yaml", `openai:\n  api_key: x\nmetrics:\n  dir: ${missing}\n`);
  const fresh = await runPipit(["metrics", "--config", config], ENV);
  assert.equal(fresh.code, 0, "an appliance that never ran has recorded nothing");
  assert.match(fresh.stdout, /^No conversations recorded yet/);
});
