/** Loaded before a program (`node --import`): writes its peak RSS, kilobytes, to $PIPIT_BENCH_PEAK at its end. */

import { writeFileSync } from "node:fs";

process.once("exit", () => {
  const path = process.env["PIPIT_BENCH_PEAK"];
  if (path !== undefined) writeFileSync(path, String(process.resourceUsage().maxRSS));
});
