/** Arguments as the model wrote them: read, checked, and what is wrong told in words it can act on. */

import { type Fields, parseJson, record } from "../json.ts";

/** Problems of a value, each like `/seconds must be number`; none: it fits. May fill defaults in. */
export type Check = (value: unknown) => readonly string[];

/** Longer ones are nothing that was said in a kitchen. */
export const ARGUMENTS_MAX_CHARS = 32_768;
/** The model mends one or two things at a time. */
const PROBLEMS_MAX = 4;

/** Do two texts of arguments say the same, however they are spaced and ordered? */
export function isSameArguments(a: string, b: string): boolean {
  return a === b || canonical(a) === canonical(b);
}

/** Keys in order; what is no JSON stays as it is. */
function canonical(text: string): string {
  try {
    const value: unknown = text.trim() === "" ? {} : JSON.parse(text);
    return JSON.stringify(value, (_key, of: unknown) => {
      const object = record(of);
      return object === null
        ? of
        : Object.fromEntries(Object.entries(object).toSorted(([x], [y]) => (x < y ? -1 : 1)));
    });
  } catch {
    return text;
  }
}

export type Read =
  | { readonly ok: true; readonly value: Fields }
  | { readonly ok: false; readonly error: string };

export function readArguments(text: string, check: Check): Read {
  if (text.length > ARGUMENTS_MAX_CHARS) {
    return { ok: false, error: `The arguments are too long: at most ${ARGUMENTS_MAX_CHARS}` };
  }
  // Neither nested without end nor a crowd of values: whoever passes them on walks through them.
  const value = text.trim() === "" ? {} : parseJson(text);
  if (value === undefined) {
    return { ok: false, error: "The arguments are not JSON; call again with a plain JSON object" };
  }
  const object = record(value);
  if (object === null) return { ok: false, error: "The arguments must be one JSON object" };
  const problems = check(object);
  if (problems.length === 0) return { ok: true, value: object };
  const list = problems.slice(0, PROBLEMS_MAX).join("; ");
  return { ok: false, error: `The arguments do not fit: ${list}. Call again with better ones` };
}
