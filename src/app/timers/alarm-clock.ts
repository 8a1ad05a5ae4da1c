/**
 * The alarm clock: keeps timers and alarms on the disk, knows when the next one is due, has it rung,
 * and carries out the owner's orders about them.
 *
 * Invariants: what was answered is on the disk, or the answer says that it is not; an entry leaves
 * the disk only when its ringing is over; one alarm of the clock at a time, at most ARM_MAX_MS ahead
 * (so that a clock that is put right is noticed), and none while there are no entries.
 */

import { type Fault, faultLine } from "../../core/fault.ts";
import { restored, storedText } from "../../core/timers/stored.ts";
import {
  addTimer,
  announcedMissed,
  dueMsOf,
  type Entry,
  LATE_MAX_MS,
  look,
  NO_TIMERS,
  type Now,
  nameOf,
  type Outcome,
  over,
  shifted,
  type Timers,
} from "../../core/timers/timers.ts";
import { missedText, timersData } from "../../core/timers/words.ts";
import type { Calendar, Clock, Journal, StateFile } from "../../ports.ts";

/** How long a jump of the clock may go unnoticed while there are entries. */
const ARM_MAX_MS = 60_000;
/** A wall clock that moved by more than this against the monotonic one was set; less is its drift. */
const STEP_MIN_MS = 1_500;
/** How long alarms wait after the start for a clock that has not been set since power came. */
const CLOCK_WAIT_MAX_MS = 5 * 60_000;
/** A due timer lets somebody finish speaking for this long; then the conversation ends for it. */
const COURTESY_MAX_MS = 20_000;

/** A call so soon after the ringing was silenced may be about it. */
const JUST_RANG_MS = 5_000;
/** After a conversation, before it rings: the last sound is over by then. */
const BREATH_MS = 300;

/** `quiet`: a conversation is on, but nobody speaks. */
export type Room = "free" | "quiet" | "busy";

/** What makes the noise. */
export interface Bell {
  start(): void;
  stop(): void;
}

export interface AlarmClockOptions {
  readonly clock: Clock;
  readonly calendar: Calendar;
  readonly journal: Journal;
  readonly store: StateFile;
  readonly bell: Bell;
  /** How long it rings when nobody stops it, milliseconds. */
  readonly ringMaxMs: () => number;
  /** While somebody speaks or is answered, the ringing waits. */
  readonly room: () => Room;
  /** Ends the conversation; `settled` follows. */
  readonly makeRoom: () => void;
  /** It has begun to ring, or ended. */
  readonly changed: () => void;
  /** What is due next may be another. */
  readonly armed: () => void;
}

export type Done =
  | { readonly ok: true; readonly touched: readonly Entry[]; readonly unsaved: Fault | null }
  | { readonly ok: false; readonly problem: string };

interface Plan {
  readonly timers: Timers;
  readonly due: readonly Entry[];
  readonly zone: string;
  readonly isBelieved: boolean;
  readonly dueMs: number;
}

export class AlarmClock {
  readonly #options: AlarmClockOptions;
  #timers: Timers = NO_TIMERS;
  /** Due, and not silenced yet: ringing, or waiting for room. */
  #due: readonly Entry[] = [];
  #isRinging: boolean = false;
  #dueSinceMs = 0;
  /** A look is set for a moment after the conversation. */
  #breathes: boolean = false;
  /** The last that were silenced, and when (monotonic): they may be snoozed. */
  #rung: { readonly entries: readonly Entry[]; readonly atMs: number } | null = null;
  /** When something is due next; infinite: nothing is. */
  #plan: Plan | null = null;
  /** Timers set while this clock ran, or while it was right: they move with it when it is set. */
  readonly #own = new Set<number>();
  /** Wall time minus monotonic time, at the last look. */
  #offsetMs = 0;
  #startedMs = 0;
  /** Why the disk has not what is here, as it was told; null: it has. */
  #unsaved: string | null = null;
  #open: boolean = false;
  #cancelAlarm: () => void = () => {};

  constructor(options: AlarmClockOptions) {
    this.#options = options;
  }

  /** Resolves when the timers of earlier runs are known. */
  async start(): Promise<void> {
    const { clock, calendar, store, journal } = this.#options;
    const found = await store.load();
    if (!found.ok) journal.log("error", faultLine(found.fault));
    const read = found.ok && found.text !== null ? restored(found.text) : null;
    if (read !== null && read.lost > 0) {
      journal.log("error", `${read.lost} of the stored timers could not be read and are lost`);
    }
    if (found.ok && found.text !== null && read === null) {
      journal.log("error", "The stored timers could not be read; they are kept as a .broken file");
      await store.setAside();
    }
    this.#timers = read?.timers ?? NO_TIMERS;
    this.#startedMs = clock.nowMs();
    this.#offsetMs = clock.wallMs() - clock.nowMs();
    if (calendar.isSet()) for (const { id } of this.#timers.entries) this.#own.add(id);
    this.#open = true;
    this.#look();
  }

  close(): void {
    this.#open = false;
    this.#cancelAlarm();
    if (this.#isRinging) this.#options.bell.stop();
    this.#isRinging = false;
  }

  get isRinging(): boolean {
    return this.#isRinging;
  }

  get now(): Now {
    const { clock, calendar } = this.#options;
    return { wallMs: clock.wallMs(), zone: calendar.zone() };
  }

  /** What is due next, and when (wall time); null: nothing. */
  get next(): { readonly entry: Entry; readonly dueMs: number } | null {
    const { zone } = this.now;
    const dues = this.#timers.entries.map((entry) => ({ entry, dueMs: dueMsOf(entry, zone) }));
    return dues.toSorted((a, b) => a.dueMs - b.dueMs)[0] ?? null;
  }

  /** As `pipit timers --json` shows it. */
  data(): Readonly<Record<string, unknown>> {
    return timersData(this.#timers, this.#isRinging ? this.#due : [], this.now);
  }

  /** Carries out one of the functions of core/timers. */
  async order(change: (timers: Timers, now: Now) => Outcome): Promise<Done> {
    this.#noticeStep();
    const outcome = change(this.#timers, this.now);
    if (!outcome.ok) return outcome;
    this.#timers = outcome.timers;
    for (const { id } of outcome.touched) this.#own.add(id);
    this.#dropCancelled();
    const unsaved = await this.#save();
    this.#look();
    return { ok: true, touched: outcome.touched, unsaved };
  }

  /** Somebody silenced it. False: it was not ringing. */
  silence(): boolean {
    if (!this.#isRinging) return false;
    this.#end(false);
    return true;
  }

  /** Those that ring, or rang a moment ago, come again in `minutes`. */
  async snooze(minutes: number): Promise<Done> {
    this.silence();
    const rung = this.#rung;
    if (rung === null || this.#options.clock.nowMs() - rung.atMs > LATE_MAX_MS) {
      return { ok: false, problem: "Nothing has rung in the last minutes" };
    }
    this.#rung = null;
    return await this.order((timers, now) => {
      let next: Outcome = { ok: true, timers, touched: [] };
      for (const { label } of rung.entries) {
        if (!next.ok) break;
        const touched: readonly Entry[] = next.touched;
        const more = addTimer(next.timers, minutes * 60, label, now);
        next = more.ok ? { ...more, touched: [...touched, ...more.touched] } : more;
      }
      return next;
    });
  }

  /** Sentences about what was missed, for the next conversation; `announced` forgets them. */
  missed(): readonly string[] {
    return this.#timers.missed.map((one) => missedText(one, this.now.zone));
  }

  /** What was silenced a moment ago: the one who calls then may mean that. */
  justRang(): readonly string[] {
    const rung = this.#rung;
    const isFresh = rung !== null && this.#options.clock.nowMs() - rung.atMs <= JUST_RANG_MS;
    return isFresh ? rung.entries.map(nameOf) : [];
  }

  announced(): void {
    if (this.#timers.missed.length === 0) return;
    this.#timers = announcedMissed(this.#timers);
    void this.#save();
  }

  /** The appliance has changed what it does: what waited for room may have it now. */
  settled(): void {
    const waits = this.#due.length > 0 && !this.#isRinging && !this.#breathes;
    if (!waits || this.#options.room() === "busy") return;
    this.#breathes = true;
    this.#cancelAlarm();
    this.#cancelAlarm = this.#options.clock.after(BREATH_MS, () => this.#look());
  }

  #look(): void {
    if (!this.#open) return;
    this.#breathes = false;
    this.#noticeStep();
    // A disk that was full may have room by now.
    if (this.#unsaved !== null) void this.#save();
    const now = this.now;
    if (this.#due.length > 0 || this.#nextDueMs(now) <= now.wallMs) this.#lookAtAll(now);
    this.#arm();
    if (this.#due.length > 0) this.#ring();
  }

  #lookAtAll(now: Now): void {
    const { journal, clock } = this.#options;
    const seen = look(this.#timers, now, (entry) => this.#isHeld(entry));
    const changed = seen.timers !== this.#timers;
    this.#timers = seen.timers;
    for (const one of seen.missed) {
      journal.log(
        "notice",
        `Missed while switched off, or without the time: ${missedText(one, now.zone)}`,
      );
    }
    if (changed) void this.#save();
    const fresh = seen.ringing.filter(({ id }) => !this.#due.some((one) => one.id === id));
    if (fresh.length > 0) {
      if (this.#due.length === 0) this.#dueSinceMs = clock.nowMs();
      this.#due = [...this.#due, ...fresh];
      journal.log("info", `Due: ${fresh.map(nameOf).join(", ")}`);
    }
  }

  #ring(): void {
    const { clock, bell, room, makeRoom, ringMaxMs, changed } = this.#options;
    if (this.#isRinging) {
      if (clock.nowMs() - this.#dueSinceMs >= ringMaxMs()) this.#end(true);
      return;
    }
    const space = room();
    if (space !== "free") {
      const waitedMs = clock.nowMs() - this.#dueSinceMs;
      if (space === "quiet" || waitedMs >= COURTESY_MAX_MS) makeRoom();
      return;
    }
    this.#isRinging = true;
    this.#dueSinceMs = clock.nowMs();
    bell.start();
    changed();
    this.#arm();
  }

  #end(unheard: boolean): void {
    const { bell, journal, changed, clock } = this.#options;
    const rung = this.#due;
    this.#timers = over(this.#timers, rung, unheard, this.now);
    this.#due = [];
    this.#rung = { entries: rung, atMs: clock.nowMs() };
    this.#isRinging = false;
    bell.stop();
    const names = rung.map(nameOf).join(", ");
    if (unheard) journal.log("notice", `Nobody stopped the ringing: ${names}`);
    else journal.log("info", `Silenced: ${names}`);
    void this.#save();
    changed();
    this.#arm();
  }

  /** A cancelled entry does not go on ringing. */
  #dropCancelled(): void {
    const still = this.#due.filter(({ id }) => this.#timers.entries.some((one) => one.id === id));
    if (still.length === this.#due.length) return;
    if (still.length === 0 && this.#isRinging) this.#end(false);
    else this.#due = still;
  }

  /** A clock that was set: what was counted by it goes on as it was. */
  #noticeStep(): void {
    const { clock, journal } = this.#options;
    const offsetMs = clock.wallMs() - clock.nowMs();
    const stepMs = offsetMs - this.#offsetMs;
    this.#offsetMs = offsetMs;
    if (Math.abs(stepMs) < STEP_MIN_MS || this.#timers.entries.length === 0) return;
    this.#timers = shifted(this.#timers, stepMs, ({ id }) => this.#own.has(id));
    for (const { id } of this.#timers.entries) this.#own.add(id);
    journal.log("notice", `The clock was set by ${Math.round(stepMs / 1000)} s; timers go on`);
    void this.#save();
  }

  /** By a clock that may be hours behind, no wall time can be told. */
  #isHeld({ id }: Entry): boolean {
    if (this.#due.some((one) => one.id === id)) return true;
    return !this.#isBelieved() && !this.#own.has(id);
  }

  #isBelieved(): boolean {
    const { clock, calendar } = this.#options;
    return calendar.isSet() || clock.nowMs() - this.#startedMs >= CLOCK_WAIT_MAX_MS;
  }

  /** Worked out anew only when something has changed: a look a minute must cost nothing. */
  #nextDueMs({ zone }: Now): number {
    const [timers, due, isBelieved] = [this.#timers, this.#due, this.#isBelieved()];
    const known = this.#plan;
    const isSame = known?.timers === timers && known.due === due && known.zone === zone;
    if (known !== null && isSame && known.isBelieved === isBelieved) return known.dueMs;
    const waiting = timers.entries.filter((entry) => !this.#isHeld(entry));
    const dueMs = Math.min(...waiting.map((entry) => dueMsOf(entry, zone)));
    this.#plan = { timers, due, zone, isBelieved, dueMs };
    return dueMs;
  }

  #arm(): void {
    this.#cancelAlarm();
    if (!this.#open) return;
    const { clock, ringMaxMs, armed } = this.#options;
    armed();
    if (this.#timers.entries.length === 0 && this.#unsaved === null) return;
    const now = this.now;
    const waits = [this.#nextDueMs(now) - now.wallMs];
    if (this.#due.length > 0) {
      const limitMs = this.#isRinging ? ringMaxMs() : COURTESY_MAX_MS;
      // Beyond it, room has been asked for: a look a second until there is.
      waits.push(Math.max(1_000, this.#dueSinceMs + limitMs - clock.nowMs()));
    }
    const delayMs = Math.max(0, Math.min(ARM_MAX_MS, ...waits));
    this.#cancelAlarm = clock.after(delayMs, () => this.#look());
  }

  async #save(): Promise<Fault | null> {
    const { store, journal } = this.#options;
    const unsaved = await store.save(storedText(this.#timers));
    const line = unsaved === null ? null : faultLine(unsaved);
    if (line !== null && line !== this.#unsaved) journal.log("warning", line);
    if (line === null && this.#unsaved !== null)
      journal.log("notice", "The timers are stored again");
    this.#unsaved = line;
    return unsaved;
  }
}
