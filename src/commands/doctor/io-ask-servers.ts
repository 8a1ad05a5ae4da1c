/**
 * Asks a server of tools what it offers, as the daemon does; looks for Home Assistant elsewhere when it
 * is not where it should be.
 *
 * Invariant: ends in bounded time, and leaves no process behind.
 */

import { createSocket } from "node:dgram";
import { ask } from "../../adapters/mcp/ask.ts";
import { SystemDice } from "../../adapters/os/clock.ts";
import { composePrograms, composeToolServer } from "../../compose.ts";
import type { WantedServer } from "../../core/home/spec.ts";
import type { Offer } from "../../core/mcp/offer.ts";
import { type Asked, failedWith, trouble } from "../../core/mcp/trouble.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Clock, ToolServerState } from "../../ports.ts";
import type { RemoteFacts } from "./remote.ts";

/** For each of the looks elsewhere. */
const LOOK_MAX_MS = 1_500;
const MDNS = { address: "224.0.0.251", port: 5_353 } as const;

export interface AskServerOptions {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly maxMs: number;
}

export async function askServer(
  wanted: WantedServer,
  { clock, settings, maxMs }: AskServerOptions,
): Promise<{ readonly asked: Asked<Offer>; readonly state: ToolServerState }> {
  const programs = composePrograms(clock, () => settings);
  const server = composeToolServer({ clock, dice: new SystemDice(), programs })(wanted);
  const controller = new AbortController();
  const cancel = clock.after(maxMs, () => controller.abort());
  const asked = await server.offer(controller.signal);
  cancel();
  const state = server.state();
  await server.close();
  const isLate = !asked.ok && controller.signal.aborted;
  return {
    asked: isLate ? failedWith("late", `it did not answer in ${maxMs / 1000} s`) : asked,
    state,
  };
}

/** Does somebody answer there, with a certificate that is trusted? No token is sent: the API has it. */
export async function askRemote(url: string, maxMs: number): Promise<RemoteFacts> {
  const signal = AbortSignal.timeout(maxMs);
  const headers = { accept: "application/json, text/event-stream" };
  const asked = await ask({ method: "GET", url, headers, body: null, signal });
  if (!asked.ok) {
    const { kind } = asked.why;
    const why = trouble("late", `it did not answer in ${maxMs / 1000} s`);
    return { tag: "away", why: kind === "aborted" ? why : asked.why };
  }
  asked.answer.destroy();
  return { tag: "answered", status: asked.answer.statusCode ?? 0 };
}

/** The address at which Home Assistant answers, of those that are likely; null: none. */
export async function otherAddress(baseUrl: string): Promise<string | null> {
  const url = new URL(baseUrl);
  // New installations answer at port 80, older ones at 8123. Nothing secret is sent.
  url.port = url.port === "8123" ? "" : "8123";
  const other = url.href.replace(/\/$/, "");
  return (await answers(other)) ? other : await announced();
}

async function answers(baseUrl: string): Promise<boolean> {
  const signal = AbortSignal.timeout(LOOK_MAX_MS);
  const url = `${baseUrl}/manifest.json`;
  const asked = await ask({ method: "GET", url, headers: {}, body: null, signal });
  if (!asked.ok) return false;
  asked.answer.destroy();
  return asked.answer.statusCode === 200;
}

/** What Home Assistant announces in this network (mDNS), as it says itself. */
export function announced(mdns: { address: string; port: number } = MDNS): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    const end = (found: string | null): void => {
      clearTimeout(timer);
      socket.close(() => resolve(found));
    };
    const timer = setTimeout(() => end(null), LOOK_MAX_MS);
    socket.on("error", () => end(null));
    socket.on("message", (message) => {
      const found = internalUrl(message);
      if (found !== null) end(found);
    });
    socket.send(question("_home-assistant._tcp.local"), mdns.port, mdns.address);
  });
}

/** One question of type PTR; the answer may come to us alone. */
function question(name: string): Buffer {
  const labels = name.split(".").map((label) => {
    return Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "ascii")]);
  });
  const head = Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, 12, 0x80, 1])]);
}

/** The text `internal_url=…` of an answer: a byte before it says how long it is. */
function internalUrl(message: Buffer): string | null {
  const key = "internal_url=";
  const at = message.indexOf(key);
  const length = at > 0 ? (message[at - 1] ?? 0) : 0;
  const value = message.subarray(at + key.length, at + length).toString("utf8");
  return at > 0 && URL.canParse(value) ? new URL(value).origin : null;
}
