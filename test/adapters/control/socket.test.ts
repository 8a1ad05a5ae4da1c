/** The control socket on real files and sockets: who gets it, who may ask, what junk costs. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { askDaemon } from "../../../src/adapters/control/client.ts";
import {
  CLIENT_IDLE_MS,
  FREE_ANSWERS,
  LINE_MAX_BYTES,
  PACE_MS,
} from "../../../src/adapters/control/session.ts";
import {
  CLIENTS_MAX,
  CLOSE_MAX_MS,
  ControlSocket,
  LONG_MAX,
  WATCH_EVERY_MS,
} from "../../../src/adapters/control/socket.ts";
import {
  ANSWER_MAX_MS,
  type ControlReply,
  type ControlRequest,
} from "../../../src/core/control.ts";
import { FaultError, fault } from "../../../src/core/fault.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { SimJournal } from "../../../src/sim/parts.ts";
import { say, silent } from "../../helpers/control-lines.ts";
import { eventually, PATIENCE_MS } from "../../helpers/host.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const echo = async (request: ControlRequest): Promise<ControlReply> => ({
  ok: true,
  data: { ...request },
});

async function served(t: TestContext, answer = echo) {
  const path = join(tempFolder(t), "run", "control.sock");
  const clock = new SimClock();
  const server = new ControlSocket(path, clock);
  await server.start(answer);
  t.after(() => server.close());
  return { path, clock, server };
}

test("one JSON object a line each way; the file is for user and group; it goes at the end", async (t) => {
  const { path, server, clock } = await served(t);
  assert.equal(lstatSync(path).mode & 0o777, 0o660);
  assert.equal(statSync(join(path, "..")).mode & 0o777, 0o750);
  const reply = await askDaemon(path, { command: "mute", on: true }, PATIENCE_MS);
  assert.deepEqual(reply, { ok: true, data: { command: "mute", on: true } });
  const lines = '{"command":"status"}\n{"command":"wake"}\n{"command":"stop"}';
  const heard = await say(path, lines); // the last line without its newline
  assert.deepEqual(
    heard
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).data.command),
    ["status", "wake", "stop"],
  );
  await server.close();
  await server.close();
  assert.equal(existsSync(path), false);
  assert.equal(clock.pending(), 0);
});

test("invalid request: one error, then closed (no JSON, no command, line too long)", async (t) => {
  const { path } = await served(t);
  for (const junk of ["GET / HTTP/1.1\r\n", '{"command":"fly"}\n', "[]\n", "\u0000\n"]) {
    const reply = JSON.parse(await say(path, `${junk}{"command":"status"}\n`, false));
    assert.equal(reply.ok, false, junk);
    assert.match(reply.error, /expected/);
  }
  const long = JSON.parse(await say(path, "x".repeat(LINE_MAX_BYTES + 1), false));
  assert.match(long.error, /at most 4096 bytes/);
  assert.equal(await say(path, ""), "");
});

test("a fault is an answer, and so is a time-out", async (t) => {
  const answers: ((reply: ControlReply) => void)[] = [];
  const { path, clock } = await served(t, ({ command }) => {
    if (command === "wake")
      throw new FaultError(fault("config", "report", "muted", "pipit mute off"));
    return new Promise((resolve) => answers.push(resolve));
  });
  const refused = await askDaemon(path, { command: "wake" }, PATIENCE_MS);
  assert.deepEqual(refused, { ok: false, error: "muted. pipit mute off" });
  const slow = askDaemon(path, { command: "status" }, PATIENCE_MS);
  await eventually("asked", () => answers.length > 0);
  clock.advance(ANSWER_MAX_MS);
  assert.deepEqual(await slow, { ok: false, error: "the daemon did not answer in time" });
});

test("clients are bounded in number and in time; whoever says nothing makes room", async (t) => {
  const { path, clock, server } = await served(t);
  const sockets = await Promise.all(Array.from({ length: CLIENTS_MAX }, () => silent(path)));
  const closed = sockets.map((socket) => new Promise((resolve) => socket.on("close", resolve)));
  for (let asked = 1; asked <= 3; asked++) {
    const reply = await askDaemon(path, { command: "status" }, PATIENCE_MS);
    assert.equal(reply.ok, true, "idle clients do not shut the owner out");
  }
  assert.ok(server.refused() >= 1);
  const [first] = sockets;
  let heard = "";
  first?.setEncoding("utf8").on("data", (text: string) => {
    heard += text;
  });
  first?.resume();
  await closed[0];
  assert.deepEqual(JSON.parse(heard), {
    ok: false,
    error: "too many commands at a time; try again",
  });
  clock.advance(CLIENT_IDLE_MS);
  for (const socket of sockets) socket.resume();
  await Promise.all(closed);
});

test("clients that keep their side open for ever are cut when room is wanted", async (t) => {
  const { path } = await served(t);
  const stubborn = await Promise.all(
    Array.from({ length: 4 * CLIENTS_MAX }, () => silent(path, { allowHalfOpen: true })),
  );
  assert.equal((await askDaemon(path, { command: "status" }, PATIENCE_MS)).ok, true);
  for (const socket of stubborn) socket.destroy();
});

test("too many commands under way: a further one is told so", async (t) => {
  let settle = (_: ControlReply): void => undefined;
  const slow = new Promise<ControlReply>((resolve) => {
    settle = resolve;
  });
  let asked = 0;
  const { path, server } = await served(t, () => {
    asked++;
    return slow;
  });
  const ask = (): Promise<ControlReply> => askDaemon(path, { command: "status" }, PATIENCE_MS);
  const under = Array.from({ length: CLIENTS_MAX }, ask);
  await eventually("all are under way", () => asked === CLIENTS_MAX);
  assert.deepEqual(await ask(), { ok: false, error: "too many commands at a time; try again" });
  assert.equal(server.refused(), 1);
  settle({ ok: true, data: {} });
  await Promise.all(under);
});

test("a row of texts to be read leaves room for status and stop", async (t) => {
  let settle = (_: ControlReply): void => undefined;
  const read = new Promise<ControlReply>((resolve) => {
    settle = resolve;
  });
  const { path } = await served(t, (request) => (request.command === "say" ? read : echo(request)));
  const ask = (): Promise<ControlReply> =>
    askDaemon(path, { command: "say", text: "Dinner." }, PATIENCE_MS);
  const texts = Array.from({ length: LONG_MAX }, ask);
  for (let tries = 0; tries < 3; tries++) await askDaemon(path, { command: "stop" }, PATIENCE_MS);
  const further = await ask();
  assert.deepEqual(further, {
    ok: false,
    error: "too many commands that take long; try again",
  });
  assert.equal((await askDaemon(path, { command: "stop" }, PATIENCE_MS)).ok, true);
  settle({ ok: true, data: {} });
  assert.ok((await Promise.all(texts)).every(({ ok }) => ok));
  assert.equal((await ask()).ok, true);
});

test("closing ends clients that do not", async (t) => {
  const { path, clock, server } = await served(t);
  const socket = await silent(path);
  const gone = new Promise((resolve) => socket.on("close", resolve));
  await askDaemon(path, { command: "status" }, PATIENCE_MS); // so the silent one is accepted too
  const closed = server.close();
  clock.advance(CLOSE_MAX_MS);
  await closed;
  socket.resume();
  await gone;
});

/** Binds a socket file and dies without removing it. */
function leaveStale(path: string): void {
  const script = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", script, path]);
  assert.ok(lstatSync(path).isSocket());
}

test("a dead daemon's socket is replaced, a live one's is respected and left alone", async (t) => {
  const path = join(tempFolder(t), "control.sock");
  leaveStale(path);
  const first = new ControlSocket(path, new SimClock());
  await first.start(echo);
  t.after(() => first.close());
  const second = new ControlSocket(path, new SimClock());
  await assert.rejects(second.start(echo), (error) => {
    assert.ok(error instanceof FaultError);
    assert.equal(error.fault.recovery, "exit");
    assert.match(error.message, /Another pipit is running already.*systemctl stop pipit/);
    return true;
  });
  await second.close();
  assert.equal((await askDaemon(path, { command: "status" }, PATIENCE_MS)).ok, true);
});

test("a live daemon that is frozen is live all the same", async (t) => {
  const path = join(tempFolder(t), "control.sock");
  const script = `require("net").createServer().listen(process.argv[1], () => console.log("up"))`;
  const child = spawn(process.execPath, ["-e", script, path], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => void child.kill("SIGKILL"));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  child.kill("SIGSTOP");
  await assert.rejects(new ControlSocket(path, new SimClock()).start(echo), /running already/);
});

test("a socket that another daemon took over is not removed", async (t) => {
  const { path, server } = await served(t);
  spawnSync("rm", [path]);
  const other = createServer().listen(path);
  t.after(() => void other.close());
  await eventually("the other is there", () => existsSync(path));
  await server.close();
  assert.equal(lstatSync(path).isSocket(), true);
});

test("paths that cannot be: too long, not a socket, a folder that is a file", async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, "file"), "precious");
  mkdirSync(join(folder, "dir"));
  const cases: readonly (readonly [string, RegExp])[] = [
    [join(folder, "x".repeat(100), "control.sock"), /limit is 107/],
    [join(folder, "file"), /is not a socket/],
    [join(folder, "dir"), /is not a socket/],
    [join(folder, "file", "control.sock"), /cannot be created \((ENOTDIR|EEXIST)\)/],
  ];
  for (const [path, message] of cases) {
    const server = new ControlSocket(path, new SimClock());
    await assert.rejects(server.start(echo), (error) => {
      assert.ok(error instanceof FaultError, String(error));
      assert.match(error.message, message);
      return true;
    });
    await server.close();
  }
});

test("an oversized line is dropped, and a flood is disconnected", async (t) => {
  const { path } = await served(t);
  const socket = connect({ path, allowHalfOpen: true });
  t.after(() => socket.destroy());
  const cut = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined); // EPIPE and ECONNRESET: it was cut
  let heard = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    heard += text;
  });
  const flood = Buffer.alloc(1_048_576, "x");
  const before = process.memoryUsage().rss;
  for (let sent = 0; sent < 200 && !socket.destroyed; sent++) {
    const isRoom = socket.write(flood);
    if (!isRoom) await Promise.race([cut, new Promise((resolve) => socket.once("drain", resolve))]);
  }
  await cut;
  assert.match(heard, /a line may have at most 4096 bytes/);
  assert.ok(socket.bytesWritten < 64 * flood.length, `${socket.bytesWritten} bytes were taken`);
  assert.ok(process.memoryUsage().rss - before < 64 * 1_048_576);
});

test("rate limit: a client that floods requests is throttled, others are not", async (t) => {
  const { path, clock } = await served(t);
  const greedy = connect(path);
  t.after(() => greedy.destroy());
  let answers = 0;
  greedy.setEncoding("utf8").on("data", (text: string) => {
    answers += text.split("\n").length - 1;
  });
  greedy.write('{"command":"status"}\n'.repeat(FREE_ANSWERS + 20));
  await eventually("answers", () => answers === FREE_ANSWERS);
  const reply = await askDaemon(path, { command: "status" }, PATIENCE_MS);
  assert.equal(reply.ok, true);
  clock.advance(PACE_MS);
  await eventually("answers", () => answers === FREE_ANSWERS + 1);
});

test("a removed socket file is recreated, logged once", async (t) => {
  const path = join(tempFolder(t), "run", "control.sock");
  const [clock, journal] = [new SimClock(), new SimJournal()];
  const server = new ControlSocket(path, clock, { journal });
  await server.start(echo);
  t.after(() => server.close());
  rmSync(join(path, ".."), { recursive: true });
  clock.advance(WATCH_EVERY_MS);
  await eventually("the socket", () => existsSync(path));
  const reply = await askDaemon(path, { command: "status" }, PATIENCE_MS);
  assert.equal(reply.ok, true);
  assert.deepEqual(
    journal.lines.map(({ line }) => line),
    [`The control socket ${path} was removed; it has been recreated`],
  );
  clock.advance(10 * WATCH_EVERY_MS);
  await server.close();
  assert.equal(existsSync(path), false);
  assert.equal(clock.pending(), 0);
});

test("a socket that cannot be recreated is logged once, and retried", async (t) => {
  const folder = join(tempFolder(t), "run");
  const path = join(folder, "control.sock");
  const [clock, journal] = [new SimClock(), new SimJournal()];
  const server = new ControlSocket(path, clock, { journal });
  await server.start(echo);
  t.after(() => server.close());
  rmSync(folder, { recursive: true });
  writeFileSync(folder, "a file in its place");
  for (let look = 0; look < 3; look++) {
    clock.advance(WATCH_EVERY_MS);
    await eventually("one line", () => journal.lines.length === 1);
    await eventually("the next look", () => clock.pending() === 1);
  }
  assert.match(journal.lines[0]?.line ?? "", /was removed and cannot be recreated \(\w+\)/);
  rmSync(folder);
  clock.advance(WATCH_EVERY_MS);
  await eventually("the socket", () => existsSync(path));
});

test("a disk that is full for a while: the appliance starts, and the socket is made later", async (t) => {
  const path = join(tempFolder(t), "control.sock");
  const [clock, journal] = [new SimClock(), new SimJournal()];
  const disk: { isFull: boolean } = { isFull: true };
  const server = new ControlSocket(path, clock, {
    journal,
    makeFolder: () => {
      if (disk.isFull) throw Object.assign(new Error("full"), { code: "ENOSPC" });
    },
  });
  await server.start(echo);
  t.after(() => server.close());
  clock.advance(WATCH_EVERY_MS);
  await eventually("the next look", () => clock.pending() === 1);
  assert.match(journal.lines[0]?.line ?? "", /cannot be created now \(ENOSPC\): pipit status and/);
  assert.equal(journal.lines.length, 1, "said once");
  disk.isFull = false;
  clock.advance(WATCH_EVERY_MS);
  await eventually("the socket", () => existsSync(path));
  assert.equal((await askDaemon(path, { command: "status" }, PATIENCE_MS)).ok, true);
  assert.match(journal.lines[1]?.line ?? "", /could be created now$/);
});

test("something else in the socket's place is logged once, and left; when it goes, the socket is made anew", async (t) => {
  const path = join(tempFolder(t), "control.sock");
  const [clock, journal] = [new SimClock(), new SimJournal()];
  const server = new ControlSocket(path, clock, { journal });
  await server.start(echo);
  t.after(() => server.close());
  rmSync(path);
  writeFileSync(path, "not ours");
  for (let look = 0; look < 3; look++) {
    clock.advance(WATCH_EVERY_MS);
    await eventually("the next look", () => clock.pending() === 1);
  }
  const [line] = journal.lines.map((one) => one.line);
  assert.equal(journal.lines.length, 1);
  assert.match(line ?? "", /^Something else stands at .* now: commands do not reach this pipit\./);
  const asked = askDaemon(path, { command: "status" }, PATIENCE_MS);
  await assert.rejects(asked, /is no socket\. Name .* move it away/);
  rmSync(path);
  clock.advance(WATCH_EVERY_MS);
  await eventually("the socket", () => existsSync(path));
  assert.equal((await askDaemon(path, { command: "status" }, PATIENCE_MS)).ok, true);
});

test("a path below /proc is refused, and does not go round for ever", async () => {
  const server = new ControlSocket("/proc/pipit/control.sock", new SimClock());
  await assert.rejects(server.start(echo), /cannot be created \(ENOENT\)/);
});
