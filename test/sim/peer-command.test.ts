/** `pipit simulate` as a child process: what it prints, writes and answers with. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { parseJson, textAt } from "../../src/sim/peer/json.ts";
import { tempFile, tempFolder } from "../helpers/temp-folder.ts";

const COMMAND = fileURLToPath(new URL("../../src/commands/simulate/command.js", import.meta.url));
const RUN =
  "const [at, ...argv] = process.argv.slice(1);" +
  "import(at).then((m) => m.simulate(argv)).then((code) => process.exit(code));";
/** A child that does not end is killed, milliseconds. */
const RUN_MAX_MS = 30_000;

function start(context: TestContext, args: readonly string[]) {
  const child = spawn(process.execPath, ["-e", RUN, COMMAND, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: RUN_MAX_MS,
    killSignal: "SIGKILL",
  });
  context.after(() => child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const code = once(child, "close").then(([status]) => Number(status));
  return { child, code, stderr: () => stderr };
}

async function firstLine(child: ReturnType<typeof start>["child"]): Promise<string> {
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error("it printed nothing");
}

async function talk(url: string, event: unknown): Promise<void> {
  const ws = new WebSocket(`${url.replace("http:", "ws:")}/realtime?model=gpt-realtime`, {
    headers: { authorization: "Bearer sk-x" },
  });
  await once(ws, "message");
  ws.send(JSON.stringify(event));
  await once(ws, "message");
  ws.close();
  await once(ws, "close");
}

test("it says where it listens, keeps a log and the sound, and ends with 0 on SIGTERM", async (context) => {
  const folder = tempFolder(context);
  const log = join(folder, "log.jsonl");
  const { child, code, stderr } = start(context, ["--json", "--log", log, "--dump-audio", folder]);
  const url = textAt(parseJson(await firstLine(child)), "url") ?? "";
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
  await talk(url, { type: "session.update", session: { type: "realtime" } });
  const audio = Buffer.alloc(960).toString("base64");
  const ws = new WebSocket(`${url.replace("http:", "ws:")}/realtime?model=gpt-realtime`, {
    headers: { authorization: "Bearer sk-x" },
  });
  await once(ws, "message");
  ws.send(JSON.stringify({ type: "session.update", session: { type: "realtime" } }));
  await once(ws, "message");
  ws.send(JSON.stringify({ type: "input_audio_buffer.append", audio }));
  ws.send(JSON.stringify({ type: "input_audio_buffer.clear" }));
  await once(ws, "message");
  child.kill("SIGTERM");
  assert.equal(await code, 0, stderr());
  const lines = readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map((line) => parseJson(line));
  const types = lines.map((line) => textAt(line, "event", "type"));
  assert.ok(types.includes("session.created") && types.includes("session.update"));
  assert.match(readFileSync(log, "utf8"), /"audio_bytes":960/);
  assert.equal(statSync(join(folder, "connection-2-client.s16le")).size, 960);
});

test("a protocol violation is printed, and the exit code is 1", async (context) => {
  const scenario = tempFile(context, "s.yaml", "faults: [{ at: 'delta:9', do: drop }]\n");
  const { child, code, stderr } = start(context, ["--json", "--scenario", scenario]);
  const url = textAt(parseJson(await firstLine(child)), "url") ?? "";
  await talk(url, { type: "session.update", session: { type: "realtime", voice: "alloy" } });
  child.kill("SIGTERM");
  assert.equal(await code, 1);
  assert.match(stderr(), /^PROTOCOL VIOLATION, connection 1, session\.update: Unknown parameter/);
  assert.match(stderr(), /this fault never occurred: .*s\.yaml:1:10 \(delta:9: drop\)/);
});

test("what the machine does not allow is said in plain words", async (context) => {
  const taken = start(context, ["--json"]);
  const url = textAt(parseJson(await firstLine(taken.child)), "url") ?? "";
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--port", new URL(url).port], /port \d+ is taken by another program; choose another: --port/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = start(context, args);
    assert.equal(await code, 1, args.join(" "));
    assert.match(stderr(), message);
  }
});

test("bad usage is one line and 2", async (context) => {
  const bad = tempFile(context, "bad.yaml", "turn: []\n");
  const wav = tempFile(context, "no.wav", "not sound");
  const pipe = `${wav}.pipe`;
  assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--prot", "1"], /unknown option --prot; did you mean "--port"/],
    [["--port", "x"], /--port needs a number/],
    [["--speed", "0"], /--speed needs a number/],
    [["--scenario", "/nowhere.yaml"], /cannot read the scenario: there is no \/nowhere\.yaml/],
    [["--scenario", "/"], /cannot read the scenario: it is a folder, and a file is wanted/],
    [["--scenario", bad], /bad\.yaml:1:1 turn: unknown key; did you mean "turns"\?/],
    [["--scenario", pipe], /cannot read the scenario: it is not an ordinary file/],
    [["--dump-audio", bad], /--dump-audio .*bad\.yaml is a file, and a folder is wanted/],
    [["--log", join(bad, "x")], /--log .* cannot be written: .*bad\.yaml is no folder/],
    [["--voice-file", wav], /no\.wav is not a WAV file/],
    [["--voice-file", pipe], /cannot read .*\.pipe: it is not an ordinary file/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = start(context, args);
    assert.equal(await code, 2, args.join(" "));
    assert.match(stderr(), message);
    assert.equal(stderr().trim().split("\n").length, 1, stderr());
  }
});
