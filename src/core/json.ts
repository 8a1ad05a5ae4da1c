/** Reading foreign JSON without trusting it: each getter gives the wanted kind, or null. */

import { tooDear } from "./json-scan.ts";

export type Fields = Readonly<Record<string, unknown>>;

const NONE: Fields = {};

/** The value of JSON text; undefined when it is not JSON, or would cost too much to parse. */
export function parseJson(json: string): unknown {
  if (tooDear(json) !== null) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The value as an object, or null. */
export function record(value: unknown): Fields | null {
  return isRecord(value) ? value : null;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object under `name`, or an empty one. */
export function fields(of: Fields, name: string): Fields {
  return record(of[name]) ?? NONE;
}

export function text(of: Fields, name: string): string | null {
  const value = of[name];
  return typeof value === "string" ? value : null;
}

/** A finite number, or null. */
export function number(of: Fields, name: string): number | null {
  const value = of[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
