/** Programs of others: as a child of ours, and through the real helper, which runs as another user. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { OutsideHost } from "../../../src/adapters/functions/host.ts";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import { FRAME_MAX_BYTES, FrameReader, frames } from "../../../src/adapters/programs/frames.ts";
import { PROGRAMS_MAX } from "../../../src/adapters/programs/helper.ts";
import { INPUT_MAX_BYTES } from "../../../src/adapters/programs/local.ts";
import { LocalPrograms } from "../../../src/adapters/programs/local-programs.ts";
import { customFunctions } from "../../../src/core/functions/custom.ts";
import type { Program, ProgramEnd, ProgramRunner } from "../../../src/ports.ts";
import { eventually } from "../../helpers/host.ts";
import { pidsOf, sendSignal } from "../../helpers/processes.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const HELPER = fileURLToPath(
  new URL("../../../src/adapters/programs/helper-main.js", import.meta.url),
);
const ACTIVATE = "/usr/bin/systemd-socket-activate";
const NOBODY = 65_534;
const clock = new SystemClock();
/** systemd's own way of handing over a socket, and a user to change to. */
const noHelper =
  (process.getuid?.() !== 0 && "no root rights") || (!existsSync(ACTIVATE) && "no systemd");

interface Ran {
  readonly end: ProgramEnd;
  readonly output: string;
  readonly errors: string;
}

class Running {
  readonly ended: Promise<Ran>;
  readonly program: Program;
  output = "";
  errors = "";

  constructor(runner: ProgramRunner, script: string, maxMs: number | null = 20_000) {
    let resolve: (ran: Ran) => void = () => undefined;
    this.ended = new Promise((settle) => {
      resolve = settle;
    });
    const request = { argv: ["/bin/sh", "-c", script], env: { TOKEN: "t0" }, cwd: "/", maxMs };
    this.program = runner.start(request, {
      output: (bytes) => {
        this.output += Buffer.from(bytes).toString("latin1");
      },
      errors: (bytes) => {
        this.errors += Buffer.from(bytes).toString("latin1");
      },
      ended: (end) => resolve({ end, output: this.output, errors: this.errors }),
    });
  }
}

/** The real helper as `nobody`, started by the first connection as systemd would. */
async function helper(t: TestContext): Promise<{
  readonly runner: ProgramRunner;
  readonly socketPath: string;
  readonly process: ChildProcess;
}> {
  const folder = tempFolder(t);
  chmodSync(folder, 0o711);
  const socketPath = join(folder, "socket");
  const asNobody = ["/usr/bin/setpriv", "--reuid", `${NOBODY}`, "--regid", `${NOBODY}`];
  const line = [...asNobody, "--clear-groups", "--no-new-privs", process.execPath, HELPER];
  const child = spawn(
    ACTIVATE,
    [`--listen=${socketPath}`, `--setenv=STATE_DIRECTORY=${folder}`, ...line],
    {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: "/usr/bin:/bin" },
    },
  );
  t.after(() => child.kill("SIGKILL"));
  await eventually("the socket", () => isListening(socketPath));
  const programs = new LocalPrograms({ clock, sandbox: () => "auto", uid: 999, socketPath });
  const runner = programs.runner();
  assert.ok(runner);
  assert.equal(programs.protection(), "programs run as the user pipit-tools");
  return { runner, socketPath, process: child };
}

/** Its file is there before it takes connections. */
function isListening(path: string): boolean {
  const lines = readFileSync("/proc/net/unix", "latin1").split("\n");
  return lines.some((line) => line.endsWith(` ${path}`) && line.includes(" 00010000 "));
}

const gone = (words: string) => eventually(`the end of ${words}`, () => pidsOf(words).length === 0);

test("through the helper it is another user: neither key nor configuration nor our environment", {
  skip: noHelper,
}, async (t) => {
  const folder = tempFolder(t);
  chmodSync(folder, 0o755);
  const key = join(folder, "OPENAI_API_KEY");
  writeFileSync(key, "sk-secret", { mode: 0o600 });
  const { runner } = await helper(t);
  const look = `id -u; cat ${key} /proc/${process.pid}/environ; env; ls -l /proc/self/fd`;
  const { end, output, errors } = await new Running(runner, look).ended;
  assert.deepEqual(end, { code: 0, signal: null, error: null });
  assert.match(output, /^65534\n/);
  assert.equal(errors.match(/Permission denied/g)?.length, 2, errors);
  assert.ok(!output.includes("sk-secret") && !output.includes("LISTEN_FDS"), output);
  assert.match(output, /^TOKEN=t0$/m);
  assert.match(output, /^HOME=\/tmp\/.*$/m, "where it may write");
  // systemd's socket is open in the helper; whoever had it could take what Pipit says to others.
  assert.deepEqual(
    output.match(/\d+ -> socket:/g),
    ["0", "1", "2"].map((fd) => `${fd} -> socket:`),
  );
});

test("a long-running server: many requests, ended on close", {
  skip: noHelper,
}, async (t) => {
  const { runner } = await helper(t);
  const server = new Running(runner, 'while read -r line; do echo "you said $line"; done', null);
  for (let i = 0; i < 50; i++) {
    server.program.write(Buffer.from(`${i}\n`));
    await eventually(`answer ${i}`, () => server.output.endsWith(`you said ${i}\n`));
  }
  const other = await new Running(runner, "echo two at once").ended;
  assert.equal(other.output, "two at once\n");
  server.program.endInput();
  assert.equal((await server.ended).end.code, 0);
  const stubborn = new Running(runner, "trap '' TERM; while :; do sleep 6101; done", null);
  await eventually("it runs", () => pidsOf("sleep 6101").length > 1);
  const began = performance.now();
  stubborn.program.stop();
  stubborn.program.stop();
  assert.equal((await stubborn.ended).end.signal, "SIGKILL");
  assert.ok(performance.now() - began < 2_000);
  await gone("sleep 6101");
});

test("forks, and children that leave the group: gone with it, whoever ends it", {
  skip: noHelper,
}, async (t) => {
  const { runner } = await helper(t);
  const forks = "for i in 1 2 3 4 5 6; do (trap '' TERM; sleep 6102) & setsid sleep 6102 & done";
  const done = await new Running(runner, `${forks}; echo done`).ended;
  assert.equal(done.output, "done\n");
  await gone("sleep 6102");
  const late = await new Running(runner, `${forks}; wait`, 300).ended;
  assert.equal(late.end.signal, "SIGTERM", "its time was over");
  await gone("sleep 6102");
});

test("when Pipit dies its programs do; the helper goes on", { skip: noHelper }, async (t) => {
  const { runner, socketPath } = await helper(t);
  const socket = connect(socketPath);
  const script = "(trap '' TERM; sleep 6103) & setsid sleep 6103 & trap '' TERM; sleep 6103; wait";
  const request = { argv: ["/bin/sh", "-c", script], env: {}, cwd: "/", maxMs: null };
  socket.write(frames("request", Buffer.from(JSON.stringify(request))));
  await eventually("it runs", () => pidsOf("sleep 6103").length >= 3);
  socket.destroy();
  await gone("sleep 6103");
  assert.equal((await new Running(runner, "echo still here").ended).output, "still here\n");
});

test("the helper exits: reported at once, and to later calls", {
  skip: noHelper,
}, async (t) => {
  const { runner, process: helping } = await helper(t);
  const server = new Running(runner, "sleep 6104", null);
  await eventually("it runs", () => pidsOf("sleep 6104").length > 0);
  helping.kill("SIGKILL");
  const { end } = await server.ended;
  assert.deepEqual([end.code, end.signal], [null, null]);
  assert.match(end.error ?? "", /^the helper pipit-tools: /);
  const next = await new Running(runner, "echo").ended;
  assert.match(next.end.error ?? "", /^the helper pipit-tools: E[A-Z]+$/);
  // Here no service manager clears away what is left.
  for (const pid of pidsOf("sleep 6104")) sendSignal(pid, "SIGKILL");
});

test("10 MB, endless, binary, no such program: as a function, bounded", {
  skip: noHelper,
}, async (t) => {
  const { socketPath } = await helper(t);
  const programs = new LocalPrograms({ clock, sandbox: () => "auto", uid: 999, socketPath });
  const host = new OutsideHost(programs);
  const ask = async (command: readonly string[], more: object = {}, args = {}, ms = 20_000) => {
    const { functions, problems } = customFunctions({
      f: { description: "It does.", command, ...more },
    });
    assert.deepEqual(problems, []);
    const [made] = functions;
    assert.ok(made);
    const result = await host.run(made, args, AbortSignal.timeout(ms));
    return result.ok ? JSON.stringify(result.data) : `error ${result.error}`;
  };
  const sh = (script: string) => ["/bin/sh", "-c", script];
  const big = await ask(sh("head -c 10000000 /dev/zero | tr '\\0' x"));
  assert.match(big, /cut: the whole has \d+ bytes/);
  assert.ok(big.length < 9_000);
  assert.match(await ask(sh("yes 6105")), /cut/);
  await gone("yes 6105");
  assert.match(await ask(sh("head -c 5000 /dev/urandom")), /^error .*no text/);
  assert.match(await ask(["/no/such"]), /^error .*no such program/);
  assert.match(await ask(sh("sleep 6106"), {}, {}, 300), /^error The program was ended/);
  await gone("sleep 6106");
  const parameters = { what: { type: "string" } };
  const said = await ask(["/bin/cat"], { parameters, stdin: true }, { what: "für elise" });
  assert.ok(said.includes("für elise"), said);
});

test("more than there is room for are refused, and room comes back", {
  skip: noHelper,
}, async (t) => {
  const { runner } = await helper(t);
  const many = Array.from({ length: PROGRAMS_MAX }, () => new Running(runner, "read x", null));
  await eventually("all run", () => pidsOf("-c read x").length === PROGRAMS_MAX);
  const surplus = await new Running(runner, "echo").ended;
  assert.match(surplus.end.error ?? "", /^too many programs/);
  for (const { program } of many) program.endInput();
  await Promise.all(many.map(({ ended }) => ended));
  assert.equal((await new Running(runner, "echo room").ended).output, "room\n");
});

test("who does not speak the helper's language is cut off", { skip: noHelper }, async (t) => {
  const { runner, socketPath } = await helper(t);
  const wrong: readonly Buffer[] = [
    Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    Buffer.from([0, 0xff, 0xff, 0xff, 0xff]),
    frames("output", Buffer.from("x")),
    frames("request", Buffer.from("{}")),
    frames("request", Buffer.from('{"argv":["/bin/sh"],"env":{"A":1},"cwd":"/","maxMs":null}')),
    frames("request", Buffer.from("[".repeat(100_000))),
  ];
  for (const bytes of wrong) {
    const socket = connect(socketPath);
    socket.write(bytes);
    socket.resume();
    await new Promise((resolve) => socket.on("close", resolve));
  }
  assert.equal((await new Running(runner, "echo well").ended).output, "well\n");
});

for (const kind of ["as a child", "through the helper"] as const) {
  const skip = kind === "as a child" ? false : noHelper;
  test(`${kind}: what does not read its input is stopped`, { skip }, async (t) => {
    const local = new LocalPrograms({ clock, sandbox: () => "none" }).runner();
    const runner = kind === "as a child" ? local : (await helper(t)).runner;
    assert.ok(runner);
    const deaf = new Running(runner, "sleep 6107", null);
    await eventually("it runs", () => pidsOf("sleep 6107").length > 0);
    for (let i = 0; i < 4; i++) deaf.program.write(Buffer.alloc(INPUT_MAX_BYTES / 2));
    assert.equal((await deaf.ended).end.signal, "SIGTERM");
    await gone("sleep 6107");
  });
}

test("frames: whole, in pieces of any size, too long, of no kind", () => {
  const long = Buffer.alloc(FRAME_MAX_BYTES + 10, 7);
  const all = Buffer.concat([
    frames("input", Buffer.from("a")),
    frames("stop"),
    frames("output", long),
  ]);
  for (const size of [1, 2, 5, 6, 4_096, all.length]) {
    const reader = new FrameReader();
    const found = [];
    for (let at = 0; at < all.length; at += size) {
      found.push(...(reader.take(all.subarray(at, at + size)) ?? assert.fail("not read")));
    }
    assert.deepEqual(
      found.map(({ kind, bytes }) => [kind, bytes.length]),
      [
        ["input", 1],
        ["stop", 0],
        ["output", FRAME_MAX_BYTES],
        ["output", 10],
      ],
      `pieces of ${size}`,
    );
  }
  assert.equal(new FrameReader().take(Buffer.from([99, 0, 0, 0, 0])), null);
  assert.equal(new FrameReader().take(Buffer.from([0, 0, 4, 0, 1])), null);
});
