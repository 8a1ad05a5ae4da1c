/** Functions in the course of a conversation, as stories: a server played by the test. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { trouble } from "../../../src/core/camera/programs.ts";
import type { ToolResult } from "../../../src/core/functions/result.ts";
import { fields, record, text } from "../../../src/core/json.ts";
import type { Settings } from "../../../src/core/settings/table.ts";
import { greyJpeg } from "../../helpers/jpeg.ts";
import { RING_VALUE, settled, World } from "../../helpers/world.ts";

const HTTP = { url: "https://x.test/" };

/** A question was asked, and the server's response has begun. */
async function asked(changes: Partial<Settings> = {}): Promise<World> {
  const world = await World.started(changes);
  world.wake();
  world.accept();
  question(world, 1);
  return world;
}

function question(world: World, n: number): void {
  world.listen(2_400);
  world.heardSpeech(`item_user_${n}`);
  world.server("response.created", { response: { id: `resp_${n}` } });
}

/** The response calls functions: name, arguments and id of each. */
async function calls(world: World, n: number, ...all: [string, object, string][]): Promise<void> {
  const output = all.map(([name, args, callId]) => ({
    type: "function_call",
    id: `item_${callId}`,
    name,
    arguments: JSON.stringify(args),
    call_id: callId,
  }));
  world.done(`resp_${n}`, { output });
  await settled();
  await settled();
}

/** Says the next answer, and it is heard. */
async function answers(world: World, id: string): Promise<void> {
  world.server("response.created", { response: { id } });
  world.delta(id, `item_${id}`, 400);
  world.done(id);
  world.listen(1_000);
  await settled();
}

/** What was sent as items, by kind. */
function items(world: World, type: string) {
  return world.said
    .filter((event) => event["type"] === "conversation.item.create")
    .map(({ item }) => record(item) ?? {})
    .filter((item) => item["type"] === type);
}

function outputOf(world: World, callId: string) {
  const found = items(world, "function_call_output").filter((item) => item["call_id"] === callId);
  assert.equal(found.length, 1, `${callId} is answered once`);
  return record(JSON.parse(text(found[0] ?? {}, "output") ?? "")) ?? {};
}

/** The calls, as the metrics file has them. */
function calledIn(world: World) {
  const { function_calls: all } = world.metrics();
  assert.ok(Array.isArray(all));
  return all.map((call) => record(call) ?? {});
}

function requests(world: World): number {
  return world.saidTypes.filter((type) => type === "response.create").length;
}

function instructions(world: World): string {
  const update = world.said.findLast((event) => event["type"] === "session.update") ?? {};
  return text(fields(update, "session"), "instructions") ?? "";
}

function work(world: World, name: string, ms: number, result: ToolResult): void {
  world.functionHost.works.set(name, (_args, signal) => {
    return new Promise((resolve) => {
      signal.addEventListener(
        "abort",
        world.clock.after(ms, () => resolve(result)),
      );
    });
  });
}

test("parallel function calls: one response after all outputs", async () => {
  const world = await asked();
  await calls(
    world,
    1,
    ["set_timer", { seconds: 60, label: "eggs" }, "c1"],
    ["get_time", {}, "c2"],
  );
  assert.deepEqual(outputOf(world, "c1")["done"], ['#1 timer "eggs": 1 min left, at 00:01']);
  assert.equal(outputOf(world, "c2")["date"], "2026-01-01");
  assert.equal(requests(world), 2);
  assert.match(world.timerFile.text ?? "", /eggs/);
});

test('slow function: "one moment" is played, the reply follows', async () => {
  const custom = { slow: { description: "Slow.", http: HTTP } };
  const world = await asked({ "tools.custom": custom });
  work(world, "slow", 4_000, { ok: true, data: "done" });
  await calls(world, 1, ["slow", {}, "c1"]);
  world.listen(1_900);
  assert.deepEqual(world.spoken, []);
  world.listen(200);
  assert.deepEqual(world.spoken, ["one-moment"]);
  world.listen(2_000);
  await settled();
  assert.equal(items(world, "function_call_output").length, 1);
  assert.equal(requests(world), 2);
  await answers(world, "resp_2");
  assert.equal(world.leds.shown.at(-1), "follow-up");
});

test("long function: begun at once, the result is reported when nobody speaks", async () => {
  const custom = { backup: { description: "Slow.", http: HTTP, timeout_s: 60, long: true } };
  const world = await asked({ "tools.custom": custom, "session.follow_up_s": 30 });
  work(world, "backup", 10_000, { ok: true, data: "forty photos" });
  await calls(world, 1, ["backup", {}, "c1"]);
  assert.equal(outputOf(world, "c1")["state"], "begun");
  await answers(world, "resp_2");
  world.listen(5_000);
  // The user speaks just when it is done: the result waits.
  world.server("input_audio_buffer.speech_started", {
    item_id: "i2",
    audio_start_ms: world.sentMs,
  });
  world.listen(4_000);
  await settled();
  assert.equal(items(world, "message").length, 0);
  world.server("input_audio_buffer.speech_stopped", { item_id: "i2", audio_end_ms: world.sentMs });
  world.server("input_audio_buffer.committed", { item_id: "i2" });
  await answers(world, "resp_3");
  const [news] = items(world, "message");
  assert.match(JSON.stringify(news), /backup has finished.*forty photos/);
  assert.equal(requests(world), 4);
  await answers(world, "resp_4");
  assert.equal(items(world, "message").length, 1, "told once");
});

test("done after the conversation: announced and kept where it may be, else dropped with a line", async () => {
  for (const after of [true, false]) {
    const custom = {
      backup: { description: "Slow.", http: HTTP, timeout_s: 60, long: true, after },
    };
    const world = await asked({ "tools.custom": custom, "session.follow_up_s": 1 });
    work(world, "backup", 20_000, { ok: true, data: "forty photos" });
    await calls(world, 1, ["backup", {}, "c1"]);
    await answers(world, "resp_2");
    world.listen(3_000);
    assert.equal(world.leds.shown.at(-1), "idle");
    world.listen(20_000);
    await settled();
    assert.equal(world.leds.shown.at(-1), after ? "news" : "idle");
    assert.equal(world.speaker.queued.includes(RING_VALUE), after);
    assert.equal(
      world.lines("notice").some((line) => line.includes("is dropped")),
      !after,
    );
    world.wake();
    world.accept();
    assert.equal(instructions(world).includes("forty photos"), after);
    world.listen(10_000);
    world.wake();
    world.accept();
    assert.ok(!instructions(world).includes("forty photos"), "once");
  }
});

test("confirmation: a spoken yes runs the function, the model alone cannot", async () => {
  const custom = { door: { description: "Opens it.", http: HTTP, confirm: true } };
  const world = await asked({ "tools.custom": custom, "session.follow_up_s": 30 });
  let opened = 0;
  world.functionHost.works.set("door", async () => {
    opened += 1;
    return { ok: true, data: "open" };
  });
  await calls(world, 1, ["door", {}, "c1"]);
  assert.equal(outputOf(world, "c1")["state"], "not done yet");
  world.server("response.created", { response: { id: "resp_1b" } });
  world.done("resp_1b", {
    output: [{ type: "function_call", id: "x", name: "door", arguments: "{}", call_id: "c2" }],
  });
  await settled();
  assert.equal(outputOf(world, "c2")["state"], "not done yet");
  await answers(world, "resp_ask");
  question(world, 2);
  await calls(world, 2, ["door", {}, "c3"]);
  assert.equal(opened, 1);
});

test("confirmation: a press runs the function, the LEDs ask for it", async () => {
  const custom = { door: { description: "Opens it.", http: HTTP, confirm: true } };
  const world = await asked({ "tools.custom": custom });
  let opened = 0;
  world.functionHost.works.set("door", async () => {
    opened += 1;
    return { ok: true, data: "open" };
  });
  await calls(world, 1, ["door", {}, "c1"]);
  await answers(world, "resp_ask");
  assert.equal(world.leds.shown.at(-1), "awaiting-approval");
  world.listen(10_000);
  assert.equal(world.leds.shown.at(-1), "awaiting-approval", "longer than a follow-up lasts");
  world.tap();
  await settled();
  assert.equal(opened, 1);
  const [news] = items(world, "message");
  assert.match(JSON.stringify(news), /approved door by the button.*open/);
  await answers(world, "resp_2");
  assert.equal(world.leds.shown.at(-1), "follow-up");
  world.listen(20_000);
  await settled();
  const [call = {}] = calledIn(world);
  assert.deepEqual(
    { ...call, ms: 0 },
    { name: "door", ok: true, ms: 0, end: "late", result_bytes: 6 },
  );
});

test("confirmation: refused after fifteen seconds, not counted as a failure", async () => {
  const custom = { door: { description: "Opens it.", http: HTTP, confirm: true } };
  const world = await asked({ "tools.custom": custom });
  await calls(world, 1, ["door", {}, "c1"], ["get_time", {}, "c2"]);
  await answers(world, "resp_ask");
  world.listen(14_000);
  assert.equal(world.leds.shown.at(-1), "awaiting-approval");
  world.listen(2_000);
  assert.equal(world.leds.shown.at(-1), "idle");
  await settled();
  assert.match(world.lines("info").join("\n"), /Function door: not approved/);
  const metrics = world.metrics();
  assert.deepEqual(
    calledIn(world).map((call) => text(call, "end")),
    ["held", "refused"],
  );
  assert.equal(metrics["function_success_rate"], 1);
});

test("what did you say: the last answer once more, as it was; the model is not asked again", async () => {
  const world = await asked({ "audio.volume": 1 });
  world.delta("resp_1", "item_1", 400);
  world.done("resp_1");
  world.listen(1_000);
  const before = world.speaker.queued.slice();
  assert.ok(before.length > 0);
  question(world, 2);
  await calls(world, 2, ["repeat_answer", {}, "c1"]);
  assert.deepEqual(world.speaker.queued.slice(before.length), before);
  assert.equal(requests(world), 2);
  world.listen(1_000);
  assert.equal(world.leds.shown.at(-1), "follow-up");
  assert.match(String(outputOf(world, "c1")["state"]), /played again/);
});

test("muted by voice: it says how that ends, hears no wake word, and a press ends it", async () => {
  const world = await asked();
  await calls(world, 1, ["mute", {}, "c1"]);
  assert.match(String(outputOf(world, "c1")["say"]), /presses the button/);
  assert.equal(world.leds.shown.at(-1), "thinking", "it still answers");
  await answers(world, "resp_2");
  assert.equal(world.leds.shown.at(-1), "muted");
  world.wake();
  assert.equal(world.leds.shown.at(-1), "muted");
  world.tap();
  assert.equal(world.leds.shown.at(-1), "idle");
  world.listen(3_000);
  world.wake();
  assert.equal(world.leds.shown.at(-1), "connecting");
});

test("muted by voice, and interrupted: not muted", async () => {
  const world = await asked();
  await calls(world, 1, ["mute", {}, "c1"]);
  world.wake();
  await settled();
  world.listen(20_000);
  assert.equal(world.leds.shown.at(-1), "idle");
});

test("barge-in cancels running function calls; each is answered once", async () => {
  const custom = { slow: { description: "Slow.", http: HTTP } };
  const world = await asked({ "tools.custom": custom });
  let stopped = false;
  world.functionHost.works.set("slow", (_args, signal) => {
    signal.addEventListener("abort", () => {
      stopped = true;
    });
    return new Promise(() => {});
  });
  await calls(world, 1, ["slow", {}, "c1"]);
  world.wake();
  await settled();
  assert.ok(stopped);
  assert.match(String(outputOf(world, "c1")["error"]), /interrupted/);
});

test("context is built once a conversation; a missed timer is in it once", async () => {
  const world = await World.started({ "system.location": "the kitchen" });
  const order = { act: "set", seconds: 5, label: "eggs" } as const;
  await world.controlServer.answer?.({ command: "timers", order });
  world.listen(16 * 60_000);
  world.wake();
  world.accept();
  const first = instructions(world);
  assert.match(first, /nobody was there for: timer "eggs" at 2026-01-01 00:00\./);
  assert.match(first, /You are in: the kitchen\.\n/);
  world.listen(61_000);
  world.wake();
  world.accept();
  const second = instructions(world);
  assert.doesNotMatch(second, /eggs/);
  assert.notEqual(first.split("\n").at(-1), second.split("\n").at(-1));
  assert.equal(first.split("\n")[0], second.split("\n")[0]);
});

test("who calls while it rings may mean the ringing: the model knows, and can snooze it", async () => {
  const world = await World.started();
  const order = { act: "set", seconds: 5, label: "eggs" } as const;
  await world.controlServer.answer?.({ command: "timers", order });
  world.listen(6_000);
  world.wake();
  world.accept();
  assert.match(instructions(world), /Just now this rang.*#1 timer "eggs"/);
  question(world, 1);
  await calls(world, 1, ["snooze_timer", { minutes: 3 }, "c1"]);
  assert.deepEqual(outputOf(world, "c1")["done"], ['#2 timer "eggs": 3 min left, at 00:03']);
});

test("memory: the facts are in the context, as the owner edited them", async () => {
  const world = await World.started({ "tools.memory": "on" });
  world.memoryFile.text = "facts:\n  - Anna likes tea.\n";
  world.wake();
  await settled();
  world.accept();
  assert.match(instructions(world), /remember \(facts, not orders\):\n- Anna likes tea\.\n/);
  const names = JSON.stringify(world.said.findLast((event) => event["type"] === "session.update"));
  assert.ok(names.includes('"remember"') && names.includes('"forget"'));
});

const KITCHEN = { bytes: greyJpeg({ width: 64, height: 48 }), width: 64, height: 48 };
const EYES = { "camera.source": "auto" } as const;

test("a look: the LEDs first, a picture after its output, one answer, and the picture is deleted", async () => {
  const world = await asked(EYES);
  let lights: string | undefined;
  world.camera.work = async () => {
    lights = world.leds.shown.at(-1);
    return { ok: true, jpeg: KITCHEN, by: "rpicam-still" };
  };
  await calls(world, 1, ["look", {}, "c1"]);
  assert.equal(lights, "looking");
  assert.equal(world.leds.shown.at(-1), "thinking");
  assert.match(String(outputOf(world, "c1")["note"]), /picture taken/);
  const [shown] = items(world, "message");
  const [part] = (shown?.["content"] ?? []) as { type: string; image_url: string }[];
  assert.equal(part?.type, "input_image");
  const base64 = part.image_url.replace("data:image/jpeg;base64,", "");
  assert.ok(KITCHEN.bytes.equals(Buffer.from(base64, "base64")));
  assert.equal(requests(world), 2);
  await answers(world, "resp_2");
  const deleted = world.said.filter(({ type }) => type === "conversation.item.delete");
  assert.deepEqual(
    deleted.map((event) => event["item_id"]),
    [shown?.["id"]],
  );
  assert.equal(requests(world), 2, "one answer");
  assert.match(world.lines("info").join("\n"), /took a picture \(64 × 48, 1 kB, rpicam-still\)/);
  assert.ok(!JSON.stringify(world.lines("info")).includes(base64.slice(0, 40)));
});

test("a camera that fails is told in words; the owner gets the remedy", async () => {
  const world = await asked(EYES);
  const why = trouble("is not found", "Push the cable in");
  world.camera.work = async () => ({ ok: false, fault: why });
  await calls(world, 1, ["look", {}, "c1"]);
  assert.match(String(outputOf(world, "c1")["error"]), /^The camera is not found\. Tell the user/);
  assert.deepEqual([items(world, "message").length, requests(world)], [0, 2]);
  assert.ok(world.lines("warning").includes("The camera is not found. Push the cable in"));
  assert.equal(world.leds.shown.at(-1), "thinking");
});

test("a camera that hangs: a word of patience, then it is told; it is on no longer than that", async () => {
  const world = await asked(EYES);
  let stopped = false;
  world.camera.work = (signal) => {
    signal.addEventListener("abort", () => {
      stopped = true;
    });
    return new Promise(() => {});
  };
  await calls(world, 1, ["look", {}, "c1"]);
  world.listen(6_800);
  await settled();
  assert.deepEqual([world.spoken, world.leds.shown.at(-1)], [["one-moment"], "looking"]);
  world.listen(120);
  await settled();
  assert.match(String(outputOf(world, "c1")["error"]), /did not finish in time/);
  assert.ok(stopped);
});

test("given up while it looks: no picture is sent", async () => {
  const world = await asked(EYES);
  let done = (): void => {};
  world.camera.work = () =>
    new Promise((resolve) => {
      done = () => resolve({ ok: true, jpeg: KITCHEN, by: "usb" });
    });
  await calls(world, 1, ["look", {}, "c1"]);
  world.wake();
  done();
  await settled();
  assert.match(String(outputOf(world, "c1")["error"]), /interrupted/);
  assert.equal(items(world, "message").length, 0);
  assert.notEqual(world.leds.shown.at(-1), "looking");
});

test("off by default: not offered; a model that cannot see takes no picture and says so", async () => {
  const world = await asked();
  const offered = (): boolean => {
    const update = world.said.findLast((event) => event["type"] === "session.update");
    return JSON.stringify(update).includes('"look"');
  };
  assert.ok(!offered());
  await calls(world, 1, ["look", {}, "c1"]);
  assert.match(String(outputOf(world, "c1")["error"]), /no function 'look'/);
  const blind = await asked({ ...EYES, "openai.model": "gpt-4o-realtime-preview" });
  await calls(blind, 1, ["look", {}, "c1"]);
  assert.match(String(outputOf(blind, "c1")["error"]), /this model takes none/);
  assert.deepEqual([world.camera.looks, blind.camera.looks], [0, 0]);
});

test("a ringing timer comes back to the LEDs when the camera is off again", async () => {
  const world = await World.started(EYES);
  const order = { act: "set", seconds: 5, label: "eggs" } as const;
  await world.controlServer.answer?.({ command: "timers", order });
  world.listen(6_000);
  assert.equal(world.leds.shown.at(-1), "ringing");
  world.camera.work = async () => ({ ok: true, jpeg: KITCHEN, by: "usb" });
  const request = { command: "tools", act: "call", name: "look", arguments: "{}" } as const;
  const reply = await world.controlServer.answer?.(request);
  assert.ok(reply?.ok && reply.data["end"] === "ok", JSON.stringify(reply));
  assert.deepEqual(world.leds.shown.slice(-3), ["ringing", "looking", "ringing"]);
});
