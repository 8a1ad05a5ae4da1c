/**
 * What can happen to a call of the model, over a real socket: answered in time, late, given up, lost
 * with its connection, or cut off by the end of the daemon. The peer checks that each is settled once,
 * and within its time.
 */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { samplesToMs } from "../../src/core/audio/pcm.ts";
import { BUILT_IN_NAMES } from "../../src/core/functions/built-in.ts";
import { type Fields, record, text } from "../../src/core/json.ts";
import { textAt } from "../../src/sim/peer/json.ts";
import type { Peer } from "../../src/sim/peer/peer.ts";
import { eventually } from "../helpers/host.ts";
import { pidsOf } from "../helpers/processes.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { type Scene, type SceneOptions, scene } from "../helpers/scene.ts";

const HEARD = { skip: !canSpeak() && NO_VOICE };
/** A call is answered within eight seconds, with its result or with that it has begun. */
const SETTLED_MS = 9_000;

type Scenario = SceneOptions["scenario"];

/** A program that takes `seconds`, and by which it is found in the list of processes. */
function slow(seconds: string, more: Fields = {}): Fields {
  const command = ["/bin/sh", "-c", `sleep ${seconds}; echo all done`];
  return { description: "Slow.", command, timeout_s: 30, ...more };
}

async function kitchen(
  t: TestContext,
  scenario: Scenario,
  custom: Record<string, Fields>,
  more: Pick<SceneOptions, "again"> & { config?: NonNullable<SceneOptions["config"]> } = {},
): Promise<Scene> {
  const { config = {}, again = [] } = more;
  const of = await scene(t, {
    scenario: { settle_within_ms: SETTLED_MS, ...scenario },
    config: { session: { follow_up_s: 1 }, tools: { sandbox: "none", custom }, ...config },
    again,
  });
  await of.daemon.says("Audio session config");
  return of;
}

function call(name: string, callId: string, args: Fields = {}) {
  return { call: { name, arguments: JSON.stringify(args), call_id: callId } };
}

/** The call ids that were answered, in that order. */
function answered(peer: Peer): readonly string[] {
  return items(peer).flatMap((item) => {
    return item["type"] === "function_call_output" ? [text(item, "call_id") ?? ""] : [];
  });
}

function items(peer: Peer): readonly Fields[] {
  return peer.events
    .filter(({ from, event }) => {
      return from === "client" && textAt(event, "type") === "conversation.item.create";
    })
    .map(({ event }) => record(record(event)?.["item"]) ?? {});
}

function ends(file: Fields): readonly (string | null)[] {
  const { function_calls: calls } = file;
  assert.ok(Array.isArray(calls));
  return calls.map((one) => text(record(one) ?? {}, "end"));
}

test(
  "every function that Pipit has, over a real socket: each is answered once",
  HEARD,
  async (t) => {
    const args: Readonly<Record<string, Fields>> = {
      set_timer: { seconds: 600, label: "eggs" },
      set_alarm: { at: "07:00", days: ["mon"] },
      change_timer: { which: "eggs", add_seconds: 60 },
      cancel_timer: { which: "eggs" },
      set_volume: { percent: 40 },
      remember: { fact: "The bins go out on Mondays." },
      forget: { about: "umbrellas" },
    };
    // Those that end or silence the conversation have their own stories; looking needs a camera.
    const others = ["end_conversation", "repeat_answer", "mute", "look"];
    const names = BUILT_IN_NAMES.filter((name) => !others.includes(name));
    const asks = names.map((name) => call(name, `call_${name}`, args[name]));
    const turns = [{ items: asks }, { say: "All done." }];
    const { peer, daemon } = await kitchen(
      t,
      { turns },
      {},
      {
        config: { tools: { memory: "on" } },
      },
    );
    await daemon.says("Conversation over");
    assert.deepEqual(new Set(answered(peer)), new Set(names.map((name) => `call_${name}`)));
    const file = await daemon.metrics();
    assert.deepEqual(new Set(ends(file)), new Set(["held"]));
    // There was nothing to snooze, and nothing to forget; everything else was done.
    const failed = items(peer).filter(({ output }) => String(output).startsWith('{"error"'));
    assert.deepEqual(
      failed.map(({ call_id: id }) => id),
      ["call_snooze_timer", "call_forget"],
    );
    assert.deepEqual(peer.violations, []);
  },
);

test("mute by voice: it answers, and then it is muted until pipit mute off", HEARD, async (t) => {
  const turns = [call("mute", "call_a"), { say: "Press the button to wake me." }];
  const { peer, daemon } = await kitchen(t, { turns }, {});
  await daemon.says("Muted");
  assert.deepEqual(answered(peer), ["call_a"]);
  assert.equal(peer.replies.length, 1);
  assert.equal((await daemon.status())["state"], "muted");
  await daemon.command("mute", "off");
  assert.equal((await daemon.status())["state"], "idle");
  assert.deepEqual(peer.violations, []);
});

test("late: reported as begun within eight seconds, and its result is told", HEARD, async (t) => {
  const turns = [call("slow", "call_a"), { say: "It has begun." }, { say: "It is done." }];
  const config = { session: { follow_up_s: 12 } };
  const { peer, daemon } = await kitchen(
    t,
    { turns },
    { slow: slow("9.73") },
    {
      config: { ...config, tools: { sandbox: "none", custom: { slow: slow("9.73") } } },
    },
  );
  await eventually("both replies", () => peer.replies.length >= 2);
  await daemon.command("stop");
  await daemon.says("Conversation over");
  assert.deepEqual(answered(peer), ["call_a"]);
  const told = items(peer).filter(({ type }) => type === "message");
  assert.match(JSON.stringify(told), /all done/);
  assert.deepEqual(ends(await daemon.metrics()), ["late"]);
  assert.deepEqual(peer.violations, []);
});

test(
  "somebody speaks while a call is open: it is settled once, and both are answered",
  HEARD,
  async (t) => {
    const turns = [call("slow", "call_a"), { say: "Both." }, { say: "And more." }];
    const { peer, daemon } = await kitchen(
      t,
      { turns },
      { slow: slow("5.71") },
      {
        again: [{ afterMs: 1_500, word: false }],
      },
    );
    await daemon.says("Conversation over");
    assert.deepEqual(answered(peer), ["call_a"]);
    assert.ok(peer.replies.length >= 1);
    assert.deepEqual(ends(await daemon.metrics()), ["held"]);
    assert.deepEqual(peer.violations, []);
  },
);

test(
  "an interruption while a call is open gives it up: answered once, its program ends",
  HEARD,
  async (t) => {
    const turns = [call("slow", "call_a"), { say: "Never asked for." }];
    const { peer, daemon } = await kitchen(t, { turns }, { slow: slow("6.79") });
    await eventually("the program", () => pidsOf("sleep 6.79").length > 0);
    await daemon.command("wake");
    await eventually("its end", () => pidsOf("sleep 6.79").length === 0);
    await daemon.command("stop");
    await daemon.says("Conversation over");
    assert.deepEqual(answered(peer), ["call_a"]);
    assert.deepEqual(ends(await daemon.metrics()), ["given-up"]);
    assert.deepEqual(peer.violations, []);
  },
);

test(
  "the connection is lost in mid-call: nobody is answered, nothing is called twice, and it listens again",
  HEARD,
  async (t) => {
    const turns = [call("slow", "call_a"), { say: "Here is the answer." }];
    const faults = [{ at: "response.done", do: "reset", after_ms: 300 }];
    const { peer, daemon } = await kitchen(t, { turns, faults }, { slow: slow("4.77") });
    await daemon.says("Conversation over");
    assert.equal(peer.attempts(), 2);
    assert.deepEqual(answered(peer), []);
    assert.deepEqual(ends(await daemon.metrics()), ["lost"]);
    assert.deepEqual(pidsOf("sleep 4.77"), []);
    assert.deepEqual(peer.violations, []);
  },
);

test(
  "the daemon is stopped in mid-call: at once, written down, and nothing goes on",
  HEARD,
  async (t) => {
    const turns = [call("slow", "call_a"), { say: "Never." }];
    const { daemon } = await kitchen(t, { turns }, { slow: slow("25.83") });
    await eventually("the program", () => pidsOf("sleep 25.83").length > 0);
    const { ms, code } = await daemon.stop();
    assert.ok(code === 0 && ms < 5_000, `code ${code} after ${ms} ms`);
    const file = await daemon.metrics();
    assert.deepEqual([file["end_reason"], ends(file)], ["shutdown", ["lost"]]);
    await eventually("the end of the program", () => pidsOf("sleep 25.83").length === 0);
  },
);

test(
  "what did you say: the last answer is played once more, and not asked for",
  HEARD,
  async (t) => {
    const turns = [{ tone: { hz: 440, ms: 800 } }, call("repeat_answer", "call_a")];
    const again = [{ afterMs: 4_500, word: false }];
    const config = { session: { follow_up_s: 6 } };
    const { peer, daemon } = await kitchen(t, { turns }, {}, { again, config });
    await eventually("the call's answer", () => answered(peer).length > 0);
    await daemon.says("Conversation over");
    assert.deepEqual(answered(peer), ["call_a"]);
    const heardMs = samplesToMs(daemon.played().filter((sample) => sample !== 0).length);
    assert.ok(Math.abs(heardMs - 1_600) < 40, `${heardMs} ms of 800 ms, twice`);
    const creates = peer.events.filter(({ event }) => textAt(event, "type") === "response.created");
    assert.equal(creates.length, 2, "none for the repetition");
    assert.deepEqual(ends(await daemon.metrics()), ["held"]);
    assert.deepEqual(peer.violations, []);
  },
);
