/** Upgrading and going back: whatever a new release does, something that works runs in the end. */

import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { ApplianceRoot, type TreeOptions } from "../helpers/appliance-root.ts";
import { eventually } from "../helpers/host.ts";
import { sendSignal } from "../helpers/processes.ts";

/** A machine on which version 1.0.0 was just installed. */
async function installed(t: TestContext): Promise<ApplianceRoot> {
  const machine = new ApplianceRoot(t);
  machine.env["OPENAI_API_KEY"] = "sk-geheim";
  const { code, stderr } = await machine.run("install", "--from", machine.tree("1.0.0"));
  assert.equal(code, 0, stderr);
  return machine;
}

const upgrade = (machine: ApplianceRoot, version: string, options: TreeOptions = {}) =>
  machine.run("upgrade", "--built", machine.tree(version, options));

/** This release is in force, with its own unit, and the service runs it. */
function runs(machine: ApplianceRoot, version: string): void {
  assert.equal(machine.release("current"), version);
  assert.equal(machine.read("fake/active"), "active\n");
  assert.match(machine.read("fake/unit"), new RegExp(`# ${version}$`, "m"));
  assert.ok(!machine.has("opt/pipit/trial"));
}

test("a good release takes over, and one can go back and forth", async (t) => {
  const machine = await installed(t);
  const there = await upgrade(machine, "1.1.0");
  assert.equal(there.code, 0, there.stderr);
  runs(machine, "1.1.0");
  assert.equal(machine.release("previous"), "1.0.0");
  const back = await machine.run("rollback");
  assert.equal(back.code, 0, back.stderr);
  runs(machine, "1.0.0");
  assert.equal((await machine.run("rollback")).code, 0);
  runs(machine, "1.1.0");
  const list = await machine.run("rollback", "--list");
  assert.match(list.stdout, /^1\.1\.0-\S+ +current +\n1\.0\.0-\S+ +previous +\n$/);
  const again = await upgrade(machine, "1.1.0");
  assert.deepEqual([again.code, /nothing to do/.test(again.stderr)], [0, true]);
});

test("a release that fails, at its start or soon after, is replaced by the old one", async (t) => {
  const machine = await installed(t);
  for (const [version, behaviour, why] of [
    ["1.1.0", "exits", /did not become ready/],
    ["1.2.0", "flaps", /became ready and ended again within 1 s/],
  ] as const) {
    const { code, stderr } = await upgrade(machine, version, { behaviour });
    assert.equal(code, 1, stderr);
    assert.match(stderr, why);
    assert.match(stderr, / \| the last words of the service\n/);
    assert.match(stderr, /release 1\.0\.0-\S+ is ready again\n$/);
    runs(machine, "1.0.0");
    assert.equal(machine.release("previous"), null);
  }
});

test("a configuration that the new release does not accept touches nothing", async (t) => {
  const machine = await installed(t);
  machine.write("etc/pipit/config.yaml", "old_key: 1\n");
  const before = machine.log;
  const options = { refuses: "old_key", commands: "  migrate-config  mends" };
  const { code, stderr } = await upgrade(machine, "1.1.0", options);
  assert.equal(code, 2, stderr);
  assert.match(
    stderr,
    /old_key: unknown key\n[\s\S]*nothing was touched[\s\S]*1\.1\.0\S+\/main\.js migrate-config --config/,
  );
  assert.doesNotMatch(machine.log.slice(before.length), /restart|daemon-reload/);
  runs(machine, "1.0.0");
});

test("it waits for a conversation to end, but not for ever, and not with --now", async (t) => {
  const machine = await installed(t);
  machine.write("fake/status", '{"state":"speaking"}\n');
  const waited = await upgrade(machine, "1.1.0");
  assert.match(
    waited.stderr,
    /a conversation is going on[\s\S]*still speaking after 1 s: going on/,
  );
  runs(machine, "1.1.0");
  const hasty = await machine.run("rollback", "--now");
  assert.doesNotMatch(hasty.stderr, /conversation/);
  runs(machine, "1.0.0");
});

test("the budget's own state in the status is no conversation", async (t) => {
  const machine = await installed(t);
  const budget = { daily_usd: 1, spent_usd: 0, left_usd: 1, action: "refuse", state: "calm" };
  machine.write("fake/status", `${JSON.stringify({ state: "idle", led: "off", budget })}\n`);
  const idle = await upgrade(machine, "1.1.0");
  assert.deepEqual([idle.code, /conversation/.test(idle.stderr)], [0, false], idle.stderr);
  machine.write("fake/status", `${JSON.stringify({ state: "thinking", budget })}\n`);
  assert.match((await machine.run("rollback")).stderr, /it is still thinking after 1 s/);
});

test("an interrupted upgrade goes back to the old release", async (t) => {
  const machine = await installed(t);
  const script = machine.start("upgrade", "--built", machine.tree("1.1.0", { behaviour: "hangs" }));
  await eventually("the new release starts", () => machine.has("fake/hanging"));
  assert.equal(machine.release("current"), "1.1.0");
  script.kill("SIGTERM");
  endHanging(machine);
  const { code, stderr } = await script.ended;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /had not proven itself yet\ngoing back to release 1\.0\.0/);
  runs(machine, "1.0.0");
});

test("a power cut before the proof is settled by the next run", async (t) => {
  const machine = await installed(t);
  const script = machine.start("upgrade", "--built", machine.tree("1.1.0", { behaviour: "hangs" }));
  await eventually("the new release starts", () => machine.has("fake/hanging"));
  script.kill("SIGKILL");
  endHanging(machine);
  await script.ended;
  assert.deepEqual([machine.release("current"), machine.has("opt/pipit/trial")], ["1.1.0", true]);
  machine.standIn(
    "timeout",
    '[ "$1" = --foreground ] && shift 2 || shift; [ -e $F/hanging ] && [ "$1 $2" = "systemctl restart" ] && { rm $F/hanging; exit 124; }; exec "$@"',
  );
  const next = await machine.run("install", "--from", machine.tree("1.0.0"));
  assert.equal(next.code, 0, next.stderr);
  assert.match(
    next.stderr,
    /interrupted before release 1\.1\.0\S+ had proven itself[\s\S]*release 1\.0\.0\S+ is ready again/,
  );
  runs(machine, "1.0.0");
});

test("half-made releases go, and no more than three are kept", async (t) => {
  const machine = await installed(t);
  mkdirSync(machine.path("opt/pipit/releases/.staging.x"));
  for (const version of ["1.1.0", "1.2.0", "1.3.0"]) {
    assert.equal((await upgrade(machine, version)).code, 0);
  }
  assert.ok(!machine.has("opt/pipit/releases/.staging.x"));
  const names = readdirSync(machine.path("opt/pipit/releases")).map((name) =>
    name.replace(/-.*/, ""),
  );
  assert.deepEqual(names.sort(), ["1.1.0", "1.2.0", "1.3.0"]);
  runs(machine, "1.3.0");
  const unknown = await machine.run("rollback", "--to", "../..");
  assert.equal(unknown.code, 2);
});

/** Ends the stand-in systemctl that waits for a release that hangs. */
function endHanging(machine: ApplianceRoot): void {
  sendSignal(machine.read("fake/hanging"), "SIGTERM");
}
