/** A small text that outlives the process, with the disk failing at each of its calls. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import { systemZone } from "../../../src/adapters/os/local-time.ts";
import { FolderStateFile } from "../../../src/adapters/os/state-file.ts";
import { failingFiles } from "../../helpers/rigged-files.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const clock = new SystemClock();
const options = { name: "timers.json", what: "The timers", clock };

test("what was saved is loaded; before that there is nothing; the last of two counts", async (t) => {
  const dir = join(tempFolder(t), "made", "by itself");
  const file = new FolderStateFile({ ...options, dir });
  assert.deepEqual(await file.load(), { ok: true, text: null });
  const both = [file.save("one"), file.save("two")];
  assert.deepEqual(await Promise.all(both), [null, null]);
  assert.deepEqual(await file.load(), { ok: true, text: "two" });
  assert.deepEqual(readdirSync(dir), ["timers.json"]);
});

test("whichever call of the disk fails: the old text or the new one, and one line about it", async (t) => {
  const { calls, files: counting } = failingFiles(Number.POSITIVE_INFINITY, "ENOSPC");
  const dir = tempFolder(t);
  await new FolderStateFile({ ...options, dir, files: counting }).save("old");
  const total = calls();
  assert.ok(total >= 6, `only ${total} calls`);
  for (let failAt = 1; failAt <= total; failAt++) {
    const { files } = failingFiles(failAt, "ENOSPC");
    const fault = await new FolderStateFile({ ...options, dir, files }).save("new");
    assert.match(fault?.message ?? "", /^The timers could not be stored: the disk is full/);
    const text = readFileSync(join(dir, "timers.json"), "utf8");
    assert.ok(text === "old" || text === "new", text);
    writeFileSync(join(dir, "timers.json"), "old");
  }
});

test("what cannot be used is kept beside it; what cannot be read is a line", async (t) => {
  const dir = tempFolder(t);
  writeFileSync(join(dir, "timers.json"), "{ torn");
  const file = new FolderStateFile({ ...options, dir });
  await file.setAside();
  assert.deepEqual(readdirSync(dir), ["timers.json.broken"]);
  await file.setAside();
  const odd = new FolderStateFile({ ...options, dir: join(dir, "timers.json.broken") });
  const found = await odd.load();
  assert.ok(!found.ok && found.fault.code === "not-stored");
});

test("whatever stands in its place is told, and kept when the next text is stored", async (t) => {
  const places: Readonly<Record<string, (path: string) => void>> = {
    "a folder": (path) => mkdirSync(join(path, "inside"), { recursive: true }),
    "a pipe": (path) => execFileSync("mkfifo", [path]),
    "100 MB": (path) => {
      writeFileSync(path, "");
      truncateSync(path, 100_000_000);
    },
    "a link to itself": (path) => symlinkSync("timers.json", path),
  };
  for (const [what, make] of Object.entries(places)) {
    const dir = tempFolder(t);
    make(join(dir, "timers.json"));
    const file = new FolderStateFile({ ...options, dir });
    const found = await file.load();
    assert.ok(!found.ok, what);
    assert.match(found.fault.message, /^The timers cannot be read \(E[A-Z]+\)$/, what);
    assert.match(found.fault.remedy, /kept as timers\.json\.broken/);
    assert.equal(await file.save("new"), null, what);
    assert.deepEqual(await file.load(), { ok: true, text: "new" }, what);
    assert.deepEqual(readdirSync(dir).sort(), ["timers.json", "timers.json.broken"], what);
  }
});

test("a burst of saves is two writes: the last text is there, and nobody is refused", async (t) => {
  const dir = tempFolder(t);
  const file = new FolderStateFile({ ...options, dir });
  const saves = Array.from({ length: 50 }, (_, n) => file.save(`text ${n}`));
  assert.deepEqual(new Set(await Promise.all(saves)), new Set([null]));
  assert.deepEqual(await file.load(), { ok: true, text: "text 49" });
});

test("the zone: of the environment, of /etc/localtime, of Node, and never nonsense", (t) => {
  const folder = tempFolder(t);
  assert.equal(systemZone("Asia/Tokyo"), "Asia/Tokyo");
  assert.equal(systemZone(":Europe/Paris"), "Europe/Paris");
  const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  assert.equal(systemZone("Middle/Earth", join(folder, "none")), own);
});
