/**
 * Says a text of the owner's (`pipit say`) when nobody is talking: one after another, never over a
 * conversation or the ringing of a timer; a conversation that begins cuts it off.
 */

import { samplesToMs } from "../../core/audio/pcm.ts";
import type { Clock, Journal } from "../../ports.ts";
import type { Room } from "../timers/alarm-clock.ts";

/** Announcements that wait; more are refused. */
export const WAITING_MAX = 8;
/** An announcement that waited longer is old news: it is dropped. */
export const WAIT_MAX_MS = 10 * 60_000;
/** Between two of them, and after a conversation. */
const PAUSE_MS = 400;

interface Announcement {
  readonly pcm: Int16Array;
  readonly sinceMs: number;
}

export interface AnnouncerOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly play: (pcm: Int16Array) => void;
  readonly room: () => Room;
}

export class Announcer {
  readonly #options: AnnouncerOptions;
  #waiting: readonly Announcement[] = [];
  #busyUntilMs = 0;
  #cancel: (() => void) | null = null;
  #isClosed: boolean = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Samples of 24 kHz. True: it is said now; false: when there is room. */
  say(pcm: Int16Array): boolean {
    const { clock } = this.#options;
    if (this.#isClosed) return false;
    this.#waiting = [...this.#waiting, { pcm, sinceMs: clock.nowMs() }];
    this.#next();
    return this.#waiting.length === 0;
  }

  /** The appliance has changed what it does: perhaps there is room now. */
  settled(): void {
    if (this.#waiting.length > 0 && this.#options.room() === "free") this.#lookIn(PAUSE_MS);
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#cancel?.();
    this.#cancel = null;
  }

  #lookIn(delayMs: number): void {
    if (this.#cancel !== null) return;
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#cancel = null;
      this.#next();
    });
  }

  #next(): void {
    const { clock, journal, room, play } = this.#options;
    const nowMs = clock.nowMs();
    const fresh = this.#waiting.filter(({ sinceMs }) => nowMs - sinceMs < WAIT_MAX_MS);
    const dropped = this.#waiting.length - fresh.length;
    if (dropped > 0) journal.log("notice", `${dropped} announcement(s) found no quiet moment`);
    this.#waiting = fresh;
    const [first] = fresh;
    if (first === undefined || room() !== "free") return;
    if (nowMs < this.#busyUntilMs) {
      this.#lookIn(this.#busyUntilMs - nowMs);
      return;
    }
    this.#waiting = fresh.slice(1);
    const lastsMs = samplesToMs(first.pcm.length);
    this.#busyUntilMs = nowMs + lastsMs + PAUSE_MS;
    play(first.pcm);
    if (this.#waiting.length > 0) this.#lookIn(lastsMs + PAUSE_MS);
  }
}
