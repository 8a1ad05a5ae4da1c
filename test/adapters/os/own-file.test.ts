/** What is written over, and what is not: one row a file. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TextFleetFile } from "../../../src/adapters/metrics/fleet-file.ts";
import { isForeign } from "../../../src/adapters/os/own-file.ts";
import { recordable } from "../../../src/adapters/speaker/file.ts";
import { writePage } from "../../../src/commands/metrics/io-page-file.ts";
import { wavHeader } from "../../../src/core/audio/wav.ts";
import { FaultError } from "../../../src/core/fault.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { runPipit } from "../../helpers/pipit.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const PRECIOUS = "openai:\n  voice: cedar\n";

test("missing, empty, a folder, a device: nobody's; anything else by its beginning", (t) => {
  const dir = tempFolder(t);
  const file = join(dir, "f");
  const foreign = (): boolean => isForeign(file, (head) => head.startsWith("ours"));
  assert.equal(foreign(), false);
  writeFileSync(file, "");
  assert.equal(foreign(), false);
  writeFileSync(file, "ours, and more");
  assert.equal(foreign(), false);
  writeFileSync(file, PRECIOUS);
  assert.equal(foreign(), true);
  for (const other of [dir, "/dev/null", "/dev/zero"]) {
    assert.equal(
      isForeign(other, () => false),
      false,
    );
  }
});

test("the owner's configuration is not overwritten by a page, a text file, a recording or a log", async (t) => {
  const dir = tempFolder(t);
  const file = join(dir, "config.yaml");
  writeFileSync(file, PRECIOUS);
  assert.match((await writePage(file, "<html>")) ?? "", /^exists and is not a page/);
  const fleet = await new TextFleetFile(file, new SimClock()).write("# HELP pipit_x\n");
  assert.match(fleet?.remedy ?? "", /exists and is not Pipit's/);
  assert.throws(() => recordable(file), FaultError);
  const page = ["metrics", "--dir", dir, "--html", file];
  const simulate = ["simulate", "--log", file];
  for (const [argv, code] of [[page, 1] as const, [simulate, 2] as const]) {
    const ended = await runPipit(argv);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, /exists and is not a/);
  }
  assert.equal(readFileSync(file, "utf8"), PRECIOUS);
});

test("what is ours is written anew", async (t) => {
  const dir = tempFolder(t);
  const [page, textfile, sound] = ["p.html", "t.prom", "s.wav"].map((name) => join(dir, name));
  assert.ok(page && textfile && sound);
  const ours = "<!doctype html><title>Pipit: metrics</title>";
  for (const _ of [1, 2]) assert.equal(await writePage(page, ours), null);
  const fleet = new TextFleetFile(textfile, new SimClock());
  for (const _ of [1, 2]) assert.equal(await fleet.write("# HELP pipit_x y\n"), null);
  writeFileSync(sound, wavHeader(24_000, 0));
  assert.equal(recordable(sound), sound);
  const result = await runPipit(["metrics", "--dir", dir, "--html", join(dir, "new.html")]);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stderr, /wrote .*new\.html: open it in a browser, or .*metrics --html - >/);
});
