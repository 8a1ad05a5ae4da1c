/**
 * Stacks in words of the sources. The program is one bundle; its source maps are read only when a
 * bug is shown, since Node itself would keep them in memory from the start.
 *
 * Invariant: whatever is wrong with a map, the stack as it was is better than none.
 */

import { readFileSync, statSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { fileURLToPath } from "node:url";

/** A place in a stack: `file:///…/bundle/main.js:12:34`. */
const PLACE = /(file:\/\/[^\s():]+\.js):(\d+):(\d+)/g;
/** A stack names a few files; the map of the largest has about 100 KB. */
const MAPS_MAX = 16;
const MAP_MAX_BYTES = 4_194_304;

/** The text with each place that a source map knows as `src/…ts:line:column`. */
export function inSources(text: string): string {
  const maps = new Map<string, SourceMap | null>();
  return text.replace(PLACE, (place: string, file: string, line: string, column: string) => {
    const map = mapOf(file, maps);
    const entry = map?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !("originalSource" in entry)) return place;
    const source = entry.originalSource.replace(/^(?:\.\.\/)+/, "");
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

function mapOf(file: string, maps: Map<string, SourceMap | null>): SourceMap | null {
  const known = maps.get(file);
  if (known !== undefined) return known;
  const read = maps.size < MAPS_MAX ? readMap(file) : null;
  maps.set(file, read);
  return read;
}

function readMap(file: string): SourceMap | null {
  try {
    const path = `${fileURLToPath(file)}.map`;
    if (statSync(path).size > MAP_MAX_BYTES) return null;
    const payload: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isPayload(payload) ? new SourceMap(payload) : null;
  } catch {
    return null;
  }
}

/** As far as SourceMap reads it. */
function isPayload(value: unknown): value is SourceMapPayload {
  return (
    typeof value === "object" &&
    value !== null &&
    "mappings" in value &&
    typeof value.mappings === "string" &&
    "sources" in value &&
    Array.isArray(value.sources) &&
    "names" in value &&
    Array.isArray(value.names)
  );
}
