/** The command line, read in this process: what is asked for, and one line for what is wrong. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CommandLine,
  type CommandSpec,
  helpText,
  readCommandLine,
} from "../../src/commands/args.ts";

const SPEC: CommandSpec = {
  name: "sing",
  summary: "sings",
  operands: "SONG",
  operandsMin: 1,
  operandsMax: 2,
  json: true,
  config: true,
  options: { loud: { doc: "louder" }, key: { value: "KEY", doc: "in this key" } },
};

function read(...argv: readonly string[]): CommandLine {
  const line = readCommandLine(SPEC, argv);
  assert.ok(typeof line !== "number", "should have been understood");
  return line;
}

test("options and operands in any order", () => {
  const line = read("--loud", "--key=c", "song", "--config", "f.yaml", "--", "--json");
  assert.equal(line.flag("loud"), true);
  assert.equal(line.option("key"), "c");
  assert.equal(line.config, "f.yaml");
  assert.equal(line.json, false);
  assert.deepEqual(line.operands, ["song", "--json"]);
  assert.equal(read("song").option("key"), undefined);
  assert.equal(read("song", "--key", "c", "--key", "d").option("key"), "d");
  assert.equal(read("song", "--key=--json").option("key"), "--json");
});

test("the help names every option", () => {
  const help = helpText(SPEC);
  for (const part of [
    "pipit sing SONG",
    "--loud",
    "--key KEY",
    "--json",
    "--config FILE",
    "--help",
  ]) {
    assert.ok(help.includes(part), part);
  }
});
