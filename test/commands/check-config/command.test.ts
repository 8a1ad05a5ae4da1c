/** `pipit check-config`: what is valid and would still leave the owner without an answer. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { projectRoot } from "../../../src/adapters/os/project-root.ts";
import { type Ended, runPipit } from "../../helpers/pipit.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const ENV = { OPENAI_API_KEY: "sk-secret" };
const ELSEWHERE = { ...ENV, OPENAI_BASE_URL: "http://127.0.0.1:9/v1" };

function check(folder: string, text: string, env: Record<string, string> = ENV): Promise<Ended> {
  const file = join(folder, "c.yaml");
  writeFileSync(file, text);
  return runPipit(["check-config", file], env);
}

test("nobody can answer: one line at the key, exit code 1; elsewhere a note", async (t) => {
  const folder = tempFolder(t);
  const legacy = "openai:\n  voice: alloy\n  model_selection: legacy\n";
  const result = await check(folder, legacy);
  assert.equal(result.code, 1);
  assert.equal(result.stdout, "");
  assert.match(
    result.stderr,
    /^\S+c\.yaml:3:20 openai\.model_selection: No model can answer: .* Set openai\.model_selection: auto.*\n$/,
  );
  const elsewhere = await check(folder, legacy, ELSEWHERE);
  assert.equal(elsewhere.code, 0, "another server may have it");
  assert.match(elsewhere.stderr, /No model can answer, unless the server of openai\.base_url/);
  assert.match(elsewhere.stdout, /: ok, with the notes above\n$/);
  const forced = "openai:\n  model_selection: legacy\n  voice: cedar\n  auto_select_voice: false\n";
  assert.equal((await check(folder, forced)).code, 1);
});

test("the day before nobody answers any more, that is a note", async (t) => {
  const eve = "--import=data:text/javascript,Date.now=()=>Date.UTC(2027,0,19,12)";
  const env = { ...ENV, NODE_OPTIONS: eve };
  const only = "openai:\n  model: gpt-realtime\n  model_selection: new\n";
  const result = await check(tempFolder(t), only, env);
  assert.equal(result.code, 0);
  assert.match(
    result.stderr,
    /c\.yaml:2:10 openai\.model: .* shut down on 2027-01-20, in 1 day; then nobody answers/,
  );
  const chain = "openai:\n  legacy_model: gpt-realtime\n  fallback_models: [gpt-realtime-mini]\n";
  const each = await check(tempFolder(t), chain, env);
  assert.match(
    each.stderr,
    /c\.yaml:3:20 openai\.fallback_models: The model gpt-realtime-mini will be/,
  );
  assert.doesNotMatch(each.stderr, /openai\.model: The model gpt-realtime-mini/);
  const auto = await check(tempFolder(t), "openai:\n  model: gpt-realtime\n", env);
  assert.equal(auto.stderr, "", "another one answers then");
});

test("a misspelt model name is reported at its place", async (t) => {
  const result = await check(tempFolder(t), "openai:\n  model: gpt-realtme\n");
  assert.equal(result.code, 0);
  assert.match(result.stderr, /c\.yaml:2:10 openai\.model: .*did you mean "gpt-realtime"\?\n$/);
});

test("missing files are reported as `pipit run` would", async (t) => {
  const folder = tempFolder(t);
  const precious = join(folder, "notes.wav");
  writeFileSync(precious, "no sound at all");
  const pipe = join(folder, "pipe.wav");
  assert.equal(spawnSync("mkfifo", [pipe, `${pipe}.json`]).status, 0);
  const rows: readonly (readonly [string, RegExp])[] = [
    [`audio:\n  output_device: file:${pipe}\n`, /audio\.output_device: .*is not a sound file/],
    ["audio:\n  input_device: file:nope.wav\n", /:2:17 audio\.input_device: .*nope\.wav does not/],
    ["audio:\n  output_device: file:no/x.wav\n", /audio\.output_device: there is no folder no\n/],
    [
      `audio:\n  output_device: file:${precious}\n`,
      /audio\.output_device: .*exists and is not a sound file/,
    ],
    [
      "audio:\n  input_device: file:a.wav\n  output_device: file:a.wav\n",
      /audio\.output_device: must not be the file of audio\.input_device/,
    ],
    ["wake_word:\n  model_path: no.ppn\n", /wake_word\.model_path: there is no file no\.ppn/],
    [
      "wake_word:\n  engine: micro\n  model_path: package.json\n",
      /wake_word\.model_path: The wake-word model package\.json cannot be used: its type is not micro/,
    ],
    [
      `wake_word:\n  engine: micro\n  model_path: ${pipe}.json\n`,
      /model_path: .*pipe\.wav\.json cannot be used: it is not an ordinary file/,
    ],
    [`audio:\n  input_device: file:${pipe}\n`, /input_device: .*is not an ordinary file/],
    [
      "openai:\n  mcp_servers:\n    - server_label: docs\n      server_url: http://10.0.0.2/mcp\n",
      /:4:19 openai\.mcp_servers\.docs\.server_url: is in your own network/,
    ],
    ["openai:\n  mcp_servers:\n    - url: https://x.example/mcp\n", /:3:7 .* with a name each/],
  ];
  for (const [text, expected] of rows) {
    const result = await check(folder, text);
    assert.equal(result.code, 2, text);
    assert.match(result.stderr, expected);
  }
});

test("custom functions: what would keep one from working is a note", async (t) => {
  const folder = tempFolder(t);
  const lamp =
    "    lamp: {description: The lamp., command: [/no/such/lamp, '{s}'], parameters: {s: {type: no}}}";
  const result = await check(
    folder,
    `audio: {wake_sound: 'file:no.wav'}\ntools:\n  custom:\n${lamp}\n`,
  );
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stderr, /tools\.custom: lamp: its parameters are no JSON Schema: /);
  assert.match(result.stderr, /tools\.custom: lamp: there is no program \/no\/such\/lamp\n/);
  assert.match(
    result.stderr,
    /tools\.sandbox: auto runs programs through pipit-tools\.socket, which is not here/,
  );
  assert.match(result.stderr, /audio\.wake_sound: the file cannot be read as a sound/);
  const server = await check(folder, "mcp: {servers: {x: {command: [/bin/cat]}}}\n");
  assert.match(server.stderr, /tools\.sandbox: auto runs programs through pipit-tools\.socket/);
  const free = await check(
    folder,
    "tools: {custom: {x: {description: X., http: {url: 'http://x'}}}}\n",
  );
  assert.doesNotMatch(free.stderr, /tools\.sandbox/);
  const wrong = await check(
    folder,
    "tools:\n  custom:\n    lamp:\n      description: x\n      http: {url: 'ftp://x'}\n",
  );
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /c\.yaml:5:19 tools\.custom\.lamp\.http\.url: must begin with https/);
});

test("for programs: whether it is good, and whether anybody answers", async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, "c.yaml");
  writeFileSync(file, "openai: {model_selection: legacy}\n");
  const result = await runPipit(["check-config", "--json", file], ENV);
  assert.equal(result.code, 1);
  const { ok, can_answer, nobody } = JSON.parse(result.stdout);
  assert.deepEqual([ok, can_answer, nobody.length], [true, false, 1]);
  const twice = await runPipit(["check-config", file, "--config", file], ENV);
  assert.deepEqual([twice.code, /name the file once/.test(twice.stderr)], [2, true]);
});

test("another config/config.yaml in the working folder: the output names its file", async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, "config"));
  writeFileSync(join(folder, "config", "config.yaml"), "openai: {}\n");
  const program = fileURLToPath(new URL("../../../src/main.js", import.meta.url));
  const run = (...argv: readonly string[]) =>
    spawnSync(process.execPath, [program, ...argv], {
      cwd: folder,
      env: { PATH: process.env["PATH"], ...ENV },
      encoding: "utf8",
    });
  for (const argv of [["check-config"], ["migrate-config", "--dry-run"]]) {
    assert.match(run(...argv).stderr, /note: this is about .*; .*config\/config\.yaml: pipit/);
  }
  assert.doesNotMatch(run("check-config", "config/config.yaml").stderr, /note/);
});

test("the examples are taken as they are", async () => {
  const folder = join(projectRoot(), "config", "examples");
  const names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  assert.ok(names.length >= 9);
  for (const name of names) {
    const { code, stdout, stderr } = await runPipit(["check-config", join(folder, name)], ENV);
    assert.equal(code, 0, `${name}: ${stderr}`);
    assert.match(stdout, /: ok/, name);
  }
});

test("instructions that leave no room for themselves are told before they are cut", async (t) => {
  const folder = tempFolder(t);
  const own = (letters: number): string => `openai:\n  instructions: ${"a".repeat(letters)}\n`;
  const fine = await check(folder, own(10_000));
  assert.equal(fine.stderr, "");
  const parameters = JSON.stringify({ a: { type: "string", description: "x".repeat(20_000) } });
  const custom = `tools:\n  sandbox: none\n  custom:\n    big:\n      description: Big.\n      command: [/bin/true]\n      parameters: ${parameters}\n`;
  const long = await check(folder, own(31_000) + custom);
  assert.equal(long.code, 0);
  assert.match(
    long.stderr,
    /c\.yaml:2:17 openai\.instructions: about 7\d\d\d tokens, and beside the functions there is room for \d{4}: the model is not told the end/,
  );
});
