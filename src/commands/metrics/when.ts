/** What an owner types for a point in time: `7d`, `24h`, `2026-11-01`, or ISO 8601. */

import { DAY_MS } from "../../core/duration.ts";
import { fromLocal, readIso, type Zone } from "./time.ts";

const UNITS_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: DAY_MS,
  w: 7 * DAY_MS,
};
const AGO = /^(\d{1,5})([mhdw])$/;
/** What `complaint` shows as good. */
const ALLOWED = "7d, 24h, 2026-11-01, or a time as 2026-11-01T18:00";

export type When =
  | { readonly ok: true; readonly atMs: number }
  | { readonly ok: false; readonly complaint: string };

/**
 * A point in time, milliseconds since 1970. `7d` is that long before `nowMs`; a date is the
 * beginning of that local day, or its end with `end`; a time without a zone is local.
 */
export function readWhen(text: string, nowMs: number, zone: Zone, end = false): When {
  const ago = AGO.exec(text);
  if (ago !== null) return fine(nowMs - Number(ago[1]) * (UNITS_MS[ago[2] ?? ""] ?? 0));
  const time = readIso(text);
  if (time === null) return { ok: false, complaint: `"${text}" is no time; write ${ALLOWED}` };
  if (time.offsetMin !== null) return fine(time.ms - time.offsetMin * 60_000);
  if (!time.dateOnly || !end) return fine(fromLocal(time.ms, zone));
  // The end of a day is the beginning of the next, whatever the clocks did in between.
  return fine(fromLocal(time.ms + DAY_MS, zone) - 1);
}

function fine(atMs: number): When {
  return { ok: true, atMs };
}

/** Days in a mean month of the calendar, for projections: 400 years have 146,097 days. */
export const MONTH_DAYS = 146_097 / 4_800;
