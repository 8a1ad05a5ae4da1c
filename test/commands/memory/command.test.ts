/** `pipit memory`, `volume` and `timers` on a full disk, as the owner runs them, against a real socket. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ControlSocket } from "../../../src/adapters/control/socket.ts";
import type { ControlReply, ControlRequest } from "../../../src/core/control.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { runPipit } from "../../helpers/pipit.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const ANSWERS: Readonly<Partial<Record<ControlRequest["command"], object>>> = {
  memory: { kept: ["Anna likes tea."] },
  volume: { percent: 40 },
  timers: { done: ["#1 timer"] },
};

/** A daemon whose disk is full, or not. */
async function daemon(t: TestContext, more: object) {
  const folder = tempFolder(t);
  const server = new ControlSocket(join(folder, "control.sock"), new SimClock());
  await server.start(async ({ command }): Promise<ControlReply> => {
    return { ok: true, data: { ...ANSWERS[command], ...more } };
  });
  t.after(() => server.close());
  return { RUNTIME_DIRECTORY: folder };
}

const ORDERS: readonly (readonly [readonly string[], string])[] = [
  [["memory", "remember", "Anna likes tea."], "remembered: Anna likes tea.\n"],
  [["volume", "40"], "40 %\n"],
  [["timers", "set", "5m"], "#1 timer\n"],
];

for (const [args, done] of ORDERS) {
  test(`${args[0]}: what is not stored is said to be lost at the next start`, async (t) => {
    const full = await runPipit(args, await daemon(t, { not_stored: "The disk is full" }));
    assert.equal(full.stdout, `${done}lost at the next start: The disk is full\n`);
    assert.equal((await runPipit(args, await daemon(t, {}))).stdout, done);
  });
}
