/**
 * The journal: plain lines for people.
 *
 * Invariants: one call writes at most one line, of bounded length, without control characters; no
 * secret passes; nothing that happens to the reader reaches the caller; what is left out is counted
 * and said; trouble that lasts is a handful of lines a day. systemd reads `<N>` as the priority and adds the time; anybody else gets the time from us.
 */

import { oneLine } from "../../core/fault.ts";
import type { Redactor } from "../../core/redact.ts";
import type { Clock, Journal, LogLevel } from "../../ports.ts";
import type { LineSink } from "../os/line-sink.ts";
import { localTime } from "../os/local-time.ts";
import { JournalRepeats } from "./journal-repeats.ts";

/** Longest text of a line, characters: far below the 48 KiB at which journald cuts. */
export const LINE_MAX_CHARS = 2_000;
/** Lines that may come at once; a conversation has at most twelve. */
export const LINES_BURST = 200;
/** Lines a second that refill the burst: a loop gone wild fills a card no faster than this. */
export const LINES_PER_S = 10;

/** Priorities of syslog(3), as sd-daemon(3) wants them before a line. */
const PRIORITY: Readonly<Record<LogLevel, number>> = {
  debug: 7,
  info: 6,
  notice: 5,
  warning: 4,
  error: 3,
};

const COLOUR: Readonly<Record<LogLevel, string>> = {
  debug: "\u001b[2m",
  info: "",
  notice: "\u001b[1m",
  warning: "\u001b[33m",
  error: "\u001b[31m",
};
const COLOUR_OFF = "\u001b[0m";

export interface JournalOptions {
  readonly sink: LineSink;
  readonly clock: Clock;
  readonly level: LogLevel;
  /** Colour the lines; meant for `wantsColour(sink, env)`. */
  readonly colour: boolean;
  /** What must never be written, such as the API key. */
  readonly secrets: Redactor;
}

/** Writes lines to a sink. */
export class LineJournal implements Journal {
  readonly #sink: LineSink;
  readonly #clock: Clock;
  readonly #colour: boolean;
  #level: LogLevel;
  readonly #secrets: Redactor;
  #tokens = LINES_BURST;
  #refilledMs: number | null = null;
  #leftOut = 0;
  readonly #repeats: JournalRepeats;
  /** For lines that answer the owner, who waits for them: each is said, however often it comes. */
  readonly answers: Journal;

  constructor(options: JournalOptions) {
    this.#sink = options.sink;
    this.#clock = options.clock;
    this.#colour = options.colour;
    this.#level = options.level;
    this.#secrets = options.secrets;
    this.#repeats = new JournalRepeats({
      clock: options.clock,
      say: (level, line) => this.#limited(level, line),
    });
    this.answers = { log: (level, line) => this.#limited(level, line) };
  }

  /** Tells what was counted and not yet told. */
  close(): void {
    this.#repeats.close();
  }

  /** From now on, lines less urgent than `level` are not written. */
  setLevel(level: LogLevel): void {
    this.#level = level;
  }

  /** Lines left out so far and not yet confessed: by the rate limit, or lost by the reader. */
  leftOut(): number {
    return this.#leftOut;
  }

  log(level: LogLevel, line: string): void {
    if (!this.#isWanted(level)) return;
    if (isTrouble(level) && !this.#repeats.admits(level, line)) return;
    this.#limited(level, line);
  }

  #isWanted(level: LogLevel): boolean {
    return PRIORITY[level] <= PRIORITY[this.#level];
  }

  #limited(level: LogLevel, line: string): void {
    if (!this.#isWanted(level)) return;
    if (!this.#take()) {
      this.#leftOut++;
      return;
    }
    if (this.#leftOut > 0) this.#confess();
    if (!this.#write(level, line)) this.#leftOut++;
  }

  #confess(): void {
    const count = this.#leftOut;
    const lines = count === 1 ? "1 line was" : `${count} lines were`;
    if (this.#write("warning", `${lines} left out of the journal here`)) this.#leftOut = 0;
  }

  #write(level: LogLevel, line: string): boolean {
    const text = oneLine(this.#secrets.text(oneLine(line, 2 * LINE_MAX_CHARS)), LINE_MAX_CHARS);
    if (this.#sink.journald) return this.#sink.write(`<${PRIORITY[level]}>${text}`);
    const stamped = `${localStamp(this.#clock.wallMs())} ${level}: ${text}`;
    const colour = this.#colour ? COLOUR[level] : "";
    return this.#sink.write(colour === "" ? stamped : colour + stamped + COLOUR_OFF);
  }

  /** A token bucket: LINES_BURST at once, LINES_PER_S for ever. */
  #take(): boolean {
    const nowMs = this.#clock.nowMs();
    const passedMs = nowMs - (this.#refilledMs ?? nowMs);
    this.#refilledMs = nowMs;
    this.#tokens = Math.min(LINES_BURST, this.#tokens + (passedMs * LINES_PER_S) / 1000);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** What an appliance may go on saying for ever; the lines of a conversation are not that. */
function isTrouble(level: LogLevel): boolean {
  return PRIORITY[level] <= PRIORITY.notice;
}

/** Local time as `2026-11-22 13:30:05.123`. */
function localStamp(wallMs: number): string {
  const at = localTime.date(wallMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day} ${time}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
