/**
 * The user's yes to tools of remote servers (`openai.mcp_servers`), over a real socket: asked by the
 * API, answered by voice, by the button, or by nobody. On the wire each request is answered once, and
 * one response follows each round.
 */

import assert from "node:assert/strict";
import { type Fields, fields, record } from "../../src/core/json.ts";
import type { LogEntry } from "../../src/sim/peer/records.ts";
import { FaultRig } from "../helpers/fault-rig.ts";
import { eventually } from "../helpers/host.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { scene } from "../helpers/scene.ts";

const DOCS = { url: "https://docs.example.com/mcp", authorization: "remote-token-unseen" };
const PAY = { mcp: { name: "pay", arguments: { sum: 5 }, approval: true, ms: 200 } };
const ASKS = { say: "Shall I pay?" };
const TURNS = [PAY, ASKS, PAY, { say: "It is paid." }];

/** What went over the wire about one matter, in order: requests, answers, calls, responses. */
function story(events: readonly LogEntry[]): readonly string[] {
  return events.flatMap(({ from, event }) => {
    const all = record(event) ?? {};
    const item = fields(all, "item");
    if (from === "client") {
      if (all["type"] === "response.create") return ["response.create"];
      if (item["type"] === "mcp_approval_response") return [`approve ${item["approve"]}`];
      return [];
    }
    switch (all["type"]) {
      case "response.output_item.done":
        return item["type"] === "mcp_approval_request" ? ["asked"] : [];
      case "response.mcp_call.in_progress":
      case "response.mcp_call.completed":
        return [String(all["type"]).slice("response.".length)];
      default:
        return [];
    }
  });
}

const REFUSED_AT_FIRST = ["response.create", "asked", "approve false", "response.create"];
const DONE = ["asked", "approve true", "mcp_call.in_progress", "mcp_call.completed"];
const PAID = [...REFUSED_AT_FIRST, "response.create", ...DONE, "response.create"];

/** Somebody has asked for it, and the LEDs wait for the yes. */
async function waiting(turns: readonly object[]): Promise<FaultRig> {
  const rig = await FaultRig.start({
    scenario: {
      mcp: [{ label: "docs", tools: ["pay"] }],
      turns: JSON.parse(JSON.stringify(turns)),
    },
    settings: { "openai.mcp_servers": { docs: DOCS }, "session.response_by": "client" },
  });
  await rig.ask();
  await rig.shows("awaiting-approval");
  return rig;
}

async function over(rig: FaultRig): Promise<readonly Fields[]> {
  await rig.until("a metrics file", () => rig.metrics().length > 0);
  const calls = rig.metrics()[0]?.["function_calls"];
  assert.ok(Array.isArray(calls));
  assert.deepEqual(rig.peer.violations, []);
  return calls.map((call) => record(call) ?? {});
}

const ends = (calls: readonly Fields[]): unknown[] => calls.map(({ name, end }) => [name, end]);

test("the LEDs wait; a spoken yes: asked for again, approved, called, one response", async () => {
  const rig = await waiting(TURNS);
  try {
    await rig.goOn();
    const calls = await over(rig);
    assert.deepEqual(story(rig.peer.events), PAID);
    assert.deepEqual(ends(calls), [
      ["docs.pay", "asked"],
      ["docs.pay", "held"],
    ]);
    assert.equal(rig.peer.replies.length, 2);
    assert.match(rig.ledStates.join(" "), /speaking awaiting-approval listening thinking/);
  } finally {
    await rig.close();
  }
});

test("the LEDs wait; a press is a yes: the model is told, approved, called, one response", async () => {
  const rig = await waiting(TURNS);
  try {
    rig.press();
    const calls = await over(rig);
    assert.deepEqual(story(rig.peer.events), PAID);
    assert.deepEqual(ends(calls), [
      ["docs.pay", "asked"],
      ["docs.pay", "held"],
    ]);
    assert.match(rig.ledStates.join(" "), /speaking awaiting-approval thinking/);
    const journal = rig.journal.lines.map(({ line }) => line).join("\n");
    assert.match(journal, /Function docs\.pay: approved by the button/);
  } finally {
    await rig.close();
  }
});

test("the LEDs wait, and nobody answers: refused by our own timer, and at rest", async () => {
  const rig = await waiting([PAY, ASKS]);
  try {
    const fromMs = rig.clock.nowMs();
    const calls = await over(rig);
    const waitedMs = rig.clock.nowMs() - fromMs;
    assert.ok(waitedMs > 14_000, `given up after ${waitedMs} ms`);
    assert.deepEqual(story(rig.peer.events), REFUSED_AT_FIRST);
    assert.deepEqual(ends(calls), [["docs.pay", "refused"]]);
    const journal = rig.journal.lines.map(({ line }) => line).join("\n");
    assert.match(journal, /Function docs\.pay: not approved/);
    assert.equal(rig.now, "idle");
  } finally {
    await rig.close();
  }
});

test("another sum than the one that the user has heard of is asked about anew", async () => {
  const dearer = { mcp: { ...PAY.mcp, arguments: { sum: 500 } } };
  const rig = await waiting([PAY, ASKS, dearer, { say: "That is another sum. Shall I?" }]);
  try {
    await rig.goOn();
    const calls = await over(rig);
    const again = ["response.create", "asked", "approve false", "response.create"];
    assert.deepEqual(story(rig.peer.events), [...REFUSED_AT_FIRST, ...again]);
    assert.deepEqual(ends(calls), [
      ["docs.pay", "refused"],
      ["docs.pay", "refused"],
    ]);
  } finally {
    await rig.close();
  }
});

const HEARD = { skip: !canSpeak() && NO_VOICE };

test("the built daemon: asked, a spoken yes while its panel waits, paid once", HEARD, async (t) => {
  const { peer, daemon } = await scene(t, {
    scenario: { mcp: [{ label: "docs", tools: ["pay"] }], turns: TURNS },
    config: {
      session: { follow_up_s: 1, response_by: "client" },
      openai: { mcp_servers: { docs: DOCS } },
      leds: { backend: "panel" },
    },
    again: [{ afterMs: 6_000, word: false }],
  });
  // Each has its own patience: on a busy machine all of it takes longer than one.
  await daemon.says("led: awaiting-approval");
  await eventually("both replies", () => peer.replies.length === 2);
  await daemon.says("Conversation over");
  assert.deepEqual(story(peer.events), PAID);
  assert.deepEqual(
    daemon.lines.filter((line) => line === "led: awaiting-approval"),
    ["led: awaiting-approval"],
  );
  const { function_calls: calls } = await daemon.metrics();
  assert.ok(Array.isArray(calls));
  assert.deepEqual(ends(calls.map((call) => record(call) ?? {})), [
    ["docs.pay", "asked"],
    ["docs.pay", "held"],
  ]);
  assert.ok(!daemon.output.includes(DOCS.authorization));
  assert.deepEqual(peer.violations, []);
});
