import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../../src/adapters/os/project-root.ts";
import { inSources } from "../../../src/adapters/os/source-stack.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

/** A map that leads from line 2 of a bundle to line 3 of a source: `AACA` one line, `AAEA` two lines on. */
const MAP = { version: 3, sources: ["../../../src/app/loop.ts"], names: [], mappings: ";AAEA" };

function fileWith(map: string | null, t: Parameters<typeof tempFolder>[0]): string {
  const file = join(tempFolder(t), "main.js");
  if (map !== null) writeFileSync(`${file}.map`, map);
  return pathToFileURL(file).href;
}

test("a place of the bundle is named by its source", (t) => {
  const file = fileWith(JSON.stringify(MAP), t);
  assert.equal(inSources(`at f (${file}:2:1)`), "at f (src/app/loop.ts:3:1)");
});

for (const [what, map] of [
  ["no map", null],
  ["a map that is no JSON", "{"],
  ["a map of another shape", '{"mappings": 5}'],
] as const) {
  test(`${what}: the stack stays as it was`, (t) => {
    const text = `at f (${fileWith(map, t)}:2:1)`;
    assert.equal(inSources(text), text);
  });
}

test("a place of Node's own stays as it was", () => {
  const text = "at process.processTicksAndRejections (node:internal/process/task_queues:95:5)";
  assert.equal(inSources(text), text);
});

test("the maps of the build itself lead to src", () => {
  const main = join(projectRoot(), "dist/src/bundle/main.js");
  const text = `at explain (${pathToFileURL(main).href}:40:1)`;
  assert.match(inSources(text), /src\/[a-z/-]+\.ts:\d+:\d+/);
});
