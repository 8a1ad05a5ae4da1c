/** Files that somebody has named: whatever stands there, reading it ends. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readOrdinary } from "../../../src/adapters/os/ordinary-file.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

test("an ordinary file is read whole, up to its limit; a file of the kernel's, too", (t) => {
  const path = join(tempFolder(t), "a");
  for (const bytes of [0, 1, 70_000]) {
    writeFileSync(path, Buffer.alloc(bytes, 7));
    assert.deepEqual(readOrdinary(path, 70_000), Buffer.alloc(bytes, 7));
  }
  assert.throws(() => readOrdinary(path, 69_999), { code: "EFBIG" });
  const own = readOrdinary("/proc/self/limits", 1_000_000).toString("utf8");
  assert.equal(own, readFileSync("/proc/self/limits", "utf8"));
  assert.throws(() => readOrdinary("/proc/self/limits", 10), { code: "EFBIG" });
});

test("a pipe without a writer, a device, a folder, nothing: refused at once", (t) => {
  const folder = tempFolder(t);
  const pipe = join(folder, "pipe");
  assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
  symlinkSync(pipe, join(folder, "link"));
  for (const path of [pipe, join(folder, "link"), "/dev/zero", "/dev/null"]) {
    assert.throws(() => readOrdinary(path, 1_000), { message: "it is not an ordinary file" }, path);
  }
  assert.throws(() => readOrdinary(folder, 1_000), { code: "EISDIR" });
  assert.throws(() => readOrdinary(join(folder, "none"), 1_000), { code: "ENOENT" });
});
