/**
 * The life of a metrics folder as one process lives it: it recovers, talks twice to the end and a
 * third time until its death. As a program, `metrics-life.js FOLDER N half|none`, it is killed at
 * the Nth call of the file system, before it or in the middle of it; it exits with 3 when it has
 * lived to its end.
 */

import { MetricsFiles } from "../../src/adapters/metrics/files.ts";
import type { Files } from "../../src/adapters/os/files.ts";
import type { Fault } from "../../src/core/fault.ts";
import type { Clock } from "../../src/ports.ts";
import { SimClock } from "../../src/sim/clock.ts";
import { riggedFiles } from "./rigged-files.ts";

export const sessionName = (number: number): string =>
  `session_20260101_00000${number}_life0${number}.json`;

/** Every field is there when `last` is. */
export function sessionText(number: number, turns: number, isOver: boolean): string {
  return `${JSON.stringify(
    {
      schema_version: 2,
      session_id: `life0${number}`,
      started_at: `2026-01-01T00:00:0${number}.000Z`,
      ended_at: `2026-01-01T00:01:0${turns}.000Z`,
      end_reason: isOver ? "no_speech" : "interrupted",
      recovered: !isOver,
      turns,
      assumed_cost: turns / 100,
      padding: "as long as a real one. ".repeat(40 * turns),
      last: true,
    },
    null,
    2,
  )}\n`;
}

export function lifeStore(dir: string, files?: Files, clock: Clock = new SimClock()) {
  const limits = () => ({ maxFiles: 2, maxBytes: 1_000_000, maxAgeDays: 1 });
  return new MetricsFiles({ dir, limits, clock, ...(files === undefined ? {} : { files }) });
}

/** One conversation, of so many answers; what each step resolved with. */
export async function talk(
  store: MetricsFiles,
  number: number,
  answers: number,
  isOver = true,
): Promise<(Fault | null)[]> {
  const outcomes: (Fault | null)[] = [];
  for (let turns = 1; turns <= answers; turns++) {
    outcomes.push(await store.checkpoint(sessionName(number), sessionText(number, turns, false)));
  }
  if (isOver) {
    outcomes.push(await store.save(sessionName(number), sessionText(number, answers, true)));
  }
  return outcomes;
}

export async function live(store: MetricsFiles): Promise<(Fault | null)[]> {
  const outcomes: (Fault | null)[] = [(await store.recover()).trouble];
  outcomes.push(...(await talk(store, 3, 3)));
  outcomes.push(...(await talk(store, 4, 2)));
  outcomes.push(...(await talk(store, 5, 3, false)));
  return outcomes;
}

function killingFiles(killAt: number, isHalf: boolean): Files {
  let count = 0;
  return riggedFiles(async (_call, go, half) => {
    count++;
    if (count !== killAt) return go();
    if (isHalf) await half();
    process.kill(process.pid, "SIGKILL");
    return new Promise(() => undefined);
  });
}

if (process.argv[1] === import.meta.filename) {
  const [, , dir = "", killAt = "", how = ""] = process.argv;
  await live(lifeStore(dir, killingFiles(Number(killAt), how === "half")));
  process.exit(3);
}
