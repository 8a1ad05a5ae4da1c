/** `pipit say` in the model's voice, as stories: what is asked of the server, what it costs, what else. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { WAITING_MAX } from "../../../src/app/tools/announcer.ts";
import { SILENCE_MAX_MS } from "../../../src/app/tools/reading.ts";
import { samplesToMs } from "../../../src/core/audio/pcm.ts";
import type { ControlReply } from "../../../src/core/control.ts";
import { chainOf } from "../../../src/core/models/fallback.ts";
import type { Settings } from "../../../src/core/settings/table.ts";
import { SAID_VALUE, settled, World } from "../../helpers/world.ts";

const USAGE = {
  input_tokens: 60,
  input_token_details: { text_tokens: 60 },
  output_tokens: 50,
  output_token_details: { text_tokens: 10, audio_tokens: 40 },
};
/** At $4 and $16 a million of text, $64 of sound: gpt-realtime's prices. */
const COST_USD = (60 * 4 + 10 * 16 + 40 * 64) / 1e6;

interface Said {
  reply: ControlReply | undefined;
}

/** Asks, and lets the dial happen. */
async function say(world: World, text = "Tea is ready."): Promise<Said> {
  const said: Said = { reply: undefined };
  void world.controlServer.answer?.({ command: "say", text }).then((reply) => {
    said.reply = reply;
  });
  await settled();
  return said;
}

function dataOf({ reply }: Said): Readonly<Record<string, unknown>> {
  assert.ok(reply?.ok, JSON.stringify(reply));
  return reply.data;
}

/** The server reads `ms` of sound out. */
async function reads(world: World, ms = 500, usage: object | null = USAGE): Promise<void> {
  world.accept();
  world.server("response.created", { response: { id: "resp_say" } });
  world.delta("resp_say", "item_say", ms, 1234);
  world.done("resp_say", usage === null ? {} : { usage });
  await settled();
}

const heardMs = (world: World, value: number): number =>
  samplesToMs(world.speaker.queued.filter((sample) => sample === value).length);

function files(world: World): Record<string, unknown>[] {
  return [...world.store.files.values()].map((text) => JSON.parse(text));
}

test("read by the model: a session without microphone and functions, heard, paid, kept", async () => {
  const world = await World.started({ "openai.voice": "cedar" });
  const said = await say(world, "What is for dinner?");
  await reads(world);
  const { now, model, voice, cost_usd, why } = dataOf(said);
  assert.deepEqual([now, model, voice, why], [true, "gpt-realtime", "cedar", null]);
  assert.equal(cost_usd, COST_USD);
  assert.equal(heardMs(world, 1234), 500);
  const [update, item, create, ...more] = world.said;
  const session = JSON.parse(JSON.stringify(update)).session;
  assert.equal(session.audio.input.turn_detection, null);
  assert.deepEqual([session.tools, session.audio.output.voice], [[], "cedar"]);
  assert.match(session.instructions, /word for word.*Do not answer it/s);
  assert.ok(JSON.stringify(item).includes("What is for dinner?"));
  assert.deepEqual([create?.["type"], more.length], ["response.create", 0]);
  assert.equal(world.link.closed, true);
  assert.equal(world.sentSound.length, 0, "the room is nobody's business");
  const [file, ...others] = files(world);
  assert.deepEqual(
    [file?.["trigger"], file?.["end_reason"], file?.["estimated_cost"], file?.["turns"]],
    ["announcement", "announced", COST_USD, 0],
  );
  assert.equal(others.length, 0);
  const status = await world.controlServer.answer?.({ command: "status" });
  assert.ok(status?.ok);
  assert.deepEqual(
    [status.data["cost_today_usd"], status.data["conversations_today"]],
    [COST_USD, 0],
  );
  assert.ok(
    world.lines("info").includes("Announcement read by gpt-realtime (cedar): 0.5 s, $0.0030"),
  );
});

test("the budget is spent: refused in words, nothing is dialled, espeak-ng reads", async () => {
  const world = await World.started({ "budget.daily_usd": 0.001 });
  const first = await say(world);
  await reads(world);
  assert.equal(dataOf(first)["model"], "gpt-realtime", "what was under way is paid");
  world.clock.advance(2_000);
  const second = await say(world);
  const { model, voice, cost_usd, why } = dataOf(second);
  assert.deepEqual([model, voice, cost_usd], [null, "espeak-ng", 0]);
  assert.match(String(why), /^Today's budget of \$0\.0010 is spent/);
  assert.equal(world.dialer.links.length, 1);
  assert.equal(heardMs(world, SAID_VALUE), 1_000);
  world.settings = { ...world.settings, "budget.action": "warn" };
  await say(world);
  assert.equal(world.dialer.links.length, 2, "warn refuses nothing");
});

test("near the budget's end the mini reads, where budget.action says so", async () => {
  const world = await World.started({ "budget.daily_usd": 0.003, "budget.action": "mini" });
  await say(world);
  await reads(world);
  await say(world);
  const mini = world.settings["budget.mini_model"];
  assert.equal(new URL(world.link.target.url).searchParams.get("model"), mini);
});

type Story = (world: World) => void | Promise<void>;
const gone = { code: "model_not_found", type: null, message: "no", retryAfterMs: null };

function greeted(w: World): void {
  w.link.sink.opened();
  w.server("session.created", { session: { id: "s" } });
}

/** What goes wrong each time, what is told of it, how often it is tried, and whether that costs something. */
const TROUBLES: readonly (readonly [string, Story, RegExp, number, boolean])[] = [
  [
    "no network",
    (w) => w.link.sink.closed({ tag: "network", stage: "dns", code: "ENOTFOUND" }),
    /could not be resolved/,
    4,
    false,
  ],
  [
    "a wrong key",
    (w) => w.link.sink.closed({ tag: "http", status: 401, ...gone, code: null }),
    /refused the key/,
    1,
    false,
  ],
  ["silence", (w) => w.clock.advance(SILENCE_MAX_MS), /is silent/, 2, false],
  [
    "a set-up refused",
    (w) => {
      greeted(w);
      const message = "That is too long";
      const param = "session.instructions";
      w.server("error", { error: { type: "invalid_request_error", message, param } });
    },
    /refused the set-up: That is too long .*Check openai\.instructions/,
    1,
    false,
  ],
  ["no sound", (w) => reads(w, 0), /without a sound/, 2, true],
  [
    "cut by the server",
    (w) => {
      w.accept();
      w.delta("resp_say", "item_say", 300);
      w.done("resp_say", { status: "incomplete", status_details: { reason: "content_filter" } });
    },
    /incomplete: content_filter/,
    1,
    true,
  ],
  [
    "lost in the middle",
    (w) => {
      w.accept();
      w.delta("resp_say", "item_say", 300);
      w.link.sink.closed({ tag: "close", code: 1006, reason: "" });
    },
    /connection was lost/,
    2,
    true,
  ],
  [
    "without an end",
    (w) => {
      w.accept();
      for (let i = 0; i < 130; i++) w.delta("resp_say", "item_say", 1_000);
    },
    /more than two minutes/,
    1,
    true,
  ],
];

/** The story, again with each new connection, until there is an answer. */
async function played(world: World, said: Said, story: Story): Promise<void> {
  for (let dials = 0; said.reply === undefined; ) {
    assert.ok(dials < 9, "it is dialled without an end");
    if (world.dialer.links.length > dials) {
      dials = world.dialer.links.length;
      await story(world);
    } else world.clock.advance(1_000);
    await settled();
  }
}

for (const [name, story, expected, dials, isPaid] of TROUBLES) {
  test(`the model is kept from it: ${name}. The text is said; what it has cost is told`, async () => {
    const world = await World.started({ "openai.model_selection": "new" });
    const said = await say(world);
    await played(world, said, story);
    const { voice, cost_usd, why } = dataOf(said);
    assert.equal(voice, "espeak-ng");
    assert.match(String(why), expected);
    assert.equal(world.dialer.links.length, dials);
    assert.equal(Number(cost_usd) > 0, isPaid, String(cost_usd));
    assert.equal(world.store.files.size, isPaid ? dials : 0);
    assert.ok(world.dialer.links.length === 1 || world.dialer.links.every(({ closed }) => closed));
    assert.equal(heardMs(world, SAID_VALUE), 1_000);
    const told = world.lines("info").filter((line) => line.startsWith("Announcement"));
    const paid = /^Announcement not read by gpt-realtime \(alloy\): paid, \$/;
    assert.equal(told.length, isPaid ? dials : 0);
    for (const line of told) assert.match(line, paid);
  });
}

/** Trouble that is over at the next attempt. */
const PASSING: readonly (readonly [string, Story])[] = [
  [
    "503, come again in a second",
    (w) =>
      w.link.sink.closed({ tag: "http", status: 503, ...gone, code: null, retryAfterMs: 1_000 }),
  ],
  ["an answer in writing", (w) => reads(w, 0)],
  ["an answer that nobody can hear", (w) => reads(w, 5)],
  [
    "a response that fails, and when to come again",
    (w) => {
      w.accept();
      const message = "Rate limit reached. Please try again in 166ms.";
      const error = { type: "tokens", code: "rate_limit_exceeded", message };
      w.done("resp_say", { status: "failed", status_details: { type: "failed", error } });
    },
  ],
];

for (const [name, story] of PASSING) {
  test(`a passing failure, once: ${name}. The same model reads it after all`, async () => {
    const world = await World.started();
    const said = await say(world);
    let times = 0;
    await played(world, said, (w) => (times++ === 0 ? story(w) : reads(w)));
    const { model, why } = dataOf(said);
    assert.deepEqual([model, why, world.dialer.links.length], ["gpt-realtime", null, 2]);
    assert.equal(heardMs(world, 1234), 500);
  });
}

test("a voice that the server lacks: the fallback reads on the same connection, told once", async () => {
  const world = await World.started({ "openai.voice": "cedar", "openai.voice_fallback": "sage" });
  const refusesCedar: Story = async (w) => {
    greeted(w);
    const param = "session.audio.output.voice";
    const message = "Invalid value: 'cedar'";
    w.server("error", {
      error: { type: "invalid_request_error", code: "invalid_value", message, param },
    });
    await reads(w);
  };
  for (let n = 1; n <= 2; n++) {
    const said = await say(world);
    await refusesCedar(world);
    await settled();
    assert.deepEqual([dataOf(said)["model"], dataOf(said)["voice"]], ["gpt-realtime", "sage"]);
    assert.equal(world.dialer.links.length, n);
    world.listen(1_000);
  }
  const line = "Voice 'cedar' not available for model 'gpt-realtime'; using 'sage'";
  assert.equal(world.lines("notice").filter((one) => one === line).length, 1);
  assert.equal(files(world)[0]?.["voice"], "sage");

  const strict = { ...world.settings, "openai.auto_select_voice": false };
  world.settings = { ...strict, "openai.model_selection": "new" };
  const said = await say(world);
  await refusesCedar(world);
  await settled();
  const { voice, why } = dataOf(said);
  assert.equal(voice, "espeak-ng");
  assert.match(String(why), /^Voice 'cedar' not available .*Set openai\.voice to one/);
});

test("429 with Retry-After: neither the next announcement nor a wake dials before its end", async () => {
  const world = await World.started();
  const said = await say(world);
  const limit = {
    ...gone,
    status: 429,
    code: "rate_limit_exceeded",
    retryAfterMs: 60_000,
  } as const;
  world.link.sink.closed({ tag: "http", ...limit });
  await settled();
  assert.match(String(dataOf(said)["why"]), /Too many requests/);
  world.clock.advance(2_000);
  assert.match(String(dataOf(await say(world))["why"]), /Too many requests/);
  world.wake();
  world.clock.advance(20_000);
  assert.equal(world.dialer.links.length, 1, "not even the next model of the chain");
  world.clock.advance(60_000);
  await say(world);
  assert.equal(world.dialer.links.length, 2);
});

test("a stop in the wait between two attempts: nothing is dialled any more", async () => {
  const world = await World.started();
  const said = await say(world);
  world.link.sink.closed({ tag: "http", status: 503, ...gone, code: null });
  await settled();
  await world.appliance.stop();
  await settled();
  world.clock.advance(60_000);
  await settled();
  assert.equal(world.dialer.links.length, 1);
  assert.notEqual(said.reply, undefined);
});

test("a server that failed cools down, once another model has read; in a dead network none does", async () => {
  const world = await World.started();
  const chain = chainOf(world.settings);
  const dead = await say(world);
  await played(world, dead, (w) =>
    w.link.sink.closed({ tag: "network", stage: "tcp", code: "ECONNREFUSED" }),
  );
  assert.equal(dataOf(dead)["voice"], "espeak-ng");
  const before = world.dialer.links.length;
  const said = await say(world);
  assert.equal(modelOf(world), chain[0], "nobody is to blame");
  await played(world, said, (w) =>
    modelOf(w) === chain[0]
      ? w.link.sink.closed({ tag: "http", status: 500, ...gone, code: null })
      : reads(w),
  );
  assert.equal(world.dialer.links.length, before + 3, "twice the first, then the second");
  world.listen(1_000);
  await say(world);
  assert.equal(modelOf(world), chain[1]);
});

function modelOf(world: World): string | null {
  return new URL(world.link.target.url).searchParams.get("model");
}

test("a model that is gone: the next of the chain reads, and the file tells", async () => {
  const world = await World.started();
  const said = await say(world);
  const gone = { tag: "http", status: 404, code: "model_not_found", type: null } as const;
  world.link.sink.closed({ ...gone, message: "", retryAfterMs: null });
  await settled();
  assert.equal(world.dialer.links.length, 2);
  await reads(world);
  assert.equal(dataOf(said)["model"], "gpt-4o-realtime-preview");
  const [file] = files(world);
  assert.deepEqual(file?.["fallbacks"], [
    { from: "gpt-realtime", to: "gpt-4o-realtime-preview", reason: "model-unavailable" },
  ]);
  world.listen(2_000);
  await say(world);
  assert.equal(modelOf(world), "gpt-4o-realtime-preview", "it is remembered");
  world.wake();
  assert.equal(modelOf(world), "gpt-4o-realtime-preview", "by a conversation, too");
});

test("during a conversation it is read at once, and said when that is over", async () => {
  const world = await World.started();
  world.wake();
  world.accept();
  world.listen(500);
  const said = await say(world);
  await reads(world);
  assert.equal(dataOf(said)["now"], false);
  world.listen(1_000);
  assert.equal(heardMs(world, 1234), 0);
  assert.equal(world.leds.shown.at(-1), "listening", "the conversation has noticed nothing");
  world.listen(8_000);
  assert.equal(world.leds.shown.at(-1), "idle");
  world.listen(1_000);
  await settled();
  assert.equal(heardMs(world, 1234), 500);
  assert.deepEqual(
    new Set(files(world).map(({ trigger }) => trigger)),
    new Set(["announcement", "wake-word"]),
  );
});

test("several at once: one session at a time, in order; more than can wait are refused", async () => {
  const world = await World.started();
  const all: Said[] = [];
  for (let i = 0; i < WAITING_MAX; i++) all.push(await say(world, `Number ${i}.`));
  const surplus = await say(world);
  assert.deepEqual(surplus.reply, { ok: false, error: "too many announcements wait already" });
  for (let i = 0; i < WAITING_MAX; i++) {
    assert.equal(world.dialer.links.length, i + 1);
    await reads(world, 100);
    const sent = world.dialer.links[i]?.sent ?? [];
    assert.ok(sent.some((text) => text.includes(`Number ${i}.`)));
  }
  assert.equal(new Set(all.map((said) => dataOf(said)["model"])).size, 1);
});

test("a bill that does not come is guessed; a stop ends what is under way", async () => {
  const world = await World.started();
  const said = await say(world);
  await reads(world, 1_000, null);
  const cost = Number(dataOf(said)["cost_usd"]);
  assert.ok(cost >= (20 * 64) / 1e6 && cost < 0.01, String(cost));
  assert.equal(files(world)[0]?.["estimated_cost"], null);
  await say(world);
  await say(world);
  await world.appliance.stop();
  await settled();
  assert.equal(world.link.closed, true);
  assert.equal(heardMs(world, SAID_VALUE), 0, "nor said");
  assert.equal(world.dialer.links.length, 2, "what had waited is not asked for any more");
});

const ENDLESS: Partial<Settings> = { "openai.model_selection": "new" };

test("a server that talks slowly and for ever: its time is over, and espeak-ng reads", async () => {
  const world = await World.started(ENDLESS);
  const said = await say(world);
  world.accept();
  for (let s = 0; s < 70; s++) {
    world.delta("resp_say", "item_say", 500);
    world.clock.advance(1_000);
  }
  await settled();
  const { voice, why } = dataOf(said);
  assert.equal(voice, "espeak-ng");
  assert.match(String(why), /took too long/);
});
