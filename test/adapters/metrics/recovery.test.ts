/** Checkpoints, and what the next start makes of them; trouble at every call; death at every call. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  CHECKPOINT_MAX_BYTES,
  Checkpoints,
  LEFTOVERS_MAX,
} from "../../../src/adapters/metrics/checkpoints.ts";
import { METRICS_NAME } from "../../../src/adapters/metrics/names.ts";
import { realFiles } from "../../../src/adapters/os/files.ts";
import { isGone, processIdentity } from "../../../src/adapters/os/process-identity.ts";
import { SAVE_MAX_MS } from "../../../src/adapters/os/write-queue.ts";
import { SimClock, settle } from "../../../src/sim/clock.ts";
import { lifeStore, live, sessionName, sessionText, talk } from "../../helpers/metrics-life.ts";
import { failingFiles, hangingFiles, riggedFiles } from "../../helpers/rigged-files.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

/** A process of another boot, which is surely gone. */
const DEAD = "00000000-1-1";
const LIFE = fileURLToPath(new URL("../../helpers/metrics-life.js", import.meta.url));

/** Checkpoints as a process that has died would have left them. */
function ofTheDead(dir: string): Checkpoints {
  const options = { dir, files: realFiles, mark: DEAD, temp: ".session.1.tmp" };
  return new Checkpoints({ ...options, maxTextBytes: 262_144 });
}

const hidden = (dir: string): string[] => readdirSync(dir).filter((name) => name.startsWith("."));
const textOf = (dir: string, number: number): string =>
  readFileSync(join(dir, sessionName(number)), "utf8");

/** Every file of ours is whole, and is one that was written. */
function assertWhole(dir: string, when: string): void {
  const names = readdirSync(dir).filter((name) => METRICS_NAME.test(name));
  for (const name of names) {
    const text = readFileSync(join(dir, name), "utf8");
    const file = JSON.parse(text);
    const number = Number(String(file.session_id).slice(-1));
    assert.equal(name, sessionName(number), when);
    assert.equal(text, sessionText(number, file.turns, !file.recovered), `${name} ${when}`);
  }
}

test("a conversation whose process died becomes a whole file at the next start, once", async (t) => {
  const dir = tempFolder(t);
  const dead = ofTheDead(dir);
  for (const turns of [1, 2, 3]) await dead.write(sessionName(1), sessionText(1, turns, false));
  assert.equal(hidden(dir).length, 1);
  const store = lifeStore(dir);
  assert.deepEqual(await store.recover(), { trouble: null, names: [sessionName(1)] });
  assert.equal(textOf(dir, 1), sessionText(1, 3, false));
  assert.deepEqual(readdirSync(dir), [sessionName(1)]);
  assert.deepEqual((await lifeStore(dir).recover()).names, []);
  const { found: past } = await store.past(0);
  assert.deepEqual(past, [{ endedWallMs: Date.parse("2026-01-01T00:01:03Z"), microUsd: 30_000 }]);
});

test("cut anywhere, the last whole line counts; of less than one line nothing comes", async (t) => {
  const root = tempFolder(t);
  const made = join(root, "made");
  mkdirSync(made);
  const dead = ofTheDead(made);
  const ends = [0];
  for (const turns of [1, 2, 3]) {
    await dead.write(sessionName(1), sessionText(1, turns, false));
    ends.push(statSync(join(made, hidden(made)[0] ?? "")).size);
  }
  const [name = ""] = hidden(made);
  const whole = readFileSync(join(made, name));
  // Around each line's end, and places in between.
  const isAsked = (bytes: number): boolean =>
    bytes % 16 === 0 || ends.some((end) => Math.abs(end - bytes) <= 3);
  for (let bytes = 0; bytes <= whole.length; bytes++) {
    if (!isAsked(bytes)) continue;
    const dir = join(root, String(bytes));
    mkdirSync(dir);
    writeFileSync(join(dir, name), whole.subarray(0, bytes));
    const lines = ends.filter((end) => end <= bytes).length - 1;
    const { names, trouble } = await lifeStore(dir).recover();
    assert.equal(trouble, null);
    assert.deepEqual(readdirSync(dir), names);
    assert.equal(names.length, lines > 0 ? 1 : 0, `${bytes} bytes`);
    if (lines > 0) assert.equal(textOf(dir, 1), sessionText(1, lines, false), `${bytes} bytes`);
  }
});

test("rubbish in a checkpoint, one in which nothing was said, one whose file is there: gone, and no file", async (t) => {
  const dir = tempFolder(t);
  const dead = ofTheDead(dir);
  await dead.write(sessionName(1), sessionText(1, 0, false));
  await dead.write(sessionName(2), sessionText(2, 2, false));
  writeFileSync(join(dir, sessionName(2)), sessionText(2, 2, true));
  const at = (number: number): string =>
    join(dir, `.checkpoint.${DEAD}.${sessionName(number).replace(".json", "")}`);
  writeFileSync(at(3), "not base64 at all\n\n\n");
  writeFileSync(at(4), "");
  truncateSync(at(4), 5000); // zeros, as after a power cut
  writeFileSync(at(5), "x".repeat(CHECKPOINT_MAX_BYTES + 1));
  assert.deepEqual(await lifeStore(dir).recover(), { trouble: null, names: [] });
  assert.deepEqual(readdirSync(dir), [sessionName(2)]);
  assert.equal(textOf(dir, 2), sessionText(2, 2, true));
});

test("another process's conversation under way is not touched, nor is one's own", async (t) => {
  const dir = tempFolder(t);
  assert.equal(isGone(processIdentity()), false);
  const [boot, pid, start] = processIdentity().split("-");
  assert.equal(isGone(`${boot}-${pid}-${Number(start) - 1}`), true, "the same number, reused");
  assert.equal(isGone(`${boot}-${spawnSync("true").pid}-1`), true);
  const store = lifeStore(dir);
  await talk(store, 1, 2, false);
  const [own] = hidden(dir);
  assert.deepEqual(await store.recover(), { trouble: null, names: [] });
  assert.deepEqual(hidden(dir), [own]);
  await talk(store, 1, 3);
  assert.deepEqual(readdirSync(dir), [sessionName(1)]);
});

test("checkpoints are bounded: in bytes, in number, and one waits for a slow disk, not all", async (t) => {
  const dir = tempFolder(t);
  const dead = ofTheDead(dir);
  const random = (bytes: number): string =>
    Array.from({ length: bytes }, (_, at) => ((at * 2_654_435_761) >>> 7).toString(36)[0]).join("");
  let largest = 0;
  for (let turns = 1; turns <= 100; turns++) {
    const text = JSON.stringify({ turns, noise: random(2000 + turns * 37).slice(turns) });
    await dead.write(sessionName(1), text);
    largest = Math.max(largest, statSync(join(dir, hidden(dir)[0] ?? "")).size);
  }
  assert.ok(largest <= CHECKPOINT_MAX_BYTES, `${largest}`);
  await lifeStore(dir).recover();
  assert.equal(JSON.parse(textOf(dir, 1)).turns, 100);
  for (let n = 0; n < LEFTOVERS_MAX + 5; n++) {
    const name = `session_20260101_0000${10 + n}_x.json`;
    await ofTheDead(dir).write(name, sessionText(1, 1, false));
  }
  const { names } = await lifeStore(dir).recover();
  assert.equal(names.length, LEFTOVERS_MAX);
  assert.equal(names[0], "session_20260101_000015_x.json", "the newest");
  assert.deepEqual(hidden(dir), []);
});

test("files that cannot be saved leave a bounded number of checkpoints", async (t) => {
  const dir = tempFolder(t);
  const full = { ...realFiles, syncFolder: () => Promise.reject(noSpace()) };
  const renamed = { ...full, rename: onlyHidden };
  const store = lifeStore(dir, renamed);
  for (let n = 0; n < LEFTOVERS_MAX + 5; n++) {
    const name = `session_20260101_0000${10 + n}_x.json`;
    assert.equal(await store.checkpoint(name, sessionText(1, 1, false)), null);
    assert.equal((await store.save(name, sessionText(1, 1, true)))?.code, "metrics-lost");
  }
  assert.equal(hidden(dir).length, LEFTOVERS_MAX);
});

const noSpace = () => Object.assign(new Error("rigged"), { code: "ENOSPC" });

/** No metrics file can be made, and all else can. */
async function onlyHidden(from: string, to: string): Promise<void> {
  if (!to.includes("/.checkpoint.")) throw noSpace();
  await realFiles.rename(from, to);
}

/** A folder in which an earlier process died in mid-conversation, with two older files. */
async function inherited(root: string, name: string): Promise<string> {
  const dir = join(root, name);
  mkdirSync(dir);
  for (const number of [1, 2]) {
    writeFileSync(join(dir, sessionName(number)), sessionText(number, 1, true));
  }
  await ofTheDead(dir).write(sessionName(6), sessionText(6, 2, false));
  return dir;
}

for (const code of ["ENOSPC", "EROFS", "EACCES", "EIO"]) {
  test(`${code} at the Nth call of a whole life, N = 1, 2, 3 …: it goes on, and heals`, async (t) => {
    const root = tempFolder(t);
    let reports = 0;
    let n = 1;
    for (; ; n++) {
      const dir = await inherited(root, String(n));
      const rig = failingFiles(n, code);
      const store = lifeStore(dir, rig.files);
      const outcomes = await live(store);
      if (rig.calls() < n) break;
      const faults = outcomes.filter((each) => each !== null);
      assert.ok(faults.length <= 1, `one call, one fault: ${n}`);
      reports += faults.length;
      assertWhole(dir, `after call ${n}`);
      assert.deepEqual(await talk(store, 7, 1), [null, null], `heals after ${n}`);
      assert.equal(textOf(dir, 7), sessionText(7, 1, true));
      await lifeStore(dir).recover();
      assertWhole(dir, `recovered after call ${n}`);
    }
    assert.ok(n > 50 && reports > 40, `${n} calls, ${reports} told`);
  });
}

test("broken from the Nth call on: nothing throws, and nothing half is left under a name of ours", async (t) => {
  const root = tempFolder(t);
  for (let n = 1; ; n += 3) {
    const dir = await inherited(root, String(n));
    const rig = failingFiles(n, "EIO", Number.MAX_SAFE_INTEGER);
    await live(lifeStore(dir, rig.files));
    if (rig.calls() < n) break;
    assertWhole(dir, `from call ${n} on`);
    assert.ok(hidden(dir).length <= 5, hidden(dir).join());
    await lifeStore(dir).recover();
    assertWhole(dir, `recovered, from call ${n} on`);
    assert.deepEqual(hidden(dir), []);
  }
});

test("a call that does not answer, at every place: every caller is answered in bounded time", async (t) => {
  const root = tempFolder(t);
  let n = 1;
  for (; ; n++) {
    const dir = await inherited(root, String(n));
    const clock = new SimClock();
    const rig = hangingFiles(n);
    const store = lifeStore(dir, rig.files, clock);
    let isOver = false as boolean;
    const life = live(store).then(() => {
      isOver = true;
    });
    await Promise.race([life, rig.hung]);
    if (rig.calls() < n) break;
    for (let waits = 0; !isOver; waits++) {
      assert.ok(waits < 15, `stuck at call ${n}`);
      await clock.advanceAsync(SAVE_MAX_MS);
    }
    assertWhole(dir, `hung at call ${n}`);
    rig.release();
    // Full of what was held up, at first; then all of that has had its turn.
    for (let waits = 0; (await store.recover()).trouble !== null; waits++) {
      assert.ok(waits < 100_000, `never answers again after call ${n}`);
      await settle();
    }
    assertWhole(dir, `answered at last, call ${n}`);
  }
  assert.ok(n > 50, `${n} calls`);
});

/** Kills a child at call `n`, which is before it or in the middle of it. */
function kill(dir: string, n: number, how: "half" | "none"): void {
  const child = spawnSync(process.execPath, [LIFE, dir, String(n), how], { encoding: "utf8" });
  assert.equal(child.signal, "SIGKILL", child.stderr);
}

/** The names of the calls of a whole life, in their order. */
async function callsOfALife(dir: string): Promise<readonly string[]> {
  const names: string[] = [];
  const files = riggedFiles((call, go) => {
    names.push(call.name);
    return go();
  });
  await live(lifeStore(dir, files));
  return names;
}

/** What the dead left is whole, and becomes files: each conversation once, none lost. */
async function assertRecovers(dir: string, when: string): Promise<void> {
  assertWhole(dir, when);
  const before = readdirSync(dir);
  assert.equal((await lifeStore(dir).recover()).trouble, null);
  assertWhole(dir, `recovered, ${when}`);
  const after = readdirSync(dir);
  assert.deepEqual(hidden(dir), [], when);
  for (const name of before.filter((each) => !each.endsWith(".tmp"))) {
    const number = Number(/session_20260101_00000(\d)/.exec(name)?.[1]);
    assert.ok(after.includes(sessionName(number)), `${name} ${when}`);
  }
}

test("killed at every call of the file system, and in every write: only whole files, nothing lost", async (t) => {
  const root = tempFolder(t);
  const calls = await callsOfALife(await inherited(root, "all"));
  assert.ok(calls.length > 50, calls.join());
  for (const [at, name] of calls.entries()) {
    for (const how of name === "write" ? (["none", "half"] as const) : (["none"] as const)) {
      const dir = await inherited(root, `${at}-${how}`);
      kill(dir, at + 1, how);
      await assertRecovers(dir, `killed at call ${at + 1}, ${name}, ${how} of it done`);
    }
  }
});
