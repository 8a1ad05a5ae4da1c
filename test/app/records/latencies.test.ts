/** Latencies in virtual time: each grows by exactly what its cause takes, and by nothing else. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { msToSamples } from "../../../src/core/audio/pcm.ts";
import { fields } from "../../../src/core/json.ts";
import type { Settings } from "../../../src/core/settings/table.ts";
import { begin, FREE, PLAIN, type Plan, play, reply } from "../../helpers/plan.ts";
import { cut } from "../../helpers/plan-acts.ts";
import { settled, World } from "../../helpers/world.ts";

type File = Readonly<Record<string, unknown>>;

async function file(plan: Partial<Plan>): Promise<File> {
  return fields({ file: await play({ ...PLAIN, ...plan }) }, "file");
}

function all(metrics: File, name: string): unknown {
  return fields(metrics, name)["all"];
}

for (const lateMs of [0, 7, 130]) {
  test(`the LED lights up ${lateMs} ms after the wake word ended`, async () => {
    const before = (world: World): void => {
      world.leds.light = (lit) => void world.clock.after(lateMs, lit);
    };
    assert.equal((await file({ before }))["wake_to_led_ms"], lateMs);
  });

  test(`the engine hears the word ${lateMs} ms late: LED and session are as late`, async () => {
    const call = (world: World): void => {
      const endSample = world.position;
      world.clock.advance(lateMs);
      world.wakeEngine.sink?.detected("computer", endSample);
    };
    const metrics = await file({ call });
    assert.equal(metrics["wake_to_led_ms"], lateMs);
    assert.equal(metrics["wake_to_listening_ms"], lateMs + 100);
    assert.equal(metrics["connection_latency_ms"], 60, "of the network alone");
  });

  test(`the device needs ${lateMs} ms to begin: the ear hears it so much later`, async () => {
    const before = (world: World): void => {
      world.speaker.startMs = lateMs;
    };
    const metrics = await file({ before });
    assert.deepEqual(all(metrics, "delta_to_sound_ms"), [lateMs]);
    assert.deepEqual(all(metrics, "commit_to_first_delta_ms"), [200]);
    assert.deepEqual(all(metrics, "response_latency_ms"), [500 + 200 + lateMs]);
  });

  test(`the speaker needs ${lateMs} ms to fall silent: the press is as old, and 60 ms more`, async () => {
    const metrics = await file(cut({ silentMs: lateMs }));
    assert.deepEqual(
      all(metrics, "press_to_silence_ms"),
      [60 + lateMs],
      "the finger went down then",
    );
  });
}

test("frames that come late do not move the end of the speech", async () => {
  const ask = (world: World): void => {
    world.listen(2400);
    const endMs = Math.round(world.sentMs);
    world.clock.advance(15); // The next frame is due in 5 ms: the last one says less than is over.
    world.heardSpeech("item_user", endMs);
  };
  const metrics = await file({ ask });
  assert.deepEqual(all(metrics, "response_latency_ms"), [500 + 15 + 200]);
});

test("semantic detection tells the end itself: nothing is taken off", async () => {
  const changes: Partial<Settings> = { "openai.turn_detection.type": "semantic_vad" };
  const metrics = await file({ changes });
  assert.deepEqual(all(metrics, "response_latency_ms"), [200]);
});

test("push-to-talk: from the release", async () => {
  const call = (world: World): void => world.button.sink?.edge(true, world.clock.nowMs());
  const ask = (world: World): void => {
    world.listen(1000);
    world.button.sink?.edge(false, world.clock.nowMs());
    world.listen(20);
  };
  const connect = (world: World): void => {
    world.listen(600);
    world.accept();
  };
  const metrics = await file({
    changes: { "button.hold": "push-to-talk", "button.hold_ms": 500 },
    call,
    connect,
    ask,
  });
  const [latencyMs] = [all(metrics, "response_latency_ms")].flat();
  assert.ok(Number(latencyMs) >= 200 && Number(latencyMs) <= 220, `${String(latencyMs)}`);
  assert.deepEqual(all(metrics, "commit_to_first_delta_ms"), [200]);
});

test("a voice that interrupts: from where it began, past the server's padding", async () => {
  const answer = async (world: World): Promise<void> => {
    begin(world);
    world.delta("resp_1", "item_1", 3000);
    world.listen(1000);
    const startMs = Math.round(world.sentMs) - 400; // 300 ms of it are padding.
    const speech = { item_id: "more", audio_start_ms: startMs };
    world.server("input_audio_buffer.speech_started", speech);
    await settled();
    world.done("resp_1", { status: "cancelled", usage: FREE });
  };
  const after = (world: World): void => {
    world.listen(500);
    world.tap(); // Nobody says when that speech is over.
  };
  // Without the canceller what is captured is sent at once.
  const changes = { "audio.duplex": "full", "audio.echo": "off" } as const;
  const metrics = await file({ changes, answer, after });
  assert.deepEqual(all(metrics, "press_to_silence_ms"), [100]);
});

test("stop is silence, too; a reply that ends by itself is none", async () => {
  const answer = async (world: World): Promise<void> => {
    begin(world);
    world.delta("resp_1", "item_1", 3000);
    world.listen(500);
    world.speaker.silenceMs = 25;
    await world.controlServer.answer?.({ command: "stop" });
    await world.clock.advanceAsync(25);
  };
  assert.deepEqual(all(await file({ answer }), "press_to_silence_ms"), [25]);
  assert.deepEqual(all(await file({}), "press_to_silence_ms"), []);
});

test("a function first, then the answer: one latency, from the question to what is heard", async () => {
  const output = [{ type: "function_call", call_id: "c", name: "lamp", arguments: "{}" }];
  const answer = (world: World): void => {
    begin(world, "tool");
    world.listen(300);
    world.done("tool", { output, usage: FREE });
    reply(world);
  };
  const metrics = await file({ answer });
  assert.deepEqual(all(metrics, "response_latency_ms"), [500 + 300 + 200]);
  assert.deepEqual(all(metrics, "commit_to_first_delta_ms"), [500]);
});

test("the last reply once more is no answer to anything", async () => {
  const after = async (world: World): Promise<void> => {
    world.listen(500);
    world.button.sink?.edge(true, world.clock.nowMs() - 60);
    world.button.sink?.edge(false, world.clock.nowMs() - 30);
    world.listen(9000);
  };
  const metrics = await file({ changes: { "button.tap": "repeat" }, after });
  assert.deepEqual(all(metrics, "response_latency_ms"), [700]);
  assert.deepEqual(all(metrics, "delta_to_sound_ms"), [0]);
});

test("a session that was kept: listens at once, and nothing was dialled", async () => {
  const after = (world: World): void => {
    world.listen(9000);
    world.wake();
    world.listen(9000);
  };
  const metrics = await file({ changes: { "session.keep_warm_s": 60 }, after });
  assert.equal(metrics["connection_latency_ms"], null);
  assert.equal(metrics["wake_to_listening_ms"], 0);
  assert.equal(metrics["wake_to_led_ms"], 0);
});

test("lost and found: the connection that served first counts, the question's end stays", async () => {
  const world = new World();
  await world.appliance.start();
  world.listen(1000);
  world.wake();
  await PLAIN.connect(world);
  world.listen(2400);
  const spokenTo = world.position - msToSamples(500);
  const spokenMs = world.clock.nowMs() - 500;
  world.heardSpeech();
  world.link.sink.closed({ tag: "network", stage: "tcp", code: "ECONNRESET" });
  world.listen(1000);
  world.accept();
  world.listen(600);
  // The new connection's clock begins where the question did.
  const endMs = (spokenTo - (world.position - msToSamples(world.sentMs))) / 24 + 500;
  world.heardSpeech("again", endMs);
  const startedMs = world.clock.nowMs();
  begin(world);
  world.delta("resp_1", "item_1", 800);
  world.done("resp_1");
  world.listen(10_000);
  await settled();
  const metrics = world.metrics();
  assert.equal(metrics["connection_latency_ms"], 60);
  assert.deepEqual(all(metrics, "response_latency_ms"), [startedMs - spokenMs]);
});

test("the journal's last line of a conversation says how soon it answered, and no cost of nothing", async () => {
  let world: World | null = null;
  const before = (its: World): void => {
    world = its;
  };
  await file({ before });
  const said = (of: World | null): string =>
    of?.lines("info").find((line) => line.startsWith("Conversation over")) ?? "";
  assert.match(said(world), /^Conversation over \(.*\): 1 turn, answered after 0\.7 s, \d/);
  const silent = await World.started();
  silent.wake();
  silent.accept();
  silent.listen(30_000);
  await settled();
  assert.match(said(silent), /: 0 turns, \d+\.\d s, nothing spent$/);
});
