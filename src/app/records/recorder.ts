/**
 * Keeps the record of the conversation under way, by watching: it decides nothing, and nothing
 * depends on it. At the end of a conversation it has the metrics file written. Its times are the
 * stopwatch's; nothing here happens for each frame of sound.
 */

import type { Fact, Input } from "../../core/assistant/inputs.ts";
import type { Call, StepContext } from "../../core/assistant/state.ts";
import { samplesToMs } from "../../core/audio/pcm.ts";
import type { HeardItem } from "../../core/audio/playhead.ts";
import { type Fault, faultLine } from "../../core/fault.ts";
import type { BudgetReading } from "../../core/metrics/cost-fields.ts";
import { bounded } from "../../core/metrics/lists.ts";
import { fileName, mean, render, type SessionRecord } from "../../core/metrics/session-file.ts";
import { chainOf } from "../../core/models/fallback.ts";
import type { ConversationCost } from "../../core/money/conversation-cost.ts";
import type { EndReason, Indication } from "../../core/phase.ts";
import { redact } from "../../core/redact.ts";
import { type Settings, secretValues } from "../../core/settings/table.ts";
import type { Clock, Dice, Journal, MetricsStore } from "../../ports.ts";
import type { DownlinkCounts } from "../audio/downlink.ts";
import type { UplinkCounts } from "../audio/uplink.ts";
import type { DiskTrouble } from "./disk-trouble.ts";
import { type CapturedMs, calledMs, isCall, Stopwatch } from "./stopwatch.ts";

export interface RecorderOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly journal: Journal;
  readonly store: MetricsStore;
  readonly disk: DiskTrouble;
  /** What the conversation has cost so far. */
  readonly conversationCost: () => ConversationCost;
  /** What the day has come to; null where it has no budget. */
  readonly budget: () => BudgetReading | null;
  readonly capturedMs: CapturedMs;
  readonly uplink: () => UplinkCounts;
  /** The counts of this connection; the object stays the connection's own. */
  readonly downlink: () => DownlinkCounts;
  /** Resolves when what was played is known to the end, with what was cut just now. */
  readonly flushed: () => Promise<readonly HeardItem[]>;
  /** As they are now; for what must never be written. */
  readonly settings: () => Settings;
  /** A conversation is over, and this is all that is known of it. */
  readonly recorded: (record: SessionRecord) => void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type ServerInput = Extract<Input, { tag: "server" }>;
/** What is known at the end only, or belongs to the stopwatch. */
type Late =
  | "endedWallMs"
  | "endReason"
  | "recovered"
  | "audio"
  | "times"
  | "conversationCost"
  | "budget";

interface Running {
  readonly call: Call;
  readonly beganMs: number;
  readonly stopwatch: Stopwatch;
  record: Mutable<Omit<SessionRecord, Late>>;
}

interface Ending {
  readonly reason: SessionRecord["endReason"];
  readonly recovered: boolean;
  readonly conversationCost: ConversationCost;
}

export class Recorder {
  readonly #options: RecorderOptions;
  #running: Running | null = null;
  #saving: Promise<void> = Promise.resolve();
  /** When somebody called last. */
  #calledMs = 0;
  /** The LEDs were faster than the beginning of the conversation. */
  #litMs: number | null = null;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Files that could not be written, since the start. */
  get lostFiles(): number {
    return this.#options.disk.lostFiles;
  }

  /** Why none can be written at present; null: nothing is known to be wrong. */
  get diskTrouble(): string | null {
    return this.#options.disk.line;
  }

  /** Every input of the loop, before what has happened by it. */
  heard(input: Input, at: StepContext): void {
    if (isCall(input)) this.#calledMs = calledMs(input, at, this.#options.capturedMs);
    // What ends a conversation belongs to it.
    if (input.tag === "server" && this.#running !== null) this.#server(this.#running, input);
  }

  /** What has happened, and by which input. */
  observe(fact: Fact, input: Input, at: StepContext): void {
    if (fact.tag === "conversation-began") this.#begin(fact);
    const running = this.#running;
    if (running === null) return;
    running.stopwatch.observe(fact, input, at);
    const { record } = running;
    switch (fact.tag) {
      case "dialed":
        Object.assign(record, { model: fact.model, voice: fact.voice });
        return;
      case "listening": {
        record.voice = fact.voice;
        const agoMs = Math.round(samplesToMs(at.headSample - running.call.fromSample));
        this.#mark(`first sound sent, captured ${agoMs} ms ago`);
        return;
      }
      case "turn-asked":
        record.turns = fact.turns;
        record.requestedBy = { ...record.requestedBy, [fact.by]: record.requestedBy[fact.by] + 1 };
        return;
      case "fell-back": {
        const { from, to, reason } = fact;
        record.fallbacks = bounded(record.fallbacks, { from, to, reason });
        return;
      }
      case "called": {
        const { name, ok, ms, end, bytes } = fact;
        record.calls = bounded(record.calls, { name, ok, ms, end, result_bytes: bytes });
        return;
      }
      default:
        return;
    }
  }

  /** Every input of the loop, after what has happened by it. */
  over(input: Input): void {
    const running = this.#running;
    if (running === null) return;
    if (input.tag === "flushed") {
      const { record, stopwatch } = running;
      stopwatch.silent(this.#options.clock.nowMs());
      record.interruptions = cutsOf(record.interruptions, input.items);
    }
    if (input.tag === "server" && input.event.tag === "response-done") this.#checkpoint(running);
  }

  #begin({ call, model, voice, warm }: Extract<Fact, { tag: "conversation-began" }>): void {
    const { clock, capturedMs } = this.#options;
    const nowMs = clock.nowMs();
    const mark = (what: string): void => this.#mark(what);
    const times = { calledMs: this.#calledMs, nowMs, litMs: this.#litMs };
    const stopwatch = new Stopwatch({ call, warm, ...times, capturedMs, mark });
    this.#litMs = null;
    this.#running = { call, beganMs: nowMs, stopwatch, record: this.#fresh(call, model, voice) };
  }

  /** The LEDs really show this. */
  lit(indication: Indication): void {
    const isRest = indication === "idle" || indication === "muted" || indication === "fault";
    const nowMs = this.#options.clock.nowMs();
    if (this.#running !== null && !isRest) this.#running.stopwatch.lit(nowMs);
    else this.#litMs = isRest ? null : nowMs;
  }

  /** The first sample of an utterance reaches the ear at `atMs`, as far as the speaker knows. */
  sounded(atMs: number): void {
    this.#running?.stopwatch.sounded(atMs);
  }

  /** Has the file written; `saved` waits for it. `conversationCost`: what the conversation has cost. */
  end(reason: EndReason, fault: Fault | null, conversationCost: ConversationCost): void {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    if (fault !== null) this.#error(running, fault.code, faultLine(fault));
    const { clock, journal, flushed, recorded } = this.#options;
    const ended = this.#ended(running, { reason, recovered: false, conversationCost });
    journal.log("info", summary(ended));
    // The object stays the connection's own, and goes on counting what is still heard.
    const counts = this.#options.downlink();
    const { stopwatch } = running;
    // What is cut by this step is cut after its facts are told.
    const cut = Promise.resolve().then(flushed);
    this.#saving = Promise.all([cut, this.#saving]).then(([items]) => {
      stopwatch.silent(clock.nowMs());
      const interruptions = cutsOf(ended.interruptions, items);
      const audio = { ...ended.audio, playedMs: samplesToMs(counts.playedSamples) };
      const record = { ...ended, times: stopwatch.times, interruptions, audio };
      recorded(record);
      return this.#save(record);
    });
  }

  /** Has the file of something else written that the API was paid for. */
  keep(record: Omit<SessionRecord, "id">): void {
    const { dice, clock, recorded } = this.#options;
    const errors = record.errors.map((error) => ({ ...error, at: iso(clock.wallMs()) }));
    const kept = { ...record, id: idOf(dice), errors };
    this.#saving = this.#saving.then(() => {
      recorded(kept);
      return this.#save(kept);
    });
  }

  /** All files that were begun are written. */
  saved(): Promise<void> {
    return this.#saving;
  }

  async #save(record: SessionRecord): Promise<void> {
    const { store, disk } = this.#options;
    disk.went("file", await store.save(fileName(record, iso), render(record, iso)));
  }

  /** The file as it would be if the process died now. */
  #checkpoint(running: Running): void {
    const { store, disk, conversationCost } = this.#options;
    const record = this.#ended(running, {
      reason: "interrupted",
      recovered: true,
      conversationCost: conversationCost(),
    });
    const noted = store.checkpoint(fileName(record, iso), render(record, iso));
    void noted.then((lost) => disk.went("checkpoint", lost));
  }

  #fresh(call: Call, model: string, voice: string): Running["record"] {
    const { clock, dice } = this.#options;
    return {
      id: idOf(dice),
      startedWallMs: clock.wallMs(),
      trigger: call.trigger.source,
      model,
      modelRequested: chainOf(call.settings)[0] ?? model,
      fallbacks: [],
      voice,
      protocol: call.settings["openai.protocol"],
      turns: 0,
      requestedBy: { server: 0, client: 0 },
      responses: { completed: 0, cancelled: 0, incomplete: 0, failed: 0 },
      interruptions: [],
      calls: [],
      errors: [],
    };
  }

  #ended(
    { record, call, beganMs, stopwatch }: Running,
    { reason: endReason, recovered, conversationCost }: Ending,
  ): SessionRecord {
    const { clock, uplink, downlink, budget } = this.#options;
    const endedWallMs = record.startedWallMs + (clock.nowMs() - beganMs);
    const audio = audioOf(call, uplink(), downlink());
    const times = stopwatch.times;
    const end = { endReason, recovered, endedWallMs, budget: budget() };
    return { ...record, ...end, times, audio, conversationCost };
  }

  #server(running: Running, { event }: ServerInput): void {
    const { record } = running;
    if (event.tag === "response-done") {
      const { status } = event;
      record.responses = { ...record.responses, [status]: record.responses[status] + 1 };
    }
    if (event.tag !== "error") return;
    const { code, type, message } = event.error;
    this.#error(running, code ?? type ?? "unknown", message);
  }

  #error({ record }: Running, code: string, text: string): void {
    const message = redact(text, secretValues(this.#options.settings()));
    const at = iso(this.#options.clock.wallMs());
    record.errors = bounded(record.errors, { at, code, message });
  }

  #mark(what: string): void {
    this.#options.journal.log("debug", `timeline: ${what}`);
  }
}

/** What was cut, added to what had been cut before. */
function cutsOf(
  before: SessionRecord["interruptions"],
  items: readonly HeardItem[],
): SessionRecord["interruptions"] {
  return items
    .filter(({ heardMs, receivedMs }) => heardMs < receivedMs)
    .reduce<SessionRecord["interruptions"]>(
      (cuts, { heardMs, receivedMs }) =>
        bounded(cuts, { heard_ms: heardMs, received_ms: receivedMs }),
      before,
    );
}

function idOf(dice: Dice): string {
  return Math.floor(dice.unit() * 36 ** 6)
    .toString(36)
    .padStart(6, "0");
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function audioOf(call: Call, up: UplinkCounts, down: DownlinkCounts): SessionRecord["audio"] {
  const preRoll = up.sentSamples === 0 ? 0 : Math.max(0, call.trigger.sample - call.fromSample);
  return {
    sentMs: samplesToMs(up.sentSamples),
    receivedMs: samplesToMs(down.receivedSamples),
    playedMs: samplesToMs(down.playedSamples),
    droppedMs: samplesToMs(up.droppedSamples + down.overflowSamples),
    preRollMs: samplesToMs(preRoll),
    underruns: down.underruns,
    repeatedEvents: down.repeatedEvents,
  };
}

function summary(record: SessionRecord): string {
  const seconds = ((record.endedWallMs - record.startedWallMs) / 1000).toFixed(1);
  const micro = record.conversationCost.estimatedMicroUsd;
  const nothing = micro === 0 && record.turns === 0;
  const known = micro === null ? "cost unknown" : `$${(micro / 1e6).toFixed(4)}`;
  const cost = nothing ? "nothing spent" : known;
  const latencyMs = mean(record.times.responseMs);
  const after = latencyMs === null ? "" : `answered after ${(latencyMs / 1000).toFixed(1)} s, `;
  const count = record.turns === 1 ? "1 turn" : `${record.turns} turns`;
  const reason = record.endReason.replaceAll("_", " ");
  return `Conversation over (${reason}): ${count}, ${after}${seconds} s, ${cost}`;
}
