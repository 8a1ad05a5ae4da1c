/**
 * One row of the fault table: what is broken, and what then must be true. `runRow` lives through it
 * twice (the second wake must work) and gives back what was measured; any difference throws.
 */

import assert from "node:assert/strict";
import type { Settings } from "../../src/core/settings/table.ts";
import {
  type JsonObject,
  type JsonValue,
  listAt,
  numberAt,
  objectAt,
  textAt,
} from "../../src/sim/peer/json.ts";
import type { LogEntry } from "../../src/sim/peer/records.ts";
import { FaultRig, type RigOptions } from "./fault-rig.ts";
import { avoids, type Trap } from "./traps.ts";

/** What a row says of itself; what is absent is as in a conversation without any fault. */
export interface FaultRow extends RigOptions {
  readonly name: string;
  readonly settings?: Partial<Settings>;
  /** What the LEDs show, from the wake to the next rest. */
  readonly leds?: string;
  /** Lines of the journal, each found once at least. */
  readonly lines?: readonly RegExp[];
  /** In the metrics file. Null: there is none, because no conversation began. */
  readonly endReason?: string | null;
  readonly model?: string;
  readonly turns?: number;
  /** As `from>to: reason`. */
  readonly fallbacks?: readonly string[];
  /** Codes of the entries. */
  readonly errors?: readonly string[];
  /** What the ear got: the reply whole or in part, and recordings, in this order. */
  readonly sound?: readonly string[];
  /** Responses that the peer completed and sent; null where that is chance. */
  readonly answers?: number | null;
  /** Upgrade requests of the first conversation, where the row is about them. */
  readonly dials?: number;
  /** Longest time for which it may be of no use (neither idle, listening nor in follow-up). */
  readonly withinMs?: number;
  /** What the owner does besides asking; runs after the question was asked. */
  readonly meanwhile?: (rig: FaultRig) => Promise<void>;
  /** What else is true of the first conversation's metrics file, and of the world. */
  readonly check?: (metrics: JsonObject, rig: FaultRig) => void;
  /** The fault does not pass: the peer is mended before the second wake. */
  readonly lasting?: boolean;
  /** The server asked us to come later: the second wake is told so, without another dial. */
  readonly heldOff?: boolean;
  /** The configuration cannot work: the second wake is told so, without another dial. */
  readonly refusedAgain?: boolean;
  /** The model that answers the second wake. */
  readonly nextModel?: string;
  /** Traps of the API that the row shows to be impossible. */
  readonly traps?: readonly Trap[];
  /** Violations of the protocol that the row is about. */
  readonly violations?: number;
}

export interface RowResult {
  readonly name: string;
  readonly end: string;
  readonly uselessMs: number;
  /** Of the metrics file. */
  readonly metrics: string;
  readonly sound: string;
  readonly line: string;
}

const WELL = "connecting listening thinking speaking follow-up idle";
/** A reply of 1.2 s, what precedes it, and what a loaded machine adds, eight times over. */
const WITHIN_MS = 6_000;

export async function runRow(row: FaultRow): Promise<RowResult> {
  const rig = await FaultRig.start(row);
  try {
    await rig.until("a second of the room", () => rig.clock.nowMs() > rig.startedMs + 1000);
    await rig.ask();
    await row.meanwhile?.(rig);
    await atRest(rig, 1);
    const result = await checkFirst(rig, row);
    if (row.lasting === true) await rig.heal();
    await checkSecond(rig, row);
    avoids(...(row.traps ?? []));
    return result;
  } catch (error) {
    throw new Error(`${row.name}: ${String(error)}\n  ${rig.story()}`, { cause: error });
  } finally {
    await rig.close();
  }
}

/** The LEDs are back at idle for the nth time after a wake. */
async function atRest(rig: FaultRig, nth: number): Promise<void> {
  const rests = (): number => rig.ledStates.filter((leds) => leds === "idle").length - 1;
  await rig.until(`rest ${nth}`, () => rests() >= nth);
}

async function checkFirst(rig: FaultRig, row: FaultRow): Promise<RowResult> {
  const { peer } = rig;
  const wanted = row.endReason === undefined ? "follow_up_over" : row.endReason;
  await rig.until("a metrics file", () => wanted === null || rig.metrics().length > 0);
  const lines = rig.journal.lines.map(({ line }) => line);
  for (const line of row.lines ?? []) {
    assert.ok(
      lines.some((said) => line.test(said)),
      `${line} is not in the journal`,
    );
  }
  assert.deepEqual(rig.ledStates.slice(1).join(" "), row.leds ?? WELL);
  if (wanted !== null) checkMetrics(objectAt(rig.metrics()[0]), row, wanted);
  else assert.equal(rig.metrics().length, 0, "no metrics file");
  assert.deepEqual(soundOf(rig), row.sound ?? ["reply"], "what was heard");
  const answers = row.answers === undefined ? 1 : row.answers;
  if (answers !== null) assert.equal(completed(peer.events).length, answers, "answers");
  row.check?.(objectAt(rig.metrics()[0]), rig);
  if (row.dials !== undefined) assert.equal(peer.attempts(), row.dials, "dials");
  assert.deepEqual(peer.unusedFaults(), [], "faults that never struck");
  const uselessMs = longestUseless(rig);
  assert.ok(uselessMs <= (row.withinMs ?? WITHIN_MS), `of no use for ${uselessMs} ms`);
  const line = lines.find((line) => row.lines?.[0]?.test(line)) ?? "";
  return {
    name: row.name,
    end: rig.ledStates.slice(1).join(" "),
    uselessMs,
    metrics: summary(objectAt(rig.metrics()[0])),
    sound: soundOf(rig).join(", "),
    line: line,
  };
}

function checkMetrics(metrics: JsonObject, row: FaultRow, endReason: string): void {
  assert.equal(metrics["end_reason"], endReason);
  assert.equal(metrics["model"], row.model ?? "gpt-realtime");
  assert.equal(metrics["turns"], row.turns ?? 1, "turns");
  const fallbacks = listAt(metrics, "fallbacks").map(fallback);
  assert.deepEqual(fallbacks, row.fallbacks ?? [], "fallbacks");
  const errors = listAt(metrics, "errors").map((entry) => textAt(entry, "code"));
  assert.deepEqual(errors, row.errors ?? [], "errors");
}

function summary(metrics: JsonObject): string {
  const { end_reason: reason = null, turns = null, model = null } = metrics;
  const count = (key: string): string => `${listAt(metrics, key).length} ${key}`;
  return `${reason}, turns ${turns}, ${model}, ${count("fallbacks")}, ${count("errors")}`;
}

function fallback(entry: JsonValue): string {
  return `${textAt(entry, "from")}>${textAt(entry, "to")}: ${textAt(entry, "reason")}`;
}

/** The reply, as much of it as was played, and the recordings that were told. */
function soundOf(rig: FaultRig): string[] {
  const [metrics] = rig.metrics();
  const playedMs = numberAt(metrics, "audio", "played_ms") ?? 0;
  const began = spoke(rig.peer.events);
  const whole = rig.peer.replies.filter(({ responseId }) => began.has(responseId));
  const wholeMs = whole.reduce((sum, { pcm }) => sum + pcm.length / 24, 0);
  const reply = playedMs === 0 ? [] : [playedMs >= wholeMs - 1 ? "reply" : "part"];
  return [...reply, ...rig.recordings];
}

/** Sound of a reply, in either dialect. */
const SOUND = /^response\.(output_)?audio\.delta$/;

/** Responses of which sound was put on the wire. */
function spoke(events: readonly LogEntry[]): ReadonlySet<string | null> {
  const deltas = events.filter(({ event }) => SOUND.test(textAt(event ?? {}, "type") ?? ""));
  return new Set(deltas.map(({ event }) => textAt(event ?? {}, "response_id")));
}

/** Responses that were completed, with sound, and told so on the wire. */
function completed(events: readonly LogEntry[]): readonly LogEntry[] {
  const spoken = spoke(events);
  return events.filter(({ from, event }) => {
    const done = from === "peer" && event?.["type"] === "response.done" ? event : {};
    const isWhole = textAt(done, "response", "status") === "completed";
    return isWhole && spoken.has(textAt(done, "response", "id"));
  });
}

/** The longest time between two moments of use. */
function longestUseless(rig: FaultRig): number {
  let sinceMs: number | null = null;
  let longest = 0;
  for (const { atMs, indication } of rig.leds.shown) {
    const useful = ["idle", "listening", "follow-up"].includes(indication);
    if (useful && sinceMs !== null) longest = Math.max(longest, atMs - sinceMs);
    sinceMs = useful ? null : (sinceMs ?? atMs);
  }
  return Math.round(longest);
}

/** After the fault another wake word works, and the question is answered. */
async function checkSecond(rig: FaultRig, row: FaultRow): Promise<void> {
  const before = { files: rig.metrics().length, answers: completed(rig.peer.events).length };
  const rests = rig.ledStates.filter((leds) => leds === "idle").length - 1;
  const dials = rig.peer.attempts();
  await rig.ask();
  await atRest(rig, rests + 1);
  if (row.heldOff === true || row.refusedAgain === true) {
    assert.equal(rig.peer.attempts(), dials, "dialled all the same");
    assert.deepEqual(rig.recordings, [...(row.sound ?? []), ...(row.sound ?? [])], "told again");
    return;
  }
  await rig.until("a second metrics file", () => rig.metrics().length > before.files);
  const metrics = objectAt(rig.metrics().at(-1));
  assert.equal(metrics["end_reason"], "follow_up_over", "the second wake");
  assert.equal(metrics["model"], row.nextModel ?? row.model ?? "gpt-realtime", "the second wake");
  assert.equal(completed(rig.peer.events).length, before.answers + 1, "the second answer");
  const broken = rig.peer.violations.map(({ error }) => error.message);
  assert.equal(broken.length, row.violations ?? 0, broken.join("; "));
}
