/** The program as an owner meets it: real processes, exit codes, one line each, no stack trace. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../src/adapters/os/project-root.ts";
import { type Ended, MAIN, runPipit } from "../helpers/pipit.ts";
import { tempFile, tempFolder } from "../helpers/temp-folder.ts";

const ENV = { OPENAI_API_KEY: "sk-geheim" };

/** Ended with bad usage or configuration, in lines without a stack trace; returns them. */
function refused(ended: Ended): readonly string[] {
  assert.equal(ended.code, 2, ended.stderr);
  assert.equal(ended.stdout, "");
  assert.doesNotMatch(ended.stderr, /^\s+at |node:internal|Error:/m);
  assert.ok(!ended.stderr.includes("geheim"), ended.stderr);
  return ended.stderr.trimEnd().split("\n");
}

async function refusedLine(args: readonly string[], env = {}): Promise<string> {
  const lines = refused(await runPipit(args, env));
  assert.equal(lines.length, 1, lines.join("\n"));
  return lines[0] ?? "";
}

test("help and version", async () => {
  const help = await runPipit(["--help"]);
  assert.equal(help.code, 0);
  for (const name of ["run", "check-config", "status", "mute", "demo"]) {
    assert.match(help.stdout, new RegExp(`^  ${name} `, "m"));
  }
  const version = await runPipit(["--version"]);
  const manifest: unknown = JSON.parse(readFileSync(join(projectRoot(), "package.json"), "utf8"));
  assert.ok(typeof manifest === "object" && manifest !== null && "version" in manifest);
  assert.equal(version.stdout, `${String(manifest.version)}\n`);
  const own = await runPipit(["check-config", "--help"]);
  assert.equal(own.code, 0);
  assert.match(
    own.stdout,
    /^pipit check-config: .*\n\nUsage: pipit check-config \[FILE\] \[options\]/,
  );
  const nothing = await runPipit([]);
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /Usage: pipit COMMAND/);
});

test("bad usage is one line with a suggestion, and exit code 2", async () => {
  const unknown = await refusedLine(["chek-config"]);
  assert.match(unknown, /^pipit: unknown command "chek-config"; did you mean "check-config"\?/);
  assert.match(await refusedLine(["constructor"]), /^pipit: unknown command "constructor"/);
  assert.match(await refusedLine(["--hlep"]), /^pipit: unknown option "--hlep"/);
  const option = await refusedLine(["check-config", "--jsn", "--json"]);
  assert.match(option, /^pipit check-config: unknown option --jsn; did you mean "--json"\?/);
  assert.match(await refusedLine(["check-config", "--config"]), /--config needs FILE/);
  assert.match(await refusedLine(["check-config", "--config", "--json"]), /--config needs FILE/);
  assert.match(await refusedLine(["check-config", "--json=yes"]), /--json takes no value/);
  assert.match(await refusedLine(["check-config", "f", "g"]), /unexpected argument "g"/);
  const clock = await refusedLine(["timers", "set", "0730"]);
  assert.match(
    clock,
    /^pipit timers: "0730" may be a time of day or seconds: write 07:30 or 0730s/,
  );
});

test("check-config says ok, and shows no secret", async (t) => {
  const file = tempFile(t, "c.yaml", `openai:\n  api_key: \${OPENAI_API_KEY}\n`);
  const plain = await runPipit(["check-config", "--config", file], ENV);
  assert.deepEqual(plain, { code: 0, stdout: `${file}: ok\n`, stderr: "" });
  const named = await runPipit(["check-config"], { ...ENV, PIPIT_CONFIG: file });
  assert.equal(named.stdout, `${file}: ok\n`);
  const json = await runPipit(["check-config", "--json", "--config", file], ENV);
  assert.equal(json.code, 0);
  assert.ok(!json.stdout.includes("geheim"));
  const data: unknown = JSON.parse(json.stdout);
  assert.ok(typeof data === "object" && data !== null && "ok" in data && "settings" in data);
  assert.equal(data.ok, true);
  assert.match(json.stdout, /"openai.api_key": "\(set\)"/);
});

test("each kind of bad configuration is one clear line, and exit code 2", async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["openai: [\n", /^:1:9: the \[ that begins here has no \]$/],
    ["openai:\n\tmodel: x\n", /^:2:1: indented with a tab/],
    ["openai:\n  modle: x\n", /^:2:3 openai.modle: unknown key; did you mean "model"\?$/],
    ["audio:\n  volume: [1]\n", /^:2:11 audio.volume: must be a number .*, found a list$/],
    ["audio:\n  volume: 7\n", /^:2:11 audio.volume: must be a number from 0 to 1, found 7$/],
    ["audio:\n  duplex: ful\n", /^:2:11 audio.duplex: .*; did you mean "full"\?$/],
    [`openai:\n  api_key: \${NO_KEY}\n`, /^:2:12 openai.api_key: the environment variable NO_KEY/],
  ];
  for (const [text, expected] of cases) {
    const file = tempFile(t, "c.yaml", text);
    const line = await refusedLine(["check-config", "--config", file], ENV);
    assert.ok(line.startsWith(file), line);
    assert.match(line.slice(file.length), expected);
  }
  const missing = join(tempFolder(t), "no.yaml");
  assert.match(await refusedLine(["check-config", "--config", missing]), /there is no such file/);
});

test("all problems at once, and the same for programs", async (t) => {
  const file = tempFile(t, "c.yaml", "audio:\n  volume: 7\nzzz: 1\n");
  const lines = refused(await runPipit(["check-config", "--config", file]));
  assert.deepEqual(
    lines.map((line) => line.slice(file.length).split(":").slice(0, 3).join(":")),
    [":1:1 openai.api_key", ":2:11 audio.volume", ":3:1 zzz"],
  );
  const json = await runPipit(["check-config", "--json", "--config", file]);
  assert.equal(json.code, 2);
  assert.equal(json.stderr, "");
  const data: unknown = JSON.parse(json.stdout);
  assert.ok(typeof data === "object" && data !== null && "problems" in data);
  assert.deepEqual(data.problems, lines);
});

test("leds-off and post-stop say what they did, or why not", async (t) => {
  const file = join(tempFolder(t), "c.yaml");
  writeFileSync(file, "leds: {listening_pin: none, status_pin: none}\n");
  const none = await runPipit(["leds-off", "--config", file], ENV);
  assert.deepEqual(none, {
    code: 0,
    stdout: "No LEDs are configured: nothing to turn off\n",
    stderr: "",
  });
  writeFileSync(file, "leds: {backend: panel}\n");
  const left = await runPipit(["leds-off", "--config", file], ENV);
  assert.match(
    left.stdout,
    /^The LEDs were left alone \(pins \d+ and \d+\): there is no GPIO here\n$/,
  );
  const ended = {
    ...ENV,
    SERVICE_RESULT: "signal",
    EXIT_STATUS: "KILL",
    STATE_DIRECTORY: tempFolder(t),
  };
  const stopped = await runPipit(["post-stop", "--config", file], ended);
  assert.match(stopped.stdout, /^The LEDs .*\nRecorded: signal\n$/);
});

test("-v is the version, too", async () => {
  const [short, long] = [await runPipit(["-v"]), await runPipit(["--version"])];
  assert.deepEqual(short, long);
  assert.match(short.stdout, /^\d+\.\d+\.\d+\n$/);
});

test("demo --live checks before it invites", async () => {
  const result = await runPipit(["demo", "--live"], {});
  assert.equal(result.code, 2);
  assert.equal(result.stdout, "", "nobody was invited");
  assert.match(result.stderr, /openai\.api_key: .*OPENAI_API_KEY is not set/);
});

test("output that finds no place is one line and a failure", async () => {
  for (const args of [["--help"], ["cost", "--tokens-per-day", "1000"]]) {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env["PATH"] },
      stdio: ["ignore", full, "pipe"],
    });
    closeSync(full);
    const ended = await endOf(child);
    assert.deepEqual(ended, {
      code: 1,
      signal: null,
      stderr: "pipit: the output cannot be written (ENOSPC). Free space on it: df -h\n",
    });
  }
});

test("demo --out: a file that is no sound is left alone, said at once", async (t) => {
  const notes = tempFile(t, "notes.txt", "precious");
  const line = await refusedLine(["demo", "--out", notes]);
  assert.match(
    line,
    /^pipit demo: .*notes\.txt exists and is not a WAV file; choose another: --out /,
  );
  assert.equal(readFileSync(notes, "utf8"), "precious");
});

test("a place that cannot be written or read is refused at once, by the option's own words", async (t) => {
  const dir = tempFolder(t);
  const file = tempFile(t, "notes.txt", "precious");
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [["demo", "--out", "/nonexist/x.wav"], /--out \/nonexist\/x\.wav .* no folder \/nonexist/],
    [["demo", "--out", dir], /--out \S+ is a folder; name a file in it/],
    [["demo", "--out", join(file, "x.wav")], /--out \S+ .*notes\.txt is no folder/],
    [
      ["demo", "--out", join(dir, "x.wav"), "--metrics", file],
      /--metrics \S+ is a file, and a fold/,
    ],
    [["simulate", "--log", "/nonexist/x"], /--log \/nonexist\/x .*there is no folder \/nonexist/],
    [["simulate", "--log", dir], /--log \S+ is a folder; name a file in it/],
    [["simulate", "--dump-audio", file], /--dump-audio \S+ is a file, and a folder is wanted/],
    [["simulate", "--dump-audio", "/proc/x/y"], /--dump-audio \/proc\/x\/y cannot be made/],
    [
      ["metrics", "--dir", dir, "--html", "/nonexist/x"],
      /--html \/nonexist\/x .*no folder \/nonexist/,
    ],
    [["metrics", "--dir", dir, "--html", dir], /--html \S+ is a folder; name a file in it/],
    [["say", "--file", "/nonexist/x"], /--file \/nonexist\/x: there is no such file/],
    [["say", "--file", dir], /--file \S+: is a folder; name a file in it/],
  ];
  for (const [args, expected] of rows) assert.match(await refusedLine(args, ENV), expected);
});

test("started in a folder that is gone: one line with the remedy, or no matter", async (t) => {
  const here = (args: string): Promise<{ readonly code: number | null; readonly stderr: string }> =>
    endOf(
      spawn("sh", ["-c", `rmdir "$PWD" && exec "${process.execPath}" "${MAIN}" ${args}`], {
        cwd: tempFolder(t),
        env: { PATH: process.env["PATH"], ...ENV },
        stdio: ["ignore", "ignore", "pipe"],
      }),
    );
  const demo = await here("demo");
  assert.equal(demo.code, 1);
  assert.match(demo.stderr, /^pipit: the folder in which this was started is gone\. .*: cd\n$/);
  assert.equal((await here("simulate")).stderr, demo.stderr);
  const checked = await here("check-config");
  assert.equal(checked.code, 0, checked.stderr);
});

test("a bug while a file is being read: the exit code says failed, and no device is blamed", async () => {
  const wrong = `
    import { readFile } from "node:fs";
    setTimeout(() => { readFile("/proc/self/status", () => {}); throw new Error("wrong"); }, 300);`;
  const child = spawn(
    process.execPath,
    [
      "--import",
      `data:text/javascript,${encodeURIComponent(wrong)}`,
      MAIN,
      "simulate",
      "--port",
      "0",
    ],
    { env: { PATH: process.env["PATH"] }, stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = await endOf(child);
  assert.deepEqual([ended.code, ended.signal], [1, null], ended.stderr);
  assert.match(ended.stderr, /^pipit: this is a bug\n/);
  assert.doesNotMatch(ended.stderr, /did not answer/);
});

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

function endOf(child: ChildProcess): Promise<End> {
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stderr }));
  });
}
