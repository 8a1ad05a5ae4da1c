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
import { speakerChild, speakerChildEnv } from "../../../src/adapters/speaker/node.ts";
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
      env: { ...speakerChildEnv(process.env), ALSA_CONFIG_PATH: conf },
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

/** Chunks until a device hangs that takes what a pipe holds and no more: the last one never ends. */
async function untilItHangs(child: Child): Promise<number> {
  for (let sent = 1; sent <= CHUNKS_MAX; sent++) {
    // One at a time, so that nothing waits behind the one that hangs.
    child.process.stdin.write(soundMessage(CHUNK, "asked"));
    const untilMs = performance.now() + HANGS_MS;
    while (child.count("accepted") < sent && performance.now() < untilMs) await sleep(5);
    if (child.count("accepted") < sent) return sent;
  }
  return assert.fail("it does not hang");
}

test("while nobody waits for the end of a write, it hears that it is to be silent, and that all is said", {
  skip,
}, async (t) => {
  const child = new Child(t, "quiet", QUIET);
  await child.ready();
  for (const [n, order] of (["drop", "finish"] as const).entries()) {
    const asked = 20;
    for (let m = 0; m < asked; m++) child.process.stdin.write(soundMessage(CHUNK, "asked"));
    await eventually("it knows its device", () => child.count("accepted") === asked * (n + 1));
    child.process.stdin.write(soundMessage(CHUNK, "sound"));
    child.process.stdin.write(orderMessage(order));
    if (order === "finish") await eventually("it plays out", () => child.count("drained") === 1);
    await eventually("it is ready again", () => child.count("ready") === n + 2);
  }
  assert.equal(child.count("dropped"), 1);
  await child.left();
});

test("while a write to the device never ends, its daemon goes", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const stuck = async (): Promise<Child> => {
    const fifo = join(tempFolder(t), "nobody-reads");
    execFileSync("mkfifo", [fifo]);
    const end = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    t.after(() => closeSync(end));
    const alsa = `pcm.stuck { type file slave.pcm { type null } file "${fifo}" format raw }\n`;
    const child = new Child(t, "stuck", alsa);
    await child.ready();
    return child;
  };
  const first = await stuck();
  const chunks = await untilItHangs(first);
  await first.left();
  for (const behind of [0, 1, 2]) {
    await t.test(`a write of which nobody is told, ${behind} behind it`, async () => {
      const child = await stuck();
      for (let n = 1; n < chunks; n++) child.process.stdin.write(soundMessage(CHUNK, "asked"));
      await eventually("all before it is with the device", () => {
        return child.count("accepted") === chunks - 1;
      });
      for (let n = 0; n <= behind; n++) child.process.stdin.write(soundMessage(CHUNK, "sound"));
      await child.left();
    });
  }
});
