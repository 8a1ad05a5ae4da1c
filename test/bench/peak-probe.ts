/**
 * Loaded before a program (`node --import`): writes its peak RSS, kilobytes, to $PIPIT_BENCH_PEAK at its
 * end. Not the peak of getrusage(2), which begins with what whoever started the program had.
 */

import { readFileSync, writeFileSync } from "node:fs";

process.once("exit", () => {
  const path = process.env["PIPIT_BENCH_PEAK"];
  if (path === undefined) return;
  const [, peak = ""] =
    /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  writeFileSync(path, peak);
});
