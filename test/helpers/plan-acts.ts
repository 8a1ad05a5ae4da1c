/** What may happen in a simulated conversation: pieces of a plan for the stories of the metrics file. */

import { begin, FREE, PLAIN, type Plan, reply, USAGE } from "./plan.ts";
import type { World } from "./world.ts";

/** One turn: the turn is committed, the first sound arrives, and is heard, so much later. */
export interface Turn {
  readonly commitMs: number;
  readonly deltaMs: number;
  readonly soundMs: number;
}

export const TURN: Turn = { commitMs: 0, deltaMs: 200, soundMs: 0 };

export function turns(...list: readonly Partial<Turn>[]): Partial<Plan> {
  const play = (world: World): void => {
    for (const [nth, more] of list.entries()) turn(world, `t${nth}`, { ...TURN, ...more });
  };
  return { ask: () => {}, answer: play };
}

function turn(world: World, id: string, { commitMs, deltaMs, soundMs }: Turn): void {
  world.listen(2400);
  const item_id = `user_${id}`;
  const endMs = Math.round(world.sentMs);
  const speech = { item_id, audio_start_ms: endMs - 1800 };
  world.server("input_audio_buffer.speech_started", speech);
  world.server("input_audio_buffer.speech_stopped", { item_id, audio_end_ms: endMs });
  world.listen(commitMs);
  world.server("input_audio_buffer.committed", { item_id });
  world.speaker.startMs = soundMs;
  begin(world, id);
  world.listen(deltaMs);
  world.delta(id, `item_${id}`, 800);
  world.done(id, { usage: USAGE });
  world.listen(1200);
}

/** A reply that is cut by the button after `heardMs`; the speaker takes `silentMs` to be silent. */
export function cut({ heardMs = 300, receivedMs = 800, silentMs = 20 }): Partial<Plan> {
  const answer = async (world: World): Promise<void> => {
    world.speaker.silenceMs = silentMs;
    begin(world);
    world.delta("resp_1", "item_1", receivedMs);
    world.listen(heardMs);
    world.tap();
    await world.clock.advanceAsync(silentMs);
    world.done("resp_1", { status: "cancelled", usage: FREE });
  };
  return { answer };
}

/** The first model is refused, and the next one answers. */
export function fallback(
  changes: Plan["changes"],
  failure: { status: number; code: string } = { status: 404, code: "model_not_found" },
): Partial<Plan> {
  const connect = async (world: World): Promise<void> => {
    const first = world.dialer.links.length;
    for (let n = 0; n < 8 && !isNext(world, first); n++) {
      const why = { tag: "http", type: null, message: "no", retryAfterMs: null } as const;
      world.link.sink.closed({ ...why, ...failure });
      world.listen(2000);
    }
    await PLAIN.connect(world);
  };
  return { changes, connect };
}

function isNext({ dialer }: World, first: number): boolean {
  const model = (nth: number): string =>
    new URL(dialer.links[nth]?.target.url ?? "x:").searchParams.get("model") ?? "";
  return model(dialer.links.length - 1) !== model(first - 1);
}

/** A response that nobody asked for, while we wait for more. */
export function unsolicited(status: string, more: object = { usage: FREE }): Partial<Plan> {
  const after = (world: World): void => {
    world.listen(1000);
    begin(world, "odd");
    world.done("odd", { status, ...more });
    world.listen(8000);
  };
  return { after };
}

export function call(name: string): Partial<Plan> {
  const output = [{ type: "function_call", call_id: "c1", name, arguments: "{}" }];
  return {
    answer: (world) => {
      begin(world, "tool");
      world.done("tool", { output, usage: FREE });
      reply(world);
    },
  };
}

export function serverError(code: string, message: string, afterMs = 1000): Partial<Plan> {
  const after = (world: World): void => {
    world.listen(afterMs);
    world.server("error", { error: { type: "invalid_request_error", code, message } });
    world.listen(9000 - afterMs);
  };
  return { after };
}

export function slowLeds(world: World): void {
  world.leds.light = (lit) => void world.clock.after(30, lit);
}

/** The socket takes nothing for longer than the ring holds. */
export function slowSocket(world: World): void {
  const item_id = "item_user";
  world.server("input_audio_buffer.speech_started", { item_id, audio_start_ms: 0 });
  world.link.buffered = 300_000;
  world.listen(21_000);
  world.link.buffered = 0;
  world.listen(2400);
  const audio_end_ms = Math.round(world.sentMs);
  world.server("input_audio_buffer.speech_stopped", { item_id, audio_end_ms });
  world.server("input_audio_buffer.committed", { item_id });
}

/** The same reply, with a pause in it. */
export function gap(world: World): void {
  begin(world);
  world.listen(200);
  world.delta("resp_1", "item_resp_1", 400);
  world.listen(600);
  world.delta("resp_1", "item_resp_1", 400);
  world.done("resp_1", { usage: USAGE });
  world.listen(1020);
}
