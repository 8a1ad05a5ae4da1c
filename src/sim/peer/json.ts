/**
 * JSON as a type, and careful ways to look into it. Everything that crosses the simulated peer's
 * socket is a JsonObject; nothing in it is trusted to have a shape until one of these has looked.
 */

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Parses text; undefined when it is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of keys; undefined where the path breaks off. */
export function valueAt(value: JsonValue | undefined, ...path: string[]): JsonValue | undefined {
  let here: JsonValue | undefined = value;
  for (const key of path) {
    here = isObject(here) ? here[key] : undefined;
  }
  return here;
}

/** The object at a path; an empty one where there is none. */
export function objectAt(value: JsonValue | undefined, ...path: string[]): JsonObject {
  const found = valueAt(value, ...path);
  return isObject(found) ? found : {};
}

/** The text at a path; null where there is none. */
export function textAt(value: JsonValue | undefined, ...path: string[]): string | null {
  const found = valueAt(value, ...path);
  return typeof found === "string" ? found : null;
}

/** The finite number at a path; null where there is none. */
export function numberAt(value: JsonValue | undefined, ...path: string[]): number | null {
  const found = valueAt(value, ...path);
  return typeof found === "number" && Number.isFinite(found) ? found : null;
}

/** The list at a path; an empty one where there is none. */
export function listAt(value: JsonValue | undefined, ...path: string[]): readonly JsonValue[] {
  const found = valueAt(value, ...path);
  return isList(found) ? found : [];
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The object without some of its keys. */
export function without(value: JsonObject, ...keys: string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

/** Deep copy of `base` with `patch` laid over it: objects merge, everything else replaces. */
export function overlay(base: JsonObject, patch: JsonObject): JsonObject {
  const merged: { [key: string]: JsonValue } = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    const old = merged[key];
    merged[key] = isObject(value) && isObject(old) ? overlay(old, value) : value;
  }
  return merged;
}
