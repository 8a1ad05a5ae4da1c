/** Which file, whether it can be read, and what comes of it: with real files. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  CONFIG_MAX_BYTES,
  type LoadedConfig,
  loadConfig,
  PROBLEMS_SHOWN_MAX,
} from "../../../src/adapters/config/file.ts";
import { projectRoot } from "../../../src/adapters/os/project-root.ts";
import { tempFile, tempFolder } from "../../helpers/temp-folder.ts";

const ENV = { OPENAI_API_KEY: "sk-test" };
const NO_SYSTEM_FILE = "/nonexistent/config.yaml";

function load(test: TestContext, content: string | Uint8Array): LoadedConfig {
  return loadConfig({ path: tempFile(test, "c.yaml", content), env: ENV });
}

/** The problems with the path taken off. */
function problems(loaded: LoadedConfig): readonly string[] {
  assert.ok(!loaded.ok, "should have been refused");
  return loaded.problems.map((line) => {
    assert.ok(line.startsWith(loaded.path), line);
    return line.slice(loaded.path.length);
  });
}

test("a file of two lines is enough", (t) => {
  const loaded = load(t, `openai:\n  api_key: \${OPENAI_API_KEY}\n`);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  assert.equal(loaded.settings["openai.api_key"], "sk-test");
  assert.equal(loaded.settings["audio.pre_roll_ms"], 1000);
  assert.ok(loaded.modifiedMs > 0);
});

test("the order: --config, PIPIT_CONFIG, the system's file, the installation's", (t) => {
  const [first, second, third] = ["1.yaml", "2.yaml", "3.yaml"].map((name) =>
    tempFile(t, name, ""),
  );
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  const env = { ...ENV, PIPIT_CONFIG: second };
  assert.equal(loadConfig({ path: first, env, systemFile: third }).path, first);
  assert.equal(loadConfig({ env, systemFile: third }).path, second);
  assert.equal(loadConfig({ env: ENV, systemFile: third }).path, third);
  const own = loadConfig({ env: ENV, systemFile: NO_SYSTEM_FILE });
  assert.equal(own.path, join(projectRoot(), "config", "config.yaml"));
  assert.ok(own.ok, JSON.stringify(own));
});

test("a file that is not there, or is none", (t) => {
  const folder = tempFolder(t);
  const missing = join(folder, "no.yaml");
  const [line, ...more] = problems(loadConfig({ path: missing, env: ENV }));
  assert.equal(line, ": there is no such file (named by --config); name one with --config FILE");
  assert.deepEqual(more, []);
  const named = problems(loadConfig({ env: { PIPIT_CONFIG: missing } }));
  assert.match(named[0] ?? "", /named by PIPIT_CONFIG/);
  assert.deepEqual(problems(loadConfig({ path: folder, env: ENV })), [
    ": is a folder; name a file in it",
  ]);
  assert.deepEqual(problems(loadConfig({ path: "/dev/zero", env: ENV })), [
    ": is not an ordinary file",
  ]);
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  assert.deepEqual(problems(loadConfig({ path: pipe, env: ENV })), [": is not an ordinary file"]);
  const below = problems(loadConfig({ path: "/dev/null/x.yaml", env: ENV }));
  assert.match(below[0] ?? "", /no such file/);
});

test("a system file that cannot be read is an error, not skipped", (t) => {
  const folder = tempFolder(t);
  const loop = join(folder, "loop");
  execFileSync("ln", ["-s", loop, loop]);
  const loaded = loadConfig({ env: ENV, systemFile: loop });
  assert.equal(loaded.path, loop);
  assert.match(problems(loaded)[0] ?? "", /^: cannot be opened \(ELOOP; the system's own\)$/);
});

test("a file that is no text, or too large", (t) => {
  const latin1 = load(t, Buffer.from("a: 1\nb: caf\u00e9\n", "latin1"));
  assert.deepEqual(problems(latin1), [":2:1: is not UTF-8 text; save the file as UTF-8"]);
  const utf16 = load(t, Buffer.from("\ufeffopenai:\n", "utf16le"));
  assert.match(problems(utf16)[0] ?? "", /^:1:1: is UTF-16 text; save the file as UTF-8$/);
  const zero = load(t, "openai:\n  \u0000\n");
  assert.match(
    problems(zero)[0] ?? "",
    /^:2:1: has zero bytes: a power cut or a full disk has taken/,
  );
  const large = load(t, "#".repeat(CONFIG_MAX_BYTES + 1));
  assert.match(problems(large)[0] ?? "", /^: has more than 262144 bytes/);
  assert.ok(load(t, "#".repeat(CONFIG_MAX_BYTES)).ok);
});

test("a byte order mark and Windows line ends are taken", (t) => {
  const loaded = load(t, "\ufeffaudio:\r\n  volume: 0.5\r\n");
  assert.ok(loaded.ok, JSON.stringify(loaded));
  assert.equal(loaded.settings["audio.volume"], 0.5);
});

test("all problems at once, each with its place", (t) => {
  const text = [
    "openai:",
    "  modle: gpt-realtime",
    "  temperature: 2",
    "  fallback_models: [a, 7]",
    "  temperature: 3",
    "audio:",
    "  volume: loud",
    "volume: 1",
  ].join("\n");
  assert.deepEqual(problems(load(t, text)), [
    ':2:3 openai.modle: unknown key; did you mean "model"?',
    ":4:24 openai.fallback_models: must be a model name (letters, digits and . _ : / @ -), found 7",
    ":5:3: temperature is set twice in its section, the first time in line 3; keep one",
    ":5:16 openai.temperature: must be a number from 0.6 to 1.2, found 3",
    ':7:11 audio.volume: must be a number from 0 to 1, found "loud"',
    ":8:1 volume: unknown key; did you mean audio.volume or timers.volume?",
  ]);
});

test("a section that stands twice is one problem: what its first half holds is not wanting", (t) => {
  const text = "openai:\n  api_key: sk-here\nopenai:\n  voice: nova\n";
  const found = problems(loadConfig({ path: tempFile(t, "twice.yaml", text), env: {} }));
  assert.equal(found.length, 2, found.join("\n"));
  assert.match(found[0] ?? "", /^:3:1: the section openai stands twice, the first time in line 1/);
  assert.match(
    found[1] ?? "",
    /^:4:10 openai.voice: must be one of/,
    "the second half is read too",
  );
});

test("a missing key of the environment points at the line, or at the section", (t) => {
  const path = tempFile(t, "c.yaml", `# c\nopenai:\n  api_key: \${MY_KEY}\n`);
  const named = problems(loadConfig({ path, env: {} }));
  assert.match(
    named[0] ?? "",
    /^:3:12 openai.api_key: the environment variable MY_KEY is not set; /,
  );
  const absent = problems(loadConfig({ path: tempFile(t, "d.yaml", ""), env: {} }));
  assert.match(absent[0] ?? "", /^:1:1 openai.api_key: .* OPENAI_API_KEY is not set/);
  const lenient = loadConfig({ path, env: {}, missingVariables: "default" });
  assert.ok(lenient.ok, JSON.stringify(lenient));
});

test("a flood of problems is cut and counted", (t) => {
  const text = Array.from({ length: 500 }, (_, index) => `k${index}: 1\n`).join("");
  const lines = problems(load(t, text));
  assert.equal(lines.length, PROBLEMS_SHOWN_MAX + 1);
  assert.equal(lines.at(-1), `: and ${500 - PROBLEMS_SHOWN_MAX} more`);
});

test("the file is read anew each time", (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, "sub"));
  const path = join(folder, "sub", "c.yaml");
  writeFileSync(path, "audio:\n  volume: 0.1\n");
  const before = loadConfig({ path, env: ENV });
  writeFileSync(path, "audio:\n  volume: 0.2\n");
  const after = loadConfig({ path, env: ENV });
  assert.ok(before.ok && after.ok);
  assert.deepEqual([before.settings["audio.volume"], after.settings["audio.volume"]], [0.1, 0.2]);
});
