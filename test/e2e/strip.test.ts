/**
 * The coloured LEDs of a HAT under the built daemon, with a file that stands for the SPI device: lit in a
 * conversation, and dark whatever ends the daemon.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startPeer } from "../../src/sim/peer/peer.ts";
import { configure, type Daemon, launch } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { writeWav } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { noise } from "../helpers/sound.ts";

const COUNT = 3;
/** 32 zero bits, a word for each LED, zeros for the SK9822 and for the clock of the last LED. */
const FRAME_BYTES = 4 + 4 * COUNT + 5;
const DARK = "e0000000".repeat(COUNT);

interface Row {
  readonly device: string;
  readonly daemon: Daemon;
}

/** What each frame says of the LEDs, as hexadecimal digits. */
function frames(device: string): readonly string[] {
  const bytes = readFileSync(device);
  assert.equal(bytes.length % FRAME_BYTES, 0, "whole frames");
  return Array.from({ length: bytes.length / FRAME_BYTES }, (_, n) => {
    const at = n * FRAME_BYTES;
    return bytes.subarray(at + 4, at + 4 + 4 * COUNT).toString("hex");
  });
}

/** In a conversation: the LEDs are lit. */
async function lit(t: TestContext): Promise<Row> {
  const peer = await startPeer({});
  t.after(() => peer.close());
  const paths = configure(t, {
    openai: { base_url: peer.url },
    session: { no_speech_s: 30 },
    wake_word: { enabled: false },
  });
  const device = join(paths.folder, "spidev0.0");
  writeFileSync(device, "");
  const written = JSON.parse(readFileSync(paths.config, "utf8"));
  const leds = { backend: "apa102", device, count: COUNT };
  writeFileSync(paths.config, JSON.stringify({ ...written, leds }));
  writeWav(paths.question, noise(240_000));
  const daemon = launch(t, paths);
  await daemon.says("Ready");
  assert.deepEqual(frames(device), [DARK], "dark at rest");
  await daemon.command("wake");
  await eventually("a light", () => (frames(device).at(-1) ?? DARK) !== DARK);
  return { device, daemon };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} in mid-conversation: the last thing written is darkness`, async (t) => {
    const { device, daemon } = await lit(t);
    const { code } = await daemon.stop(signal);
    assert.equal(code, 0);
    assert.equal(frames(device).at(-1), DARK);
  });
}

test("kill -9: lit until systemd calls post-stop, which makes it dark; so does leds-off", async (t) => {
  const { device, daemon } = await lit(t);
  await daemon.stop("SIGKILL");
  assert.notEqual(frames(device).at(-1), DARK, "nobody was left to do it");
  for (const command of ["post-stop", "leds-off"]) {
    writeFileSync(device, "");
    const { code, stdout } = await daemon.command(command);
    assert.equal(code, 0);
    assert.match(stdout, /The LEDs are off \(.*spidev0\.0\)/);
    assert.deepEqual(frames(device), [DARK], command);
  }
});

test("kill -9, and nobody calls post-stop: the next start makes it dark first", async (t) => {
  const { device, daemon } = await lit(t);
  await daemon.stop("SIGKILL");
  writeFileSync(device, "");
  const next = launch(t, daemon.paths);
  await next.says("Ready");
  assert.equal(frames(device)[0], DARK);
  assert.equal((await next.stop()).code, 0);
});
