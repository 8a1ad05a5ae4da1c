/** A real child's pipe, read by one who naps. What a microphone makes of it: the microphone's tests. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import { PipeReader, UNTIL_LOOKED } from "../../../src/adapters/os/pipe-reader.ts";
import { eventually } from "../../helpers/host.ts";

/** Says on stdout what it gets, and then on stderr that it has. */
const ECHO = `process.stdin.on("data", (line) => process.stdout.write(line, () => process.stderr.write(".")));`;

test("who naps until it looks is told nothing before, and then everything; woken, it sees the end", async (t) => {
  const child = spawn(process.execPath, ["-e", ECHO], { stdio: ["pipe", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let told = "";
  let said = 0;
  child.stderr.on("data", (dots: unknown) => {
    said += String(dots).length;
  });
  const reader = new PipeReader(child.stdout, new SystemClock(), (bytes) => {
    told += Buffer.from(bytes).toString();
  });
  reader.start();
  child.stdin.write("awake ");
  await eventually("the first word", () => told === "awake ");
  reader.nap(UNTIL_LOOKED);
  for (const [nth, word] of ["one ", "two "].entries()) {
    child.stdin.write(word);
    await eventually("it was said", () => said === nth + 2);
  }
  assert.equal(told, "awake ");
  reader.look();
  assert.equal(told, "awake one two ");
  child.stdin.end("last");
  const closed = once(child, "close");
  await eventually("its end", () => child.exitCode !== null);
  assert.equal(told, "awake one two ");
  reader.nap(0);
  assert.equal(told, "awake one two last");
  await closed;
});
