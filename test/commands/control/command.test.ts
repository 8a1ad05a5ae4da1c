/** `pipit status`, `wake`, `stop` and `mute` as the owner runs them, against a real socket. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { ControlSocket } from "../../../src/adapters/control/socket.ts";
import { statusText } from "../../../src/commands/control/status-text.ts";
import type { ControlReply, ControlRequest } from "../../../src/core/control.ts";
import { durationText } from "../../../src/core/duration.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const MODULE = new URL("../../../src/commands/control/command.js", import.meta.url).href;
const PROGRAM = `
  const { control } = await import("${MODULE}");
  const [command, ...argv] = process.argv.slice(1);
  process.exitCode = await control(command, argv);
`;

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function pipit(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, "--", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...env },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    err += String(chunk);
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

async function daemon(t: TestContext) {
  const folder = tempFolder(t);
  const asked: ControlRequest[] = [];
  const server = new ControlSocket(join(folder, "control.sock"), new SimClock());
  await server.start(async (request): Promise<ControlReply> => {
    asked.push(request);
    if (request.command === "wake") return { ok: false, error: "muted: pipit mute off" };
    if (request.command !== "status") return { ok: true, data: { state: "muted" } };
    const data = { state: "idle", uptime_s: 93_784, last_fault: null, drops: 3 };
    return { ok: true, data };
  });
  t.after(() => server.close());
  const close = (): Promise<void> => server.close();
  return { env: { RUNTIME_DIRECTORY: folder }, folder, asked, close };
}

test("status for people and for programs", async (t) => {
  const { env } = await daemon(t);
  const plain = await pipit(["status"], env);
  assert.equal(
    plain.out,
    "State        idle\n\nLast fault   none\nRunning for  1 d 2 h\n\nDrops        3\n",
  );
  assert.equal(plain.code, 0);
  const json = await pipit(["status", "--json"], env);
  const data = { state: "idle", uptime_s: 93_784, last_fault: null, drops: 3 };
  assert.deepEqual(JSON.parse(json.out), data);
});

test("status --watch: survives a restart of the daemon, ends on Ctrl-C", async (t) => {
  const { env, close } = await daemon(t);
  const args = ["--input-type=module", "-e", PROGRAM, "--", "status", "--watch", "--json"];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], ...env },
  });
  t.after(() => child.kill("SIGKILL"));
  const ended = once(child, "close");
  const lines: Readonly<Record<string, unknown>>[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(JSON.parse(line));
    if (lines.length === 1) await close();
    if (lines.length === 2) child.kill("SIGINT");
  }
  assert.deepEqual(await ended, [0, null]);
  assert.equal(lines[0]?.["state"], "idle");
  assert.match(String(lines[1]?.["error"]), /^pipit is not running/);
});

const MUTED = "Muted: the microphone is closed until pipit mute off\n";

test("mute without an operand prints the state; toggle inverts it", async (t) => {
  const { env, asked } = await daemon(t);
  const shown = await pipit(["mute"], env);
  assert.deepEqual([shown.code, shown.out], [0, "Not muted: the microphone is open (idle)\n"]);
  assert.equal((await pipit(["mute", "toggle"], env)).out, MUTED);
  assert.deepEqual(asked, [
    { command: "status" },
    { command: "status" },
    { command: "mute", on: true },
  ]);
});

test("mute and stop are passed on; a refusal is one line and exit code 1", async (t) => {
  const { env, asked } = await daemon(t);
  assert.deepEqual((await pipit(["mute", "on"], env)).out, MUTED);
  assert.equal((await pipit(["mute", "off"], env)).code, 0);
  assert.equal((await pipit(["stop"], env)).code, 0);
  const refused = await pipit(["wake"], env);
  assert.deepEqual(refused, { code: 1, out: "", err: "pipit wake: muted: pipit mute off\n" });
  const json = await pipit(["wake", "--json"], env);
  assert.deepEqual([json.code, JSON.parse(json.out)], [1, { error: "muted: pipit mute off" }]);
  assert.deepEqual(asked.slice(0, 3), [
    { command: "mute", on: true },
    { command: "mute", on: false },
    { command: "stop" },
  ]);
});

test("daemon not running: exit code 1, one line, the remedy", async (t) => {
  const env = { RUNTIME_DIRECTORY: tempFolder(t) };
  const { code, err } = await pipit(["status"], env);
  assert.equal(code, 1);
  assert.match(err, /^pipit status: pipit is not running .*systemctl start pipit .*install\)\n$/);
});

test("a broken or missing configuration is a note, and the status comes all the same", async (t) => {
  const { env, folder } = await daemon(t);
  const broken = join(folder, "broken.yaml");
  writeFileSync(broken, "audio: [\n");
  for (const file of [broken, join(folder, "none.yaml")]) {
    const { code, out, err } = await pipit(["status", "--config", file], env);
    assert.equal(code, 0);
    assert.match(out, /^State +idle$/m);
    assert.match(err, /^pipit status: note: .*\.yaml.*; looking for the daemon .*\n$/);
  }
});

test("a file with an error names the socket all the same: the daemon is found", async (t) => {
  const { folder } = await daemon(t);
  const file = join(folder, "slip.yaml");
  const socket = join(folder, "control.sock");
  writeFileSync(file, `system:\n  control_socket: ${socket}\naudio:\n  loudness: 3\n`);
  const { code, out, err } = await pipit(["status", "--config", file], {});
  assert.equal(code, 0);
  assert.match(out, /^State +idle$/m);
  assert.match(err, /^pipit status: note: .*slip\.yaml:4:3 audio\.loudness: unknown key/);
  assert.doesNotMatch(err, /default place/);
});

test("the setting and --socket lead to the daemon; the key need not be in the environment", async (t) => {
  const { folder } = await daemon(t);
  const config = join(folder, "config.yaml");
  const socket = join(folder, "control.sock");
  writeFileSync(
    config,
    `openai:\n  api_key: \${NO_SUCH_KEY}\nsystem:\n  control_socket: ${socket}\n`,
  );
  const found = await pipit(["status", "--config", config], {});
  assert.deepEqual([found.code, found.err], [0, ""]);
  const named = await pipit(["status", "--socket", socket, "--config", config], {});
  assert.deepEqual([named.code, named.err], [0, ""]);
});

test("bad usage is exit code 2 and one line; --help is 0", async () => {
  for (const args of [
    ["mute", "on", "off"],
    ["mute", "perhaps"],
    ["status", "now"],
    ["stop", "--jsno"],
  ]) {
    const { code, out, err } = await pipit(args, {});
    assert.deepEqual([code, out], [2, ""], args.join(" "));
    assert.match(err, /^pipit (mute|status|stop): .*\n$/);
  }
  for (const command of ["status", "wake", "stop", "mute"]) {
    const { code, out } = await pipit([command, "--help"], {});
    assert.equal(code, 0);
    assert.match(out, /--socket PATH/);
  }
});

test("any data is shown, a line each, and durations are read at a glance", () => {
  const money = { daily_usd: 1, spent_usd: 0.42, left_usd: 0.58, action: "mini", state: "calm" };
  assert.equal(
    statusText({ budget: money }),
    "Budget  $0.4200 of $1.00 spent, $0.5800 left (mini)\n",
  );
  assert.equal(statusText({ budget: null }), "Budget  none\n");
  const text = statusText({ odd: "a\nb", speaker: "", tokens: { in: 1 }, on: true, state: "idle" });
  const lines = [
    "State          idle",
    "",
    "Speaker state  none",
    "",
    "Odd            a b",
    'Tokens         {"in":1}',
    "On             yes",
  ];
  assert.equal(text, `${lines.join("\n")}\n`);
  const level = { verdict: "ok", rms_dbfs: -48.2, peak_dbfs: -12, clipped_share: 0, flat_s: 0 };
  const shown = (more: object): string => statusText({ microphone_level: { ...level, ...more } });
  assert.match(
    shown({}),
    /^Microphone level {2}-48\.2 dBFS, loudest -12\.0 dBFS \(last seconds\)$/m,
  );
  assert.match(shown({ verdict: "clipped" }), /, clipped$/m);
  assert.match(
    shown({ verdict: "silent", flat_s: 75 }),
    /nothing but digital silence for 1 min 15 s$/m,
  );
  assert.deepEqual([0, 9.9, 60, 125, 3_600, 18_720, 86_400 * 3 + 30].map(durationText), [
    "0 s",
    "9 s",
    "1 min",
    "2 min 5 s",
    "1 h",
    "5 h 12 min",
    "3 d",
  ]);
});

const CALM = {
  state: "idle",
  conversations_today: 3,
  cost_today_usd: 0.041,
  microphone: "ok",
  speaker: "ok",
  wake_word: "ok",
  wake_word_keyword: ["computer"],
  nobody_can_answer: null,
  config: "in force",
  config_refused: null,
  waiting_for_restart: [],
  budget: null,
};

test("the status begins with a sentence, and with what needs the owner", () => {
  const head = (more: object): string => statusText({ ...CALM, ...more }).split("\n\n")[0] ?? "";
  assert.equal(head({}), "Idle. Say computer. Today 3 conversations, $0.04. All is well.\n".trim());
  assert.match(head({ conversations_today: 1 }), /Today 1 conversation, \$0\.04\. All is well\.$/);
  assert.match(
    head({ conversations_today: 0 }),
    /^Idle\. Say computer\. No conversation today\. All/,
  );
  assert.match(head({ state: "muted" }), /^Muted: pipit mute off opens the microphone\. Today/);
  assert.match(head({ state: "listening" }), /^In a conversation: listening\. Today/);
  assert.match(head({ wake_word: "off" }), /^Idle\. The wake word is off: press the button, or/);
  const refused = { config: "refused", config_refused: "c.yaml:4:3 x: no", config_refused_s: 120 };
  assert.match(head(refused), /Not all is well:\n- The configuration file has errors, .* x: no$/);
  assert.match(statusText({ ...CALM, ...refused }), /^Refused +2 min ago$/m);
  const fault = { state: "fault", last_fault: "No answer: check the net", last_fault_s: 2 };
  assert.match(head(fault), /^Reporting a fault\. .*Not all is well:\n- No answer: check the net$/);
  const both = head({ ...fault, nobody_can_answer: fault.last_fault });
  assert.equal(both.split("check the net").length, 2, "told once");
  assert.match(head({ ...fault, state: "idle" }), /All is well now; the last fault .* 2 s ago\.$/);
  assert.match(head({ ...fault, state: "idle", last_fault_s: 3_600 }), /All is well\.$/);
  const waiting = { waiting_for_restart: ["audio.output_device"] };
  assert.match(head(waiting), /\n- Restart the service to put in force: audio\.output_device$/);
  assert.match(
    head({ microphone: "Microphone lost", nobody_can_answer: "Nobody" }),
    /:\n- Micr.*\n- Nob/,
  );
  const lost = { speaker: "Speaker lost", remedies: { speaker: "Set audio.output_device: x" } };
  assert.match(head(lost), /:\n- Speaker lost\. Set audio\.output_device: x$/);
  assert.doesNotMatch(statusText({ ...CALM, ...lost }), /remedies/i, "no row of its own");
  const spent = { daily_usd: 1, spent_usd: 1, left_usd: 0, action: "refuse", state: "spent" };
  assert.match(head({ budget: spent }), /\n- Today's budget is spent/);
});

test("in a narrow terminal words stay whole, and no line is wider", () => {
  const long =
    "the server of openai.base_url says that nobody of this account may use gpt-realtime";
  const text = statusText({ ...CALM, nobody_can_answer: long, retiring: [long, long] }, 60);
  for (const line of text.split("\n")) assert.ok(line.length <= 60, line);
  assert.ok(text.includes("openai.base_url"), "no word is broken");
  assert.match(statusText({ ...CALM, last_fault: long }), new RegExp(`^Last fault +${long}$`, "m"));
});
