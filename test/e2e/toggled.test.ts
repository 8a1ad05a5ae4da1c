/**
 * Servers of tools, the house, the broker and the camera switched on and off again and again while the
 * daemon runs: what was begun is settled, and nothing is left of what was switched off.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Config, configure, daemonEnv, launch } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { pidsOf } from "../helpers/processes.ts";
import { writeWav } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";

const ROUNDS = 50;

/** Tools that never answer; a file says that one was called. */
const SERVER = `
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line);
  const say = (result) => console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
  if (method === "initialize")
    say({ protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "x", version: "1" } });
  if (method === "tools/list")
    say({ tools: ["wait"].map((name) => ({ name, description: name, inputSchema: { type: "object" } })) });
  if (method === "tools/call") writeFileSync(new URL("called", import.meta.url), "");
});
`;

async function silent(t: TestContext): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Both configurations: with everything, and with nothing. */
function configurations(base: Config, program: string, port: number): { on: Config; off: Config } {
  const url = `http://127.0.0.1:${port}`;
  const token = "t".repeat(40);
  const servers = {
    shop: { command: [process.execPath, program] },
    mute: { url: `${url}/mcp` },
  };
  return {
    on: {
      ...base,
      mcp: { servers },
      home_assistant: { url, token },
      mqtt: { url: `mqtt://127.0.0.1:${port}` },
      camera: { source: "auto" },
    },
    off: {
      ...base,
      mcp: { servers: {} },
      home_assistant: { url: "", token },
      mqtt: { url: "" },
      camera: { source: "off" },
    },
  };
}

test("switched on and off fifty times, and in mid-call: settled once, and nothing left", async (t) => {
  const port = await silent(t);
  const paths = configure(t, { tools: { sandbox: "none" } });
  writeWav(paths.question, new Int16Array(24_000));
  const program = join(paths.folder, "server.mjs");
  writeFileSync(program, SERVER);
  const base: Config = JSON.parse(readFileSync(paths.config, "utf8"));
  const { on, off } = configurations(base, program, port);
  const daemon = launch(t, paths, daemonEnv());
  await daemon.says("Ready");
  const before = readdirSync(`/proc/${daemon.pid}/fd`).length;
  const change = async (to: Config): Promise<void> => {
    const reloads = (): number => daemon.lines.filter((line) => line.includes("reloaded")).length;
    const seen = reloads();
    writeFileSync(paths.config, JSON.stringify(to));
    daemon.signal("SIGHUP");
    await eventually("a reload", () => reloads() > seen);
  };

  await change(on);
  for (let tries = 0; tries < 30; tries++) {
    if ((await daemon.command("tools")).stdout.includes("shop_wait")) break;
  }
  const called = daemon.command("tools", "call", "shop_wait");
  await eventually("the call", () => existsSync(join(paths.folder, "called")));
  await change(off);
  assert.match((await called).stdout, /\(failed, /);
  await eventually("the end of the server", () => pidsOf(program).length === 0);

  for (let round = 0; round < ROUNDS; round++) await change(round % 2 === 0 ? on : off);
  await eventually("the end of all of them", () => pidsOf(program).length === 0);
  // Code that was loaded meanwhile may hold some.
  await eventually("no more open files than before", () => {
    return readdirSync(`/proc/${daemon.pid}/fd`).length <= before + 2;
  });
  assert.ok(!daemon.output.includes("this is a bug"), daemon.output);
  assert.equal((await daemon.stop()).code, 0);
});
