/** Two Pipits in two network namespaces, over a real wire: who answers. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually } from "../../helpers/host.ts";
import { wired } from "../../helpers/namespaces.ts";

const PROGRAM = fileURLToPath(new URL("../../helpers/neighbour.js", import.meta.url));

interface Pipit {
  readonly child: ChildProcess;
  readonly lines: string[];
}

function pipit(t: TestContext, namespace: string, peak: number, secret: string): Pipit {
  const args = ["netns", "exec", namespace, process.execPath, PROGRAM, String(peak), secret];
  const child = spawn("ip", args, { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    lines.push(...text.trim().split("\n"));
  });
  return { child, lines };
}

/** What two Pipits do that hear the same word, the second one louder. */
async function called(
  t: TestContext,
  secrets: readonly [string, string],
): Promise<string[] | null> {
  const names = wired(t);
  if (typeof names === "string") {
    t.skip(names);
    return null;
  }
  const both = [pipit(t, names[0], 1_000, secrets[0]), pipit(t, names[1], 8_000, secrets[1])];
  const each = async (count: number, what: string): Promise<void> =>
    await eventually(what, () => both.every(({ lines }) => lines.length >= count));
  await each(1, "both have joined");
  for (const { child } of both) child.stdin?.write("computer\n");
  await each(2, "both have decided");
  for (const { child } of both) child.stdin?.end();
  await eventually("the end of both", () => both.every(({ child }) => child.exitCode === 0));
  return both.map(({ lines }) => lines.join());
}

test("of two in one network the louder answers, and the other does not", async (t) => {
  const said = await called(t, ["", ""]);
  if (said !== null) assert.deepEqual(said, ["joined,gave way", "joined,answers"]);
});

test("with the same secret they agree", async (t) => {
  const said = await called(t, ["of this house", "of this house"]);
  if (said !== null) assert.deepEqual(said, ["joined,gave way", "joined,answers"]);
});

test("who does not know the secret silences nobody", async (t) => {
  const said = await called(t, ["of this house", "of that house"]);
  if (said !== null) assert.deepEqual(said, ["joined,answers", "joined,answers"]);
});
