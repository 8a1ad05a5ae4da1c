/** Metrics files: whole or absent whatever fails at whichever call, and never too many. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MetricsFiles } from "../../../src/adapters/metrics/files.ts";
import { METRICS_NAME } from "../../../src/adapters/metrics/names.ts";
import { type Files, realFiles } from "../../../src/adapters/os/files.ts";
import { PENDING_MAX } from "../../../src/adapters/os/write-queue.ts";
import { faultLine } from "../../../src/core/fault.ts";
import { ANNOUNCEMENT } from "../../../src/core/metrics/session-file.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { failingFiles } from "../../helpers/rigged-files.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const nameAt = (second: number): string =>
  `session_20261122_1330${String(second).padStart(2, "0")}_ab12.json`;

function limitedTo(maxFiles: number) {
  return () => ({ maxFiles, maxBytes: 20_000_000, maxAgeDays: 0 });
}

function storeIn(dir: string, maxFiles: number, files?: Files): MetricsFiles {
  const options = { dir, limits: limitedTo(maxFiles), clock: new SimClock() };
  return new MetricsFiles(files === undefined ? options : { ...options, files });
}

test("a file is written whole, in a folder that is made", async (t) => {
  const dir = join(tempFolder(t), "deep", "metrics");
  assert.equal(await storeIn(dir, 3).save(nameAt(1), '{"a":1}\n'), null);
  assert.deepEqual(readdirSync(dir), [nameAt(1)]);
  assert.equal(readFileSync(join(dir, nameAt(1)), "utf8"), '{"a":1}\n');
  const bits = (path: string) => statSync(path).mode & 0o777 & ~process.umask();
  assert.deepEqual([bits(dir), bits(join(dir, nameAt(1)))], [0o750, 0o640]);
});

/** One save with the call number `failAt` (to `last`) failing, in a folder with two files. */
async function saveWithFailure(dir: string, failAt: number, code: string, last: number) {
  for (const second of [1, 2]) writeFileSync(join(dir, nameAt(second)), `old ${second}`);
  const rig = failingFiles(failAt, code, last);
  const lost = await storeIn(dir, 2, rig.files).save(nameAt(3), "new".repeat(100));
  return { lost, calls: rig.calls() };
}

function assertWhole(dir: string, when: string): void {
  for (const name of readdirSync(dir).filter((entry) => METRICS_NAME.test(entry))) {
    const text = readFileSync(join(dir, name), "utf8");
    const whole = name === nameAt(3) ? "new".repeat(100) : `old ${name.slice(22, 23)}`;
    assert.equal(text, whole, `${name} ${when}`);
  }
}

for (const code of ["ENOSPC", "EROFS", "EACCES", "EIO"]) {
  test(`${code} at the Nth call, N = 1, 2, 3 …: whole files only, and no leftovers`, async (t) => {
    const root = tempFolder(t);
    let failures = 0;
    for (let n = 1; ; n++) {
      const dir = join(root, String(n));
      mkdirSync(dir);
      const { lost, calls } = await saveWithFailure(dir, n, code, n);
      if (calls < n) break;
      failures++;
      const line = lost === null ? "" : faultLine(lost);
      // Whoever cannot be looked at is left alone; all else is told.
      if (lost !== null) assert.match(line, new RegExp(`\\(${code}\\)\\. \\w`), `call ${n}`);
      // After the rename only its durability is in doubt.
      if (!existsSync(join(dir, nameAt(3)))) assert.equal(lost?.code, "metrics-lost", `call ${n}`);
      assertWhole(dir, `after call ${n}`);
      assert.deepEqual(
        readdirSync(dir).filter((name) => name.endsWith(".tmp")),
        [],
        `call ${n}`,
      );
    }
    assert.ok(failures >= 9, `${failures} calls were made to fail`);
  });
}

test("a disk that stays broken leaves one temp file at most, and heals", async (t) => {
  const dir = tempFolder(t);
  for (let n = 4; n <= 8; n++) {
    const { lost } = await saveWithFailure(dir, n, "EIO", Number.MAX_SAFE_INTEGER);
    assert.equal(lost?.code, "metrics-lost");
    assertWhole(dir, `broken from call ${n}`);
    assert.ok(readdirSync(dir).filter((name) => name.endsWith(".tmp")).length <= 1);
  }
  assert.equal(await storeIn(dir, 2).save(nameAt(3), "new".repeat(100)), null);
  assert.deepEqual(readdirSync(dir).sort(), [nameAt(2), nameAt(3)]);
});

test("a folder that is removed while the daemon runs costs no conversation", async (t) => {
  const dir = join(tempFolder(t), "metrics");
  const store = storeIn(dir, 3);
  assert.equal(await store.save(nameAt(1), "{}"), null);
  rmSync(dir, { recursive: true });
  assert.equal(await store.checkpoint(nameAt(2), "{}"), null);
  rmSync(dir, { recursive: true });
  assert.equal(await store.save(nameAt(2), '{"b":2}'), null);
  assert.deepEqual(readdirSync(dir), [nameAt(2)]);
  assert.equal(readFileSync(join(dir, nameAt(2)), "utf8"), '{"b":2}');
});

test("temp files of dead processes are cleared, those of live ones only when old", async (t) => {
  const dir = tempFolder(t);
  const dead = spawnSync("true").pid;
  for (const pid of [dead, process.pid, process.ppid, 1]) {
    writeFileSync(join(dir, `.session.${pid}.tmp`), "half");
  }
  const clock = new SimClock(Date.now());
  utimesSync(join(dir, ".session.1.tmp"), 1, 1);
  assert.equal(
    (await new MetricsFiles({ dir, limits: limitedTo(1), clock }).recover()).trouble,
    null,
  );
  assert.deepEqual(readdirSync(dir), [`.session.${process.ppid}.tmp`]);
});

test("a disk that never answers costs the caller a fault, not its life; the queue is bounded", async (t) => {
  const clock = new SimClock();
  const stuck: Files = { ...realFiles, makeFolder: () => new Promise(() => undefined) };
  const store = new MetricsFiles({
    dir: tempFolder(t),
    limits: limitedTo(1),
    clock,
    files: stuck,
  });
  const saves = Array.from({ length: PENDING_MAX + 1 }, (_, i) => store.save(nameAt(i), "{}"));
  const refused = await saves[PENDING_MAX];
  assert.match(refused?.message ?? "", /does not answer/);
  await clock.advanceAsync(60_000);
  const lost = await Promise.all(saves);
  assert.ok(lost.every((each) => each?.code === "metrics-lost"));
});

test("a name that is not of the contract is a bug", async (t) => {
  await assert.rejects(storeIn(tempFolder(t), 1).save("../session.json", "{}"), /not the name/);
});

test("a folder that is a file is one clear line", async (t) => {
  const path = join(tempFolder(t), "file");
  writeFileSync(path, "");
  const { trouble } = await storeIn(path, 1).recover();
  assert.match(trouble?.message ?? "", /is not a folder \(EEXIST\)/);
});

test("what was spent lately is read back; broken, foreign and older files are passed over", async (t) => {
  const dir = tempFolder(t);
  const put = (name: string, text: string): void => writeFileSync(join(dir, name), text);
  const file = (endedAt: string, costs: Readonly<Record<string, number | null>>): string =>
    JSON.stringify({ ended_at: `2026-01-${endedAt}.000Z`, ...costs });
  put("session_20260101_235900_aaaaaa.json", file("02T00:00:10", { estimated_cost: 0.5 }));
  put("session_20260102_100000_bbbbbb.json", file("02T10:01:00", { estimated_cost: null }));
  put("session_20260101_100000_cccccc.json", file("01T10:01:00", { estimated_cost: 9 }));
  put("session_20260102_110000_dddddd.json", '{"ended_at": "2026');
  put("session_20260102_120000_eeeeee.json", "x".repeat(300_000));
  put("notes.json", file("02T10:01:00", { estimated_cost: 9 }));
  mkdirSync(join(dir, "session_20260102_120000_folder.json"));
  spawnSync("mkfifo", [join(dir, "session_20260102_120000_pipe.json")]);
  // What the budget counts comes first; what is known is the least that it was.
  const unknown = { estimated_cost: null, known_cost: 0.25 };
  put("session_20260102_130000_ffffff.json", file("02T13:01:00", { ...unknown }));
  put(
    "session_20260102_140000_gggggg.json",
    file("02T14:01:00", { ...unknown, assumed_cost: 0.75 }),
  );
  const said = {
    ended_at: "2026-01-02T15:01:00.000Z",
    trigger: ANNOUNCEMENT,
    estimated_cost: 0.01,
  };
  put("session_20260102_150000_hhhhhh.json", JSON.stringify(said));
  const { found: past } = await storeIn(dir, 100).past(Date.parse("2026-01-02T00:00:00Z"));
  assert.deepEqual(past, [
    { endedWallMs: Date.parse("2026-01-02T00:00:10Z"), microUsd: 500_000 },
    { endedWallMs: Date.parse("2026-01-02T10:01:00Z"), microUsd: 0 },
    { endedWallMs: Date.parse("2026-01-02T13:01:00Z"), microUsd: 250_000 },
    { endedWallMs: Date.parse("2026-01-02T14:01:00Z"), microUsd: 750_000 },
    {
      endedWallMs: Date.parse("2026-01-02T15:01:00Z"),
      microUsd: 10_000,
      isAnnouncement: true,
    },
  ]);
  const none = await storeIn(join(dir, "none"), 1).past(0);
  assert.deepEqual(none, { found: [], unread: null });
});
