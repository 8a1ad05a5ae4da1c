/** A server of tools that misbehaves in each way there is, as a program: what it costs is bounded. */

import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { FLOOD_MAX_BYTES } from "../../../src/adapters/mcp/program.ts";
import { type McpServer, RETRY } from "../../../src/adapters/mcp/server.ts";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import { LocalPrograms } from "../../../src/adapters/programs/local-programs.ts";
import { toolResult } from "../../../src/core/mcp/messages.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { eventually } from "../../helpers/host.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";
import { NEVER, openServer } from "./partners.ts";

/** Answers line by line; the tools do what their names say. */
const PROGRAM = `
const tools = ["fine", "huge", "late-id", "die", "hang", "flood", "ask-back"];
let more = 0;
const say = (value) => process.stdout.write(JSON.stringify(value) + "\\n");
const result = (id, text) => say({ result: { content: [{ type: "text", text }] }, jsonrpc: "2.0", id });
const call = (id, name) => {
  if (name === "huge") say({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: "x".repeat(1e7) }] } });
  else if (name === "late-id") result(id, "y".repeat(1e7));
  else if (name === "die") process.kill(process.pid, "SIGKILL");
  else if (name === "flood") process.stderr.write("z".repeat(5e6) + "last words", () => result(id, "flooded"));
  else if (name === "drown") setInterval(() => process.stderr.write("z".repeat(1e6)), 1);
  else if (name === "ask-back") { say({ jsonrpc: "2.0", id: "s1", method: "ping" }); pending = id; }
  else if (name === "grow") { more += 1; result(id, "grown"); }
  else if (name !== "hang") result(id, "fine");
};
let pending = null;
process.stdout.write("this line is no JSON\\n");
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params, result: pong } = JSON.parse(line);
  if (method === "initialize") say({ jsonrpc: "2.0", id, result: { protocolVersion: params.protocolVersion, capabilities: {} } });
  else if (method === "tools/list") say({ jsonrpc: "2.0", id, result: { tools: [...tools, ...Array(more).fill("new")].map((name) => ({ name, inputSchema: {} })) } });
  else if (method === "tools/call") call(id, params.name);
  else if (id === "s1" && pong) result(pending, "answered the ping");
  else if (method === "notifications/cancelled") process.stderr.write("cancelled " + params.requestId);
});
`;

let open: McpServer[] = [];
const clock = new SimClock();

afterEach(async () => {
  await Promise.all(open.map((server) => server.close()));
  open = [];
});

function rough(): (name: string, signal?: AbortSignal) => Promise<string> {
  const server = openServer({ command: [process.execPath, "-e", PROGRAM] });
  open.push(server);
  return async (name, signal = NEVER) => JSON.stringify(await server.call(name, {}, signal));
}

test("ten megabytes: the call fails, with its number before or after; the next one is answered", async () => {
  const call = rough();
  for (const name of ["huge", "late-id"]) {
    assert.match(await call(name), /too long to be read/, name);
    assert.match(await call("fine"), /fine/);
  }
  assert.equal(open[0]?.state().connects, 1);
});

test("killed in mid-call: told at once; a new process at the next call, after the wait", async () => {
  const server = openServer({ command: [process.execPath, "-e", PROGRAM] }, clock);
  open.push(server);
  const call = async (name: string) => JSON.stringify(await server.call(name, {}, NEVER));
  assert.match(await call("fine"), /fine/);
  assert.match(await call("die"), /it is not known whether it was done/);
  assert.match(await call("fine"), /cannot be reached at the moment/);
  assert.match(server.state().trouble?.message ?? "", /its program was ended \(SIGKILL\)/);
  clock.advance(RETRY.firstMs * 2);
  assert.match(await call("fine"), /fine/);
  assert.equal(server.state().connects, 2);
});

test("hanging: given up with its signal, and the server is told; others are answered meanwhile", async () => {
  const call = rough();
  const controller = new AbortController();
  const hanging = call("hang", controller.signal);
  assert.match(await call("fine"), /fine/);
  controller.abort();
  assert.match(await hanging, /given up/);
  assert.match(await call("fine"), /fine/);
  await eventually("the cancellation", () => /cancelled \d/.test(open[0]?.state().lastWords ?? ""));
});

test("five megabytes of complaints: the end is kept, the call is answered", async () => {
  const call = rough();
  assert.match(await call("flood"), /flooded/);
  const words = open[0]?.state().lastWords ?? "";
  assert.match(words, /last words$/);
  assert.ok(words.length <= 2_048);
});

test("complaints without an end: the program is stopped, and the owner can read why", async () => {
  const call = rough();
  assert.match(await call("drown"), /it is not known whether it was done/);
  assert.match(open[0]?.state().trouble?.message ?? "", /flooded its standard error/);
  assert.ok(FLOOD_MAX_BYTES < 100_000_000);
});

test("a list that has changed is read as it is now; the server's own questions are answered", async () => {
  const call = rough();
  const [server] = open;
  assert.ok(server);
  const count = async () => {
    const offer = await server.offer(NEVER);
    return offer.ok ? offer.value.tools.length : -1;
  };
  const before = await count();
  await call("grow");
  assert.equal(await count(), before + 1);
  assert.match(await call("ask-back"), /answered the ping/);
});

test("what does not start at all: the code of the system, and nothing again before the wait is over", async () => {
  const server = openServer({ command: ["/no/such/program"] }, clock);
  open.push(server);
  const offer = await server.offer(NEVER);
  assert.ok(!offer.ok);
  assert.match(offer.trouble.message, /could not be started \(there is no such program/);
  const again = await server.offer(NEVER);
  assert.ok(!again.ok && again.trouble.kind === "waits");
});

test("each failure doubles the wait, up to five minutes", async () => {
  const server = openServer({ url: "http://127.0.0.1:9/mcp" }, clock);
  open.push(server);
  let knocks = 0;
  for (let second = 0; second < 3_600; second += 1) {
    const offer = await server.offer(NEVER);
    if (!offer.ok && offer.trouble.kind !== "waits") knocks += 1;
    clock.advance(1_000);
  }
  assert.ok(knocks >= 12 && knocks <= 30, `${knocks} in an hour`);
});

test("a result is cut at its limit, and says so", () => {
  const told = toolResult({ content: [{ type: "text", text: "a".repeat(100_000) }] }, 8_192);
  assert.match(JSON.stringify(told), /cut: the whole has 100000 bytes/);
  assert.ok(JSON.stringify(told).length < 8_500);
});

const KEY_READER = `
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  const say = (result) => id !== undefined && process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, result }) + "\\n");
  if (method !== "tools/call") return say({ protocolVersion: "2025-06-18", capabilities: {}, tools: [] });
  let text;
  try { text = require("fs").readFileSync(process.argv[1], "utf8"); } catch (error) { text = error.code; }
  say({ content: [{ type: "text", text: [text, ...Object.values(process.env)].join(" ") }] });
});
`;
const IS_ROOT = process.getuid?.() === 0 && existsSync("/usr/bin/setpriv");

test("a program cannot read the key: not the file, not the environment", {
  skip: !IS_ROOT && "only root can start it as another user",
}, async (t) => {
  const folder = tempFolder(t);
  const key = join(folder, "OPENAI_API_KEY");
  writeFileSync(key, "sk-the-key-of-the-owner", { mode: 0o600 });
  process.env["HOUSE_TEST_KEY"] = "sk-the-key-of-the-owner";
  const programs = new LocalPrograms({ clock: new SystemClock(), sandbox: () => "auto" });
  // Node as Debian has it may lie where only root can look: a copy that anybody may run.
  const node = join(folder, "node");
  copyFileSync(process.execPath, node);
  for (const path of [node, folder]) chmodSync(path, 0o755);
  const server = openServer(
    { command: [node, "-e", KEY_READER, key] },
    new SystemClock(),
    programs,
  );
  open.push(server);
  const told = JSON.stringify(await server.call("read", {}, NEVER));
  delete process.env["HOUSE_TEST_KEY"];
  assert.match(told, /EACCES/);
  assert.doesNotMatch(told, /sk-the-key/);
});
