/** The bridge against published servers of tools, over each transport and in both ages of the protocol. */

import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer as Served } from "@modelcontextprotocol/server";
import { z } from "zod";
import { RETRY } from "../../../src/adapters/mcp/server.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { running } from "../../helpers/processes.ts";
import { freePort, kill, NEVER, openServer, programOf, startEverything } from "./partners.ts";

const EVERYTHING = [process.execPath, programOf("everything"), "stdio"];

async function namesOf(server: ReturnType<typeof openServer>): Promise<readonly string[]> {
  const offer = await server.offer(NEVER);
  assert.ok(offer.ok, JSON.stringify(offer));
  return offer.value.tools.map(({ name }) => name);
}

test("server-everything over stdio: listed, called, refused by itself, closed", async () => {
  const server = openServer({ command: EVERYTHING });
  assert.equal(server.state().state, "idle");
  assert.ok((await namesOf(server)).includes("echo"));
  const echo = await server.call("echo", { message: "hello" }, NEVER);
  assert.match(JSON.stringify(echo), /"ok":true.*hello/);
  const sum = await server.call("get-sum", { a: "two" }, NEVER);
  assert.match(JSON.stringify(sum), /"ok":false.*failure/);
  const image = await server.call("get-tiny-image", {}, NEVER);
  assert.match(JSON.stringify(image), /image: it cannot be told in words/);
  assert.equal(server.state().state, "up");
  assert.equal(server.state().connects, 1);
  await server.close();
});

test("a server that is away: one attempt, then none before the wait is over; then all is well", async () => {
  const port = await freePort();
  let partner = await startEverything("streamableHttp", port);
  const clock = new SimClock();
  const server = openServer({ url: `http://127.0.0.1:${port}/mcp` }, clock);
  assert.ok((await namesOf(server)).includes("echo"));
  await kill(partner);
  const away = await server.call("echo", { message: "x" }, NEVER);
  assert.match(JSON.stringify(away), /cannot be reached at the moment; nothing was done/);
  partner = await startEverything("streamableHttp", port);
  // The wait after the failure is not over: nothing knocks at the door meanwhile.
  const waits = await server.call("echo", { message: "x" }, NEVER);
  assert.match(JSON.stringify(waits), /cannot be reached at the moment/);
  clock.advance(RETRY.firstMs * 1.25);
  const back = await server.call("echo", { message: "x" }, NEVER);
  assert.match(JSON.stringify(back), /Echo: x/);
  await kill(partner);
  await server.close();
});

test("a server that was restarted between two calls: the session is lost, the call is made all the same", async () => {
  const port = await freePort();
  let partner = await startEverything("streamableHttp", port);
  const server = openServer({ url: `http://127.0.0.1:${port}/mcp` });
  await namesOf(server);
  await kill(partner);
  partner = await startEverything("streamableHttp", port);
  const echo = await server.call("echo", { message: "again" }, NEVER);
  assert.match(JSON.stringify(echo), /"ok":true.*again/);
  assert.equal(server.state().connects, 2);
  await server.close();
  await kill(partner);
});

test("server-everything over the older transport, found by itself and by name", async () => {
  const port = await freePort();
  const partner = await startEverything("sse", port);
  for (const transport of ["sse", "auto"]) {
    const server = openServer({ url: `http://127.0.0.1:${port}/sse`, transport });
    assert.ok((await namesOf(server)).includes("echo"), transport);
    const echo = await server.call("echo", { message: "hello" }, NEVER);
    assert.match(JSON.stringify(echo), /"ok":true.*hello/);
    await server.close();
  }
  await kill(partner);
});

test("killed in mid-call: the call ends at once and says that nothing is known", async () => {
  for (const kind of ["streamableHttp", "sse"] as const) {
    const port = await freePort();
    const partner = await startEverything(kind, port);
    const path = kind === "sse" ? "sse" : "mcp";
    const server = openServer({ url: `http://127.0.0.1:${port}/${path}` });
    await namesOf(server);
    const args = { duration: 30, steps: 3 };
    const call = server.call("trigger-long-running-operation", args, NEVER);
    // The server is in the midst of it when it has answered another.
    await server.call("echo", { message: "x" }, NEVER);
    await kill(partner);
    assert.match(JSON.stringify(await call), /connection broke in the middle/, kind);
    await server.close();
  }
});

test("server-filesystem and server-memory: what they are for works, and what fails is told", async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "pipit-mcp-")));
  writeFileSync(join(folder, "note.txt"), "milk and eggs");
  const files = openServer({ command: [process.execPath, programOf("filesystem"), folder] });
  const offer = await files.offer(NEVER);
  assert.ok(offer.ok);
  assert.ok(offer.value.tools.some(({ isDestructive }) => isDestructive));
  const read = await files.call("read_text_file", { path: join(folder, "note.txt") }, NEVER);
  assert.match(JSON.stringify(read), /milk and eggs/);
  const denied = await files.call("read_text_file", { path: "/etc/passwd" }, NEVER);
  assert.match(JSON.stringify(denied), /"ok":false.*Access denied/);
  await files.close();

  const env = { MEMORY_FILE_PATH: join(folder, "memory.jsonl") };
  const memory = openServer({ command: [process.execPath, programOf("memory")], env });
  const entities = [{ name: "Ann", entityType: "person", observations: ["likes tea"] }];
  const made = await memory.call("create_entities", { entities }, NEVER);
  assert.ok(made.ok, JSON.stringify(made));
  assert.match(JSON.stringify(await memory.call("read_graph", {}, NEVER)), /likes tea/);
  await memory.close();
  rmSync(folder, { recursive: true });
});

test("a server of the newer, stateless age alone", async () => {
  const handler = createMcpHandler(
    () => {
      const served = new Served({ name: "modern", version: "1" });
      const inputSchema = z.object({ a: z.number(), b: z.number() });
      served.registerTool("add", { description: "Adds", inputSchema }, async ({ a, b }) => ({
        content: [{ type: "text", text: String(a + b) }],
      }));
      return served;
    },
    { legacy: "reject" },
  );
  const handle = toNodeHandler(handler);
  const http = createServer((asked, answer) => {
    const { method = "", url = "" } = asked;
    void handle(Object.assign(asked, { method, url }), answer);
  });
  await new Promise<void>((resolve) => {
    http.listen(0, "127.0.0.1", resolve);
  });
  const address = http.address();
  assert.ok(typeof address === "object" && address !== null);
  const server = openServer({ url: `http://127.0.0.1:${address.port}/mcp` });
  assert.deepEqual(await namesOf(server), ["add"]);
  const sum = await server.call("add", { a: 1, b: 2 }, NEVER);
  assert.match(JSON.stringify(sum), /"result":"⟦data [^⟧]*⟧\\n3\\n⟦end/);
  assert.equal(server.state().protocol, "2026-07-28");
  await server.close();
  http.close();
});

/** A server that answers nothing but this. */
async function refusing(t: TestContext, status: number, headers: Record<string, string>) {
  let asked = 0;
  const http = createServer((_, answer) => {
    asked += 1;
    answer.writeHead(status, headers).end("no");
  });
  await new Promise<void>((resolve) => {
    http.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => http.close());
  const address = http.address();
  assert.ok(typeof address === "object" && address !== null);
  return { url: `http://127.0.0.1:${address.port}/mcp`, asked: () => asked };
}

test("401 and 403: in the server's own words final, by a web page of something else passing", async (t) => {
  const html = { "content-type": "text/html; charset=utf-8" };
  const json = { "content-type": "application/json" };
  const cases: readonly (readonly [number, Record<string, string>, string])[] = [
    [401, json, "refused"],
    [403, json, "refused"],
    [401, {}, "refused"],
    [401, { ...html, "www-authenticate": "Bearer" }, "refused"],
    [401, html, "stranger"],
    [403, html, "stranger"],
  ];
  for (const [status, headers, kind] of cases) {
    const { url, asked } = await refusing(t, status, headers);
    const clock = new SimClock();
    const server = openServer({ url, transport: "http" }, clock);
    for (const time of [1, 2, 3]) {
      const offer = await server.offer(NEVER);
      assert.ok(!offer.ok);
      const what = `${status} ${JSON.stringify(headers)}, time ${time}`;
      assert.equal(offer.trouble.kind, kind, what);
      assert.equal(asked(), kind === "refused" ? 1 : time, what);
      clock.advance(RETRY.maxMs * 2);
    }
    await server.close();
  }
});

test("an npx-like wrapper: nobody of its group is left after the close", async () => {
  const server = openServer({
    command: ["/bin/sh", "-c", `exec 3<&0; ${EVERYTHING.join(" ")} <&3 & sleep 301 & wait`],
  });
  assert.ok((await namesOf(server)).includes("echo"));
  assert.notEqual(pidsOf("sleep 301").length, 0);
  await server.close();
  assert.deepEqual(pidsOf("sleep 301"), []);
});

function pidsOf(words: string): readonly string[] {
  const lines = running().map(({ line }) => line);
  return lines.filter((line) => line.includes(words) && !line.includes("sh -c"));
}
