/**
 * Keeps the text file for a fleet's tools up to date: written at the start, after each conversation,
 * while the state changes at most every WRITE_EVERY_MS, and at the end. At rest it is left alone.
 *
 * Invariant: one alarm, at most one write under way and one waiting; trouble is told once.
 */

import { type Fault, faultLine } from "../../core/fault.ts";
import { exposition } from "../../core/metrics/openmetrics.ts";
import { type FleetNow, PrometheusMetrics } from "../../core/metrics/prometheus.ts";
import type { SessionRecord } from "../../core/metrics/session-file.ts";
import type { Clock, FleetFile, Journal } from "../../ports.ts";

/** node_exporter is usually asked every 15 s. */
export const WRITE_EVERY_MS = 15_000;

export interface FleetReportOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly file: FleetFile;
  readonly now: () => Omit<FleetNow, "isUp" | "lastWallMs">;
}

export class FleetReport {
  readonly #options: FleetReportOptions;
  readonly #fleet = new PrometheusMetrics();
  #lastWallMs: number | null = null;
  #isUp: boolean = false;
  #writtenMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | null = null;
  #writing: Promise<void> | null = null;
  #again: boolean = false;
  #trouble: string | null = null;

  constructor(options: FleetReportOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isUp = true;
    this.#write();
  }

  recorded(record: SessionRecord): void {
    this.#fleet.add(record);
    this.#lastWallMs = record.endedWallMs;
    if (this.#isUp) this.#write();
  }

  /** The state is another one. */
  changed(): void {
    if (!this.#isUp || this.#cancel !== null) return;
    const { clock } = this.#options;
    const waitMs = this.#writtenMs + WRITE_EVERY_MS - clock.nowMs();
    this.#cancel = clock.after(waitMs, () => this.#write());
  }

  /** Says that it is down; resolves when that is written. */
  async close(): Promise<void> {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#write();
    await this.#writing;
  }

  #write(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#writtenMs = this.#options.clock.nowMs();
    this.#again = this.#writing !== null;
    this.#writing ??= this.#run();
  }

  async #run(): Promise<void> {
    do {
      this.#again = false;
      this.#logTrouble(await this.#options.file.write(this.#text()));
    } while (this.#again);
    this.#writing = null;
  }

  #text(): string {
    const now = { ...this.#options.now(), isUp: this.#isUp, lastWallMs: this.#lastWallMs };
    return exposition(this.#fleet.families(now));
  }

  #logTrouble(trouble: Fault | null): void {
    const before = this.#trouble;
    this.#trouble = trouble === null ? null : faultLine(trouble);
    if (this.#trouble === before) return;
    const { journal } = this.#options;
    if (this.#trouble !== null) journal.log("warning", this.#trouble);
    else journal.log("notice", "The text file of metrics is written again");
  }
}
