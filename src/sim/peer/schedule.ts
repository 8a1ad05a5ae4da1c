/**
 * What a conversation will do later, in order of time. It has no clock: whoever owns it asks when
 * the next entry is due and tells it the time. Two entries of one moment run in the order made.
 */

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** More than this many pending entries is a bug: a conversation needs a handful. */
const SCHEDULE_MAX = 10_000;

export class Schedule {
  /** Time of the last `advance`; while an entry runs, that entry's own time. */
  nowMs: number;
  #entries: Entry[] = [];
  #order = 0;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  /** Runs `run` once, `delayMs` from now. Returns what takes it back. */
  after(delayMs: number, run: () => void): () => void {
    if (this.#entries.length >= SCHEDULE_MAX) throw new Error("schedule is full");
    const entry = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#entries.push(entry);
    this.#entries.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  /** When the next entry is due; null when nothing is planned. */
  nextMs(): number | null {
    return this.#entries[0]?.atMs ?? null;
  }

  /** Runs everything due by `nowMs`, each at its own time. */
  advance(nowMs: number): void {
    for (;;) {
      const entry = this.#entries[0];
      if (entry === undefined || entry.atMs > nowMs) break;
      this.#entries.shift();
      this.nowMs = Math.max(this.nowMs, entry.atMs);
      entry.run();
    }
    this.nowMs = Math.max(this.nowMs, nowMs);
  }
}
