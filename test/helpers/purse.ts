/** Conversations that cost a given sum, in the simulated world. */

import assert from "node:assert/strict";
import type { World } from "./world.ts";

/** The price of one token of gpt-realtime's voice, micro-dollars. */
const VOICE_MICRO_USD = 64;

/** A usage that costs this much with gpt-realtime (to 32 micro-dollars). */
export function costing(usd: number): Readonly<Record<string, unknown>> {
  const tokens = Math.round((usd * 1e6) / VOICE_MICRO_USD);
  return { output_token_details: { text_tokens: 0, audio_tokens: tokens } };
}

/** Woken, connected, and asked something: the answer has been asked for. */
export function asked(world: World, itemId = "item_user"): void {
  world.wake();
  world.accept();
  question(world, itemId);
}

/** A question in the conversation under way. */
export function question(world: World, itemId: string): void {
  world.listen(2400);
  world.heardSpeech(itemId);
}

/** The answer to it: `ms` of sound, all there at once, and its bill. */
export function answer(world: World, id: string, usd: number, ms = 400): void {
  world.server("response.created", { response: { id } });
  world.delta(id, `item_${id}`, ms);
  world.done(id, { usage: costing(usd) });
}

/** Its sound has been heard, and what comes after it is over. */
export function rest(world: World): void {
  world.listen(15_000);
}

/** How often the server was asked for a response, over all connections. */
export function asks(world: World): number {
  const sent = world.dialer.links.flatMap((link) => link.sent);
  return sent.filter((text) => text.includes('"response.create"')).length;
}

/** The budget as `pipit status` tells it. */
export async function budget(world: World): Promise<Readonly<Record<string, unknown>>> {
  const reply = await world.controlServer.answer?.({ command: "status" });
  assert.ok(reply?.ok);
  const { budget } = reply.data;
  assert.ok(typeof budget === "object" && budget !== null);
  return { ...budget };
}
