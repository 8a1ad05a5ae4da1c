/**
 * Files and folders of the daemon's that have come to belong to somebody else (a run with sudo, an
 * editor, a copy from another card): told with the path and what to do, conversations go on, and what
 * is in them is lost by nobody.
 */

import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startPeer } from "../../src/sim/peer/peer.ts";
import { configure, type Daemon, daemonEnv, launch } from "../helpers/daemon.ts";
import { writeWav } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { noise } from "../helpers/sound.ts";

const NOBODY = 65_534;
/** Only root can give a file away and let another user run the daemon. */
const IS_ROOT = { skip: process.getuid?.() !== 0 && "only root can run it as another user" };

const TIMER = {
  version: 1,
  nextId: 2,
  entries: [],
};
const STATES: Readonly<Record<string, string>> = {
  "timers.json": JSON.stringify(TIMER),
  "volume.json": '{"percent":35}',
  "memory.yaml": "facts:\n  - Anna likes tea.\n",
  "echo.json": "{}",
  "presence.json": "{}",
};

interface Home {
  readonly state: string;
  readonly daemon: Daemon;
}

/** Run as another user, whose the folder is; `make` gives some of it away. */
async function run(t: TestContext, make: (state: string, metrics: string) => void): Promise<Home> {
  const peer = await startPeer({});
  t.after(() => peer.close());
  const paths = configure(t, {
    openai: { base_url: peer.url },
    wake_word: { enabled: false },
    session: { no_speech_s: 30 },
    tools: { memory: "on" },
    mqtt: { url: "mqtt://127.0.0.1:9" },
    budget: { daily_usd: 5 },
  });
  writeWav(paths.question, noise(240_000));
  const state = join(paths.folder, "state");
  mkdirSync(state);
  for (const path of [paths.folder, paths.metrics, state]) {
    chmodSync(path, 0o755);
    chownSync(path, NOBODY, NOBODY);
  }
  make(state, paths.metrics);
  const env = daemonEnv({ STATE_DIRECTORY: state, HOME: paths.folder });
  const as = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  const daemon = launch(t, paths, env, "", as);
  await daemon.says("Ready");
  return { state, daemon };
}

/** A conversation begins, and ends as asked; its metrics file is `written`. */
async function converses(daemon: Daemon): Promise<void> {
  await daemon.command("wake");
  await daemon.says("Audio session config");
  await daemon.command("stop");
  await daemon.says("Conversation over");
}

test(
  "state files of root's: each told with its path and what to do, kept when written anew",
  IS_ROOT,
  async (t) => {
    const { state, daemon } = await run(t, (folder) => {
      for (const [name, text] of Object.entries(STATES)) {
        writeFileSync(join(folder, name), text);
        chmodSync(join(folder, name), 0o600);
      }
    });
    await converses(daemon);
    for (const name of Object.keys(STATES)) {
      const path = join(state, name);
      const lines = daemon.lines.filter((line) => line.includes(`chown -R nobody ${path};`));
      assert.equal(lines.length, 1, `${name}: ${daemon.output}`);
      assert.match(lines[0] ?? "", /(?:warning|error): .* cannot be read \(EACCES\)\. /, name);
    }
    const set = await daemon.command("timers", "set", "10m", "eggs");
    assert.equal(set.code, 0, set.stderr);
    assert.match((await daemon.command("timers")).stdout, /eggs/);
    await daemon.command("volume", "40");
    assert.match(readFileSync(join(state, "timers.json"), "utf8"), /eggs/);
    for (const name of ["timers.json", "volume.json"]) {
      assert.equal(readFileSync(join(state, `${name}.broken`), "utf8"), STATES[name], "kept");
    }
    const remembered = await daemon.command("memory", "remember", "Ben likes coffee.");
    assert.equal(remembered.code, 1, "the memory is its owner's: it is never written over unread");
    assert.equal(readFileSync(join(state, "memory.yaml"), "utf8"), STATES["memory.yaml"]);
    assert.equal(daemon.metricsFiles().length, 1);
    assert.equal((await daemon.stop()).code, 0);
  },
);

test(
  "folders of root's: told with path and remedy, conversations and timers go on",
  IS_ROOT,
  async (t) => {
    const { state, daemon } = await run(t, (folder, metrics) => {
      for (const path of [folder, metrics]) chownSync(path, 0, 0);
    });
    await converses(daemon);
    await daemon.says("was not written");
    const set = await daemon.command("timers", "set", "10m", "eggs");
    assert.match(`${set.stdout}${set.stderr}`, /eggs|not stored/);
    assert.match((await daemon.command("timers")).stdout, /eggs/);
    for (const path of [state, daemon.paths.metrics]) {
      const lines = [...daemon.said("warning"), ...daemon.said("error")].filter((line) => {
        return line.includes(`no permission to write in ${path} (E`);
      });
      assert.ok(lines.length >= 1, `${path}: ${daemon.output}`);
      assert.match(lines[0] ?? "", new RegExp(`sudo chown -R \\S+ ${path}`));
    }
    assert.equal((await daemon.stop()).code, 0);
  },
);

test("metrics files of root's: the budget says that it does not know them", IS_ROOT, async (t) => {
  const { daemon } = await run(t, (_, metrics) => {
    const now = new Date();
    const stamp = now.toISOString().replaceAll(/[-:]|\.\d+Z/g, "");
    const name = join(metrics, `session_${stamp.replace("T", "_")}_aaaa.json`);
    writeFileSync(name, "{}");
    chmodSync(name, 0o600);
  });
  const line = await daemon.says("1 of the newest metrics files may not be read");
  assert.ok(line.includes(daemon.paths.metrics), line);
  assert.match(line, /sudo chown -R/);
  await converses(daemon);
  assert.equal((await daemon.stop()).code, 0);
});
