/**
 * The house and other servers of tools by voice: the built daemon, a spoken question, a simulated
 * server, and the real partner at the other end. What the partner does wrong is told, never more.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Fields, fields, record, text } from "../../src/core/json.ts";
import { type JsonObject, textAt } from "../../src/sim/peer/json.ts";
import type { Peer } from "../../src/sim/peer/peer.ts";
import { freePort, kill, programOf, startEverything } from "../adapters/mcp/partners.ts";
import type { Config } from "../helpers/daemon.ts";
import { HOME_TOKEN, StandInHome } from "../helpers/home-assistant.ts";
import { eventually } from "../helpers/host.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { type SceneOptions, scene } from "../helpers/scene.ts";

const HEARD = { skip: !canSpeak() && NO_VOICE };

function sent(peer: Peer, type: string): Fields[] {
  return peer.events
    .filter(({ from, event }) => from === "client" && textAt(event, "type") === type)
    .map(({ event }) => record(event) ?? {});
}

/** The outputs of the calls, in the order in which they came. */
function outputs(peer: Peer): string[] {
  return sent(peer, "conversation.item.create")
    .map(({ item }) => record(item) ?? {})
    .filter((item) => item["type"] === "function_call_output")
    .map((item) => text(item, "output") ?? "");
}

function call(name: string, args: JsonObject, callId = "call_a"): JsonObject {
  return { call: { name, arguments: args, call_id: callId } };
}

async function begun(
  t: TestContext,
  turns: SceneOptions["scenario"]["turns"],
  config: Config,
  again: SceneOptions["again"] = [],
) {
  const scenario = turns === undefined ? {} : { turns };
  const of = await scene(t, {
    scenario,
    config: { session: { follow_up_s: 1 }, ...config },
    again,
  });
  await of.daemon.says("Audio session config");
  return of;
}

async function houseFor(t: TestContext): Promise<{ home: StandInHome; config: Config }> {
  const home = await new StandInHome().start();
  t.after(() => home.stop());
  const config = { home_assistant: { url: home.url, token: HOME_TOKEN, area: "Kitchen" } };
  return { home, config };
}

test(
  "turn on the kitchen lamp: it is on, told once, measured; the token is nowhere",
  HEARD,
  async (t) => {
    const { home, config } = await houseFor(t);
    const { peer, daemon } = await begun(
      t,
      [{ items: [call("HassTurnOn", { name: "Kitchen Lamp" })] }, { say: "It is on." }],
      { ...config, system: { log_level: "debug" } },
    );
    await daemon.says("Conversation over");
    assert.equal(home.thing("light.kitchen").state, "on");
    assert.deepEqual(outputs(peer), ['{"done":["Kitchen Lamp"]}']);
    const [update] = sent(peer, "session.update");
    const session = fields(update ?? {}, "session");
    const told = text(session, "instructions") ?? "";
    assert.match(told, /Kitchen Lamp, Worktop/);
    assert.match(told, /You stand in the area Kitchen/);
    assert.doesNotMatch(told, /not able to start timers|ask user to specify an area/);
    const tools = JSON.stringify(session["tools"]);
    assert.match(tools, /HassTurnOff/);
    assert.doesNotMatch(tools, /HassCancelAllTimers|GetDateTime/);
    const file = await daemon.metrics();
    assert.match(JSON.stringify(file["function_calls"]), /"name":"HassTurnOn","ok":true/);
    assert.deepEqual(peer.violations, []);

    const listed = await daemon.command("tools");
    assert.match(listed.stdout, /HassTurnOn +mcp +\d+ /);
    assert.match(listed.stdout, /server home_assistant: up, 3 of 5 tools, about \d+ tokens/);
    const ps = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" }).stdout;
    const status = await daemon.command("status", "--json");
    const json = await daemon.command("tools", "--json");
    const written = [...daemon.metricsFiles()].map((name) =>
      readFileSync(join(daemon.paths.metrics, name), "utf8"),
    );
    for (const shown of [
      daemon.output,
      ps,
      status.stdout,
      json.stdout,
      listed.stdout,
      ...written,
    ]) {
      assert.ok(!shown.includes(HOME_TOKEN) && !shown.includes(HOME_TOKEN.slice(20)), shown);
    }
    await daemon.stop();
  },
);

test("the front door: nothing happens before a yes, whatever its tool", HEARD, async (t) => {
  const { home, config } = await houseFor(t);
  const moved: string[] = [];
  home.onCall = (tool) => moved.push(tool);
  const { peer, daemon } = await begun(
    t,
    [{ items: [call("HassTurnOff", { name: "Front Door" })] }, { say: "Shall I unlock it?" }],
    config,
  );
  await daemon.says("Conversation over");
  assert.equal(home.thing("lock.front").state, "locked");
  assert.match(outputs(peer)[0] ?? "", /not done yet/);
  assert.deepEqual(new Set(moved), new Set(["GetLiveContext"]), "only looked at");
  await daemon.stop();
});

test(
  "a slow house: one moment is said; restarted in mid-call, it is told and found again",
  HEARD,
  async (t) => {
    const { home, config } = await houseFor(t);
    home.slowMs = 60_000;
    home.onCall = (tool) => {
      if (tool === "HassTurnOn") setTimeout(() => void home.stop(), 2_600);
    };
    const { peer, daemon } = await begun(
      t,
      [
        { items: [call("HassTurnOn", { name: "Kitchen Lamp" })] },
        { say: "I do not know whether it is on." },
      ],
      // A pause within the question must not end it: the call would be taken back.
      { ...config, openai: { turn_detection: { silence_ms: 1_500 } } },
    );
    await daemon.says("Conversation over");
    assert.match(outputs(peer)[0] ?? "", /not known whether it was done/);
    assert.match(daemon.output, /Function HassTurnOn: failed, 2\d\d\d ms/);
    const file = await daemon.metrics();
    assert.match(JSON.stringify(file["function_calls"]), /"name":"HassTurnOn","ok":false/);
    home.slowMs = 0;
    home.onCall = () => undefined;
    await home.start();
    // Not before the wait after the failure is over.
    await eventually("the lamp is on", async () => {
      await daemon.command("tools", "call", "HassTurnOn", '{"name":"Kitchen Lamp"}');
      return home.thing("light.kitchen").state === "on";
    });
    await daemon.stop();
  },
);

test("no house at all: said once in the journal, and the rest works", HEARD, async (t) => {
  const config = { home_assistant: { url: "http://127.0.0.1:9", token: HOME_TOKEN } };
  const { peer, daemon } = await begun(
    t,
    [{ items: [call("set_timer", { seconds: 60 })] }, { say: "One minute." }],
    config,
  );
  await daemon.says("Conversation over");
  assert.match(outputs(peer)[0] ?? "", /1 min left/);
  const lines = daemon.lines.filter((line) => line.includes("home_assistant"));
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(
    lines[0] ?? "",
    /warning: Tools of home_assistant: it cannot be reached \(ECONNREFUSED\)/,
  );
  await daemon.stop();
});

test(
  "files and memory over stdio, HTTP beside them; the programs are gone with the daemon",
  HEARD,
  async (t) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "pipit-house-")));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "note.txt"), "milk and eggs");
    const port = await freePort();
    const partner = await startEverything("streamableHttp", port);
    t.after(() => kill(partner));
    const servers = [
      {
        name: "files",
        command: [process.execPath, programOf("filesystem"), folder],
        allow: ["read_text_file", "write_file"],
      },
      {
        name: "web",
        url: `http://127.0.0.1:${port}/mcp`,
        allow: ["echo"],
        headers: { "x-key": "house-web-key-12345" },
      },
    ];
    const { peer, daemon } = await begun(
      t,
      [
        {
          items: [
            call("files_read_text_file", { path: join(folder, "note.txt") }, "call_a"),
            call("web_echo", { message: "hello" }, "call_b"),
            call("files_write_file", { path: join(folder, "b.txt"), content: "x" }, "call_c"),
          ],
        },
        { say: "Milk and eggs." },
      ],
      { mcp: { servers }, tools: { sandbox: "none" }, system: { log_level: "debug" } },
    );
    await daemon.says("Conversation over");
    const all = outputs(peer).join("\n");
    assert.match(all, /milk and eggs/);
    assert.match(all, /Echo: hello/);
    assert.match(all, /not done yet/, "what the server calls destructive is asked about first");
    assert.match(daemon.output, /Tools of files: 2, about \d+ tokens/);
    assert.doesNotMatch(daemon.output, /house-web-key-12345/);
    await daemon.stop();
    const { stdout } = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" });
    assert.ok(!stdout.includes(folder), "no program is left");
  },
);

test(
  "a partner that is killed in mid-call, over HTTP: told, and the conversation goes on",
  HEARD,
  async (t) => {
    const port = await freePort();
    const partner = await startEverything("streamableHttp", port);
    const servers = { web: { url: `http://127.0.0.1:${port}/mcp`, timeout_s: 30 } };
    const args = { duration: 30, steps: 3 };
    const { peer, daemon } = await begun(
      t,
      [{ items: [call("web_trigger-long-running-operation", args)] }, { say: "It broke." }],
      { mcp: { servers } },
    );
    await eventually("the call", () =>
      peer.events.some(
        ({ event }) => textAt(event, "type") === "response.function_call_arguments.done",
      ),
    );
    setTimeout(() => void kill(partner), 700);
    await daemon.says("Conversation over");
    const [output = ""] = outputs(peer);
    assert.match(output, /not known whether it was done/);
    const file = await daemon.metrics();
    assert.match(
      JSON.stringify(file["function_calls"]),
      /trigger-long-running-operation","ok":false/,
    );
    await daemon.stop();
  },
);
