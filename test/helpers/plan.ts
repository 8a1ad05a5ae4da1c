/**
 * One conversation of the simulated world in exchangeable pieces: a test changes one piece and sees
 * what becomes of the metrics file.
 */

import { record } from "../../src/core/json.ts";
import { METRICS_FIELDS } from "../../src/core/metrics/fields.ts";
import type { Settings } from "../../src/core/settings/table.ts";
import { settled, World } from "./world.ts";

type Act = (world: World) => void | Promise<void>;

export interface Plan {
  readonly changes: Partial<Settings>;
  readonly seed: number;
  /** Before anybody calls. */
  readonly before: Act;
  readonly call: Act;
  readonly connect: Act;
  readonly ask: Act;
  readonly answer: Act;
  readonly after: Act;
}

export const USAGE = {
  input_token_details: {
    text_tokens: 100,
    audio_tokens: 64,
    image_tokens: 10,
    cached_tokens_details: { text_tokens: 50, audio_tokens: 32, image_tokens: 4 },
  },
  output_token_details: { text_tokens: 30, audio_tokens: 16, reasoning_tokens: 5 },
};

/** A bill of nothing; one without counts would be no bill. */
export const FREE = { input_tokens: 0, output_tokens: 0 };

export function begin(world: World, id = "resp_1"): void {
  world.server("response.created", { response: { id } });
}

/** The second speech event in a conversation has another item and ends where the sound sent does. */
export function ask(world: World, itemId = "item_user"): void {
  world.listen(2400);
  world.heardSpeech(itemId);
}

/** A reply of `ms`, heard to its end. */
export function reply(
  world: World,
  more: Readonly<Record<string, unknown>> = {},
  id = "resp_1",
): void {
  begin(world, id);
  world.listen(200);
  world.delta(id, `item_${id}`, 800);
  world.done(id, { usage: USAGE, ...more });
  world.listen(1020);
}

export const PLAIN: Plan = {
  changes: {},
  seed: 1,
  before: () => {},
  call: (world) => world.wake(),
  connect: (world) => {
    world.listen(60);
    world.link.sink.opened();
    world.server("session.created", { session: { id: "sess_1" } });
    world.listen(40);
    world.server("session.updated", { session: { id: "sess_1" } });
  },
  ask: (world) => ask(world),
  answer: (world) => reply(world),
  after: (world) => world.listen(9000),
};

export type Flat = Readonly<Record<string, string>>;

/** The metrics file of a conversation, flat: path → JSON. Entries of lists share a path. */
export async function recordedFile(plan: Plan): Promise<Flat> {
  return flat(await play(plan));
}

/** The metrics file of the last conversation of this plan, parsed. */
export async function play(plan: Plan): Promise<unknown> {
  const world = new World(plan.changes, plan.seed);
  await world.appliance.start();
  world.listen(1000);
  for (const act of [plan.before, plan.call, plan.connect, plan.ask, plan.answer, plan.after]) {
    await act(world);
    await settled();
  }
  world.listen(1000);
  await settled();
  return JSON.parse([...world.store.files.values()].at(-1) ?? "null");
}

export function flat(file: unknown): Flat {
  const found: Record<string, string> = {};
  walk(file, "", (path, value) => {
    const json = JSON.stringify(value);
    found[path] = found[path] === undefined ? json : `${found[path]},${json}`;
  });
  return found;
}

function walk(value: unknown, path: string, leaf: (path: string, value: unknown) => void): void {
  if (value === null && isGroup(path)) return;
  if (Array.isArray(value)) {
    const isPlain = value.every((entry) => record(entry) === null);
    if (isPlain && !isGroup(path)) leaf(path, value);
    else for (const entry of value) walk(entry, `${path}[]`, leaf);
    return;
  }
  const fields = record(value);
  if (fields === null) {
    leaf(path, value);
    return;
  }
  for (const [name, inner] of Object.entries(fields)) {
    walk(inner, path === "" ? name : `${path}.${name}`, leaf);
  }
}

/** Are there fields within it? Then it is none itself when it is empty or absent. */
function isGroup(path: string): boolean {
  return METRICS_FIELDS.some(
    (row) => /^[.[]/.test(row.path.slice(path.length)) && row.path.startsWith(path),
  );
}

/** Paths whose values differ. */
export function changed(a: Flat, b: Flat): string[] {
  const paths = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...paths].filter((path) => a[path] !== b[path]);
}
