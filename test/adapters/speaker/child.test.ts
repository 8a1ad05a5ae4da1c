/** The speaker's child by itself: whatever it does, it ends when its daemon is gone. */

import assert from "node:assert/strict";
import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  MessageReader,
  orderMessage,
  type Report,
  soundMessage,
} from "../../../src/adapters/speaker/messages.ts";
import { speakerChild } from "../../../src/adapters/speaker/node.ts";
import { whyNoSpeakerPackage } from "../../../src/adapters/speaker/pick.ts";
import { msToSamples } from "../../../src/core/audio/pcm.ts";
import { eventually } from "../../helpers/host.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const WHY_NOT = whyNoSpeakerPackage();
const skip = WHY_NOT === null ? false : `the package speaker ${WHY_NOT}`;
const CHUNK = new Int16Array(msToSamples(100));
/** Without an answer for so long, the write hangs. */
const HANGS_MS = 1_000;
/** More than a pipe and ALSA together hold: 64 KiB and a buffer. */
const CHUNKS_MAX = 200;

class Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  readonly reports: Report["tag"][] = [];

  constructor(t: TestContext, device: string, alsa: string) {
    const conf = join(tempFolder(t), "asound.conf");
    writeFileSync(conf, alsa);
    this.process = spawn(process.execPath, [...speakerChild(device)], {
      env: { ...process.env, ALSA_CONFIG_PATH: conf, UV_THREADPOOL_SIZE: "2" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    t.after(() => this.process.kill("SIGKILL"));
    const reader = new MessageReader();
    this.process.stdout.on("data", (text: unknown) => {
      for (const { tag } of reader.push(String(text))) this.reports.push(tag);
    });
  }

  count(tag: Report["tag"]): number {
    return this.reports.filter((one) => one === tag).length;
  }

  async ready(): Promise<void> {
    await eventually("the device is open", () => this.count("ready") > 0);
  }

  /** The daemon is gone. */
  async left(): Promise<void> {
    const ended = once(this.process, "exit");
    this.process.stdin.end();
    await ended;
  }
}

const QUIET = "pcm.quiet { type null }\n";

test("while it rests, its daemon goes", { skip, timeout: 20_000 }, async (t) => {
  const child = new Child(t, "quiet", QUIET);
  await child.ready();
  await child.left();
});

test("while the end of an utterance plays, it hears that it is to be silent", {
  skip,
}, async (t) => {
  const child = new Child(t, "quiet", QUIET);
  await child.ready();
  for (let n = 0; n < 50; n++) child.process.stdin.write(soundMessage(CHUNK, "asked"));
  child.process.stdin.write(orderMessage("finish"));
  await eventually("all is with the device", () => child.count("accepted") === 50);
  child.process.stdin.write(orderMessage("drop"));
  await eventually("silence", () => child.count("ready") === 2);
  assert.deepEqual(child.reports.slice(-2), ["dropped", "ready"], "five seconds have not drained");
  await child.left();
});

test("while a write to the device never ends, its daemon goes", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const fifo = join(tempFolder(t), "nobody-reads");
  execFileSync("mkfifo", [fifo]);
  const end = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(end));
  const stuck = `pcm.stuck { type file slave.pcm { type null } file "${fifo}" format raw }\n`;
  const child = new Child(t, "stuck", stuck);
  await child.ready();
  let sent = 0;
  // One at a time, so that nothing waits behind the one that hangs.
  while (child.count("accepted") === sent) {
    assert.ok(sent < CHUNKS_MAX, "it does not hang");
    child.process.stdin.write(soundMessage(CHUNK, "asked"));
    sent += 1;
    const wanted = sent;
    const untilMs = performance.now() + HANGS_MS;
    while (child.count("accepted") < wanted && performance.now() < untilMs) await sleep(5);
  }
  await child.left();
});
