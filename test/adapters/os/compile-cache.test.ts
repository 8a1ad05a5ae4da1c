import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { keepCompiledCode } from "../../../src/adapters/os/compile-cache.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

function node22() {
  const asked: unknown[] = [];
  return { asked, module: { enableCompileCache: (folder: unknown) => asked.push(folder) } };
}

test("compiled code is kept in the state folder, of this release alone", (t) => {
  const state = tempFolder(t);
  const { asked, module } = node22();
  mkdirSync(join(state, "compile-cache", "0.0.9"), { recursive: true });
  keepCompiledCode(state, "0.1.0", module);
  assert.deepEqual(asked, [join(state, "compile-cache", "0.1.0")]);
  assert.equal(existsSync(join(state, "compile-cache", "0.0.9")), false);
});

test("none is kept without a state folder, or by a Node that has no such cache", (t) => {
  const { asked, module } = node22();
  keepCompiledCode(undefined, "0.1.0", module);
  assert.deepEqual(asked, []);
  const state = tempFolder(t);
  keepCompiledCode(state, "0.1.0", {});
  assert.equal(existsSync(join(state, "compile-cache")), false);
});

test("a folder that cannot be written is no trouble", () => {
  const { asked, module } = node22();
  keepCompiledCode("/proc/self", "0.1.0", module);
  assert.deepEqual(asked, []);
});
