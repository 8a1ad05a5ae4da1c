/**
 * How often the daemon's Node is woken in each state: what a state costs, in a number that does not
 * depend on how busy the machine is. The bars are the project's own; a tenth is left to chance.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { startServer } from "../bench/conversation.ts";
import { recordVoice } from "../bench/material.ts";
import { daemonStates, replyMsFor, type StateCosts } from "../bench/states.ts";
import { tempFolder } from "../helpers/host.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";

/** Voluntary context switches a second. */
const MOST = { quiet: 110, people: 190, listening: 180, speaking: 180 } as const;
const SHAPE = { windowMs: 4_000, backend: "aplay" } as const;

test("the daemon sleeps in a quiet room, and is woken seldom in a conversation", {
  skip: !canSpeak() && NO_VOICE,
}, async (t) => {
  const folder = tempFolder(t);
  const server = await startServer(folder, replyMsFor(SHAPE));
  t.after(() => server.stop());
  const costs = await daemonStates(join(folder, "life"), recordVoice(folder), server.url, SHAPE);
  const over = Object.entries(MOST).filter(([state, most]) => {
    const { wakesPerS } = costs[state as keyof typeof MOST];
    t.diagnostic(`${state}: woken ${wakesPerS.toFixed(0)} times a second, bar ${most}`);
    return wakesPerS > most;
  });
  assert.deepEqual(over, [], described(costs));
});

function described({ quiet, people, listening, speaking }: StateCosts): string {
  const all = { quiet, people, listening, speaking };
  const parts = Object.entries(all).map(([name, { wakesPerS }]) => `${name} ${wakesPerS}`);
  return `woken a second: ${parts.join(", ")}`;
}
