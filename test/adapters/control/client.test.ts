/** The asking side: where it looks, and what it says when nobody, or somebody odd, answers. */

import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { askDaemon } from "../../../src/adapters/control/client.ts";
import { controlSocketPath, isPrivate } from "../../../src/adapters/control/path.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { PATIENCE_MS } from "../../helpers/host.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

async function oddDaemon(t: TestContext, meet: (socket: Socket) => void): Promise<string> {
  const path = join(tempFolder(t), "control.sock");
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    meet(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path;
}

test("nobody there: not running, with the command that starts it", async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, "file"), "");
  const other = askDaemon(join(folder, "file"), { command: "status" }, PATIENCE_MS);
  await assert.rejects(other, /file is no socket\. Name the control socket \(--socket\)/);
  for (const path of [join(folder, "none"), join(folder, "file", "x")]) {
    const asked = askDaemon(path, { command: "status" }, PATIENCE_MS);
    await assert.rejects(asked, /pipit is not running .*systemctl start pipit/);
  }
});

test("not allowed: which group to join", { skip: process.getuid?.() !== 0 }, async (t) => {
  const path = await oddDaemon(t, () => undefined);
  chmodSync(path, 0o600);
  chmodSync(join(path, ".."), 0o711);
  try {
    process.seteuid?.(65_534); // nobody: root may open everything
  } catch {
    t.skip("this Node.js does not let a process give up root (io_uring)");
    return;
  }
  t.after(() => process.seteuid?.(0));
  const asked = askDaemon(path, { command: "status" }, PATIENCE_MS);
  await assert.rejects(asked, /No permission.*usermod -aG pipit/);
  process.seteuid?.(0);
});

test("no answer in time, no answer at all, and no JSON", async (t) => {
  const clock = new SimClock();
  const mute = await oddDaemon(t, (socket) => void socket.on("data", () => clock.advance(2_500)));
  const late = askDaemon(mute, { command: "status" }, 2_500, clock);
  await assert.rejects(late, /did not answer within 2\.5 s.*restart pipit/);
  const rude = await oddDaemon(t, (socket) => void socket.on("data", () => socket.end()));
  await assert.rejects(
    askDaemon(rude, { command: "status" }, PATIENCE_MS),
    /ended without a reply/,
  );
  for (const junk of [
    "hello\n",
    '{"ok":true}\n',
    '{"ok":false}\n',
    "null\n",
    "x".repeat(300_000),
  ]) {
    const odd = await oddDaemon(t, (socket) => void socket.on("data", () => socket.write(junk)));
    await assert.rejects(askDaemon(odd, { command: "status" }, PATIENCE_MS), /not a reply/);
  }
});

test("the daemon's place: RUNTIME_DIRECTORY, the setting, the session, the last resort", (t) => {
  const serve = (setting: string, env: Readonly<Record<string, string>>) =>
    controlSocketPath(setting, env, { role: "serve", tempFolder: "/t" });
  const folder = tempFolder(t);
  const session = { XDG_RUNTIME_DIR: folder };
  assert.equal(
    serve("/s", { ...session, RUNTIME_DIRECTORY: "/run/p:/run/q" }),
    "/run/p/control.sock",
  );
  assert.equal(serve("/s", session), "/s");
  assert.equal(serve("", session), join(folder, "pipit", "control.sock"));
  const last = `/t/pipit-${process.getuid?.()}/control.sock`;
  assert.equal(serve("", {}), last);
  assert.equal(serve("", { XDG_RUNTIME_DIR: join(folder, "ended") }), last, "it is not there");
  if (process.getuid?.() !== 0) return;
  chownSync(folder, 1, 1);
  assert.equal(serve("", session), last, "su keeps somebody else's");
});

test("a client takes the first place where something is, and names the likeliest if none", (t) => {
  const folder = tempFolder(t);
  const places = { systemFolder: join(folder, "system"), tempFolder: folder };
  const env = { XDG_RUNTIME_DIR: join(folder, "session") };
  const setting = join(folder, "set.sock");
  const own = join(folder, `pipit-${process.getuid?.()}`);
  const find = (wanted: string) => controlSocketPath(wanted, env, places);

  assert.equal(find(""), join(places.systemFolder, "control.sock"));
  assert.equal(find(setting), setting);
  mkdirSync(own, { mode: 0o755 });
  chmodSync(own, 0o755);
  writeFileSync(join(own, "control.sock"), "");
  assert.equal(isPrivate(own), false);
  assert.equal(find(""), join(places.systemFolder, "control.sock"), "others may write there");
  chmodSync(own, 0o700);
  assert.equal(find(""), join(own, "control.sock"));
  mkdirSync(join(folder, "session", "pipit"), { recursive: true });
  writeFileSync(join(folder, "session", "pipit", "control.sock"), "");
  assert.equal(find(""), join(folder, "session", "pipit", "control.sock"));
  mkdirSync(places.systemFolder);
  writeFileSync(join(places.systemFolder, "control.sock"), "");
  assert.equal(find(setting), join(places.systemFolder, "control.sock"));
  writeFileSync(setting, "");
  assert.equal(find(setting), setting);
});
