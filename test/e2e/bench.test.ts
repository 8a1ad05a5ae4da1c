/** The bench runs, and reports every row: with a finite number, or with the reason why there is none. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Fields, record } from "../../src/core/json.ts";
import { ROWS } from "../bench/findings.ts";
import { test } from "../helpers/real-time.ts";

const BENCH = fileURLToPath(new URL("../bench/bench.js", import.meta.url));
/** It takes some 70 s; a loaded machine may take its time. */
const RUN_MAX_MS = 480_000;

/** The rows of a quick bench. */
async function quickRows(): Promise<Fields[]> {
  const child = spawn(process.execPath, [BENCH, "--quick", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: RUN_MAX_MS,
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  await once(child, "close");
  assert.equal(child.exitCode, 0);
  const rows = record(JSON.parse(out))?.["rows"];
  assert.ok(Array.isArray(rows));
  return rows.map((row) => record(row) ?? {});
}

test("the bench prints a finite number for each row, or why there is none", async (t) => {
  const rows = await quickRows();
  assert.deepEqual(
    rows.map((row) => row["id"]),
    Object.keys(ROWS),
  );
  for (const { id, value, reason, least, greatest, n } of rows) {
    if (value === null) {
      assert.ok(typeof reason === "string" && reason !== "", `${id} says why`);
      assert.notEqual(reason, "nothing was measured", `${id} was forgotten`);
      t.diagnostic(`${id}: ${reason}`);
      continue;
    }
    assert.ok(Number.isFinite(value), `${id} is a number`);
    assert.ok(Number(n) > 0 && Number(least) <= Number(value), `${id} has its samples`);
    assert.ok(Number(value) <= Number(greatest), `${id} lies within its spread`);
  }
});
