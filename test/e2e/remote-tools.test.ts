/**
 * Tools of remote servers, which the API calls by itself, over a real socket: the built daemon, a
 * spoken question, a simulated server that lists, calls, fails and asks for approval.
 */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type Fields, fields, record } from "../../src/core/json.ts";
import type { JsonObject } from "../../src/sim/peer/json.ts";
import { textAt } from "../../src/sim/peer/json.ts";
import type { Peer } from "../../src/sim/peer/peer.ts";
import { FaultRig } from "../helpers/fault-rig.ts";
import { eventually } from "../helpers/host.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { type Scene, scene } from "../helpers/scene.ts";

const HEARD = { skip: !canSpeak() && NO_VOICE };
const TOKEN = "remote-token-never-to-be-seen";
const DOCS = { url: "https://docs.example.com/mcp", authorization: TOKEN };

function sent(peer: Peer, type: string): Fields[] {
  return peer.events
    .filter(({ from, event }) => from === "client" && textAt(event, "type") === type)
    .map(({ event }) => record(event) ?? {});
}

function approvals(peer: Peer): unknown[] {
  return sent(peer, "conversation.item.create")
    .map((event) => fields(event, "item"))
    .filter((item) => item["type"] === "mcp_approval_response")
    .map((item) => item["approve"]);
}

async function held(
  t: TestContext,
  turns: readonly JsonObject[],
  mcp: readonly JsonObject[] = [{ label: "docs" }],
  /** An owner who does not want to wait for the end. */
  isStopped: boolean = false,
): Promise<Scene> {
  const of: Scene = await scene(t, {
    scenario: { mcp: [...mcp], turns: [...turns] },
    // Each response is one that Pipit asked for, so that they can be counted.
    config: {
      session: { follow_up_s: 1, response_by: "client" },
      openai: { mcp_servers: { docs: DOCS } },
    },
  });
  if (isStopped) {
    await eventually("a reply", () => of.peer.replies.length > 0);
    await of.daemon.command("stop");
  }
  await of.daemon.says("Conversation over");
  return of;
}

async function called(of: Scene): Promise<readonly Fields[]> {
  const { function_calls: calls } = await of.daemon.metrics();
  assert.ok(Array.isArray(calls));
  return calls.map((call) => record(call) ?? {});
}

test(
  "a remote tool is called by the API, answered once, and its token stays unseen",
  HEARD,
  async (t) => {
    const of = await held(t, [{ mcp: { ms: 300 } }, { say: "It is on page nine." }]);
    const { peer, daemon } = of;
    const [update] = sent(peer, "session.update");
    const { tools } = fields(update ?? {}, "session");
    assert.ok(Array.isArray(tools));
    const remote = tools.map((tool) => record(tool) ?? {}).filter(({ type }) => type === "mcp");
    assert.deepEqual(remote, [
      {
        type: "mcp",
        server_label: "docs",
        server_url: DOCS.url,
        authorization: TOKEN,
        require_approval: "always",
      },
    ]);
    assert.equal(sent(peer, "response.create").length, 2);
    assert.equal(peer.replies.length, 1);
    const [call, ...more] = await called(of);
    assert.deepEqual(more, []);
    assert.deepEqual(
      [call?.["name"], call?.["ok"], call?.["result_bytes"]],
      ["docs.search", true, null],
    );
    const { function_success_rate: rate } = await daemon.metrics();
    assert.equal(rate, 1);
    assert.ok(!daemon.lines.join("\n").includes(TOKEN));
    assert.ok(!JSON.stringify(await daemon.metrics()).includes(TOKEN));
    assert.deepEqual(peer.violations, []);
  },
);

test(
  "remote tools that fail, each in its way, and one that outlives the response",
  HEARD,
  async (t) => {
    const of = await held(t, [
      {
        items: [
          { mcp: { error: "protocol_error", ms: 0 } },
          { mcp: { error: "http_error", ms: 100 } },
          { mcp: { error: "tool_execution_error", ms: 900 } },
          { mcp: { ms: 600 } },
        ],
      },
      { say: "Three of four went wrong." },
    ]);
    assert.equal(sent(of.peer, "response.create").length, 2, "one response for all of them");
    const ends = (await called(of)).map(({ ok }) => ok);
    assert.deepEqual([ends.length, ends.filter((ok) => ok === true).length], [4, 1]);
    assert.deepEqual(of.peer.violations, []);
  },
);

test("a list of tools that fails is reported, and the conversation goes on", HEARD, async (t) => {
  const { peer, daemon } = await held(t, [{ say: "Hello." }], [{ label: "docs", fails: true }]);
  assert.match(daemon.lines.join("\n"), /The remote server "docs" did not tell the API/);
  assert.equal(peer.replies.length, 1);
  assert.deepEqual(peer.violations, []);
});

test(
  "an approval is refused at first, so that the model asks; without a yes it stays refused",
  HEARD,
  async (t) => {
    const of = await held(
      t,
      [{ mcp: { name: "pay", approval: true } }, { say: "Shall I pay?" }],
      [{ label: "docs" }],
      true,
    );
    assert.deepEqual(approvals(of.peer), [false]);
    assert.equal(sent(of.peer, "response.create").length, 2);
    const [call] = await called(of);
    assert.deepEqual([call?.["name"], call?.["end"]], ["docs.pay", "refused"]);
    assert.match(of.daemon.lines.join("\n"), /Function docs\.pay: not approved/);
    assert.deepEqual(of.peer.violations, []);
  },
);

/** Somebody has asked, and the API calls a tool of a remote server. */
async function inCall(ms: number, more: JsonObject = {}): Promise<FaultRig> {
  const turns = [{ mcp: { ms } }, { say: "It did not answer." }];
  const rig = await FaultRig.start({
    scenario: { mcp: [{ label: "docs" }], turns, ...more },
    settings: { "openai.mcp_servers": { docs: DOCS }, "session.response_by": "client" },
  });
  await rig.ask();
  await rig.until("a metrics file", () => rig.metrics().length > 0);
  return rig;
}

function endsIn(rig: FaultRig): unknown[] {
  const { function_calls: calls } = rig.metrics()[0] ?? {};
  assert.ok(Array.isArray(calls));
  return calls.map((call) => record(call) ?? {}).map(({ name, ok, end }) => [name, ok, end]);
}

test("a remote server that is killed in mid-call, and of which the API says no more: given up, told", async () => {
  const rig = await inCall(600_000);
  try {
    assert.deepEqual(endsIn(rig), [["docs.search", false, "held"]]);
    assert.equal(sent(rig.peer, "response.create").length, 2);
    assert.equal(rig.peer.replies.length, 1, "the conversation went on");
    assert.deepEqual(rig.peer.violations, []);
    assert.equal(rig.now, "idle");
  } finally {
    await rig.close();
  }
});

test("the connection is lost while the API calls a remote tool: it may be done, so it is not asked for again", async () => {
  const faults = [{ at: "response.done", do: "reset", after_ms: 300 }];
  const rig = await inCall(30_000, { faults });
  try {
    assert.deepEqual(endsIn(rig), [["docs.search", null, "lost"]]);
    assert.equal(rig.peer.attempts(), 2);
    assert.equal(sent(rig.peer, "response.create").length, 1, "the question was passed on once");
    assert.match(
      rig.ledStates.join(" "),
      /thinking connecting listening idle$/,
      "it listens again",
    );
    assert.deepEqual(rig.peer.violations, []);
  } finally {
    await rig.close();
  }
});
