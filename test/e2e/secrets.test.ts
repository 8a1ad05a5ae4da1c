/**
 * A server that puts the owner's key, and other people's, into every text that it can send: the
 * daemon shows none of it, in the journal, the status, the metrics files, or the record of its end.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { configure, type Daemon, daemonEnv, KEY, launch } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { writeWav } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { MADE_UP_KEYS } from "../helpers/secrets.ts";
import { noise } from "../helpers/sound.ts";
import { httpPeer, wsPeer } from "../helpers/ws-peers.ts";

const KEYS = [
  KEY,
  ...MADE_UP_KEYS.filter(({ maker }) => maker !== "nobody known").map((one) => one.key),
];
const MARKERS = [KEY.slice(3), ...MADE_UP_KEYS.slice(0, -1).map(({ marker }) => marker)];

/** Every event with a text of the server's in it, for one key. */
function eventsWith(key: string): readonly object[] {
  const error = { type: key, code: key, message: `No: ${key}`, param: key };
  const output = [
    { type: "function_call", call_id: "call_1", name: key, arguments: `{"${key}":1}` },
  ];
  return [
    { type: key },
    { type: "session.updated", session: { model: key, voice: key } },
    { type: "error", error },
    { type: "response.created", response: { id: "resp_1" } },
    { type: "response.done", response: { id: "resp_1", status: "completed", output } },
    {
      type: "response.done",
      response: { id: "resp_1", status: "failed", status_details: { reason: key, error } },
    },
  ];
}

/** All that somebody else can read of the daemon, but its journal. */
async function seen(daemon: Daemon, folder: string): Promise<string> {
  const { stdout } = await daemon.command("status", "--json");
  const text = await daemon.command("status");
  const files = daemon.metricsFiles().map((name) => join(daemon.paths.metrics, name));
  const record = join(folder, "last-exit.json");
  return [
    stdout,
    text.stdout,
    ...[...files, record].map((path) => readFileSync(path, "utf8")),
  ].join("\n");
}

function assertNothingOf(text: string): void {
  for (const marker of MARKERS) assert.ok(!text.includes(marker), `${marker} in ${text}`);
}

/** A daemon with this server is woken; nothing that it leaves has a key in it. */
async function assertNothingShown(
  t: TestContext,
  url: string,
  more: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Promise<void> {
  const base_url = url.replace("ws:", "http:").replace(/\/realtime.*/, "");
  const paths = configure(t, { ...more, openai: { ...more["openai"], base_url } });
  writeWav(paths.question, noise(24_000));
  const daemon = launch(t, paths, daemonEnv({ STATE_DIRECTORY: paths.folder }));
  await daemon.says("Ready");
  await daemon.command("wake");
  await eventually("a metrics file", () => daemon.metricsFiles().length > 0);
  const text = await seen(daemon, paths.folder);
  assert.match(text, /\*\*\*/, "something was there to be hidden");
  assertNothingOf(text);
  await daemon.stop();
  assertNothingOf(daemon.output);
}

test("a secret echoed by the server in any field is never shown", async (t) => {
  const url = await wsPeer(t, (socket) => {
    socket.send(JSON.stringify({ type: "session.created", session: { id: "s", model: "m" } }));
    socket.on("message", (data) => {
      if (!String(data).includes("session.update")) return;
      for (const event of KEYS.flatMap(eventsWith)) socket.send(JSON.stringify(event));
      setTimeout(() => socket.close(4000, `invalid_api_key ${KEY}`), 300);
    });
  });
  const openai = { instructions: `Never say ${KEY}` };
  await assertNothingShown(t, url, { openai, system: { log_level: "debug" } });
});

test("a secret echoed in a handshake error is never shown", async (t) => {
  const key = MADE_UP_KEYS[1]?.key ?? "";
  const error = { code: key, type: key, message: `Incorrect API key provided: ${KEY} and ${key}` };
  const url = await httpPeer(t, (_request, response) => {
    response.writeHead(401, { "content-type": "application/json" });
    response.end(JSON.stringify({ error }));
  });
  await assertNothingShown(t, url, {});
});
