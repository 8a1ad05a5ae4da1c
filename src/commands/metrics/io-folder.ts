/**
 * Reads what the appliance has recorded: the metrics files of a folder, the newest first.
 *
 * Invariants: nothing in the folder is changed, and no other file than one of our own names is
 * opened; at most METRICS_READ_MAX files are read; a file that is not what its name says is counted,
 * never thrown. Reads one after another into one buffer: on a card, ten thousand small files are
 * bound by the calls, and promises would double their cost.
 */

import { closeSync, constants, openSync, readdirSync, readSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { SYSTEM_CONFIG } from "../../adapters/config/file.ts";
import { METRICS_FILE_MAX_BYTES } from "../../adapters/metrics/files.ts";
import { METRICS_NAME } from "../../adapters/metrics/names.ts";
import { errorCode } from "../../adapters/os/files.ts";
import { utcText } from "./time.ts";
import { readSession, type SessionView } from "./view.ts";

/** Files that are read, the newest: at ten conversations a day, five years of them. */
export const METRICS_READ_MAX = 20_000;
/** StateDirectory and WorkingDirectory of the service, where its relative paths count from. */
export const SERVICE_FOLDER = "/var/lib/pipit";

/**
 * The folder that `metrics.dir` means. A relative one counts from where pipit is started; for the
 * system's own configuration that is the service's folder, from wherever the owner asks.
 */
export function metricsFolder(dir: string, configPath: string): string {
  if (isAbsolute(dir)) return dir;
  return configPath === SYSTEM_CONFIG ? join(SERVICE_FOLDER, dir) : resolve(dir);
}

export interface Period {
  /** Milliseconds since 1970, both included; null: without an end on that side. */
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
}

export interface Recorded {
  /** By their beginning, the oldest first. */
  readonly sessions: readonly SessionView[];
  /** Not whole, too large, or not to be read. */
  readonly broken: number;
  /** One of them, for the owner to look at. */
  readonly brokenName: string | null;
  /** Of a schema that a later Pipit writes. */
  readonly newer: number;
  /** Older than what was read, and not looked at. */
  readonly leftOut: number;
}

/** Throws Node's error (ENOENT, EACCES, ENOTDIR …) when the folder cannot be read. */
export function readMetrics(dir: string, period: Period, most = METRICS_READ_MAX): Recorded {
  const names = readdirSync(dir).filter((name) => METRICS_NAME.test(name) && mayBe(name, period));
  const newest = names.sort(byName).slice(-most);
  const buffer = Buffer.allocUnsafe(METRICS_FILE_MAX_BYTES + 1);
  const sessions: SessionView[] = [];
  let [broken, newer] = [0, 0];
  let brokenName: string | null = null;
  for (const name of newest) {
    const reading = readOne(`${dir}/${name}`, buffer);
    if (reading === "gone") continue;
    if (reading === "newer") newer++;
    else if (reading === "broken") {
      broken++;
      brokenName ??= name;
    } else if (isWithin(reading.startedMs, period)) sessions.push(reading);
  }
  sessions.sort((a, b) => a.startedMs - b.startedMs);
  return { sessions, broken, brokenName, newer, leftOut: names.length - newest.length };
}

function isWithin(ms: number, { sinceMs, untilMs }: Period): boolean {
  return (sinceMs === null || ms >= sinceMs) && (untilMs === null || ms <= untilMs);
}

/** By the day in its name: that of its beginning, in UTC. The file itself has the last word. */
function mayBe(name: string, { sinceMs, untilMs }: Period): boolean {
  const day = name.slice("session_".length, "session_".length + 8);
  if (sinceMs !== null && day < dayName(sinceMs)) return false;
  return untilMs === null || day <= dayName(untilMs);
}

function dayName(ms: number): string {
  return utcText(Math.max(0, ms)).slice(0, 10).replaceAll("-", "");
}

type Read = SessionView | "broken" | "newer" | "gone";

function readOne(path: string, buffer: Buffer): Read {
  let file: number;
  try {
    // A pipe without a writer would block for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    return errorCode(error) === "ENOENT" ? "gone" : "broken"; // Rotation was faster.
  }
  try {
    // Of an ordinary file, a short read is the whole of it; of anything else, half a JSON is broken.
    const bytes = readSync(file, buffer, 0, buffer.length, null);
    if (bytes > METRICS_FILE_MAX_BYTES) return "broken";
    const json: unknown = JSON.parse(buffer.toString("utf8", 0, bytes));
    return readSession(json);
  } catch {
    return "broken";
  } finally {
    closeSync(file);
  }
}

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}
