/**
 * What owners really do to the daemon: a wrong configuration ends it with exit code 2 and one line; a
 * device, a program or a server that is not there is one line in the journal, and it goes on trying.
 */

import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, type TestContext } from "node:test";
import { fields } from "../../src/core/json.ts";
import { startPeer } from "../../src/sim/peer/peer.ts";
import { type Config, configure, type Daemon, daemonEnv, KEY, launch } from "../helpers/daemon.ts";
import { assertMetricsSchema } from "../helpers/metrics-file.ts";
import { runPipit } from "../helpers/pipit.ts";
import { writeWav } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { noise } from "../helpers/sound.ts";
import { stubProgram } from "../helpers/stub-program.ts";

/** No key, no stack trace. */
function assertClean(output: string): void {
  assert.ok(!output.includes(KEY.slice(3)), output);
  assert.doesNotMatch(output, /^\s+at |node:internal|Error:|this is a bug/m);
}

interface Refusal {
  readonly name: string;
  /** The text of the configuration file, where it is not the usual one; null: there is no file. */
  readonly text?: string | null;
  readonly env?: Readonly<Record<string, string>>;
  /** What is in the sound file that is the microphone; absent: there is none. */
  readonly sound?: string;
  /** The only line on stderr, the folder of the configuration left out. */
  readonly line: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    name: "no configuration file",
    text: null,
    line: /^config\.yaml: there is no such file \(named by --config\); name one with --config FILE$/,
  },
  {
    name: "a YAML error",
    text: "audio: [\n",
    line: /^config\.yaml:1:8: the \[ that begins here has no \]$/,
  },
  {
    name: "an unknown key",
    text: "openai:\n  modle: x\n",
    line: /^config\.yaml:2:3 openai\.modle: unknown key; did you mean "model"\?$/,
  },
  {
    name: "a wrong type",
    text: "session:\n  follow_up_s: soon\n",
    line: /^config\.yaml:2:16 session\.follow_up_s: must be a number .*, found /,
  },
  {
    name: "no key in the environment",
    env: {},
    line: /^config\.yaml:\d+:\d+ openai\.api_key: .*OPENAI_API_KEY/,
  },
  {
    name: "a sound file that is not there",
    line: /^pipit: The sound file question\.wav does not exist\. Give the path of a WAV file/,
  },
  {
    name: "a sound file that is none",
    sound: "these are only words",
    line: /^pipit: The sound file question\.wav is not a WAV file\. Give the path of a WAV file/,
  },
];

async function refused(t: TestContext, refusal: Refusal): Promise<void> {
  const { text, env = { OPENAI_API_KEY: KEY }, sound, line } = refusal;
  const paths = configure(t);
  if (text === null) rmSync(paths.config);
  else if (text !== undefined) writeFileSync(paths.config, text);
  if (sound !== undefined) writeFileSync(paths.question, sound);
  const ended = await runPipit(["run", "--config", paths.config], env);
  assert.deepEqual([ended.code, ended.stdout], [2, ""], ended.stderr);
  const lines = ended.stderr.replaceAll(`${paths.folder}/`, "").trimEnd().split("\n");
  assert.equal(lines.length, 1, ended.stderr);
  assert.match(lines[0] ?? "", line);
  assertClean(ended.stderr);
}

interface Trouble {
  readonly name: string;
  readonly config: Config;
  readonly path?: string;
  /** The only line at error. */
  readonly line: RegExp;
  /** What `pipit status` says. */
  readonly status: Readonly<Record<string, RegExp>>;
}

const NOT_FOUND = /^Microphone "plughw:CARD=Nowhere" not found$/;
const TROUBLES: readonly Trouble[] = [
  {
    name: "a microphone that is not there",
    config: { audio: { input_device: "plughw:CARD=Nowhere" } },
    line: /^Microphone "plughw:CARD=Nowhere" not found\. Plug it in, or list .*`pipit devices`/,
    status: { microphone: NOT_FOUND, speaker: /^ok$/, led: /^fault$/, state: /^idle$/ },
  },
  {
    name: "a loudspeaker that is not there",
    config: { audio: { output_device: "plughw:CARD=Nowhere" } },
    line: /^Speaker "plughw:CARD=Nowhere" not found\. Plug it in, or list .*`pipit devices`/,
    status: { microphone: /^ok$/, speaker: /^Speaker .* not found$/, led: /^fault$/ },
  },
  {
    name: "a machine without arecord",
    config: { audio: { input_device: "default" } },
    path: "/nowhere",
    line: /^Microphone: the program arecord is not installed\. Install it with `sudo apt-get/,
    status: { microphone: /arecord is not installed$/, led: /^fault$/ },
  },
];

/** Ends it, and holds what it said against what a daemon in trouble may say. */
async function endedWell(daemon: Daemon, line: RegExp): Promise<void> {
  assert.ok(daemon.isAlive);
  const exit = await daemon.stop();
  assert.equal(exit.code, 0, daemon.output);
  assert.ok(exit.ms < 3_000, `${exit.ms} ms`);
  // A model that OpenAI has shut down is told of at the start, whatever the server turns out to be.
  const isOfTheStart = (said: string): boolean => said.startsWith("No model can answer, unless");
  const [only = "", ...others] = daemon.said("error").filter((said) => !isOfTheStart(said));
  assert.match(only, line);
  assert.deepEqual(others, []);
  assertClean(daemon.output);
}

async function troubled(t: TestContext, trouble: Trouble): Promise<void> {
  const { config, path, line, status } = trouble;
  const paths = configure(t, config);
  writeWav(paths.question, noise(24_000, 5, 27));
  const daemon = launch(t, paths, daemonEnv(path === undefined ? {} : { PATH: path }));
  await daemon.says(" error: ");
  const found = await daemon.status();
  for (const [name, says] of Object.entries(status)) assert.match(String(found[name]), says);
  await endedWell(daemon, line);
}

/** The program comes while the daemon runs: it was tried all the time, and nothing said about it. */
async function recovers(t: TestContext): Promise<void> {
  const paths = configure(t, { audio: { input_device: "default" } });
  const programs = join(paths.folder, "bin");
  mkdirSync(programs);
  const daemon = launch(t, paths, daemonEnv({ PATH: programs }));
  await daemon.says(" error: ");
  const recorder = stubProgram("stub-recorder.mjs");
  t.after(recorder.remove);
  symlinkSync(recorder.path, join(programs, "arecord"));
  await daemon.says("The microphone works again");
  const { microphone, led } = await daemon.status();
  assert.deepEqual([microphone, led], ["ok", "idle"]);
  await endedWell(daemon, /^Microphone: the program arecord is not installed/);
}

/** A port at which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address: AddressInfo | string | null = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 1;
}

/** Wakes a daemon whose server refuses it; the conversation ends, and the daemon does not. */
async function turnedAway(
  t: TestContext,
  openai: Readonly<Record<string, string>>,
  line: RegExp,
): Promise<{ daemon: Daemon; codes: string[] }> {
  const paths = configure(t, { openai });
  writeWav(paths.question, noise(24_000, 5, 27));
  const daemon = launch(t, paths);
  await daemon.says("Ready");
  assert.equal((await daemon.command("wake")).code, 0);
  const file = await daemon.metrics();
  assertMetricsSchema(file);
  assert.equal(file["end_reason"], "fault");
  assert.match(String((await daemon.status())["last_fault"]), line);
  await endedWell(daemon, line);
  const { errors } = file;
  assert.ok(Array.isArray(errors));
  assertClean(JSON.stringify(file));
  return { daemon, codes: errors.map((error) => String(fields({ error }, "error")["code"])) };
}

async function wrongKey(t: TestContext): Promise<void> {
  const peer = await startPeer({ scenario: { key: "sk-another-one" } });
  t.after(() => peer.close());
  const line =
    /^Failed to connect with model gpt-realtime: The API refused the key: HTTP 401 .*\. Check openai\.api_key/;
  const { codes } = await turnedAway(t, { base_url: peer.url }, line);
  assert.deepEqual(codes, ["key-rejected"]);
  assert.equal(peer.attempts(), 1, "a wrong key is not tried again");
}

/** With a voice, besides, that the model never had. */
async function nobodyThere(t: TestContext): Promise<void> {
  const model = "gpt-4o-realtime-preview";
  const line =
    /^Failed to connect with model gpt-4o-realtime-preview: The API cannot be reached \(ECONNREFUSED\)\. Check/;
  const base_url = `http://127.0.0.1:${await deadPort()}/v1`;
  const openai = { base_url, model, voice: "cedar", model_selection: "new" };
  const { daemon, codes } = await turnedAway(t, openai, line);
  assert.deepEqual(codes, ["network"]);
  const [notice = "", ...others] = daemon.said("notice");
  assert.match(notice, /^Voice 'cedar' not available for model 'gpt-4o-realtime-preview'/);
  assert.deepEqual(others, []);
}

describe("one line and exit code 2 for", { concurrency: 2 }, () => {
  for (const refusal of REFUSALS) test(refusal.name, (t) => refused(t, refusal));
});

describe("one line, and the daemon goes on, with", { concurrency: 3 }, () => {
  for (const trouble of TROUBLES) test(trouble.name, (t) => troubled(t, trouble));
  test("an arecord that comes later", recovers);
  test("a key that the server refuses", wrongKey);
  test("a server that is not there, and a voice that the model lacks", nobodyThere);
});
