/** `pipit migrate-config` as an owner runs it: the real program, real files. */

import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { projectRoot } from "../../../src/adapters/os/project-root.ts";
import { runPipit } from "../../helpers/pipit.ts";
import { tempFile, tempFolder } from "../../helpers/temp-folder.ts";

const FIXTURES = join(projectRoot(), "test", "fixtures");
/** Pieces of the secrets in the fixtures; none may ever be shown. */
const SECRETS = /eyJ|c2lnbmF0|2b\$12|VwXyZ|sk-proj|hunter2|AAAAbbbb/;

function older(t: TestContext): string {
  const path = join(tempFolder(t), "config.yaml");
  copyFileSync(join(FIXTURES, "older-config.yaml.txt"), path);
  return path;
}

test("an older file: list, backup, comments, a file that check-config takes, and back", async (t) => {
  const path = older(t);
  const before = readFileSync(path);
  const run = await runPipit(["migrate-config", path]);
  assert.equal(run.code, 0, run.stderr);
  assert.doesNotMatch(run.stdout + run.stderr, SECRETS);
  const expected = readFileSync(join(FIXTURES, "older-config.out.txt"), "utf8");
  const shown = run.stdout
    .replaceAll(path, "/PATH/config.yaml")
    .replace(/default Pipit reads \S+\. /, "default Pipit reads /USUAL/config.yaml. ")
    .replace(/(sudo cp \/PATH\/config.yaml) \S+$/m, "$1 /USUAL/config.yaml");
  assert.equal(shown, expected, "what the owner reads is in test/fixtures/older-config.out.txt");

  assert.deepEqual(readFileSync(`${path}.backup`), before);
  const after = readFileSync(path, "utf8");
  for (const comment of before.toString().match(/#.*$/gm) ?? [])
    assert.ok(after.includes(comment), comment);
  const checked = await runPipit(["check-config", "--config", path], { OPENAI_API_KEY: "k" });
  assert.equal(checked.code, 0, checked.stderr);

  const again = await runPipit(["migrate-config", path]);
  assert.equal(again.code, 0);
  assert.match(again.stdout, /^\S+: nothing to do\n/);
  assert.ok(!existsSync(`${path}.backup-1`));

  const back = await runPipit(["migrate-config", "--rollback", path]);
  assert.equal(back.code, 0, back.stderr);
  assert.match(back.stdout, /is again what .*\.backup holds.*\.before-rollback\.\n.*restart pipit/);
  assert.deepEqual(readFileSync(path), before);
  assert.equal(readFileSync(`${path}.before-rollback`, "utf8"), after);
});

test("a dry run writes nothing and shows the diff without secrets", async (t) => {
  const path = older(t);
  const before = readFileSync(path);
  const run = await runPipit(["migrate-config", "--dry-run", path]);
  assert.equal(run.code, 0);
  assert.doesNotMatch(run.stdout, SECRETS);
  assert.match(run.stdout, /^\+ {2}volume: 1 {11}# it was too quiet$/m);
  assert.match(run.stdout, /^- {2}timeout: 10$/m);
  assert.match(run.stdout, /dry run: nothing was written/);
  assert.deepEqual(readFileSync(path), before);
  assert.deepEqual(readdirSync(join(path, "..")), ["config.yaml"]);
});

test("the same for programs", async (t) => {
  const path = older(t);
  const dry = await runPipit(["migrate-config", "--json", "--dry-run", path]);
  const data = JSON.parse(dry.stdout) as Record<string, unknown>;
  assert.deepEqual([data["ok"], data["written"], data["file"]], [true, false, path]);
  assert.match(String(data["diff"]), /^--- /);
  assert.ok(Array.isArray(data["changed"]) && Array.isArray(data["gone"]));
  assert.doesNotMatch(dry.stdout, SECRETS);
  const real = JSON.parse((await runPipit(["migrate-config", "--json", path])).stdout);
  assert.deepEqual([real.ok, real.written, real.backup], [true, true, `${path}.backup`]);
});

test("problems: all of them, at their places, and the file untouched", async (t) => {
  const text =
    "openai:\n  api_key: sk-proj-0123456789\n  modle: x\nsession:\n  conversation_mode: chatty\n  hunter: {token: hunter2secret}\n";
  const path = tempFile(t, "config.yaml", text);
  const run = await runPipit(["migrate-config", path]);
  assert.equal(run.code, 2);
  assert.equal(run.stdout, "");
  const lines = run.stderr.replaceAll(path, "F").trim().split("\n");
  assert.match(lines[0] ?? "", /^F:3:3 openai\.modle: unknown key; did you mean "model"\?$/);
  assert.match(lines[1] ?? "", /^F:5:22 session\.conversation_mode: becomes session\.mode, which/);
  assert.match(lines[2] ?? "", /^F:6:3 session\.hunter: unknown key/);
  assert.equal(lines[3], "F was left as it is");
  assert.equal(readFileSync(path, "utf8"), text);
  assert.doesNotMatch(run.stderr, SECRETS);
});

test("a key in clear goes on working, is advised against, and is never shown", async (t) => {
  const text = "openai:\n  api_key: AAAAbbbb1111\naudio:\n  output_volume: 0.5\n";
  const path = tempFile(t, "config.yaml", text);
  const run = await runPipit(["migrate-config", "--dry-run", path]);
  assert.match(run.stdout, /openai\.api_key\n {6}is in plain text; better: .*OPENAI_API_KEY/);
  assert.doesNotMatch(run.stdout, SECRETS);
});

test("a byte order mark and Windows line ends stay", async (t) => {
  const text = "\ufeffaudio:\r\n  output_volume: 0.5 # loud\r\n  channels: 1\r\n";
  const path = tempFile(t, "config.yaml", text);
  assert.equal((await runPipit(["migrate-config", path])).code, 0);
  const note = "  # Microphone and loudspeaker run at the API's 24 kHz mono; ALSA converts\r\n";
  const expected = `\ufeffaudio:\r\n  volume: 0.5 # loud\r\n${note}  #channels: 1\r\n`;
  assert.equal(readFileSync(path, "utf8"), expected);
});

test("another model of a file that is not today's: the migration comes first", async (t) => {
  const path = tempFile(t, "config.yaml", "wake_word:\n  porcupine_access_key: AAAAbbbb1111\n");
  const run = await runPipit(["migrate-config", "--model", "auto", path]);
  assert.equal(run.code, 2);
  const shown =
    "wake_word.porcupine_access_key: unknown key; an older key: run pipit migrate-config";
  assert.ok(run.stderr.startsWith(`${path}:2:3 ${shown}\n`), run.stderr);
  assert.doesNotMatch(run.stderr, SECRETS);
});

test("check-config and the daemon point to it", async (t) => {
  const path = older(t);
  for (const command of ["check-config", "run"]) {
    const run = await runPipit([command, "--config", path], { OPENAI_API_KEY: "k" });
    assert.equal(run.code, 2);
    assert.match(
      run.stderr,
      /:18:3 home_assistant.timeout: unknown key; an older key: run pipit migrate-config$/m,
    );
  }
});

test("the older .env and persona.ini beside it", async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, "config"));
  const path = join(folder, "config", "config.yaml");
  writeFileSync(path, "audio:\n  output_volume: 0.5\nwake_word:\n  model: picovoice\n");
  writeFileSync(
    join(folder, ".env"),
    "OPENAI_API_KEY=sk-proj-0123456789\nexport PICOVOICE_ACCESS_KEY=hunter2\nHA_TOKEN=x\nEMPTY=\n",
  );
  writeFileSync(
    join(folder, "persona.ini"),
    `[Backstory]\nname = Bird\npurpose = costs \${X}\n[personality]\nhumor = 30\n`,
  );
  const persona = join(folder, "persona.ini");
  const run = await runPipit(["migrate-config", "--persona", persona, path]);
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /OPENAI_API_KEY: into \/etc\/pipit\/credentials\/OPENAI_API_KEY/);
  assert.doesNotMatch(run.stdout, SECRETS);
  const after = readFileSync(path, "utf8");
  assert.match(after, /engine: porcupine\n/);
  assert.match(
    after,
    /openai:\n {2}instructions: \|-?\n {4}You are Bird\.\n {4}What you are for: costs \$\$\{X\}/,
  );
  const again = await runPipit(["migrate-config", "--persona", persona, path]);
  assert.equal(again.code, 2);
  assert.match(
    again.stderr,
    /^\S+:\d+:3 openai\.instructions: is in the file already; [^\n]*\n\S+ was left as it is\n$/,
  );
  const older = join(folder, "older.yaml");
  writeFileSync(older, "openai:\n  voice: ash\npersona: assistant\n");
  const twice = await runPipit(["migrate-config", "--persona", persona, older]);
  assert.equal(twice.code, 2);
  assert.match(
    twice.stderr,
    /^\S+:3:1 persona: is in the file already; [^\n]*\n\S+ was left as it is\n$/,
  );
  writeFileSync(persona, "humor\n");
  const bad = await runPipit(["migrate-config", "--persona", persona, path]);
  assert.match(bad.stderr, /persona\.ini:1:1: neither \[section\] nor name = value/);
});

test("another model: the chain and the difference", async (t) => {
  const text = `openai:\n  api_key: \${OPENAI_API_KEY}\n  model:   gpt-realtime-mini  # cheap\n`;
  const path = tempFile(t, "config.yaml", text);
  const run = await runPipit(["migrate-config", "--model", "gpt-realtime-2.1-mini", path]);
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /openai\.model: gpt-realtime-mini → gpt-realtime-2\.1-mini/);
  assert.match(run.stdout, /a minute of answer +\$0\.0240 +\$0\.0240 +\(the same\)/);
  assert.match(run.stdout, /preambles/);
  const after = readFileSync(path, "utf8");
  assert.match(after, /^ {2}model: {3}gpt-realtime-2\.1-mini {2}# cheap\n {2}legacy_model: /m);
  const again = await runPipit(["migrate-config", "--model", "gpt-realtime-2.1-mini", path]);
  assert.match(again.stdout, /nothing to do: gpt-realtime-2\.1-mini is already the model/);
  const dead = await runPipit(["migrate-config", "--model", "gpt-4o-realtime-preview", path]);
  assert.equal(dead.code, 2);
  assert.match(dead.stderr, /was shut down on 2026-05-07; its successor is gpt-realtime-1\.5/);
  const unknown = await runPipit(["migrate-config", "--model", "gpt-realtime-3", "--json", path]);
  assert.equal(unknown.code, 2);
  assert.match(String(JSON.parse(unknown.stdout).problems), /--force accepts it anyway/);
});

test("wrong usage, no file, no backup, no right to write", async (t) => {
  for (const args of [
    ["a", "b"],
    ["--rollback", "--model", "auto"],
    ["--force"],
    ["--model"],
    ["a", "--config", "b"],
    ["--rollback", "--dry-run"],
  ]) {
    const run = await runPipit(["migrate-config", ...args]);
    assert.equal(run.code, 2, args.join(" "));
    assert.match(run.stderr, /^pipit migrate-config: .*\(see pipit migrate-config --help\)\n$/);
  }
  const none = await runPipit(["migrate-config", "/nonexistent/c.yaml"]);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /there is no such file; name another FILE/);
  const path = older(t);
  const back = await runPipit(["migrate-config", "--rollback", path]);
  assert.equal(back.code, 1);
  assert.match(back.stderr, /there is no backup beside/);
  if (process.getuid?.() === 0) return;
  chmodSync(join(path, ".."), 0o500);
  const denied = await runPipit(["migrate-config", path]);
  chmodSync(join(path, ".."), 0o700);
  assert.equal(denied.code, 1);
  assert.match(denied.stderr, /was left as it is: .*\(EACCES\)\. Run it with sudo/);
});

test("what was written works in an environment without the older system's AccessKey", async (t) => {
  const text = `wake_word:\n  engine: openwakeword\n  porcupine_access_key: \${PICOVOICE_ACCESS_KEY}\n`;
  const path = tempFile(t, "config.yaml", text);
  const run = await runPipit(["migrate-config", path]);
  assert.equal(run.code, 0, run.stderr);
  assert.match(readFileSync(path, "utf8"), /access_key: \$\{PICOVOICE_ACCESS_KEY:-\}\n/);
  const checked = await runPipit(["check-config", "--config", path], { OPENAI_API_KEY: "k" });
  assert.equal(checked.code, 0, checked.stderr);
});

/** Every key of `home_assistant` that the older system had, with a value that is nobody's default. */
const OLDER_HOME = {
  url: "http://homeassistant.local:8123/lovelace/0",
  token: `\${HA_TOKEN}`,
  language: "de_DE",
  timeout: 17,
  mcp: {
    sse_endpoint: "/mcp_server/sse",
    auth_method: "oauth",
    connection_timeout: 33,
    reconnect_attempts: 12,
    ssl_verify: false,
    ssl_ca_bundle: "/etc/ssl/house.pem",
    max_reconnect_attempts: 13,
    reconnect_base_delay: 2,
    reconnect_max_delay: 333,
    sse_read_timeout: 999,
    native_mode: true,
    endpoint: "/api/mcp",
    approval_mode: "always",
    approval_timeout: 31,
    enable_fallback: false,
    performance_tracking: false,
    cache_tool_definitions: false,
    tool_timeout: 11,
  },
};

test("all 22 keys of the older home_assistant: values at their new keys, the token from a credential, a reason for each of the rest", async (t) => {
  const { mcp, ...own } = OLDER_HOME;
  const names = [
    ...Object.keys(own).map((name) => `home_assistant.${name}`),
    ...Object.keys(mcp).map((name) => `home_assistant.mcp.${name}`),
  ];
  assert.equal(names.length, 22);
  const path = tempFile(t, "config.yaml", JSON.stringify({ home_assistant: OLDER_HOME }, null, 2));
  const run = await runPipit(["migrate-config", path], { HA_TOKEN: "h".repeat(40) });
  assert.equal(run.code, 0, run.stderr);
  for (const name of names) assert.ok(run.stdout.includes(name), `${name} is not mentioned`);
  assert.doesNotMatch(run.stdout, /no such feature/);
  assert.match(run.stdout, /credentials\/HOME_ASSISTANT_TOKEN/);

  const token = "from-the-credential-".padEnd(40, "x");
  const env = { OPENAI_API_KEY: "sk-test-key", HOME_ASSISTANT_TOKEN: token };
  const checked = await runPipit(["check-config", "--json", path], env);
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  const { settings } = JSON.parse(checked.stdout);
  assert.equal(settings["home_assistant.url"], "http://homeassistant.local:8123");
  assert.equal(settings["home_assistant.language"], "de-DE");
  const text = readFileSync(path, "utf8");
  assert.match(text, /"token": *"?\$\{HOME_ASSISTANT_TOKEN:-\}/);
  assert.doesNotMatch(text, /^\s*[^#\s].*HA_TOKEN\}/m);
});
