/** Lines for people: priorities, one line each, no secret, bounded, and never a crash. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fdSink, isJournalStream, wantsColour } from "../../../src/adapters/os/line-sink.ts";
import {
  type JournalOptions,
  LINES_BURST,
  LineJournal,
} from "../../../src/adapters/systemd/journal.ts";
import { Redactor } from "../../../src/core/redact.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { type KeptLines, keptLines } from "../../helpers/host.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

function journalOn(sink: KeptLines, more: Partial<JournalOptions> = {}, clock = new SimClock()) {
  const options = {
    sink,
    clock,
    level: "info",
    colour: false,
    secrets: new Redactor(),
    ...more,
  } as const;
  return new LineJournal(options);
}

test("under systemd each line has its priority and nothing else before it", () => {
  const sink = keptLines({ journald: true });
  const journal = journalOn(sink, { level: "debug" });
  for (const level of ["debug", "info", "notice", "warning", "error"] as const) {
    journal.log(level, "Connected to OpenAI Realtime API using model: gpt-realtime");
  }
  const said = "Connected to OpenAI Realtime API using model: gpt-realtime";
  assert.deepEqual(
    sink.lines,
    [7, 6, 5, 4, 3].map((priority) => `<${priority}>${said}`),
  );
});

test("elsewhere a line has the local time and its level", () => {
  const sink = keptLines();
  const at = new Date(2026, 10, 22, 3, 4, 5, 67).getTime();
  journalOn(sink, {}, new SimClock(at)).log("warning", "hot");
  assert.deepEqual(sink.lines, ["2026-11-22 03:04:05.067 warning: hot"]);
});

test("the level is changed while running", () => {
  const sink = keptLines({ journald: true });
  const journal = journalOn(sink);
  journal.log("debug", "one");
  journal.setLevel("debug");
  journal.log("debug", "two");
  journal.setLevel("error");
  journal.log("warning", "three");
  assert.deepEqual(sink.lines, ["<7>two"]);
});

test("one call is one line, cleaned and cut", () => {
  const sink = keptLines({ journald: true });
  const journal = journalOn(sink);
  journal.log("info", "a\nb\r\n\u001b[31mc\u2028d\u0000e");
  journal.log("info", "x".repeat(10_000));
  assert.equal(sink.lines[0], "<6>a b [31mc d e");
  assert.equal(sink.lines[1]?.length, 2_003);
});

test("no secret passes, whole, in pieces of another, or only looking like one", () => {
  const sink = keptLines({ journald: true });
  const secrets = new Redactor();
  secrets.learn(["hunter22", "hunter22-long", "ab", ""]);
  const journal = journalOn(sink, { secrets });
  journal.log("info", "hunter22-long and hunter22 and ab");
  journal.log("error", "Incorrect API key provided: sk-proj-Ab12***********wxyz. See");
  journal.log("info", "Authorization: Bearer eyJhbGciOi.foo");
  secrets.learn(["newsecret"]);
  journal.log("info", "newsecret risk-free task-123456789");
  assert.deepEqual(sink.lines, [
    "<6>*** and *** and ab",
    "<3>Incorrect API key provided: ***. See",
    "<6>Authorization: Bearer ***",
    "<6>*** risk-free task-123456789",
  ]);
});

test("a flood is cut at the burst, and what was left out is said once lines fit again", () => {
  const sink = keptLines({ journald: true });
  const clock = new SimClock();
  const journal = journalOn(sink, {}, clock);
  for (let i = 0; i < LINES_BURST + 37; i++) journal.log("info", `line ${i}`);
  assert.equal(sink.lines.length, LINES_BURST);
  assert.equal(journal.leftOut(), 37);
  clock.advance(1_000);
  journal.log("info", "calm again");
  assert.deepEqual(sink.lines.slice(LINES_BURST), [
    "<4>37 lines were left out of the journal here",
    "<6>calm again",
  ]);
});

test("a reader that stalls loses lines, is told so, and breaks nothing", () => {
  const sink = keptLines({ journald: true });
  const journal = journalOn(sink);
  sink.broken = true;
  journal.log("error", "nobody hears");
  sink.broken = false;
  journal.log("info", "back");
  assert.deepEqual(sink.lines, ["<4>1 line was left out of the journal here", "<6>back"]);
});

test("colour only on a terminal and never with NO_COLOR", () => {
  const terminal = keptLines({ tty: true });
  assert.equal(wantsColour(terminal, { TERM: "xterm" }), true);
  assert.equal(wantsColour(terminal, { TERM: "xterm", NO_COLOR: "1" }), false);
  assert.equal(wantsColour(terminal, { TERM: "xterm", NO_COLOR: "" }), true);
  assert.equal(wantsColour(keptLines(), { TERM: "xterm" }), false);
  journalOn(terminal, { colour: true }).log("error", "red");
  const line = terminal.lines[0] ?? "";
  assert.ok(line.startsWith("\u001b[31m") && line.endsWith(" error: red\u001b[0m"), line);
});

test("the journal stream is recognised by device and inode, and by nothing less", (t) => {
  const path = join(tempFolder(t), "stream");
  const fd = openSync(path, "w");
  const { dev, ino } = fstatSync(fd, { bigint: true });
  assert.equal(isJournalStream(fd, { JOURNAL_STREAM: `${dev}:${ino}` }), true);
  assert.equal(isJournalStream(fd, { JOURNAL_STREAM: `${dev}:${ino + 1n}` }), false);
  assert.equal(isJournalStream(fd, { JOURNAL_STREAM: "" }), false);
  assert.equal(isJournalStream(fd, {}), false);
  const sink = fdSink(fd, { JOURNAL_STREAM: `${dev}:${ino}` });
  assert.equal(sink.journald, true);
  assert.equal(sink.write("<6>größer"), true);
  closeSync(fd);
  assert.equal(readFileSync(path, "utf8"), "<6>größer\n");
  assert.equal(sink.write("closed"), false);
});

/** A program that writes until a write is lost, then says so by its exit code. */
const WRITER = `
  const { fdSink } = await import(process.argv[1]);
  const sink = fdSink(1, {});
  let written = 0;
  while (written < 100000 && sink.write("x".repeat(100))) written++;
  process.exit(written < 100000 ? 7 : 0);
`;
const LINE_SINK = new URL("../../../src/adapters/os/line-sink.js", import.meta.url).href;

test("a reader that has gone (EPIPE) does not end the process", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", WRITER, LINE_SINK], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.on("exit", resolve));
  assert.equal(code, 7);
});

test("a full disk does not end the process", () => {
  const full = openSync("/dev/full", "w");
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", WRITER, LINE_SINK], {
    stdio: ["ignore", full, "inherit"],
    timeout: 20_000,
  });
  closeSync(full);
  assert.equal(child.status, 7);
});
