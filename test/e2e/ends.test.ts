/** The daemon ends when it is told to, whatever hangs in it; and no signal opens a door. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { tempName } from "../../src/adapters/metrics/names.ts";
import { configure, launch } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { MAIN, outputOf } from "../helpers/pipit.ts";
import { writeWav } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { noise } from "../helpers/sound.ts";

/** The owner waits 3 s; a loaded test machine a little longer. */
const STOP_MAX_MS = 4_500;
const LISTENING = "0A";

/** Inodes of all TCP sockets that listen on this machine. */
function listening(): Set<string> {
  const rows = ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, "utf8").split("\n"),
  );
  const fields = rows.map((row) => row.trim().split(/\s+/));
  return new Set(fields.filter((row) => row[3] === LISTENING).map((row) => row[9] ?? ""));
}

/** Has the process a TCP socket that listens? */
function listens(pid: number): boolean {
  const open = listening();
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && open.has(inode);
    } catch {
      return false; // closed meanwhile
    }
  });
}

test("a card that no longer answers does not keep the daemon from its end", async (t) => {
  const paths = configure(t, { openai: { base_url: "http://127.0.0.1:9/v1" } });
  writeWav(paths.question, noise(24_000));
  const daemon = launch(t, paths);
  await daemon.says("Ready");
  // Opening a pipe without a reader takes a thread of the pool, for ever: as a dead card does.
  const pipe = join(paths.metrics, tempName(daemon.pid));
  assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
  await daemon.command("wake");
  await daemon.says("Conversation over");
  const { ms } = await daemon.stop();
  assert.ok(ms < STOP_MAX_MS, `it took ${ms} ms`);
  assert.match(daemon.output, /metrics: did not stop in time/);
  assert.match(daemon.output, /did not answer; ended without waiting for it/);
});

test("Ctrl-\\ ends it in order, too", async (t) => {
  const paths = configure(t);
  writeWav(paths.question, noise(24_000));
  const daemon = launch(t, paths);
  await daemon.says("Ready");
  daemon.signal("SIGQUIT");
  await daemon.says("Stopping: SIGQUIT");
  await eventually("its end", () => !daemon.isAlive);
  assert.equal(daemon.code, 0);
});

test("SIGUSR1 opens no port, and SIGUSR2 ends nothing", async (t) => {
  const paths = configure(t);
  writeWav(paths.question, noise(24_000));
  const daemon = launch(t, paths);
  await daemon.says("Ready");
  assert.equal(listens(daemon.pid), false);
  daemon.signal("SIGUSR1");
  daemon.signal("SIGUSR2");
  assert.equal((await daemon.command("status")).code, 0, "it goes on");
  assert.equal(listens(daemon.pid), false);
  assert.doesNotMatch(daemon.output, /Debugger listening/);
  await daemon.stop();
});

test("too few open files are one line", async () => {
  const command = `ulimit -n 32; exec ${process.execPath} ${MAIN} run --config /nonexistent`;
  const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "pipe"] });
  const { code, stderr } = await outputOf(child);
  assert.equal(code, 1);
  assert.match(stderr, /^pipit: Too few open files are allowed here\. .*ulimit -n 1024.*\n$/);
});

test("a pipe as the microphone's file is refused, and the start does not hang", async (t) => {
  const paths = configure(t);
  assert.equal(spawnSync("mkfifo", [paths.question]).status, 0);
  const daemon = launch(t, paths);
  await eventually("its end", () => !daemon.isAlive);
  assert.equal(daemon.code, 2);
  assert.match(daemon.output, /is not an ordinary file/);
});
