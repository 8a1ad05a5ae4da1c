/** What the next run says about the last one, whatever ended it. */

import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { realFiles } from "../../../src/adapters/os/files.ts";
import { EXIT_RECORD_NAME, ExitRecord } from "../../../src/adapters/systemd/exit-record.ts";
import { NOTHING_WRITTEN, writtenIn } from "../../../src/core/settings/loss.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

/** One machine: runs follow each other on it. */
class Machine {
  readonly clock = new SimClock();
  readonly folder: string;
  bootId = "boot-1";
  #starts = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  record(): ExitRecord {
    const { clock, bootId } = this;
    return new ExitRecord({ env: this.env(), clock, bootId });
  }

  env(more: Record<string, string> = {}): Record<string, string> {
    return { STATE_DIRECTORY: this.folder, INVOCATION_ID: `run-${this.#starts}`, ...more };
  }

  /** A run that begins; it is told what became of the one before. */
  async start(): Promise<ExitRecord> {
    this.#starts++;
    this.clock.advance(1_000);
    const record = this.record();
    await record.begin();
    return record;
  }

  postStop(result: string, status: string): void {
    const env = this.env({ SERVICE_RESULT: result, EXIT_STATUS: status });
    this.record().serviceEnded(env);
  }
}

test("nothing is known at first, and nothing is said after an orderly stop", async (t) => {
  const machine = new Machine(tempFolder(t));
  const first = await machine.start();
  assert.deepEqual([first.news, first.text], [null, null]);
  machine.postStop("success", "TERM");
  const second = await machine.start();
  assert.deepEqual([second.news, second.text], [null, "Stopped in good order"]);
  assert.deepEqual(readdirSync(machine.folder), [EXIT_RECORD_NAME]);
});

const ENDS: readonly [string, string, string][] = [
  ["signal", "KILL", "The last run was killed by SIGKILL"],
  ["core-dump", "SEGV", "The last run crashed with SIGSEGV"],
  ["watchdog", "ABRT", "The last run hung, and the watchdog ended it"],
  ["oom-kill", "KILL", "The last run was ended because memory ran out"],
  ["timeout", "TERM", "The last run did not start or stop in time, and was killed"],
  ["exit-code", "1", "The last run ended with exit code 1"],
];

for (const [result, status, line] of ENDS) {
  test(`${result} ${status}: ${line}`, async (t) => {
    const machine = new Machine(tempFolder(t));
    await machine.start();
    machine.postStop(result, status);
    assert.equal((await machine.start()).news?.line, line);
  });
}

test("a bug says its own last word, and systemd's does not cover it", async (t) => {
  const machine = new Machine(tempFolder(t));
  const run = await machine.start();
  run.lastWord("bug", "TypeError: x is not a function\nat y");
  machine.postStop("exit-code", "1");
  const next = await machine.start();
  assert.deepEqual(next.news, {
    level: "error",
    line: "The last run ended by a bug: TypeError: x is not a function at y",
  });
});

test("a refused configuration and a run that could not even begin are known as what they are", async (t) => {
  const machine = new Machine(tempFolder(t));
  machine.record().lastWord("config", "c.yaml:1:1 x: no");
  machine.postStop("exit-code", "2");
  assert.equal((await machine.start()).news?.line, "The last start was refused: c.yaml:1:1 x: no");
  machine.postStop("success", "TERM");
  const other = machine.env({ INVOCATION_ID: "no-node", SERVICE_RESULT: "exit-code" });
  new ExitRecord({ env: other, clock: machine.clock, bootId: machine.bootId }).serviceEnded({
    ...other,
    EXIT_STATUS: "203",
  });
  const line = "The last run ended with exit code 203 (4 starts within the last hour)";
  assert.equal((await machine.start()).news?.line, line);
});

test("a power cut and an end without a word are told apart by the boot", async (t) => {
  const machine = new Machine(tempFolder(t));
  await machine.start();
  assert.equal(
    (await machine.start()).news?.line,
    "The last run ended unexpectedly, without a message",
  );
  machine.bootId = "boot-2";
  const line = "The machine lost its power or was reset during the last run";
  assert.equal((await machine.start()).news?.line, `${line} (3 starts within the last hour)`);
  machine.postStop("signal", "KILL");
  machine.clock.advance(3_600_000);
  assert.equal((await machine.start()).news?.line, "The last run was killed by SIGKILL");
});

test("a record that is no record, a disk that is full, and no folder at all are no trouble", async (t) => {
  const machine = new Machine(tempFolder(t));
  const path = join(machine.folder, EXIT_RECORD_NAME);
  for (const text of ["", "{", "[]", '{"schema_version":1}', '{"schema_version":9}', "\0\0"]) {
    writeFileSync(path, text);
    assert.equal(machine.record().text, null, JSON.stringify(text));
  }
  const full = {
    ...realFiles,
    create: () => Promise.reject(Object.assign(new Error(), { code: "ENOSPC" })),
  };
  const { clock } = machine;
  await new ExitRecord({ env: machine.env(), clock, files: full }).begin();
  assert.equal(readFileSync(path, "utf8"), "\0\0", "the old one is untouched");
  const nowhere = new ExitRecord({ env: { STATE_DIRECTORY: "/proc/none" }, clock });
  await nowhere.begin();
  nowhere.lastWord("bug", "x");
  const outside = new ExitRecord({ env: {}, clock });
  await outside.begin();
  outside.lastWord("bug", "x");
  assert.equal(outside.text, null);
  chmodSync(machine.folder, 0o755);
  assert.deepEqual(readdirSync(machine.folder), [EXIT_RECORD_NAME], "no leftovers");
});

test("what the configuration said itself is known to the next run", async (t) => {
  const machine = new Machine(tempFolder(t));
  const first = await machine.start();
  assert.equal(first.written, NOTHING_WRITTEN);
  const written = writtenIn({ openai: { api_key: "x" }, budget: { daily_usd: 0.5 }, audio: null });
  await machine.record().begin(written);
  machine.postStop("signal", "KILL");
  machine.record().lastWord("config", "no key");
  assert.deepEqual(machine.record().written, written, "also after a start that was refused");
  assert.ok(!readFileSync(join(machine.folder, EXIT_RECORD_NAME), "utf8").includes('"x"'));
});
