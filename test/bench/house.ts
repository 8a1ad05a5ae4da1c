/**
 * What the house costs in memory: a daemon that waits, with Home Assistant (its tools listed, some
 * called) and a broker of MQTT, over one without either. Both partners run in this process.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { askDaemon } from "../../src/adapters/control/client.ts";
import { SAMPLE_RATE_HZ } from "../../src/core/audio/pcm.ts";
import { aedesBroker } from "../helpers/brokers.ts";
import { HOME_TOKEN, StandInHome } from "../helpers/home-assistant.ts";
import { MAIN } from "../helpers/pipit.ts";
import { writeWav } from "../helpers/question.ts";
import type { Findings, RowId } from "./findings.ts";
import { KEY } from "./material.ts";
import { memoryOf } from "./proc.ts";
import { Program } from "./program.ts";

export const HOUSE_ROWS: readonly RowId[] = ["house_rss", "house_bridge_rss"];
const START_MAX_MS = 30_000;
const CALL_MAX_MS = 5_000;
const CALLS = 5;
/** After the last of it: a collection is due, and comes when nothing else does. */
const SETTLE_MS = 4_000;

type Sections = Readonly<Record<string, object>>;

export async function houseMemory(findings: Findings, folder: string, runs: number): Promise<void> {
  const ends: (() => void | Promise<void>)[] = [];
  const home = await new StandInHome().start();
  ends.push(() => home.stop());
  try {
    const broker = await aedesBroker({ after: (end) => ends.push(end) });
    const house = { home_assistant: { url: home.url, token: HOME_TOKEN } };
    const both = { ...house, mqtt: { url: broker.url } };
    for (let run = 0; run < runs; run++) {
      const place = (name: string): string => join(folder, `${name}-${run}`);
      const none = await waitingMb(place("none"), {});
      findings.add("house_bridge_rss", (await waitingMb(place("house"), house)) - none);
      findings.add("house_rss", (await waitingMb(place("both"), both)) - none);
    }
  } finally {
    for (const end of ends) await end();
  }
}

/** Megabytes of a daemon that has started, called what there is to call, and waits. */
async function waitingMb(folder: string, sections: Sections): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const socket = join(folder, "control.sock");
  const config = join(folder, "config.yaml");
  const silence = join(folder, "silence.wav");
  writeWav(silence, new Int16Array(SAMPLE_RATE_HZ));
  const own = {
    openai: { api_key: KEY, base_url: "http://127.0.0.1:9" },
    audio: { input_device: `file:${silence}`, output_device: `file:${join(folder, "out.wav")}` },
    wake_word: { enabled: false },
    leds: { backend: "none" },
    metrics: { dir: join(folder, "metrics") },
    system: { control_socket: socket },
  };
  writeFileSync(config, JSON.stringify({ ...own, ...sections }));
  const daemon = new Program("the daemon", [MAIN, "run", "--config", config]);
  try {
    await daemon.line("Ready", START_MAX_MS);
    if ("home_assistant" in sections) await callTools(daemon, socket);
    await sleep(SETTLE_MS);
    return memoryOf(daemon.pid).rssMb;
  } finally {
    await daemon.stop();
  }
}

/** A daemon without a house calls nothing: functions of its own would load what checks their arguments. */
async function callTools(daemon: Program, socket: string): Promise<void> {
  await daemon.line("Tools of home_assistant", START_MAX_MS);
  const call = { name: "HassTurnOn", arguments: '{"name":"Kitchen Lamp"}' };
  for (let n = 0; n < CALLS; n++) {
    const reply = await askDaemon(socket, { command: "tools", act: "call", ...call }, CALL_MAX_MS);
    if (!reply.ok || reply.data["ok"] !== true) throw new Error("the lamp was not turned on");
  }
}
