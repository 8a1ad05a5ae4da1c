/** The appliance on a metrics folder: what it writes on an SD card, and what it does when that fails. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MetricsFiles } from "../../../src/adapters/metrics/files.ts";
import { type Files, realFiles } from "../../../src/adapters/os/files.ts";
import { fault } from "../../../src/core/fault.ts";
import type { MetricsStore } from "../../../src/ports.ts";
import { SimClock, settle } from "../../../src/sim/clock.ts";
import { type FileCall, riggedFiles } from "../../helpers/rigged-files.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";
import { settled, World } from "../../helpers/world.ts";

const PAGE_BYTES = 4_096;
const CONVERSATIONS_A_DAY = 50;
/** The issue's: 0.5 MB. */
const DAY_MAX_BYTES = 500_000;

const USAGE = {
  total_tokens: 1234,
  input_tokens: 1000,
  output_tokens: 234,
  input_token_details: {
    text_tokens: 219,
    audio_tokens: 781,
    image_tokens: 0,
    cached_tokens: 640,
    cached_tokens_details: { text_tokens: 192, audio_tokens: 448, image_tokens: 0 },
  },
  output_token_details: { text_tokens: 47, audio_tokens: 187 },
};

/** What the second version of the file has beyond the first; of no matter where it is there already. */
const SECOND_VERSION = {
  recovered: false,
  wake_to_led_ms: 12.4,
  commit_to_first_delta_ms: { p50: 312.4, p95: 401.2, max: 401.2, all: [312.4, 298.1, 401.2] },
  delta_to_sound_ms: { p50: 61.7, p95: 64.9, max: 64.9, all: [61.7, 58.3, 64.9] },
  press_to_silence_ms: { p50: 41.2, p95: 41.2, max: 41.2, all: [41.2] },
  responses: { completed: 2, cancelled: 1, incomplete: 0, failed: 0, unbilled: 0 },
  transcription: {
    input_text: 0,
    input_audio: 312,
    output_text: 48,
    seconds: null,
    model: "gpt-4o-mini-transcribe",
  },
  cost: {
    input_text: 0.000108,
    cached_text: 0.000077,
    input_audio: 0.010656,
    cached_audio: 0.000179,
    input_image: 0,
    cached_image: 0,
    output_text: 0.000752,
    output_audio: 0.011968,
    transcription: 0.000936,
  },
  known_cost: 0.024676,
  assumed_cost: 0.024676,
  budget: { daily_usd: 1.5, spent_today_usd: 0.731245, action: "warn" },
};

function withEveryField(json: string): string {
  return `${JSON.stringify({ ...SECOND_VERSION, ...JSON.parse(json) }, null, 2)}\n`;
}

/** Three questions, each with its answer; the second answer is interrupted. */
async function talk(world: World, untilEnd = true): Promise<void> {
  world.wake();
  world.accept();
  world.listen(2400);
  for (const turn of [1, 2, 3]) {
    world.heardSpeech(`item_user_${turn}`);
    world.server("response.created", { response: { id: `resp_${turn}` } });
    world.delta(`resp_${turn}`, `item_${turn}`, 1400 + turn);
    world.listen(600 + turn * 20);
    if (turn === 2) world.tap();
    await settled();
    const status = turn === 2 ? "cancelled" : "completed";
    world.done(`resp_${turn}`, { status, usage: USAGE });
    await settle();
    world.listen(4000);
    await settle();
  }
  if (!untilEnd) return;
  world.listen(12_000);
  await settle();
}

/** The world's appliance writes to this store. */
function joined(world: World, store: MetricsStore): Promise<unknown>[] {
  const all: Promise<unknown>[] = [];
  const kept = <T>(promise: Promise<T>): Promise<T> => {
    // Whoever asked deals with its failure; here only its end is waited for.
    all.push(promise.catch(() => undefined));
    return promise;
  };
  world.store.recover = () => kept(store.recover());
  world.store.past = (sinceMs) => kept(store.past(sinceMs));
  world.store.checkpoint = (name, json) => kept(store.checkpoint(name, withEveryField(json)));
  world.store.save = (name, json) => kept(store.save(name, withEveryField(json)));
  return all;
}

function storeIn(dir: string, files: Files): MetricsFiles {
  const limits = () => ({ maxFiles: 1000, maxBytes: 20_000_000, maxAgeDays: 365 });
  return new MetricsFiles({ dir, limits, clock: new SimClock(), files });
}

/** Bytes that reach the card: whole pages at each fsync, a page for a folder's, the rest as it is. */
class Card {
  bytes = 0;
  readonly parts = new Map<string, number>();
  readonly #dirty = new Map<string, number>();

  note({ name, path, text, to }: FileCall): void {
    const dirty = this.#dirty.get(path) ?? 0;
    if (name === "write") this.#dirty.set(path, dirty + Buffer.byteLength(text));
    if (name === "rename") this.#dirty.set(to, dirty);
    if (name === "sync") this.#add("file", Math.ceil(dirty / PAGE_BYTES) * PAGE_BYTES);
    if (name === "syncFolder") this.#add("folder", PAGE_BYTES);
    if (name === "remove") this.#add("checkpoints", dirty);
    if (["sync", "rename", "remove"].includes(name)) this.#dirty.delete(path);
  }

  #add(part: string, bytes: number): void {
    this.bytes += bytes;
    this.parts.set(part, (this.parts.get(part) ?? 0) + bytes);
  }
}

test("fifty conversations a day write at most half a megabyte, fsyncs included", async (t) => {
  const dir = tempFolder(t);
  const card = new Card();
  const files = riggedFiles((call, go) => {
    card.note(call);
    return go();
  });
  const world = new World();
  const writes = joined(world, storeIn(dir, files));
  await world.appliance.start();
  world.listen(1000);
  for (let talks = 1; talks <= CONVERSATIONS_A_DAY; talks++) {
    await talk(world);
    await Promise.all(writes);
    assert.equal(readdirSync(dir).length, talks);
  }
  t.diagnostic(`${card.bytes} bytes: ${JSON.stringify([...card.parts])}`);
  assert.equal(card.parts.get("folder"), CONVERSATIONS_A_DAY * PAGE_BYTES);
  assert.ok((card.parts.get("checkpoints") ?? 0) > 0, "checkpoints were written");
  assert.ok(card.bytes <= DAY_MAX_BYTES, `${card.bytes} bytes`);
});

test("after each answer it is noted what the file would be, as of a conversation interrupted now", async () => {
  const world = await World.started();
  await talk(world, false);
  assert.equal(world.store.files.size, 0);
  const [[name, text] = ["", ""]] = world.store.checkpoints;
  const file = JSON.parse(text);
  assert.equal(file.end_reason, "interrupted");
  assert.equal(file.recovered, true);
  assert.equal(file.turns, 3);
  assert.equal(file.tokens.input_audio, 3 * 781);
  assert.ok(file.ended_at > file.started_at);
  world.listen(12_000);
  await settle();
  assert.equal(world.store.checkpoints.size, 0);
  const saved = world.metrics();
  assert.deepEqual([saved["recovered"], saved["turns"]], [false, 3]);
  assert.ok(world.store.files.has(name), "the same name");
});

test("recovery: interrupted conversations are logged at the start and count as spent today", async () => {
  const world = new World();
  const names = [1, 2, 3, 4].map((n) => `session_20260101_00000${n}_abc.json`);
  world.store.recovered = { names, trouble: null };
  await world.appliance.start();
  assert.deepEqual(world.lines("notice"), [
    `Interrupted conversations now have their metrics files: ${names.slice(1).join(", ")} and 1 more`,
  ]);
});

test("a disk that hangs at the start does not keep the appliance from its work", async () => {
  const world = new World();
  world.store.recover = () => new Promise(() => undefined);
  const started = world.appliance.start();
  await world.clock.advanceAsync(3000);
  await started;
  world.listen(1000);
  world.wake();
  world.accept();
  assert.equal(world.leds.shown.at(-1), "listening");
});

test("a disk fault of recovery, checkpoints and files is logged once, and its end once", async () => {
  const world = new World();
  const full = (code: "metrics-lost" | "metrics-disk", what: string) =>
    fault(code, "report", `${what}: the disk is full`, "Free some space");
  world.store.recovered = { names: [], trouble: full("metrics-disk", "Not looked for") };
  await world.appliance.start();
  world.listen(1000);
  world.store.trouble = full("metrics-lost", "Not written");
  world.store.checkpoint = async () => full("metrics-disk", "Not noted");
  await talk(world);
  await talk(world);
  world.store.trouble = null;
  await talk(world);
  const lines = (): string[] =>
    world.journal.lines
      .filter(({ line }) => /disk is full|written again/.test(line))
      .map(({ level, line }) => `${level}: ${line}`);
  const first = [
    "error: Not looked for: the disk is full. Free some space",
    "notice: Metrics files are written again; lost since the start: 2",
  ];
  assert.deepEqual(lines(), first);
  // From now on files can be written and checkpoints cannot: another trouble, told once as well.
  await talk(world);
  await talk(world);
  assert.deepEqual(lines(), [...first, "error: Not noted: the disk is full. Free some space"]);
});

for (const code of ["ENOSPC", "EROFS", "EACCES", "EIO"]) {
  test(`${code} from the first call on: the conversation is held as if nothing were`, async (t) => {
    const dir = join(tempFolder(t), "metrics");
    let isBroken = true as boolean;
    const files = riggedFiles((_call, go) =>
      isBroken ? Promise.reject(Object.assign(new Error("rigged"), { code })) : go(),
    );
    const world = new World();
    const writes = joined(world, storeIn(dir, files));
    await world.appliance.start();
    world.listen(1000);
    await talk(world);
    await talk(world);
    await Promise.all(writes);
    assert.equal(world.lines("info").filter((line) => /^Conversation over/.test(line)).length, 2);
    assert.match(world.lines("warning")[0] ?? "", /^What was spent before .* count from now$/);
    assert.equal(world.lines("error").length, 1);
    assert.match(world.lines("error")[0] ?? "", new RegExp(`\\(${code}\\)\\. \\w`));
    isBroken = false;
    await talk(world);
    await Promise.all(writes);
    await settle();
    assert.deepEqual(world.lines("notice"), [
      "Metrics files are written again; lost since the start: 2",
    ]);
    assert.equal(world.lines("error").length, 1);
    const [name = "", ...others] = readdirSync(dir);
    assert.deepEqual(others, []);
    assert.equal(JSON.parse(await realFiles.read(join(dir, name), 100_000)).turns, 3);
    assert.ok(readFileSync(join(dir, name), "utf8").endsWith("}\n"));
  });
}
