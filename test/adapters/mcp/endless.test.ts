/** Servers of tools over HTTP that hold or flood their connections: what they take of ours is bounded. */

import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { after, test } from "node:test";
import { ASIDES_MAX } from "../../../src/adapters/mcp/under-way.ts";
import { NEVER, openServer } from "./partners.ts";

type Answer = (
  message: { readonly id?: number; readonly method?: string },
  response: ServerResponse,
) => void;

const closing: (() => void)[] = [];
after(() => {
  for (const close of closing) close();
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const piece of request) body += String(piece);
  return body;
}

/** A server that greets, and leaves everything else to `answer`; how many connections there are. */
async function serve(answer: Answer) {
  const count = { now: 0, most: 0 };
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const message = JSON.parse(body);
      if (message.method !== "initialize") return answer(message, response);
      const result = { protocolVersion: "2025-06-18", capabilities: {} };
      response.setHeader("content-type", "application/json");
      return response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, result }));
    });
  });
  const changes: (() => void)[] = [];
  server.on("connection", (socket) => {
    count.now += 1;
    count.most = Math.max(count.most, count.now);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      count.now -= 1;
      for (const change of changes.splice(0)) change();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const none = async (): Promise<void> => {
    while (count.now > 0) {
      await new Promise<void>((resolve) => {
        changes.push(resolve);
      });
    }
  };
  return { url: `http://127.0.0.1:${port}/mcp`, count, none };
}

test("a server that never answers a notification holds no connection beyond the end", {
  timeout: 10_000,
}, async () => {
  const held = await serve(({ id }, response) => {
    if (id === undefined) return; // For ever.
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { tools: [] } }));
  });
  const server = openServer({ url: held.url, transport: "http" });
  assert.equal((await server.offer(NEVER)).ok, true);
  assert.ok(held.count.now > 0);
  await server.close();
  await held.none();
});

test("a server that asks without end is not answered without end", {
  timeout: 10_000,
}, async () => {
  const flood = await serve(({ id, method }, response) => {
    if (method !== "tools/list") return; // Nor are its pings' answers ever taken.
    const ping = 'data: {"jsonrpc":"2.0","id":"p","method":"ping"}\n\n';
    const last = `data: ${JSON.stringify({ jsonrpc: "2.0", id, result: { tools: [] } })}\n\n`;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(ping.repeat(500) + last);
  });
  const server = openServer({ url: flood.url, transport: "http" });
  assert.equal((await server.offer(NEVER)).ok, true);
  await server.close();
  await flood.none();
  assert.ok(flood.count.most <= ASIDES_MAX + 2, `${flood.count.most} connections`);
});
