/** The sound at the wake word, as stories: at once, never on the wire, softly while it takes long. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { wakeSound } from "../../../src/adapters/speaker/fault-sounds.ts";
import { writeWav } from "../../helpers/question.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";
import { roomSample, TICK_VALUE, World } from "../../helpers/world.ts";

function ticks(world: World): number {
  return world.speaker.queued.filter((sample) => sample === TICK_VALUE || sample === 2_000).length;
}

test("wake sound: played at once at each wake; off: never", async () => {
  const off = await World.started();
  off.wake();
  assert.equal(off.speaker.queued.length, 0);
  const world = await World.started({ "audio.wake_sound": "tick" });
  world.wake();
  assert.equal(ticks(world), 2_400);
  world.accept();
  world.listen(10_000);
  assert.equal(ticks(world), 2_400, "once, with a connection that is quick");
  world.tap();
  assert.equal(ticks(world), 4_800);
});

test("wake sound: blanked on the uplink, and nothing else is lost", async () => {
  const world = await World.started({ "audio.wake_sound": "tick" });
  const wokenAt = world.position;
  world.wake();
  world.accept();
  world.listen(1_000);
  const sent = world.sentSound;
  const from = wokenAt - 24_000;
  const silent: number[] = [];
  sent.forEach((sample, n) => {
    if (sample === roomSample(from + n)) return;
    assert.equal(sample, 0, `sample ${n} is neither the room nor silence`);
    silent.push(from + n - wokenAt);
  });
  const [first = Number.NaN] = silent;
  assert.ok(first >= 0 && first < 480, `from ${first} samples after the call`);
  assert.ok(
    silent.length > 2_400 && silent.length <= 2_400 + 2_400 + 1,
    `${silent.length} samples`,
  );
});

test("slow connection: the wake sound repeats, softer, until connected", async () => {
  const world = await World.started({ "audio.wake_sound": "chime" });
  world.wake();
  world.listen(4_500);
  assert.equal(ticks(world), 3 * 2_400);
  assert.deepEqual(world.speaker.gains, [0.4]);
  world.accept();
  world.listen(3_000);
  assert.equal(ticks(world), 3 * 2_400);
});

test("the wake sounds are short and audible; a file that is no WAV is silence", () => {
  assert.equal(wakeSound("off"), null);
  for (const name of ["tick", "chime"]) {
    const pcm = wakeSound(name);
    assert.ok(pcm !== null && pcm.length > 700 && pcm.length < 12_000, name);
    assert.ok(
      pcm.some((sample) => Math.abs(sample) > 5_000),
      name,
    );
  }
  assert.equal(wakeSound("file:/no/such.wav"), null);
});

test("a wake sound of one's own that is put there later, or replaced, is heard from then on", (t) => {
  const path = join(tempFolder(t), "own.wav");
  const setting = `file:${path}`;
  assert.equal(wakeSound(setting), null);
  writeWav(path, new Int16Array(1_000).fill(7));
  assert.deepEqual([wakeSound(setting)?.length, wakeSound(setting)?.[0]], [1_000, 7]);
  writeWav(path, new Int16Array(2_000).fill(9));
  assert.deepEqual([wakeSound(setting)?.length, wakeSound(setting)?.[0]], [2_000, 9]);
  rmSync(path);
  assert.equal(wakeSound(setting)?.length, 2_000, "while it is being replaced, the one before");
});
