/** What systemd hears: through libsystemd and through the program, on real datagram sockets. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import {
  NOTIFY_MAX_MS,
  SystemdNotifier,
  watchdogEveryMs,
} from "../../../src/adapters/systemd/notifier.ts";
import {
  libsystemdBackend,
  type NotifyBackend,
  toolBackend,
} from "../../../src/adapters/systemd/notify-backends.ts";
import { SimClock, settle } from "../../../src/sim/clock.ts";
import { eventually } from "../../helpers/host.ts";
import { canReceive, receiveAt } from "../../helpers/notify-receiver.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const skip = canReceive() ? false : "python3 with socket.recv_fds is not installed";
const library = await libsystemdBackend();

/** A notifier in an environment with a socket and a watchdog of 30 s. */
function notifierAt(socket: string, backend: NotifyBackend): SystemdNotifier {
  const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "30000000" };
  const backends = async () => [backend];
  return new SystemdNotifier({ clock: new SystemClock(), env, pid: process.pid, backends });
}

/** The program `systemd-notify` comes with systemd, which a container may lack. */
const tool = spawnSync("systemd-notify", ["--version"]).status === 0 ? toolBackend : null;

const ways: readonly [string, NotifyBackend | null, (dir: string) => string][] = [
  ["libsystemd, path", library, (dir) => join(dir, "notify")],
  ["libsystemd, abstract", library, (dir) => `@${dir}/notify`],
  ["systemd-notify, path", tool, (dir) => join(dir, "notify")],
  ["systemd-notify, abstract", tool, (dir) => `@${dir}/notify`],
];

for (const [name, backend, socketIn] of ways) {
  const missing = backend === null ? "libsystemd with koffi, or systemd-notify, is not here" : skip;
  test(`${name}: READY, STATUS, WATCHDOG and STOPPING arrive, cleaned`, {
    skip: missing,
  }, async (t) => {
    if (backend === null) return;
    const socket = socketIn(tempFolder(t));
    const receiver = await receiveAt(t, socket);
    process.env["NOTIFY_SOCKET"] = socket; // libsystemd and the program read the real environment
    t.after(() => void delete process.env["NOTIFY_SOCKET"]);
    const notifier = notifierAt(socket, backend);
    assert.equal(notifier.watchdogMs, 15_000);
    await notifier.ready("idle\nWATCHDOG=trigger");
    assert.equal(notifier.lost(), 0, "READY went out");
    notifier.status("listening\u0000");
    await receiver.got(
      receiver.messages[0]?.includes("MAINPID") ? statusWithPid() : "STATUS=listening",
    );
    notifier.watchdog();
    await receiver.got("WATCHDOG=1");
    await notifier.reloading();
    const reload = /^RELOADING=1\nMONOTONIC_USEC=[1-9]\d+$/;
    await eventually("RELOADING", () => receiver.messages.some((text) => reload.test(text)));
    await notifier.stopping();
    await receiver.got("STOPPING=1");
    const [first] = receiver.messages;
    assert.deepEqual(first?.split("\n").slice(0, 2), ["READY=1", "STATUS=idle WATCHDOG=trigger"]);
    assert.equal(notifier.lost(), 0);
  });
}

/** What the package adds to each message of its own. */
function statusWithPid(): string {
  return `STATUS=listening\nMAINPID=${process.pid}`;
}

test("no socket: silent, and no backend is even looked for", async () => {
  let looked = false;
  const backends = async () => {
    looked = true;
    return [];
  };
  const env = { WATCHDOG_USEC: "30000000" };
  const notifier = new SystemdNotifier({ clock: new SimClock(), env, pid: 1, backends });
  await notifier.ready("idle");
  notifier.status("x");
  notifier.watchdog();
  await notifier.stopping();
  assert.deepEqual([looked, notifier.watchdogMs, notifier.lost()], [false, null, 0]);
});

test("a socket that nobody serves loses the message and nothing else", async (t) => {
  const socket = join(tempFolder(t), "nobody");
  process.env["NOTIFY_SOCKET"] = socket;
  t.after(() => void delete process.env["NOTIFY_SOCKET"]);
  for (const backend of [library, toolBackend]) {
    if (backend === null) continue;
    const notifier = notifierAt(socket, backend);
    await notifier.ready("idle");
    await notifier.stopping();
    assert.equal(notifier.lost(), 2, backend.name);
  }
});

test("the second backend speaks when the first cannot", async () => {
  const sent: string[] = [];
  const backends = async (): Promise<readonly NotifyBackend[]> => [
    { name: "deaf", send: async () => false },
    { name: "good", send: async (message) => sent.push(message.tag) > 0 },
  ];
  const env = { NOTIFY_SOCKET: "/x" };
  const notifier = new SystemdNotifier({ clock: new SimClock(), env, pid: 1, backends });
  await notifier.ready("idle");
  assert.deepEqual([sent, notifier.lost()], [["ready"], 0]);
});

test("a manager that hangs holds nobody up, and nothing piles up behind it", async () => {
  const clock = new SimClock();
  const begun: string[] = [];
  let free: (ok: boolean) => void = () => undefined;
  const stuck: NotifyBackend = {
    name: "stuck",
    send: (message) => {
      begun.push(message.tag === "status" ? message.status : message.tag);
      return new Promise((resolve) => {
        free = resolve;
      });
    },
  };
  const env = { NOTIFY_SOCKET: "/x", WATCHDOG_USEC: "2000000" };
  const backends = async () => [stuck];
  const notifier = new SystemdNotifier({ clock, env, pid: 1, backends });
  const ready = notifier.ready("idle");
  for (let i = 0; i < 100; i++) notifier.status(`status ${i}`);
  await clock.advanceAsync(NOTIFY_MAX_MS);
  await ready;
  await notifier.stopping();
  assert.deepEqual(begun, ["ready"]);
  assert.equal(notifier.lost(), 3, "ready, the newest status, stopping");
  free(true);
  await settle();
  notifier.status("a");
  notifier.status("b");
  notifier.status("c");
  await settle();
  free(true);
  await settle();
  assert.deepEqual(begun, ["ready", "a", "c"], "of those that wait the newest counts");
});

test("the watchdog: half the period, for this process only, nonsense is none", () => {
  const every = (env: Readonly<Record<string, string>>) => watchdogEveryMs(env, 42);
  assert.equal(every({ WATCHDOG_USEC: "30000000" }), 15_000);
  assert.equal(every({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "42" }), 15_000);
  assert.equal(every({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "43" }), null);
  for (const period of ["", "0", "-1", "soon", "1e9"]) {
    assert.equal(every({ WATCHDOG_USEC: period }), null, period);
  }
  assert.equal(every({}), null);
});

test("READY behind a message that came too late goes out when that is done", async () => {
  const clock = new SimClock();
  const sent: string[] = [];
  let finish = (): void => undefined;
  // The first call loads libsystemd, which takes seconds on a slow card.
  const slow: NotifyBackend = {
    name: "slow at first",
    async send({ tag }) {
      if (sent.push(tag) === 1) await new Promise<void>((resolve) => (finish = resolve));
      return true;
    },
  };
  const env = { NOTIFY_SOCKET: "/run/notify" };
  const backends = async () => [slow];
  const notifier = new SystemdNotifier({ clock, env, pid: 1, backends });
  notifier.status("fault");
  const ready = notifier.ready("idle");
  await settle();
  await clock.advanceAsync(NOTIFY_MAX_MS);
  await ready;
  assert.deepEqual(sent, ["status"], "nothing beside what is under way");
  finish();
  await settle();
  assert.deepEqual(sent, ["status", "ready"]);
});
