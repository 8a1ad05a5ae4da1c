/**
 * The model calls functions over a real socket: the built daemon, a spoken question, a simulated
 * server. Whatever the model calls is answered once, and the owner sees what came of it.
 */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type Fields, fields, number, record, text } from "../../src/core/json.ts";
import { textAt } from "../../src/sim/peer/json.ts";
import type { Peer } from "../../src/sim/peer/peer.ts";
import { eventually } from "../helpers/host.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { type Scene, type SceneOptions, scene } from "../helpers/scene.ts";

const HEARD = { skip: !canSpeak() && NO_VOICE };

function sent(peer: Peer, type: string): Fields[] {
  return peer.events
    .filter(({ from, event }) => from === "client" && textAt(event, "type") === type)
    .map(({ event }) => record(event) ?? {});
}

/** Responses, whoever created them: in a turn that no wake word opened it is the server. */
function created(peer: Peer): number {
  return peer.events.filter(({ event }) => textAt(event, "type") === "response.created").length;
}

/** Outputs of calls by call id; fails when a call was answered twice. */
function outputs(peer: Peer): Map<string, Fields> {
  const found = new Map<string, Fields>();
  for (const { item } of sent(peer, "conversation.item.create")) {
    const of = record(item) ?? {};
    if (of["type"] !== "function_call_output") continue;
    const callId = text(of, "call_id") ?? "";
    assert.ok(!found.has(callId), `${callId} was answered twice`);
    found.set(callId, record(JSON.parse(text(of, "output") ?? "")) ?? {});
  }
  return found;
}

async function held(
  t: TestContext,
  turns: SceneOptions["scenario"]["turns"],
  config = {},
  replies = 1,
) {
  const of: Scene = await scene(t, {
    scenario: { settle_within_ms: 9_000, ...(turns === undefined ? {} : { turns }) },
    config: { session: { follow_up_s: 1 }, ...config },
  });
  await of.daemon.says("Audio session config");
  await eventually(`${replies} replies`, () => of.peer.replies.length >= replies);
  await of.daemon.says("Conversation over");
  return of;
}

test("timer by voice: stored, listed, rings; parallel calls get one reply", HEARD, async (t) => {
  const { peer, daemon } = await held(t, [
    {
      items: [
        {
          call: {
            name: "set_timer",
            arguments: { seconds: 600, label: "eggs" },
            call_id: "call_a",
          },
        },
        { call: { name: "get_time", arguments: {}, call_id: "call_b" } },
      ],
    },
    { say: "Ten minutes for the eggs." },
  ]);
  const answered = outputs(peer);
  assert.deepEqual(new Set(answered.keys()), new Set(["call_a", "call_b"]));
  assert.match(
    String(answered.get("call_a")?.["done"]),
    /^#1 timer "eggs": 10 min left, at \d\d:\d\d$/,
  );
  assert.equal(answered.get("call_b")?.["zone"], "UTC");
  assert.equal(created(peer), 2);
  const { stdout } = await daemon.command("timers");
  assert.match(stdout, /^#1 timer "eggs": 9 min \d+ s left/);
  const file = await daemon.metrics();
  const { function_calls: calls, function_success_rate: rate } = file;
  assert.ok(Array.isArray(calls) && calls.length === 2 && rate === 1, JSON.stringify(calls));
  assert.deepEqual(peer.violations, []);
});

test(
  "the session lists functions, place and time; disabled functions are left out",
  HEARD,
  async (t) => {
    const { peer } = await held(t, [{ say: "Hello." }], {
      tools: { disabled: ["get_status"] },
      system: { location: "the kitchen in Lyon" },
    });
    const [update] = sent(peer, "session.update");
    const session = fields(update ?? {}, "session");
    const { tools } = session;
    assert.ok(Array.isArray(tools));
    const names = tools.map((tool) => record(tool)?.["name"]);
    assert.ok(names.includes("set_timer") && names.includes("end_conversation"));
    assert.ok(!names.includes("get_status") && !names.includes("remember"));
    const instructions = text(session, "instructions") ?? "";
    assert.match(instructions, /You are in: the kitchen in Lyon\.\n/);
    assert.match(instructions, /on \w+day, \d{4}-\d\d-\d\d at \d\d:\d\d \(UTC\)\.$/);
  },
);

test("custom program: fast, failing, and slow with a late result", HEARD, async (t) => {
  const custom = {
    lamp: { description: "The lamp.", command: ["/bin/echo", "the lamp is on"] },
    slow: {
      description: "Slow.",
      command: ["/bin/sh", "-c", "sleep 4; echo all done"],
      long: true,
    },
  };
  const { peer, daemon } = await held(
    t,
    [
      {
        items: [
          { call: { name: "lamp", arguments: {}, call_id: "call_a" } },
          { call: { name: "lamp", arguments: { colour: "red" }, call_id: "call_b" } },
          { call: { name: "slow", arguments: {}, call_id: "call_c" } },
        ],
      },
      { say: "It has begun, and the lamp is on." },
      { say: "All is done." },
    ],
    { tools: { sandbox: "none", custom }, session: { follow_up_s: 4 } },
    2,
  );
  const answered = outputs(peer);
  assert.match(String(answered.get("call_a")?.["result"]), /the lamp is on/);
  assert.match(String(answered.get("call_b")?.["error"]), /additional properties \(colour\)/);
  assert.equal(answered.get("call_c")?.["state"], "begun");
  const messages = sent(peer, "conversation.item.create").map(({ item }) => JSON.stringify(item));
  assert.equal(messages.filter((item) => item.includes("all done")).length, 1);
  assert.equal(created(peer), 3);
  assert.equal(peer.replies.length, 2);
  const file = await daemon.metrics();
  const rate = number(file, "function_success_rate") ?? 0;
  assert.ok(Math.abs(rate - 2 / 3) < 0.001, `${rate}`);
  assert.deepEqual(peer.violations, []);
});
