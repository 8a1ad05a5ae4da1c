/**
 * Keeps the record of the conversation under way, by watching: it decides nothing, and nothing
 * depends on it. At the end of a conversation it writes the metrics file.
 */

import { isTalking } from "../core/assistant-context.ts";
import type { EndReason, Input, Moment, State, Talk } from "../core/assistant-types.ts";
import { type Fault, faultLine } from "../core/fault.ts";
import { rungs } from "../core/ladder.ts";
import { fileName, render, type SessionRecord } from "../core/metrics.ts";
import { msToSamples, samplesToMs } from "../core/pcm.ts";
import type { HeardItem } from "../core/playhead.ts";
import { redact } from "../core/redact.ts";
import { secretValues } from "../core/settings.ts";
import { priceTableOf, type Tab } from "../core/tab.ts";
import type { Clock, Dice, Journal, MetricsStore } from "../ports.ts";
import type { DiskTrouble } from "./disk-trouble.ts";
import type { DownlinkCounts } from "./downlink.ts";
import type { UplinkCounts } from "./uplink.ts";

/** Entries kept of each list of one conversation; the oldest stay. */
const LIST_MAX = 200;

export interface RecorderOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly journal: Journal;
  readonly store: MetricsStore;
  readonly disk: DiskTrouble;
  /** What the conversation has cost so far. */
  readonly tab: () => Tab;
  readonly uplink: () => UplinkCounts;
  /** The counts of this connection; the object stays the connection's own. */
  readonly downlink: () => DownlinkCounts;
  /** Resolves when what was played is known to the end, with what was cut just now. */
  readonly hushed: () => Promise<readonly HeardItem[]>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What is known at the end only. */
type Late =
  | "endedWallMs"
  | "endReason"
  | "recovered"
  | "audio"
  | "usage"
  | "costMicroUsd"
  | "priceTable";

interface Running {
  readonly talk: Talk;
  readonly beganMs: number;
  /** End of the question that has no audible answer yet. */
  questionEndMs: number | null;
  record: Mutable<Omit<SessionRecord, Late>>;
}

export class Recorder {
  readonly #options: RecorderOptions;
  #running: Running | null = null;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Files that could not be written, since the start. */
  get lostFiles(): number {
    return this.#options.disk.lostFiles;
  }

  begin(talk: Talk): void {
    const { clock, dice } = this.#options;
    const id = Math.floor(dice.unit() * 36 ** 6)
      .toString(36)
      .padStart(6, "0");
    this.#running = {
      talk,
      beganMs: clock.nowMs(),
      questionEndMs: null,
      record: {
        id,
        startedWallMs: clock.wallMs(),
        trigger: talk.trigger.source,
        model: talk.model,
        modelRequested: rungs(talk.settings)[0] ?? talk.model,
        fallbacks: [],
        voice: talk.voice,
        protocol: talk.settings["openai.protocol"],
        turns: 0,
        connectionMs: null,
        // A session that was kept open listens at once.
        wakeToListeningMs: talk.link === "ready" ? 0 : null,
        responseMs: [],
        interruptions: [],
        calls: [],
        errors: [],
      },
    };
  }

  /** Every input of the loop, with what it did. */
  witness(input: Input, before: State, after: State, moment: Moment): void {
    const running = this.#running;
    if (running === null) return;
    if (input.tag === "server") this.#server(running, input, moment);
    if (input.tag === "talk-over" && after.tag === "thinking") running.questionEndMs = moment.nowMs;
    if (input.tag === "hushed") {
      running.record.interruptions = cutsOf(running.record.interruptions, input.items);
    }
    if (isTalking(after)) {
      const { model, voice, turns } = after.talk;
      Object.assign(running.record, { model, voice, turns });
    }
    if (before.tag === "connecting" && after.tag === "listening") {
      running.record.wakeToListeningMs ??= moment.nowMs - running.beganMs;
      this.#mark(`listening, ${Math.round(moment.nowMs - running.beganMs)} ms after the wake`);
      const agoMs = Math.round(samplesToMs(moment.head - running.talk.from));
      this.#mark(`first sound sent, captured ${agoMs} ms ago`);
    }
    if (before.tag === "speaking" && after.tag === "follow-up")
      this.#mark("reply heard to its end");
    if (input.tag === "server" && input.event.tag === "response-done") this.#checkpoint(running);
  }

  fellBack(step: { from: string; to: string; reason: string }): void {
    if (this.#running === null) return;
    const { record } = this.#running;
    const { from, to, reason } = step;
    record.fallbacks = bounded(record.fallbacks, { from, to, reason });
  }

  /** A function call was answered, at once. */
  called(name: string, ok: boolean): void {
    if (this.#running === null) return;
    const { record } = this.#running;
    record.calls = bounded(record.calls, { name, ok, ms: 0 });
  }

  /** The first sample of a reply has reached the speaker. */
  sounded(): void {
    const running = this.#running;
    const endMs = running?.questionEndMs ?? null;
    if (running === null || endMs === null) return;
    running.questionEndMs = null;
    const latencyMs = this.#options.clock.nowMs() - endMs;
    running.record.responseMs = bounded(running.record.responseMs, latencyMs);
    this.#mark(`first sound of the reply, ${Math.round(latencyMs)} ms after the question's end`);
  }

  /** Writes the file; `saved` waits for it. `tab`: what the conversation has cost. */
  end(reason: EndReason, fault: Fault | null, tab: Tab): void {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    const nowMs = this.#options.clock.nowMs();
    if (fault !== null) this.#error(running, fault.code, faultLine(fault));
    const { record, talk } = running;
    const endedWallMs = record.startedWallMs + (nowMs - running.beganMs);
    const up = this.#options.uplink();
    const down = this.#options.downlink();
    this.#options.journal.log("info", summary(record, reason, endedWallMs, tab.estimatedMicroUsd));
    this.#saving = Promise.all([this.#options.hushed(), this.#saving]).then(([items]) => {
      record.interruptions = cutsOf(record.interruptions, items);
      const audio = audioOf(talk, up, down);
      const end = { endReason: reason, endedWallMs, recovered: false };
      return this.#save({ ...record, ...moneyOf(tab), ...end, audio });
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
  #checkpoint({ record, talk, beganMs }: Running): void {
    const { store, disk, clock, tab, uplink, downlink } = this.#options;
    const end = { endedWallMs: record.startedWallMs + (clock.nowMs() - beganMs), recovered: true };
    const audio = audioOf(talk, uplink(), downlink());
    const money = moneyOf(tab());
    const file: SessionRecord = { ...record, ...money, ...end, endReason: "interrupted", audio };
    const noted = store.checkpoint(fileName(file, iso), render(file, iso));
    void noted.then((lost) => disk.went("checkpoint", lost));
  }

  #server(running: Running, input: Extract<Input, { tag: "server" }>, moment: Moment): void {
    const { record } = running;
    const { event } = input;
    switch (event.tag) {
      case "session-created":
        record.connectionMs ??= moment.nowMs - running.beganMs;
        return;
      case "speech-stopped":
        running.questionEndMs = speechEndMs(running.talk, input.capturedAt, moment);
        this.#mark("end of speech");
        return;
      case "error":
        this.#error(
          running,
          event.error.code ?? event.error.type ?? "unknown",
          event.error.message,
        );
        return;
      default:
        return;
    }
  }

  #error({ record, talk }: Running, code: string, text: string): void {
    const message = redact(text, secretValues(talk.settings));
    const at = iso(this.#options.clock.wallMs());
    record.errors = bounded(record.errors, { at, code, message });
  }

  #mark(what: string): void {
    this.#options.journal.log("debug", `timeline: ${what}`);
  }
}

/** When the user fell silent: the server's position, less the silence it waited for, on our clock. */
function speechEndMs(talk: Talk, capturedAt: number | null, moment: Moment): number {
  const isServerVad = talk.settings["openai.turn_detection.type"] === "server_vad";
  const silenceMs = isServerVad ? talk.settings["openai.turn_detection.silence_ms"] : 0;
  if (capturedAt === null) return moment.nowMs;
  const agoMs = samplesToMs(moment.head - (capturedAt - msToSamples(silenceMs)));
  return moment.nowMs - Math.max(0, agoMs);
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

function bounded<T>(list: readonly T[], entry: T): readonly T[] {
  return list.length < LIST_MAX ? [...list, entry] : list;
}

/** What the tab gives to the record. */
function moneyOf(tab: Tab): Pick<SessionRecord, "usage" | "costMicroUsd" | "priceTable"> {
  const { usage, estimatedMicroUsd: costMicroUsd } = tab;
  return { usage, costMicroUsd, priceTable: priceTableOf(tab) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function audioOf(talk: Talk, up: UplinkCounts, down: DownlinkCounts): SessionRecord["audio"] {
  const preRoll = up.sentSamples === 0 ? 0 : Math.max(0, talk.trigger.wokenAt - talk.from);
  return {
    sentMs: samplesToMs(up.sentSamples),
    receivedMs: samplesToMs(down.receivedSamples),
    playedMs: samplesToMs(down.playedSamples),
    droppedMs: samplesToMs(up.droppedSamples + down.overflowSamples),
    preRollMs: samplesToMs(preRoll),
    underruns: down.underruns,
  };
}

function summary(
  record: Running["record"],
  reason: EndReason,
  endedWallMs: number,
  micro: number | null,
): string {
  const seconds = ((endedWallMs - record.startedWallMs) / 1000).toFixed(1);
  const cost = micro === null ? "cost unknown" : `$${(micro / 1e6).toFixed(4)}`;
  const count = record.turns === 1 ? "1 turn" : `${record.turns} turns`;
  return `Conversation over (${reason.replaceAll("_", " ")}): ${count}, ${seconds} s, ${cost}`;
}
