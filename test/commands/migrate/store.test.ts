/** Replacing a configuration with real files, and with every call that it makes failing in turn. */

import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  BACKUPS_MAX,
  type NewFile,
  type ReplaceFiles,
  realReplaceFiles,
  replaceConfig,
  rollbackConfig,
} from "../../../src/commands/migrate/io-store.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const OLD = Buffer.from("\ufeffold: café\r\n");
const NEW = "new: 1\n";

function place(t: TestContext): { readonly folder: string; readonly path: string } {
  const folder = tempFolder(t);
  const path = join(folder, "config.yaml");
  writeFileSync(path, OLD);
  return { folder, path };
}

/** The real calls, of which the one with this number (from 1) fails. */
function failing(failAt: number, code: string): { files: ReplaceFiles; calls: () => number } {
  let count = 0;
  const guarded = async <T>(call: () => Promise<T>): Promise<T> => {
    count++;
    if (count === failAt) throw Object.assign(new Error(`rigged ${code}`), { code });
    return call();
  };
  const file = (real: NewFile): NewFile => ({
    // Half of it is there when it fails, as on a full card.
    write: (bytes) =>
      guarded(() => real.write(bytes)).catch(async (error: unknown) => {
        await real.write(bytes.subarray(0, bytes.length / 2));
        throw error;
      }),
    own: (uid, gid) => guarded(() => real.own(uid, gid)),
    setMode: (mode) => guarded(() => real.setMode(mode)),
    sync: () => guarded(() => real.sync()),
    close: async () => {
      await real.close();
      await guarded(async () => undefined);
    },
  });
  const files: ReplaceFiles = {
    rename: (from, to) => guarded(() => realReplaceFiles.rename(from, to)),
    remove: realReplaceFiles.remove,
    syncFolder: (path) => guarded(() => realReplaceFiles.syncFolder(path)),
    list: (path) => guarded(() => realReplaceFiles.list(path)),
    real: (path) => guarded(() => realReplaceFiles.real(path)),
    status: (path) => guarded(() => realReplaceFiles.status(path)),
    read: (path, most) => guarded(() => realReplaceFiles.read(path, most)),
    createNew: (path) => guarded(async () => file(await realReplaceFiles.createNew(path))),
  };
  return { files, calls: () => count };
}

test("the backup has the bytes, the file has mode and owner, nothing else is left", async (t) => {
  const { folder, path } = place(t);
  chmodSync(path, 0o640);
  const root = process.getuid?.() === 0;
  if (root) chownSync(path, 1234, 4321);
  const done = await replaceConfig(path, OLD, NEW);
  assert.ok(done.ok, JSON.stringify(done));
  assert.equal(readFileSync(path, "utf8"), NEW);
  assert.deepEqual(readFileSync(`${path}.backup`), OLD);
  assert.deepEqual(readdirSync(folder).sort(), ["config.yaml", "config.yaml.backup"]);
  for (const name of [path, `${path}.backup`]) {
    const { mode, uid, gid } = statSync(name);
    assert.equal(mode & 0o7777, 0o640);
    if (root) assert.deepEqual([uid, gid], [1234, 4321]);
  }
});

test("a backup is never overwritten, not even a dangling link by its name", async (t) => {
  const { folder, path } = place(t);
  writeFileSync(`${path}.backup`, "first");
  symlinkSync("/nonexistent/target", `${path}.backup-1`);
  const done = await replaceConfig(path, OLD, NEW);
  assert.ok(done.ok && done.backup === `${path}.backup-2`, JSON.stringify(done));
  assert.equal(readFileSync(`${path}.backup`, "utf8"), "first");
  for (let number = 3; number < BACKUPS_MAX; number++) {
    writeFileSync(join(folder, `config.yaml.backup-${number}`), "x");
  }
  const full = await replaceConfig(path, Buffer.from(NEW), "newer: 1\n");
  assert.ok(!full.ok && /there are 100 backups already/.test(full.fault.message));
  assert.equal(readFileSync(path, "utf8"), NEW);
});

test("a link is followed: the file behind it is replaced, the link stays", async (t) => {
  const { folder, path } = place(t);
  const link = join(tempFolder(t), "link.yaml");
  symlinkSync(path, link);
  const done = await replaceConfig(link, OLD, NEW);
  assert.ok(done.ok && done.path === path);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.deepEqual(readdirSync(folder).sort(), ["config.yaml", "config.yaml.backup"]);
  const back = await rollbackConfig(link);
  assert.ok(back?.ok);
  assert.deepEqual(readFileSync(link), OLD);
});

test("a file that somebody else has changed meanwhile is left alone", async (t) => {
  const { folder, path } = place(t);
  const done = await replaceConfig(path, Buffer.from("what we read"), NEW);
  assert.ok(!done.ok && /somebody else has just changed it/.test(done.fault.message));
  assert.deepEqual(readFileSync(path), OLD);
  assert.deepEqual(readdirSync(folder), ["config.yaml"]);
});

for (const code of ["ENOSPC", "EROFS", "EACCES", "EPERM", "EIO"]) {
  test(`${code} at each step of replacing: the original is whole, nothing is left over`, async (t) => {
    for (let failAt = 1; ; failAt++) {
      const { folder, path } = place(t);
      const { files, calls } = failing(failAt, code);
      const done = await replaceConfig(path, OLD, NEW, files);
      if (calls() < failAt) {
        assert.ok(failAt > 15, `only ${failAt} calls`);
        break;
      }
      if (done.ok) {
        // Only the last call, after the rename, may fail without harm.
        assert.equal(calls(), failAt);
        assert.equal(readFileSync(path, "utf8"), NEW);
        continue;
      }
      assert.match(done.fault.message, new RegExp(`was left as it is: .*${code}`));
      assert.deepEqual(readFileSync(path), OLD, `call ${failAt}`);
      assert.deepEqual(readdirSync(folder), ["config.yaml"], `call ${failAt}`);
    }
  });

  test(`${code} at each step of going back: both files are whole`, async (t) => {
    for (let failAt = 1; ; failAt++) {
      const { folder, path } = place(t);
      writeFileSync(`${path}.backup`, NEW);
      const { files, calls } = failing(failAt, code);
      const done = await rollbackConfig(path, files);
      if (calls() < failAt) break;
      assert.equal(readFileSync(`${path}.backup`, "utf8"), NEW);
      if (done?.ok) continue;
      assert.deepEqual(readFileSync(path), OLD, `call ${failAt}`);
      assert.deepEqual(readdirSync(folder).sort(), ["config.yaml", "config.yaml.backup"]);
    }
  });
}

test("going back takes the newest backup, and keeps the present file aside", async (t) => {
  const { path } = place(t);
  assert.equal(await rollbackConfig(path), null);
  writeFileSync(`${path}.backup`, "newest");
  writeFileSync(`${path}.backup-1`, "older");
  writeFileSync(`${path}.backup-1000`, "no backup of ours");
  writeFileSync(`${path}.backup-x`, "nor this");
  utimesSync(`${path}.backup`, 2_000, 2_000);
  utimesSync(`${path}.backup-1`, 1_000, 1_000);
  const done = await rollbackConfig(path);
  assert.ok(done?.ok && done.from === `${path}.backup`, JSON.stringify(done));
  assert.equal(readFileSync(path, "utf8"), "newest");
  assert.deepEqual(readFileSync(`${path}.before-rollback`), OLD);
  const again = await rollbackConfig(path);
  assert.ok(again?.ok && again.same === true);
});
