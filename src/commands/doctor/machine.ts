/** The computer itself: Node, clock, memory, power, disk. Facts in, findings out. */

import { DAY_MS } from "../../core/duration.ts";
import { CATALOGUE_DATE } from "../../core/models/catalogue.ts";
import { midnightMs } from "../../core/models/dates.ts";
import { type Finding, finding } from "./finding.ts";

/** Ends of support by major version (Node's release schedule as of 2026-11). */
const NODE_ENDS: Readonly<Record<number, string>> = {
  20: "2026-04-30",
  22: "2027-04-30",
  24: "2028-04-30",
};
/** `engines` in package.json. */
const NODE_MIN = [20, 19] as const;

export function judgeNode(version: string, wallMs: number): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const tooOld = major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1]);
  const install = "Install Node.js 24 from nodejs.org or your system's packages";
  if (tooOld) {
    return finding("node", "fail", `Node ${version} is too old; 20.19 is the oldest`, install);
  }
  const end = NODE_ENDS[major];
  if (end === undefined || midnightMs(end) > wallMs)
    return finding("node", "ok", `Node ${version}`);
  const says = `Node ${version} has had no updates from its makers since ${end}`;
  return finding(
    "node",
    "warn",
    says,
    `${install}; Debian's own package still gets Debian's fixes`,
  );
}

export interface ClockFacts {
  readonly wallMs: number;
  /** Null: nobody here knows. */
  readonly isSynchronised: boolean | null;
  /** How far our clock is behind the API's, milliseconds; null when it was not asked. */
  readonly behindMs: number | null;
}

/** TLS and the time of bills bear this; more makes certificates look invalid. */
const SKEW_MAX_MS = 120_000;
const SYNC =
  "Switch on the time service: sudo timedatectl set-ntp true; a Pi has no clock of its own";

export function judgeClock({ wallMs, isSynchronised, behindMs }: ClockFacts): Finding {
  const now = dateText(wallMs);
  if (wallMs < midnightMs(CATALOGUE_DATE)) {
    const says = `The clock says ${now}, which is before this version was made: TLS will fail`;
    return finding("clock", "fail", says, SYNC);
  }
  if (behindMs !== null && Math.abs(behindMs) > SKEW_MAX_MS) {
    const minutes = Math.round(Math.abs(behindMs) / 60_000);
    const where = behindMs > 0 ? "behind" : "ahead of";
    return finding("clock", "fail", `The clock is ${minutes} min ${where} the API's`, SYNC);
  }
  if (isSynchronised === false) return finding("clock", "warn", `${now}, not synchronised`, SYNC);
  const how = isSynchronised === null ? "whether it is synchronised is unknown" : "synchronised";
  return finding("clock", "ok", `${now}, ${how}`);
}

/** YYYY-MM-DD HH:MM UTC, by the calendar of Retirement. */
function dateText(wallMs: number): string {
  const days = Math.floor(wallMs / DAY_MS);
  const minutes = Math.floor((wallMs - days * DAY_MS) / 60_000);
  const pad = (value: number, width = 2): string => String(value).padStart(width, "0");
  const [year, month, day] = civil(days);
  const time = `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
  return `${pad(year, 4)}-${pad(month)}-${pad(day)} ${time} UTC`;
}

/** Year, month and day of a number of days since 1970-01-01, by eras of 400 years from March on. */
function civil(days: number): readonly [number, number, number] {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leaps = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524);
  const yearOfEra = Math.floor((dayOfEra - leaps + Math.floor(dayOfEra / 146_096)) / 365);
  const century = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - (365 * yearOfEra + century);
  const march = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * march + 2) / 5) + 1;
  const month = march < 10 ? march + 3 : march - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day];
}

/** Room for a metrics write, a log and a conversation; below, the kernel begins to kill. */
const MEMORY_FAIL_MB = 24;
const MEMORY_WARN_MB = 64;

/** `meminfo`: the text of /proc/meminfo. */
export function judgeMemory(meminfo: string): Finding {
  const kilobytes = (key: string): number | null => {
    const text = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(meminfo)?.[1];
    return text === undefined ? null : Number(text);
  };
  const [available, total] = [kilobytes("MemAvailable"), kilobytes("MemTotal")];
  if (available === null || total === null) {
    return finding("memory", "skip", "This system does not say how much is free");
  }
  const [free, all] = [Math.floor(available / 1024), Math.round(total / 1024)];
  const grade = free < MEMORY_FAIL_MB ? "fail" : free < MEMORY_WARN_MB ? "warn" : "ok";
  const remedy = grade === "ok" ? "" : "Stop other programs: `ps aux --sort=-rss | head`";
  return finding("memory", grade, `${free} MB free of ${all} MB`, remedy);
}

const SUPPLY = "Use the official power supply and a short cable; unplug what draws much power";

/**
 * `text`: what `vcgencmd get_throttled` or the kernel's file says; null where there is neither.
 * Bits: 0 too little voltage, 1 to 3 slowed down for power or heat, now; 16 to 19 since the start.
 */
export function judgePower(text: string | null): Finding {
  const hex = text === null ? null : /^(?:throttled=)?(?:0x)?([0-9a-f]+)\s*$/i.exec(text)?.[1];
  if (hex == null) {
    return finding("power", "skip", "This machine does not say; a Raspberry Pi does");
  }
  const bits = Number.parseInt(hex, 16);
  const has = (...numbers: readonly number[]): boolean =>
    numbers.some((bit) => (bits & (1 << bit)) !== 0);
  if (has(0)) return finding("power", "fail", "The supply voltage is too low now", SUPPLY);
  const cool = "Improve the cooling of the board, or add a heat sink";
  if (has(1, 2, 3)) return finding("power", "warn", "The processor is throttled now", cool);
  if (has(16)) {
    return finding("power", "warn", "The voltage was too low since the last start", SUPPLY);
  }
  if (has(17, 18, 19)) {
    return finding("power", "warn", "The processor was throttled since the last start", cool);
  }
  return finding("power", "ok", "Voltage and temperature were good since the last start");
}

export interface DiskFacts {
  readonly path: string;
  /** Null: the path cannot be looked at; `trouble` says why. */
  readonly freeBytes: number | null;
  readonly totalBytes: number | null;
  readonly freeFiles: number | null;
  readonly trouble: string;
  /** The file system is mounted read-only. */
  readonly isReadOnly: boolean;
  /** Whether the asking user, or root for it, may write there; null when nobody tried. */
  readonly isWritable: boolean | null;
}

const MEGABYTE = 1_048_576;
const FREE_FAIL_BYTES = 32 * MEGABYTE;
const FREE_WARN_BYTES = 256 * MEGABYTE;
const FILES_WARN = 1_000;

export function judgeDisk(facts: DiskFacts): Finding {
  const { path, freeBytes, totalBytes, freeFiles, isReadOnly, isWritable } = facts;
  if (freeBytes === null || totalBytes === null) {
    return finding(
      "disk",
      "fail",
      `${path}: ${facts.trouble}`,
      "Create the folder, or set metrics.dir",
    );
  }
  if (isReadOnly) {
    const remedy =
      "Look at `dmesg` for errors of the card, then restart; if the root is read-only by choice, put metrics.dir elsewhere";
    return finding("disk", "fail", `${path} is mounted read-only`, remedy);
  }
  const megabytes = Math.floor(freeBytes / MEGABYTE);
  const says = `${path}: ${megabytes} MB free of ${Math.round(totalBytes / MEGABYTE)} MB`;
  const clean =
    "Free some space: sudo apt-get clean; sudo journalctl --vacuum-size=50M; see `du -xh / | sort -h | tail`";
  if (freeBytes < FREE_FAIL_BYTES) return finding("disk", "fail", says, clean);
  if (isWritable === false) {
    const remedy =
      "Change its owner: sudo chown pipit: FOLDER; or run this as that user, with sudo";
    return finding("disk", "warn", `${path} is not writable for this user`, remedy);
  }
  if (freeBytes < FREE_WARN_BYTES) return finding("disk", "warn", says, clean);
  if (freeFiles !== null && freeFiles < FILES_WARN) {
    return finding("disk", "warn", `${says}, but only ${freeFiles} more files`, clean);
  }
  return finding("disk", "ok", says);
}

export interface CardErrors {
  readonly device: string;
  readonly errors: number;
}

/** What ext4 counted since the last check of each file system. */
export function judgeCardHealth(found: readonly CardErrors[]): Finding {
  if (found.length === 0) return finding("card health", "skip", "No ext4 file system to ask");
  const bad = found.filter(({ errors }) => errors > 0);
  const names = found.map(({ device }) => device).join(", ");
  if (bad.length === 0) return finding("card health", "ok", `No errors on ${names}`);
  const says = bad.map(({ device, errors }) => `${device} has ${errors} errors`).join(", ");
  const remedy =
    "Back up the configuration, check the card with fsck in another computer, and replace the card if the errors return";
  return finding("card health", "warn", says, remedy);
}
