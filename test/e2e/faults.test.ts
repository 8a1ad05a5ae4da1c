/**
 * The fault table: every fault of issue 3, lived through by the real appliance over a real socket,
 * against the simulated peer. Each row states where it ends, what the journal, the metrics file and
 * the ear get, and how soon the appliance is usable again; after each, another wake must work.
 */

import { type TestContext, test } from "node:test";
import { type FaultRow, type RowResult, runRow } from "../helpers/fault-row.ts";
import { ANSWER_ROWS } from "./fault-rows-answers.ts";
import { CHAIN_ROWS } from "./fault-rows-chain.ts";
import { CLOSE_ROWS, SILENCE_ROWS } from "./fault-rows-close.ts";
import { COLLISION_ROWS } from "./fault-rows-collisions.ts";
import { HANDSHAKE_ROWS } from "./fault-rows-handshake.ts";
import { HUGE_ROWS, NONSENSE_ROWS, SETUP_ROWS } from "./fault-rows-setup.ts";

/** Rows lived through at a time: as many as a machine of two cores can feed with sound. */
const AT_A_TIME = 16;

const GROUPS: readonly (readonly [string, readonly FaultRow[]])[] = [
  ["at the handshake", HANDSHAKE_ROWS],
  ["of models that are gone", CHAIN_ROWS],
  ["of connections that end", CLOSE_ROWS],
  ["of connections that fall silent or expire", SILENCE_ROWS],
  ["of the set-up", SETUP_ROWS],
  ["of words that make no sense", NONSENSE_ROWS],
  ["of frames that are too large", HUGE_ROWS],
  ["of answers", ANSWER_ROWS],
  ["of collisions and calls", COLLISION_ROWS],
];
const ONLY = process.env["PIPIT_FAULT_ROW"];

for (const [title, rows] of GROUPS) {
  test(`faults ${title}`, { concurrency: AT_A_TIME }, async (context) => {
    const results = new Map<string, RowResult>();
    const wanted = rows.filter(({ name }) => ONLY === undefined || name.includes(ONLY));
    await Promise.all(
      wanted.map((row) =>
        context.test(row.name, async () => {
          results.set(row.name, await runRow(row));
        }),
      ),
    );
    for (const { name } of rows) print(context, results.get(name));
  });
}

/** A line of the table: the fault, where it ended, how long it was of no use, and what was said. */
function print(context: TestContext, result: RowResult | undefined): void {
  if (result === undefined) return;
  const { name, end, uselessMs, metrics, sound, line } = result;
  context.diagnostic([name, end, `${uselessMs} ms`, metrics, sound, line].join(" | "));
}
