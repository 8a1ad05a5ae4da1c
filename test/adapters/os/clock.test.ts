/** Real time: never early, once, not at all when taken back, and after what came while nobody looked. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import {
  clampDelay,
  DELAY_MAX_MS,
  SystemClock,
  SystemDice,
} from "../../../src/adapters/os/clock.ts";

test("an alarm never rings before its time by nowMs", async () => {
  const clock = new SystemClock();
  const delays = Array.from({ length: 200 }, (_, i) => i * 0.37);
  const early = await Promise.all(
    delays.map((delayMs) => {
      const startMs = clock.nowMs();
      return new Promise<number>((resolve) => {
        clock.after(delayMs, () => resolve(delayMs - (clock.nowMs() - startMs)));
      });
    }),
  );
  assert.ok(Math.max(...early) <= 0.000_001, `early by ${Math.max(...early)} ms`);
});

test("an alarm taken back stays silent; taking back twice is nothing", async () => {
  const clock = new SystemClock();
  let rings = 0;
  const takeBack = clock.after(1, () => rings++);
  takeBack();
  takeBack();
  await new Promise<void>((resolve) => clock.after(30, resolve));
  assert.equal(rings, 0);
});

/** Two ends of a connection. */
async function connected(t: TestContext): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  const near = connect(address.port, "127.0.0.1");
  const [far]: Socket[] = await once(server, "connection");
  assert.ok(far !== undefined);
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

test("after a pause of the process, an answer that came in time is read before its alarm rings", async (t) => {
  const { near, far } = await connected(t);
  const clock = new SystemClock();
  const heard: string[] = [];
  const done = new Promise<void>((resolve) => {
    const takeBack = clock.after(100, () => heard.push("no answer"));
    near.on("data", (text) => {
      heard.push(String(text));
      takeBack();
      clock.after(20, resolve);
    });
  });
  far.write("answer");
  const pausedMs = clock.nowMs();
  while (clock.nowMs() - pausedMs < 500);
  await done;
  assert.deepEqual(heard, ["answer"]);
});

test("delays are clamped: negative and not-a-number to 0, too long to the longest", () => {
  assert.deepEqual([-5, Number.NaN, 12.5, 1e12].map(clampDelay), [0, 0, 12.5, DELAY_MAX_MS]);
});

test("system dice stay in range", () => {
  const dice = new SystemDice();
  for (let i = 0; i < 1_000; i++) {
    const unit = dice.unit();
    assert.ok(unit >= 0 && unit < 1);
  }
});
