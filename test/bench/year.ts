/**
 * Does the appliance get slower, or larger, with the days? It lives through a simulated year of
 * conversations, and then an event of a conversation is measured beside one of a fresh start.
 *
 * Invariant: both worlds run in this process, the fresh one after the year, so that the compiler has
 * seen the same code; what the simulated ports remember for tests is thrown away as it comes.
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DAY_MS } from "../../src/core/duration.ts";
import { answer } from "../helpers/purse.ts";
import { settled, World } from "../helpers/world.ts";
import type { Findings } from "./findings.ts";

export interface YearShape {
  readonly days: number;
  readonly conversationsADay: number;
  /** Conversations in one sample. */
  readonly measured: number;
  readonly repeats: number;
}

/** No sound is captured in this world: it is woken by command, for a wake word has a place in the sound. */
const SETTINGS = { "budget.daily_usd": 1_000 };
const USD = 0.002;
/** The user's words and what the server makes of them, on the session's clock. */
const SPEECH_END_MS = 2_000;
const WARM_DAYS = 4;
/** Lets the reply be heard and the follow-up pass. */
const REST_MS = 60_000;
/** Deltas of one reply: what a minute of answers has. */
const DELTAS = 3;
const DELTA_MS = 20;
const BYTES_PER_MB = 1_048_576;

/** Adds `year_event`, `year_heap`. */
export async function afterAYear(findings: Findings, shape: YearShape): Promise<void> {
  const collect = collector();
  const old = await World.started(SETTINGS);
  await live(old, WARM_DAYS, shape.conversationsADay); // what the first conversations load stays
  collect();
  const beforeBytes = process.memoryUsage().heapUsed;
  await live(old, shape.days, shape.conversationsADay);
  collect();
  findings.add("year_heap", (process.memoryUsage().heapUsed - beforeBytes) / BYTES_PER_MB);
  for (let repeat = 0; repeat <= shape.repeats; repeat++) {
    const young = await World.started(SETTINGS);
    const youngMs = await eventsMs(young, shape.measured);
    const oldMs = await eventsMs(old, shape.measured);
    if (repeat > 0) findings.add("year_event", oldMs / youngMs); // the first one warms up
    await young.appliance.stop();
  }
  await old.appliance.stop();
}

async function live(world: World, days: number, conversationsADay: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    for (let n = 0; n < conversationsADay; n++) {
      await converse(world, `${day}_${n}`);
      world.clock.advance(DAY_MS / conversationsADay - REST_MS);
      await forget(world);
    }
  }
}

/** CPU of so many conversations. */
async function eventsMs(world: World, conversations: number): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < conversations; n++) {
    await converse(world, `m_${n}`);
    await forget(world);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function converse(world: World, id: string): Promise<void> {
  await world.controlServer.answer?.({ command: "wake" });
  world.accept();
  world.heardSpeech(`item_${id}`, SPEECH_END_MS);
  for (let n = 0; n < DELTAS; n++) {
    world.server("response.output_audio_transcript.delta", { response_id: id, delta: "so" });
  }
  answer(world, `resp_${id}`, USD, DELTA_MS);
  world.clock.advance(REST_MS);
}

/** What the simulated ports keep for a test to look at. */
async function forget(world: World): Promise<void> {
  await settled();
  if (world.store.files.size !== 1)
    throw new Error("a conversation of the year did not take place");
  world.store.files.clear();
  world.journal.lines.length = 0;
  world.leds.shown.length = 0;
  world.dialer.links.splice(0, world.dialer.links.length - 1);
  world.fleetFile.texts.length = 0;
  world.notifier.said.length = 0;
  world.spoken.length = 0;
  world.speaker.forget();
}

/** The garbage collector, at once: what is left is really kept. */
export function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("there is no gc");
  return () => {
    collect();
  };
}
