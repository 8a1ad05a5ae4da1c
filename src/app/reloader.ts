/**
 * Puts a changed configuration in force: by itself when the file was saved, and at once when the
 * owner asks (SIGHUP, `systemctl reload`).
 *
 * Invariants: a file with a problem, or one that has lost what the owner would hardly take away,
 * changes nothing; what is saved many times is read once; a file
 * that is just being written is not judged; the same trouble is told once, and nothing at all is
 * said where nothing has changed, unless somebody asked.
 */

import { lossesOf, type Written } from "../core/settings/loss.ts";
import { planReload, type ReloadPlan, reloadLines } from "../core/settings/reload-plan.ts";
import type { Settings } from "../core/settings/table.ts";
import type { Clock, ConfigReading, ConfigWatch, Journal } from "../ports.ts";
import type { StatusLine } from "./status-line.ts";

/** Quiet for so long after the last change, the file is read. */
export const QUIET_MS = 500;
/** Read even if it never gets quiet. */
export const UNREST_MAX_MS = 5_000;
/**
 * How long a file may be broken, empty or missing before that is told: editors empty a file before
 * they write it, or move it away before they put the new one in its place.
 */
export const GRACE_MS = 2_000;

const UNCHANGED = "The configuration was not reloaded; the previous one stays in force";

const NOTHING_WAITS = "no setting waits for a restart now";

type Sound = Extract<ConfigReading, { ok: true }>;
type Refusal = Pick<Extract<ConfigReading, { ok: false }>, "problems" | "digest">;

export interface ReloaderOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly status: StatusLine;
  readonly watch: ConfigWatch;
  readonly read: () => ConfigReading;
  /** What is in force, and the digest of the file it came from. */
  readonly settings: () => Settings;
  readonly digest: string;
  /** What that file says itself. */
  readonly written: Written;
  readonly apply: (plan: ReloadPlan) => void;
}

export class Reloader {
  readonly #options: ReloaderOptions;
  #inForce: string;
  #written: Written;
  /** Keys that differ from what is in force, and count only after a restart. */
  #waiting: readonly string[] = [];
  /** The content whose problems have been told. */
  #refusedDigest: string | null = null;
  /** Monotonic time since which the file has been changing, or broken. */
  #restlessMs: number | null = null;
  #brokenMs: number | null = null;
  #cancel: () => void = () => {};
  #started: boolean = false;
  #askedEarly: boolean = false;
  #closed: boolean = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#inForce = options.digest;
    this.#written = options.written;
  }

  start(): void {
    this.#started = true;
    this.#options.watch.start({
      changed: () => this.#changed(),
      blind: (line) => this.#options.journal.log("notice", line),
    });
    // It may have been saved between the reading at the start and now.
    if (this.#askedEarly) this.now();
    else this.#changed();
  }

  /** Reads at once, or as soon as the start is over; answers in the journal whatever it finds. */
  now(): void {
    // Not before: the end of a reload says "ready", and the manager would take it for the start's.
    this.#askedEarly = !this.#started;
    if (this.#closed || !this.#started) return;
    this.#rest();
    const reading = this.#options.read();
    // An editor may be between emptying it and writing: all defaults are not what is meant then.
    const isHalfway = reading.ok && reading.isEmpty;
    if (!isHalfway) this.#settle(reading, true);
    else {
      const again = (): void => this.#settle(this.#options.read(), true);
      this.#cancel = this.#options.clock.after(GRACE_MS, again);
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    return this.#options.watch.close();
  }

  #changed(): void {
    if (this.#closed) return;
    const nowMs = this.#options.clock.nowMs();
    this.#restlessMs ??= nowMs;
    const leftMs = Math.max(0, this.#restlessMs + UNREST_MAX_MS - nowMs);
    this.#lookIn(Math.min(QUIET_MS, leftMs));
  }

  #lookIn(delayMs: number): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    this.#restlessMs = null;
    const reading = this.#options.read();
    const leftMs = reading.ok && !reading.isEmpty ? 0 : this.#graceLeftMs();
    if (leftMs > 0) this.#lookIn(leftMs);
    else this.#settle(reading, false);
  }

  #graceLeftMs(): number {
    const nowMs = this.#options.clock.nowMs();
    this.#brokenMs ??= nowMs;
    return this.#brokenMs + GRACE_MS - nowMs;
  }

  /** Nothing is under way any more. */
  #rest(): void {
    this.#cancel();
    this.#restlessMs = null;
    this.#brokenMs = null;
  }

  #settle(reading: ConfigReading, asked: boolean): void {
    this.#rest();
    if (!reading.ok) {
      this.#refuse(reading, asked);
      return;
    }
    const { path, digest, written } = reading;
    const problems = lossesOf(this.#written, written).map((loss) => `${path}: ${loss}`);
    if (problems.length > 0) this.#refuse({ problems, digest }, asked);
    else this.#accept(reading, asked);
  }

  #refuse(reading: Refusal, asked: boolean): void {
    if (!asked && reading.digest === this.#refusedDigest) return;
    const { journal, status } = this.#options;
    this.#refusedDigest = reading.digest;
    if (asked) status.reloading();
    for (const problem of reading.problems) journal.log("error", problem);
    journal.log("error", UNCHANGED);
    status.refused(reading.problems[0] ?? "the file cannot be read", this.#options.clock.nowMs());
    if (asked) status.reloaded();
  }

  #accept({ settings: read, digest, written }: Sound, asked: boolean): void {
    const { journal, status, apply } = this.#options;
    const wasRefused = this.#refusedDigest !== null;
    const isSame = digest === this.#inForce;
    this.#refusedDigest = null;
    this.#inForce = digest;
    this.#written = written;
    if (isSame && !wasRefused && !asked) return;
    const plan = planReload(this.#options.settings(), read);
    const { live, session, restart } = plan.changed;
    const changes = live.length + session.length + restart.length;
    const isTakenBack = this.#waiting.length > 0 && restart.length === 0;
    this.#waiting = restart;
    if (changes === 0 && !wasRefused && !asked && !isTakenBack) return;
    status.reloading();
    status.waiting(restart);
    const lines = changes === 0 && isTakenBack ? [NOTHING_WAITS] : reloadLines(plan);
    for (const line of lines) journal.log("notice", `Configuration reloaded: ${line}`);
    apply(plan);
    status.refused(null);
    status.reloaded();
  }
}
