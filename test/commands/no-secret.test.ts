/**
 * A key that its owner has put into the wrong line, any line, is not repeated: not on a screen, not
 * in the journal, not in what is kept of the run.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROWS, SECTIONS } from "../../src/core/settings/table.ts";
import { MAIN, outputOf, runPipit } from "../helpers/pipit.ts";
import { MADE_UP_KEYS } from "../helpers/secrets.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

type Tree = { [name: string]: Tree | string };

/** Puts a value at a dotted path. */
function put(tree: Tree, path: readonly string[], value: string): void {
  const [name = "", ...rest] = path;
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  const below = tree[name];
  const node: Tree = typeof below === "object" ? below : {};
  tree[name] = node;
  put(node, rest, value);
}

/** The key as the value of every setting, and as a name in every section. */
function everywhere(key: string): string {
  const tree: Tree = {};
  for (const [name] of ROWS) put(tree, name.split("."), key);
  for (const section of Object.keys(SECTIONS)) put(tree, [...section.split("."), key], "x");
  put(tree, [key], "x");
  return JSON.stringify(tree, null, 1);
}

/** Where only text is taken, so that the file is good: in the instructions, and in an address. */
function inGoodFile(key: string): string {
  const openai = {
    api_key: "sk-a-good-one-of-the-owner",
    instructions: `Be kind. ${key}`,
    base_url: `https://me:${encodeURIComponent(key)}@api.example.test/v1`,
  };
  return JSON.stringify({ openai });
}

for (const { maker, key, marker } of MADE_UP_KEYS) {
  test(`a key of ${maker} in any line of the configuration is nowhere repeated`, async (t) => {
    const folder = tempFolder(t);
    const path = join(folder, "config.yaml");
    const env = { STATE_DIRECTORY: folder, INVOCATION_ID: "abc" };
    writeFileSync(path, everywhere(key));
    for (const args of [["check-config"], ["check-config", "--json"], ["run"], ["status"]]) {
      const { code, stdout, stderr } = await runPipit([...args, "--config", path], env);
      assert.notEqual(code, 0);
      assert.ok(!(stdout + stderr).includes(marker), `${args.join(" ")}: ${stdout}${stderr}`);
    }
    const record = join(folder, "last-exit.json");
    assert.ok(existsSync(record));
    assert.ok(!readFileSync(record, "utf8").includes(marker), readFileSync(record, "utf8"));
    if (maker === "nobody known") return; // Text that nobody can tell from the owner's words.
    writeFileSync(path, inGoodFile(key));
    const { stdout, stderr } = await runPipit(["check-config", "--json", "--config", path]);
    assert.ok(!(stdout + stderr).includes(marker), stdout + stderr);
    const usage = await runPipit([`--${key}`]);
    assert.ok(!usage.stderr.includes(marker), usage.stderr);
  });
}

test("a bug that has a key in its message ends the program without it, and with exit code 1", async () => {
  const [openAi] = MADE_UP_KEYS;
  const bug = `setTimeout(() => { throw new Error("no such voice: ${openAi?.key}"); }, 500)`;
  const rejected = `setTimeout(() => { Promise.reject(new Error("Bearer ${openAi?.key}")); }, 500)`;
  for (const wrong of [bug, rejected]) {
    const child = spawn(
      process.execPath,
      [
        "--import",
        `data:text/javascript,${encodeURIComponent(wrong)}`,
        MAIN,
        "simulate",
        "--port",
        "0",
      ],
      { env: { PATH: process.env["PATH"] }, stdio: ["ignore", "pipe", "pipe"], timeout: 30_000 },
    );
    const { code, stderr } = await outputOf(child);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /pipit: this is a bug\n.*\*\*\*/s);
    assert.ok(!stderr.includes(openAi?.marker ?? ""), stderr);
  }
});
