import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, test } from "node:test";
import { CHILD_BACKOFF, type ChildEnd, SupervisedChild } from "../../../src/adapters/os/child.ts";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import { backoffDelayMs } from "../../../src/core/backoff.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { eventually } from "../../helpers/host.ts";
import { sendSignal } from "../../helpers/processes.ts";

const QUICK = { firstMs: 20, maxMs: 100, wellMs: 10_000, spread: [0.75, 1.25] as const };

const running: SupervisedChild[] = [];
// A test that fails must not keep the process alive.
afterEach(() => Promise.all(running.splice(0).map((child) => child.close())));

function supervise(script: string, program = "sh") {
  const ends: ChildEnd[] = [];
  const pids: (number | undefined)[] = [];
  const processes: ChildProcess[] = [];
  const heard = { text: "" };
  const child = new SupervisedChild({
    clock: new SystemClock(),
    dice: new SimDice(),
    backoff: QUICK,
    launch: () => {
      const launched = spawn(program, ["-c", script], { stdio: ["ignore", "ignore", "pipe"] });
      pids.push(launched.pid);
      processes.push(launched);
      launched.stderr.on("data", (text) => {
        heard.text += String(text);
      });
      return launched;
    },
    ended: (end) => ends.push(end),
  });
  running.push(child);
  child.start();
  return { child, ends, pids, processes, heard };
}

function alive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("the delay doubles, is bounded, and is spread by a quarter either way", () => {
  const at = (failures: number, unit = 0.5) => backoffDelayMs(CHILD_BACKOFF, failures, unit);
  assert.deepEqual(
    [1, 2, 3, 6].map((failures) => at(failures)),
    [250, 500, 1_000, 8_000],
  );
  assert.equal(at(7), CHILD_BACKOFF.maxMs);
  assert.equal(at(100_000), CHILD_BACKOFF.maxMs);
  assert.deepEqual([at(1, 0), at(1, 1)], [187.5, 312.5]);
});

test("a child that exits: its last stderr is reported, and it is restarted", async () => {
  const { child, ends, pids } = supervise("echo cannot do it >&2; exit 7");
  await eventually("three ends", () => ends.length >= 3);
  await child.close();
  assert.equal(ends[0]?.code, 7);
  assert.equal(ends[0]?.stderr, "cannot do it\n");
  assert.ok(pids.length >= 3);
});

test("its last words are read, even where the loop was held up for longer than they are waited for", async () => {
  const { child, ends, processes } = supervise("(sleep 0.1; echo why >&2) & exit 7");
  // Behind the supervisor's own listener: the child speaks while nothing can be read.
  processes[0]?.once("exit", () => {
    const untilMs = performance.now() + 500;
    while (performance.now() < untilMs);
  });
  await eventually("an end", () => ends.length >= 1);
  await child.close();
  assert.equal(ends[0]?.stderr, "why\n");
});

test("only the end of what it said is kept", async () => {
  const { child, ends } = supervise(
    "i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done",
  );
  await eventually("an end", () => ends.length > 0);
  await child.close();
  assert.equal(ends[0]?.stderr.length, 2_048);
  assert.ok(ends[0]?.stderr.endsWith("line 1999\n"));
});

test("a program that is not there is an end like another", async () => {
  const { child, ends } = supervise("", "/no/such/program");
  await eventually("two ends", () => ends.length >= 2);
  await child.close();
  assert.equal(ends[0]?.spawnError, "ENOENT");
});

test("killed child: the signal is reported, and it is restarted", async () => {
  const { child, ends, pids } = supervise("exec sleep 100");
  sendSignal(pids[0], "SIGKILL");
  await eventually("a second process", () => pids.length === 2);
  assert.deepEqual([ends.length, ends[0]?.signal], [1, "SIGKILL"]);
  await child.close();
  assert.ok(pids.every((pid) => !alive(pid)));
});

test("planned restart of a child: at once, and nothing is logged", async () => {
  const { child, ends, pids } = supervise("exec sleep 100");
  for (let n = 2; n <= 5; n++) {
    child.renew("SIGKILL");
    await eventually(`process ${n}`, () => pids.length === n);
  }
  assert.equal(ends.length, 0);
  await child.close();
  assert.ok(pids.every((pid) => !alive(pid)));
});

test("close: a child that ignores SIGTERM, or is stopped, is killed in bounded time", async () => {
  for (const signal of [null, "SIGSTOP"] as const) {
    const { child, ends, pids, heard } = supervise(
      "trap '' TERM; echo up >&2; while :; do sleep 0.1; done",
    );
    await eventually("it is up", () => heard.text.includes("up"));
    if (signal !== null) sendSignal(pids[0], signal);
    const startedMs = performance.now();
    await Promise.all([child.close(), child.close()]);
    assert.ok(performance.now() - startedMs < 5_000);
    assert.ok(!alive(pids[0]), "it is gone");
    assert.deepEqual([ends.length, pids.length], [0, 1]);
  }
});

test("close between two attempts leaves nothing behind", async () => {
  const { child, ends, pids } = supervise("exit 1");
  await eventually("an end", () => ends.length > 0);
  await child.close();
  const launched = pids.length;
  await new Promise((resolve) => setTimeout(resolve, 3 * QUICK.maxMs));
  assert.equal(pids.length, launched);
});
