/** The owner at work on a running daemon: saves, mistakes, HUP; and what its children may know. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configure, type Daemon, daemonEnv, KEY, launch, type Paths } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { runPipit } from "../helpers/pipit.ts";
import { writeWav } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { noise } from "../helpers/sound.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const SETTINGS = { button: { backend: "none" }, wake_word: { enabled: false } };

/** A daemon with devices of ALSA, which it need not find: it runs and waits for them. */
function ownerStarts(t: Parameters<typeof configure>[0]): { paths: Paths; daemon: Daemon } {
  const audio = { input_device: "hw:77", output_device: "hw:77" };
  const paths = configure(t, { ...SETTINGS, audio });
  return { paths, daemon: launch(t, paths) };
}

function edit(paths: Paths, from: string, to: string): void {
  const text = readFileSync(paths.config, "utf8").replace(from, to);
  writeFileSync(`${paths.config}.new`, text);
  renameSync(`${paths.config}.new`, paths.config);
}

test("reload on save: a mistake is logged with its place, and its correction too", async (t) => {
  const { paths, daemon } = ownerStarts(t);
  await daemon.says("Ready");
  edit(paths, '"audio": {', '"audio": {\n    "volume": 0.5,');
  await daemon.says("Configuration reloaded: in force now: audio.volume");
  edit(paths, "0.5", '"loud"');
  await daemon.says(`${paths.config}:3:15 audio.volume: must be a number`);
  await daemon.says("the previous one stays in force");
  edit(paths, '"loud"', "0.5");
  await daemon.says("Configuration reloaded: nothing has changed");
  assert.equal((await daemon.stop()).code, 0);
});

test("SIGHUP is answered at once, and an unchanged file as well", async (t) => {
  const { daemon } = ownerStarts(t);
  await daemon.says("Ready");
  daemon.signal("SIGHUP");
  await daemon.says("Configuration reloaded: nothing has changed");
});

test("no child has the key in its environment", async (t) => {
  const { daemon } = ownerStarts(t);
  await daemon.says("Ready");
  const seen = new Map<string, string>();
  await eventually("a child", () => {
    for (const pid of childrenOf(daemon.pid)) seen.set(pid, environmentOf(pid));
    return [...seen.values()].some((text) => text.includes("PATH="));
  });
  for (const text of seen.values()) assert.ok(!text.includes(KEY));
});

test("a credential is as good as a variable, for the daemon and for check-config", async (t) => {
  const paths = configure(t, SETTINGS);
  writeWav(paths.question, noise(24_000));
  const folder = tempFolder(t);
  const env = { CREDENTIALS_DIRECTORY: folder };
  const without = await runPipit(["check-config", "--config", paths.config], env);
  assert.equal(without.code, 2);
  assert.match(without.stderr, /OPENAI_API_KEY is not set/);
  writeFileSync(join(folder, "OPENAI_API_KEY"), `${KEY}\n`);
  assert.equal((await runPipit(["check-config", "--config", paths.config], env)).code, 0);
});

test("last exit: logged by the next run, shown by pipit status", async (t) => {
  const { paths, daemon } = ownerStarts(t);
  await daemon.stop();
  const env = daemonEnv({ STATE_DIRECTORY: paths.folder, INVOCATION_ID: "one" });
  const killed = launch(t, paths, env);
  await killed.says("Ready");
  await eventually("the record of the start", () => existsIn(paths.folder, "last-exit.json"));
  await killed.stop("SIGKILL");
  const why = { SERVICE_RESULT: "signal", EXIT_CODE: "killed", EXIT_STATUS: "KILL" };
  const args = ["post-stop", "--config", paths.config];
  const own = { STATE_DIRECTORY: paths.folder, INVOCATION_ID: "one" };
  assert.equal((await runPipit(args, { ...own, ...why })).code, 0);
  const next = launch(t, paths, { ...env, INVOCATION_ID: "two" });
  await next.says("warning: The last run was killed by SIGKILL");
  await next.says("Ready");
  assert.equal((await next.status())["last_exit"], "The last run was killed by SIGKILL");
});

test("a bad configuration at the start: all problems with their places, exit code 2", async (t) => {
  const paths = configure(t, { audio: { volume: "loud" }, session: { nonsense: 1 } });
  const daemon = launch(t, paths);
  await eventually("its end", () => !daemon.isAlive);
  assert.match(daemon.output, /config\.yaml:\d+:\d+ audio\.volume: /);
  assert.match(daemon.output, /config\.yaml:\d+:\d+ session\.nonsense: /);
  assert.equal(daemon.code, 2);
});

function existsIn(folder: string, name: string): boolean {
  return readdirSync(folder).includes(name);
}

function childrenOf(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ");
}

/** Empty when it has gone. */
function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
}
