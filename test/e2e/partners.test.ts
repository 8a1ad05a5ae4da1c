/**
 * Servers of tools of every kind in one conversation: published programs, the older transport, the
 * newer, stateless protocol. They work; then each of them is killed in mid-call, and the model is told
 * in words while the conversation goes on.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer as Served } from "@modelcontextprotocol/server";
import { z } from "zod";
import { record, text } from "../../src/core/json.ts";
import { textAt } from "../../src/sim/peer/json.ts";
import type { Peer } from "../../src/sim/peer/peer.ts";
import { freePort, kill, programOf, startEverything } from "../adapters/mcp/partners.ts";
import type { Daemon } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { pidsOf, sendSignal } from "../helpers/processes.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { scene } from "../helpers/scene.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const HEARD = { skip: !canSpeak() && NO_VOICE };
const SECRET = "key-of-a-server-never-to-be-seen";

/** A server of the stateless protocol alone: it adds, or never comes to an end. */
async function stateless(t: TestContext): Promise<{ server: Server; url: string }> {
  const handler = createMcpHandler(
    () => {
      const served = new Served({ name: "modern", version: "1" });
      const inputSchema = z.object({ a: z.number(), b: z.number() });
      served.registerTool("add", { description: "Adds", inputSchema }, async ({ a, b }) => ({
        content: [{ type: "text", text: `sum ${a + b}` }],
      }));
      const nothing = z.object({});
      served.registerTool("wait", { description: "Waits", inputSchema: nothing }, () => {
        return new Promise(() => {});
      });
      return served;
    },
    { legacy: "reject" },
  );
  const handle = toNodeHandler(handler);
  const server = createServer((asked, answer) => {
    const { method = "", url = "" } = asked;
    void handle(Object.assign(asked, { method, url }), answer);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const end = (): void => {
    server.closeAllConnections();
    server.close();
  };
  t.after(end);
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { server, url: `http://127.0.0.1:${address.port}/mcp` };
}

function call(name: string, args: Readonly<Record<string, unknown>>) {
  return { call: { name, arguments: JSON.stringify(args), call_id: `call_${name}` } };
}

/** The outputs, by the id of their call. */
function outputs(peer: Peer): ReadonlyMap<string, string> {
  const items = peer.events
    .filter(({ from }) => from === "client")
    .map(({ event }) => record(record(event)?.["item"]) ?? {})
    .filter((item) => item["type"] === "function_call_output");
  return new Map(items.map((item) => [text(item, "call_id") ?? "", text(item, "output") ?? ""]));
}

function callsBegun(peer: Peer): number {
  const type = "response.function_call_arguments.done";
  return peer.events.filter(({ event }) => textAt(event, "type") === type).length;
}

const LONG = { duration: 30, steps: 3 };
const BINS = [{ name: "bins", entityType: "chore", observations: ["out on Mondays"] }];
const WORKS = [
  call("notes_create_entities", { entities: BINS }),
  call("old_echo", { message: "hello" }),
  call("new_add", { a: 20, b: 22 }),
];
const BROKEN = [
  call("run_trigger-long-running-operation", LONG),
  call("old_trigger-long-running-operation", LONG),
  call("new_wait", {}),
];

/** The partners run; three calls have worked, three are under way; `mark` is a word of one's program. */
async function midCall(t: TestContext) {
  const memory = join(tempFolder(t), "memory.jsonl");
  const port = await freePort();
  const older = await startEverything("sse", port);
  t.after(() => older.kill("SIGKILL"));
  const newer = await stateless(t);
  const mark = `mark-of-${port}`;
  const slow = "trigger-long-running-operation";
  const servers = {
    notes: {
      command: [process.execPath, programOf("memory")],
      env: { MEMORY_FILE_PATH: memory, NOTES_KEY: SECRET },
      allow: ["create_entities"],
      trust: ["*"],
    },
    run: { command: [process.execPath, programOf("everything"), "stdio", mark], allow: [slow] },
    old: {
      url: `http://127.0.0.1:${port}/sse`,
      transport: "sse",
      headers: { "x-key": SECRET },
      allow: ["echo", slow],
    },
    new: { url: newer.url, headers: { "x-key": SECRET } },
  };
  const { peer, daemon } = await scene(t, {
    scenario: { turns: [{ items: WORKS }, { items: BROKEN }, { say: "All three broke." }] },
    config: {
      mcp: { servers },
      session: { follow_up_s: 1 },
      tools: { sandbox: "none" },
      system: { log_level: "debug" },
    },
  });
  await eventually("all six calls", () => callsBegun(peer) === WORKS.length + BROKEN.length);
  return { peer, daemon, memory, mark, older, newer: newer.server };
}

/** All that somebody may read who has no business with keys. */
async function readable(daemon: Daemon): Promise<string> {
  return [
    daemon.output,
    JSON.stringify(await daemon.metrics()),
    (await daemon.command("status", "--json")).stdout,
    (await daemon.command("tools", "--json")).stdout,
    spawnSync("ps", ["-eo", "args"], { encoding: "utf8" }).stdout,
  ].join("\n");
}

test(
  "memory, stdio, the older SSE, the stateless protocol: all work, and all are killed in mid-call",
  HEARD,
  async (t) => {
    const { peer, daemon, memory, mark, older, newer } = await midCall(t);
    const [pid] = pidsOf(mark);
    assert.ok(pid !== undefined);
    setTimeout(() => {
      sendSignal(pid, "SIGKILL");
      void kill(older);
      newer.closeAllConnections();
    }, 500);
    await daemon.says("Conversation over");

    const told = outputs(peer);
    assert.match(told.get("call_notes_create_entities") ?? "", /bins/);
    assert.match(readFileSync(memory, "utf8"), /out on Mondays/);
    assert.match(told.get("call_old_echo") ?? "", /⟦data .*Echo: hello.*⟦end of data⟧/);
    assert.match(told.get("call_new_add") ?? "", /sum 42/);
    for (const { call: one } of BROKEN) {
      assert.match(told.get(one.call_id) ?? "", /not known whether it was done/, one.name);
      assert.match(daemon.said("notice").join("\n"), new RegExp(`Function ${one.name}: failed`));
    }
    assert.equal(peer.replies.length, 1, "the conversation went on");
    assert.deepEqual(peer.violations, []);
    const { function_calls: calls, end_reason: why } = await daemon.metrics();
    assert.ok(Array.isArray(calls));
    assert.deepEqual(
      calls.map((one) => record(one)?.["ok"]),
      [true, true, true, false, false, false],
    );
    assert.equal(why, "follow_up_over");
    assert.ok(!(await readable(daemon)).includes(SECRET), "a key is shown");
    await daemon.stop();
    assert.deepEqual(pidsOf(mark), []);
  },
);
