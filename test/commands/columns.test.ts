/** Words stay whole, lines stay within the terminal, a pipe gets its lines as they are. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { terminalColumns, wrapped } from "../../src/commands/columns.ts";
import { runPipit } from "../helpers/pipit.ts";

test("a text is broken at its blanks, and goes on below its column", () => {
  assert.equal(wrapped("one two three", null), "one two three");
  assert.equal(wrapped("one two three", 8), "one two\nthree");
  assert.equal(
    wrapped("aaaa bbbb cccc", 30, 20),
    "aaaa bbbb\n    cccc",
    "a deep indent is given up",
  );
  assert.equal(wrapped("a ".repeat(40).trim(), 50, 10).split("\n").length, 2);
  const path = "/a/very/long/path/that/is/wider/than/the/terminal/and/stays/whole.yaml";
  assert.ok(wrapped(`see ${path} there`, 50, 4).includes(path));
});

test("how wide it is: the terminal, or $COLUMNS, or nobody looks", () => {
  const out = (columns: number, isTTY: boolean) =>
    Object.assign(Object.create(process.stdout), { columns, isTTY });
  assert.equal(terminalColumns(out(61, true), {}), 61);
  assert.equal(terminalColumns(out(61, false), {}), null);
  assert.equal(terminalColumns(out(61, false), { COLUMNS: "72" }), 72);
  assert.equal(terminalColumns(out(3, true), {}), 40);
  for (const COLUMNS of ["", "x", "-1", "1.5"])
    assert.equal(terminalColumns(out(9, false), { COLUMNS }), null);
});

test("pipit cost fits a narrow terminal, with the same figures", async () => {
  const argv = ["cost", "--tokens-per-day", "1"];
  const narrow = await runPipit(argv, { COLUMNS: "60" });
  for (const line of narrow.stdout.split("\n")) assert.ok(line.length <= 60, line);
  assert.match(narrow.stdout, /^1 token a day/);
  const wide = await runPipit(["cost", "--tokens-per-day", "100000"]);
  assert.match(wide.stdout, /^audio in +4\.00 +120\.00 +1460\.00/m, "in a pipe as ever");
});

test("--help fits a narrow terminal", async () => {
  for (const argv of [["--help"], ["metrics", "--help"], ["check-config", "--help"]]) {
    const { stdout } = await runPipit(argv, { COLUMNS: "70" });
    for (const line of stdout.split("\n")) assert.ok(line.length <= 72, line);
  }
});
