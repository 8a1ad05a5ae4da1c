/**
 * The built daemon at a real broker, in conversations with a simulated server over a real socket: what
 * is told, what survives, and what the broker's death costs (nothing that is heard).
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { connectAsync } from "mqtt";
import { type Fields, fields, number, record } from "../../src/core/json.ts";
import {
  BROKERS,
  freePort,
  hasMosquitto,
  mosquittoBroker,
  NO_MOSQUITTO,
  PASSWORD,
  type TestBroker,
  USER,
  Watcher,
} from "../helpers/brokers.ts";
import { configure, type Daemon, daemonEnv, launch } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { canSpeak, NO_VOICE, writeWav } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { repliesIn } from "../helpers/recordings.ts";
import { scene } from "../helpers/scene.ts";
import { noise } from "../helpers/sound.ts";

const REAL = { skip: (!hasMosquitto() && NO_MOSQUITTO) || (!canSpeak() && NO_VOICE) };
const LOGIN = { username: USER, password: PASSWORD };

function mqtt(broker: TestBroker): Fields {
  return { url: broker.url, ...LOGIN, name: "Kitchen" };
}

/** `PREFIX/ID`, from what was announced. */
async function baseOf(watcher: Watcher): Promise<string> {
  const isState = (topic: string): boolean => topic.endsWith("/state");
  await eventually("a state", () => watcher.heard.some(({ topic }) => isState(topic)));
  const topic = watcher.heard.map((one) => one.topic).find(isState) ?? "";
  return topic.slice(0, -"/state".length);
}

function phases(watcher: Watcher, base: string): unknown[] {
  const all = watcher.of(`${base}/state`).filter((text) => text !== "");
  const told = all.map((text) => record(JSON.parse(text))?.["state"]);
  return told.filter((phase, at) => phase !== told[at - 1]);
}

async function quietDaemon(t: TestContext, broker: TestBroker): Promise<Daemon> {
  const paths = configure(t, { mqtt: mqtt(broker), wake_word: { enabled: false } });
  writeWav(paths.question, noise(24_000));
  return launch(t, paths, daemonEnv({ STATE_DIRECTORY: paths.folder }));
}

test(
  "a conversation is announced, phase by phase, with what it cost; the password is nowhere",
  REAL,
  async (t) => {
    const broker = await mosquittoBroker(t, { needsPassword: true });
    const watcher = await Watcher.at(t, broker.url, "#", LOGIN);
    const { daemon, peer } = await scene(t, {
      scenario: { turns: [{ say: "Seven minutes for a soft one." }] },
      config: { mqtt: mqtt(broker), session: { follow_up_s: 1 }, system: { log_level: "debug" } },
    });
    await daemon.says("Conversation over");
    const base = await baseOf(watcher);
    const file = await daemon.metrics();
    const cost = number(file, "estimated_cost") ?? 0;
    await watcher.hears(`${base}/state`, (text) => {
      const told = record(JSON.parse(text)) ?? {};
      return told["conversations_today"] === 1 && told["state"] === "idle";
    });
    assert.deepEqual(phases(watcher, base), [
      "idle",
      "connecting",
      "listening",
      "thinking",
      "speaking",
      "follow-up",
      "idle",
    ]);
    const last = record(JSON.parse(watcher.of(`${base}/state`).at(-1) ?? "")) ?? {};
    assert.ok(cost > 0 && Math.abs((number(last, "cost_today_usd") ?? 0) - cost) < 0.0001);
    const [announced = ""] = watcher.of(`homeassistant/device/${base.replace("/", "_")}/config`);
    assert.equal(fields(record(JSON.parse(announced)) ?? {}, "dev")["name"], "Kitchen");
    const seen = [
      daemon.output,
      JSON.stringify(await daemon.status()),
      (await daemon.command("status")).stdout,
      JSON.stringify(file),
      JSON.stringify(watcher.heard),
      readFileSync(`/proc/${daemon.pid}/cmdline`, "utf8"),
    ].join("\n");
    assert.ok(!seen.includes(PASSWORD), "the password is shown");
    assert.deepEqual(peer.violations, []);
    await daemon.stop();
    assert.equal(watcher.of(`${base}/availability`).at(-1), "offline");
  },
);

test(
  "the broker is killed while a reply is heard: not a sample of it is lost, and it is found again",
  REAL,
  async (t) => {
    const port = await freePort();
    const broker = await mosquittoBroker(t, { port });
    const { daemon, peer } = await scene(t, {
      scenario: { turns: [{ tone: { hz: 440, ms: 3000 } }] },
      config: { mqtt: { url: broker.url }, session: { follow_up_s: 1 } },
    });
    const watcher = await Watcher.at(t, broker.url);
    const base = await baseOf(watcher);
    await watcher.hears(`${base}/state`, (text) => text.includes('"state":"speaking"'));
    await broker.kill();
    await daemon.says(`The MQTT broker 127.0.0.1:${port}`);
    assert.ok(!daemon.output.includes("Conversation over"), "it was killed in mid-conversation");
    await daemon.says("Conversation over");
    const file = await daemon.metrics();
    assert.equal(repliesIn(daemon.played(), peer).length, 1);
    const { errors, end_reason: why } = file;
    assert.deepEqual([errors, why], [[], "follow_up_over"]);
    assert.equal(fields(file, "audio")["underruns"], 0);
    const again = await mosquittoBroker(t, { port });
    const later = await Watcher.at(t, again.url);
    await later.hears(`${base}/state`, (text) => text.includes('"state":"idle"'));
    assert.equal(daemon.said("warning").filter((line) => line.includes("MQTT")).length, 1);
  },
);

test(
  "kill -9: the will says offline; the next start says online; what is switched off is cleared",
  REAL,
  async (t) => {
    const broker = await mosquittoBroker(t, { needsPassword: true });
    const watcher = await Watcher.at(t, broker.url, "#", LOGIN);
    const daemon = await quietDaemon(t, broker);
    const base = await baseOf(watcher);
    await watcher.hears(`${base}/availability`, (text) => text === "online");
    await daemon.stop("SIGKILL");
    await watcher.hears(`${base}/availability`, (text) => text === "offline");
    const next = launch(t, daemon.paths, daemonEnv({ STATE_DIRECTORY: daemon.paths.folder }));
    await eventually("online again", () => watcher.of(`${base}/availability`).at(-1) === "online");
    await watcher.say(`${base}/mute/set`, "ON");
    await watcher.hears(`${base}/state`, (text) => text.includes('"muted":true'));
    const off = readFileSync(daemon.paths.config, "utf8").replace(
      /"url": "mqtt:[^"]*"/,
      '"url": ""',
    );
    writeFileSync(daemon.paths.config, off);
    next.signal("SIGHUP");
    await next.says("mqtt.url");
    // The last of the three.
    await eventually("all of it cleared", () => watcher.of(`${base}/availability`).at(-1) === "");
    const late = await Watcher.at(t, broker.url, "#", LOGIN);
    await late.say("end", "");
    await late.hears("end", () => true);
    assert.deepEqual(
      late.heard.map(({ topic }) => topic),
      ["end"],
    );
    await next.stop();
  },
);

test(
  "a wrong password is told once, with what to do, and not tried again and again",
  REAL,
  async (t) => {
    const broker = await mosquittoBroker(t, { needsPassword: true });
    const paths = configure(t, {
      mqtt: { ...mqtt(broker), password: "wrong-password" },
      wake_word: { enabled: false },
    });
    writeWav(paths.question, noise(24_000));
    const daemon = launch(t, paths);
    await daemon.says("rejects the user name and password");
    await daemon.says("Ready");
    const { mqtt: told } = await daemon.status();
    assert.equal(record(told)?.["state"], "refused");
    const { stdout } = await daemon.command("status");
    assert.match(
      stdout,
      /- The MQTT broker .* rejects the user name and password .* Check mqtt\.username/,
    );
    assert.equal(daemon.said("warning").filter((line) => line.includes("MQTT")).length, 1);
    assert.ok(!daemon.output.includes("wrong-password") && !stdout.includes("wrong-password"));
  },
);

for (const { name, start, skip } of BROKERS) {
  test(`${name}: another client with our id: no storm, told with what to do, and over when it goes`, {
    skip,
  }, async (t) => {
    const broker = await start(t);
    const daemon = await quietDaemon(t, broker);
    const line = await daemon.says("Connected to the MQTT broker");
    const [, clientId = ""] = /as (pipit_\w+)/.exec(line) ?? [];
    const other = await connectAsync(broker.url, { clientId, reconnectPeriod: 50 });
    t.after(() => other.endAsync(true));
    let welcomes = 0;
    other.on("connect", () => {
      welcomes += 1;
    });
    other.on("error", () => undefined);
    await daemon.says("another client may have our id");
    assert.ok(welcomes <= 4, `${welcomes} times taken back`);
    const warnings = daemon.said("warning").filter((said) => said.includes("The MQTT broker"));
    assert.equal(warnings.length, 2, warnings.join("\n"));
    await other.endAsync(true);
    await eventually("connected again", async () => {
      const { mqtt: told } = await daemon.status();
      return record(told)?.["state"] === "connected";
    });
    await daemon.stop();
  });
}
