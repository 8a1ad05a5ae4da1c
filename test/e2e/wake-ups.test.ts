/**
 * How often the daemon's Node is woken in each state: what a state costs, in a number that does not
 * depend on how busy the machine is. It was 75, 143, 134 and 129 when the microphone never napped, the
 * engine never rested and the speaker was fed by 20 ms, with alarms that were early; it is 6, 17, 16 and
 * 23 now. The bars leave room for a collection of V8's.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { startServer } from "../bench/conversation.ts";
import { recordVoice } from "../bench/material.ts";
import { daemonStates, replyMsFor, type StateCosts } from "../bench/states.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

/** Voluntary context switches a second. */
const MOST = { quiet: 16, people: 40, listening: 45, speaking: 60 } as const;
const SHAPE = { windowMs: 4_000, startedMs: 30_000, talkWarmMs: 5_000 };

test("the daemon sleeps in a quiet room, and is woken seldom in a conversation", {
  skip: !canSpeak() && NO_VOICE,
}, async (t) => {
  const folder = tempFolder(t);
  const server = await startServer(folder, replyMsFor(SHAPE));
  t.after(() => server.stop());
  const place = { folder: join(folder, "life"), voice: recordVoice(folder), url: server.url };
  const costs = await daemonStates(place, SHAPE);
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
