/** What `pipit metrics` takes over ten thousand recorded conversations: the whole process, start included. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MAIN } from "../helpers/pipit.ts";
import { recorded, writeRecorded } from "../helpers/recorded.ts";
import type { Findings } from "./findings.ts";

const FILES = 10_000;
/** Three a day or so: more than nine years. */
const EVERY_MS = 8 * 3_600_000;
const PEAK_PROBE = fileURLToPath(new URL("./peak-probe.js", import.meta.url));

/** Adds one sample a run to `report_10k` and `report_10k_rss`. */
export async function reportTenThousand(
  findings: Findings,
  folder: string,
  runs: number,
): Promise<void> {
  const dir = join(folder, "metrics-10k");
  writeRecorded(dir, recorded({ count: FILES, startMs: Date.UTC(2017, 0, 1), everyMs: EVERY_MS }));
  const peak = join(folder, "peak");
  for (let run = 0; run < runs; run++) {
    const startedMs = performance.now();
    // By its own first line, as the owner's shell starts it.
    const child = spawn(MAIN, ["metrics", "--dir", dir], {
      env: { ...process.env, NODE_OPTIONS: `--import ${PEAK_PROBE}`, PIPIT_BENCH_PEAK: peak },
      stdio: ["ignore", "ignore", "inherit"],
    });
    await once(child, "exit");
    const tookMs = performance.now() - startedMs;
    if (child.exitCode !== 0) throw new Error(`pipit metrics ended with ${child.exitCode}`);
    findings.add("report_10k", tookMs);
    findings.add("report_10k_rss", Number(readFileSync(peak, "utf8")) / 1024);
  }
}
