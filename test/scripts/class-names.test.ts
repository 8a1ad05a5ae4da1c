/** A class is found by the name of its file. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

// Compiled, this file is in dist/test/scripts.
const SOURCES = fileURLToPath(new URL("../../../src/", import.meta.url));

/** The words of a class: HttpChannel is http, channel. */
function wordsOf(name: string): readonly string[] {
  return name.split(/(?<=[a-z0-9])(?=[A-Z])/).map((word) => word.toLowerCase());
}

/** Each word of the file begins a word of the class; the rest is what the folder says, or a port. */
function isNamedAs(file: string, name: string): boolean {
  const words = wordsOf(name);
  return file
    .split("-")
    .map((word) => word.replace(/s$/, ""))
    .every((word) => words.some((one) => one.startsWith(word)));
}

function misnamed(file: string, text: string): string | null {
  const names = [...text.matchAll(/^export (?:abstract )?class (\w+)(.*)$/gm)];
  const [first] = names;
  // An error is named for what went wrong, and is thrown by the file's functions.
  if (first === undefined || names.length > 1 || first[2]?.includes("extends Error")) return null;
  const name = first[1] ?? "";
  return isNamedAs(basename(file, ".ts"), name) ? null : `${file}: ${name}`;
}

test("a file that exports one class is named as it", () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" });
  const sources = files.filter((file) => file.endsWith(".ts"));
  assert.ok(sources.length > 300, `only ${sources.length} files read`);
  const found = sources.map((file) => misnamed(file, readFileSync(join(SOURCES, file), "utf8")));
  assert.deepEqual(
    found.filter((line) => line !== null),
    [],
  );
});

test("a class that its file does not name is found", () => {
  assert.equal(misnamed("mcp/http.ts", "export class HttpChannel {\n"), null);
  assert.equal(misnamed("peer/reader.ts", "export class Reading {\n"), "peer/reader.ts: Reading");
  assert.equal(misnamed("a/file.ts", "export class OddError extends Error {\n"), null);
});
