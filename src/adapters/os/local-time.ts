/** What the machine knows about its place in time: the zone, and whether its clock was set. */

import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { isZone, readZoneBy, type WallTime } from "../../core/timers/wall-time.ts";
import type { Clock } from "../../ports.ts";

const LOCALTIME = "/etc/localtime";
const ZONES = "/zoneinfo/";
/** systemd-timesyncd makes the folder when it runs, and the file when it has set the clock. */
const TIMESYNC = "/run/systemd/timesync";
/** The folder is there: when it runs, the file says that it has set the clock since power came. */
const SYNCHRONISED = "/run/systemd/timesync/synchronized";

/**
 * The name of the time zone: that of $TZ, else what /etc/localtime leads to (read anew each time:
 * Node itself asks once), else Node's own idea.
 */
export function systemZone(tz: string | undefined, localtime = LOCALTIME): string {
  const named = tz?.replace(/^:/, "") ?? "";
  if (named !== "" && isZone(named)) return named;
  const linked = linkedZone(localtime);
  return linked !== null && (isKept(linked) || isZone(linked))
    ? linked
    : new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Names for UTC itself. */
const UTC = /^(Etc\/)?(UTC|UCT|GMT|Universal|Zulu|Greenwich)$/;

/**
 * Node keeps UTC where it does not know the machine's zone. So a clock that is ever off UTC is the
 * zone's, and there is no need to ask Intl, whose first use takes 7 MB.
 */
function isKept(linked: string): boolean {
  const year = new Date().getFullYear();
  const months = [0, 6].map((month) => new Date(year, month, 1));
  return UTC.test(linked) || months.some((date) => date.getTimezoneOffset() !== 0);
}

/** Where nobody sets the clock by the network, it is taken for set. */
export function clockIsSet(folder = TIMESYNC, file = SYNCHRONISED): boolean {
  return !existsSync(folder) || existsSync(file);
}

function linkedZone(path: string): string | null {
  try {
    const target = readlinkSync(path);
    const at = target.indexOf(ZONES);
    return at < 0 ? null : target.slice(at + ZONES.length);
  } catch {
    return null; // A copy of the file, or none: common in containers.
  }
}

/** How often the zone is looked at: one look at a link. */
export const LOOK_EVERY_MS = 20_000;

export interface LocalTimeOptions {
  /** Another one in tests. */
  readonly localtime?: string;
  /** Its TZ wins over the machine's zone; Node follows what is written to it. */
  readonly env?: NodeJS.ProcessEnv;
  readonly nowMs?: () => number;
}

/**
 * Local time as the machine has it now. Node and the C library ask for the zone once; here it is
 * looked at again, when somebody wants to know a local time, and a change is made known to them.
 *
 * Invariant: where $TZ was set at the start, that is the owner's word, and nothing is changed.
 */
export class LocalTime {
  readonly #localtime: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #nowMs: () => number;
  readonly #ownTz: string | undefined;
  #lookedMs: number;
  #known: string;
  #changed: (zone: string) => void = () => undefined;
  #givesHome: boolean = false;

  constructor(options: LocalTimeOptions = {}) {
    this.#localtime = options.localtime ?? LOCALTIME;
    this.#env = options.env ?? process.env;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#ownTz = this.#env["TZ"];
    this.#lookedMs = this.#nowMs();
    this.#known = markOf(this.#localtime);
  }

  /** `changed` is told each time the machine's zone has moved. */
  onChange(changed: (zone: string) => void): void {
    this.#changed = changed;
  }

  /** For its local getters: a moment, milliseconds since 1970. */
  date(wallMs: number): Date {
    this.#look();
    return new Date(wallMs);
  }

  /** The name of the zone. */
  zone(): string {
    this.#look();
    return systemZone(this.#ownTz, this.#localtime);
  }

  /** All who ask for the wall time of the machine's zone get it from the process's own clock. */
  giveHome(): void {
    this.#givesHome = true;
    readZoneBy(this.zone(), wallTimeOf);
  }

  /** Looks by itself, so that a change is noticed in a quiet house, too; the result ends it. */
  watch(clock: Pick<Clock, "after">): () => void {
    let cancel = (): void => undefined;
    const look = (): void => {
      this.#look();
      cancel = clock.after(LOOK_EVERY_MS, look);
    };
    look();
    return () => cancel();
  }

  #look(): void {
    const nowMs = this.#nowMs();
    if ((this.#ownTz ?? "") !== "" || nowMs - this.#lookedMs < LOOK_EVERY_MS) return;
    this.#lookedMs = nowMs;
    const mark = markOf(this.#localtime);
    if (mark === this.#known) return;
    this.#known = mark;
    // Writing the variable is what makes Node ask again; a name that it does not know is none.
    const linked = linkedZone(this.#localtime);
    this.#env["TZ"] = linked !== null && isZone(linked) ? linked : "UTC";
    if (linked === null || !isZone(linked)) delete this.#env["TZ"];
    const zone = systemZone(undefined, this.#localtime);
    if (this.#givesHome) readZoneBy(zone, wallTimeOf);
    this.#changed(zone);
  }
}

function wallTimeOf(epochMs: number): WallTime {
  const date = new Date(epochMs);
  return {
    year: date.getFullYear(),
    month: date.getMonth() + 1,
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
  };
}

/** What is another when the zone was set anew; empty: there is none. */
function markOf(path: string): string {
  try {
    const { ino, mtimeMs } = lstatSync(path);
    return `${linkedZone(path) ?? ""} ${ino} ${mtimeMs}`;
  } catch {
    return ""; // between the removal of the old one and the new one, or a machine without
  }
}

/** The process's own. */
export const localTime = new LocalTime();
