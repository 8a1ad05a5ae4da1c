/** Published servers of tools as partners: where they are, and how they are started. */

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { McpServer } from "../../../src/adapters/mcp/server.ts";
import { SystemClock, SystemDice } from "../../../src/adapters/os/clock.ts";
import { LocalPrograms } from "../../../src/adapters/programs/local-programs.ts";
import { mcpServers, type ServerSpec } from "../../../src/core/mcp/servers.ts";
import type { Clock, Programs } from "../../../src/ports.ts";

const require = createRequire(import.meta.url);

/** The program of a published server. */
export function programOf(name: "everything" | "filesystem" | "memory"): string {
  const folder = dirname(require.resolve(`@modelcontextprotocol/server-${name}/package.json`));
  return join(folder, "dist", "index.js");
}

export function specOf(of: Readonly<Record<string, unknown>>, name = "x"): ServerSpec {
  const { servers, problems } = mcpServers({ [name]: of });
  const [spec] = servers;
  if (spec === undefined || problems.length > 0) throw new Error(JSON.stringify(problems));
  return spec;
}

export function openServer(
  of: Readonly<Record<string, unknown>>,
  clock: Clock = new SystemClock(),
  programs: Programs = new LocalPrograms({ clock, sandbox: () => "none" }),
): McpServer {
  return new McpServer({
    spec: specOf(of),
    clock,
    dice: new SystemDice(),
    programs,
    version: "test",
  });
}

export const NEVER: AbortSignal = new AbortController().signal;

/** A free port of this machine. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** server-everything over HTTP or SSE, at this port. Resolves when it listens. */
export async function startEverything(
  kind: "streamableHttp" | "sse",
  port: number,
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [programOf("everything"), kind], {
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    const heard = (text: Buffer): void => {
      if (/listening|running|port/i.test(text.toString())) resolve();
    };
    child.stderr.on("data", heard);
    child.stdout.on("data", heard);
    child.once("exit", () => reject(new Error("the server ended")));
  });
  return child;
}

/** Ends it and waits for its end. */
export async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => {
    child.once("exit", resolve);
  });
  child.kill("SIGKILL");
  await ended;
}
