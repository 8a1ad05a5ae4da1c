/**
 * The names in the metrics folder that are ours. Everything else there is somebody else's and is
 * never touched.
 */

/** The contract: session_<YYYYMMDD>_<HHMMSS>_<id>.json. Sorted by name is sorted by time. */
export const METRICS_NAME = /^session_\d{8}_\d{6}_[A-Za-z0-9-]{1,64}\.json$/;

const TIME = /^session_(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})_/;
const TEMP_NAME = /^\.session\.(\d{1,10})\.tmp$/;
const CHECKPOINT_NAME = /^\.checkpoint\.([0-9a-f]{8}-\d{1,10}-\d{1,20})\.(session_[\w-]{1,100})$/;

/** By the code units, as the pattern of the names wants it. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** The day in UTC as in the names of the files. */
export function dayName(wallMs: number): string {
  return new Date(Math.max(0, wallMs)).toISOString().slice(0, 10).replaceAll("-", "");
}

/** The time that a name bears, milliseconds since 1970. */
export function nameMs(name: string): number {
  const [, ...digits] = TIME.exec(name) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = digits.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

export function tempName(pid: number): string {
  return `.session.${pid}.tmp`;
}

/** The process that a temp file belongs to; null for other names. */
export function tempOwner(name: string): number | null {
  const pid = TEMP_NAME.exec(name)?.[1];
  return pid === undefined ? null : Number(pid);
}

/** The checkpoints that a process keeps of the conversation that will have this file. */
export function checkpointName(mark: string, fileName: string): string {
  return `.checkpoint.${mark}.${fileName.slice(0, -".json".length)}`;
}

export interface CheckpointOf {
  readonly name: string;
  readonly mark: string;
  readonly fileName: string;
}

/** What `checkpointName` was made of; null for other names. */
export function checkpointOf(name: string): CheckpointOf | null {
  const [, mark = "", stem = ""] = CHECKPOINT_NAME.exec(name) ?? [];
  const fileName = `${stem}.json`;
  return METRICS_NAME.test(fileName) ? { name, mark, fileName } : null;
}
