/**
 * Checks of arguments by JSON Schema. The library is loaded when the first function is called.
 *
 * Invariants: whatever the schema and the arguments, a check ends within CHECK_MAX_MS, and the making
 * of one within COMPILE_MAX_MS; a schema that cannot be used rejects nothing, and is told as such.
 */

import { Script } from "node:vm";
import type { Ajv, ErrorObject, Options, ValidateFunction } from "ajv";
import { oneLine, thrownText } from "../../core/fault.ts";
import type { Check } from "../../core/functions/arguments.ts";
import type { Parameters } from "../../core/functions/registry.ts";
import { errorCode } from "../os/files.ts";

/** As JSON: some three hundred parameters. Code is made of it, which takes the loop's time. */
export const SCHEMA_MAX_CHARS = 8_192;
const COMPILE_MAX_MS = 1_000;
const CHECK_MAX_MS = 100;
/** What takes more than a look at each value: expressions, comparisons of all with all, loops. */
const DEAR = /"(?:pattern|patternProperties|uniqueItems|\$ref|\$dynamicRef|\$recursiveRef)":/;
const TROUBLE_MAX_CHARS = 300;

// Models write "5" for 5, and leave out what has a default. What is not known is told by `trouble`.
const OPTIONS: Options = {
  allErrors: true,
  strict: false,
  coerceTypes: true,
  useDefaults: true,
  logger: false,
};

interface Known {
  readonly check: Check;
  /** What is wrong with the schema itself; null: nothing. */
  readonly trouble: string | null;
}

/** The place where the script finds its work. */
const PLACE = Symbol.for("pipit.bounded-run");

let script: Script | null = null;
let ajv: Ajv | null = null;
const known = new WeakMap<Parameters, Known>();

/** A schema that is none rejects nothing: what is wrong with it is told when the file is checked. */
export async function checkOf(parameters: Parameters): Promise<Check> {
  return (await knownOf(parameters)).check;
}

/** What is wrong with the schema itself; null: nothing. */
export async function schemaTrouble(parameters: Parameters): Promise<string | null> {
  return (await knownOf(parameters)).trouble;
}

async function knownOf(parameters: Parameters): Promise<Known> {
  const kept = known.get(parameters);
  if (kept !== undefined) return kept;
  const made = await make(parameters);
  known.set(parameters, made);
  return made;
}

async function make(parameters: Parameters): Promise<Known> {
  const chars = JSON.stringify(parameters).length;
  if (chars > SCHEMA_MAX_CHARS) {
    return unusable(`it has ${chars} characters as JSON; at most ${SCHEMA_MAX_CHARS} are checked`);
  }
  const by = await library();
  const schema = { ...parameters };
  try {
    const made = inTime(COMPILE_MAX_MS, () => by.compile(schema));
    if (made === "late") return unusable("it takes too long to be read");
    return { check: checkBy(made, DEAR.test(JSON.stringify(parameters))), trouble: null };
  } catch (error) {
    const isEndless = error instanceof RangeError;
    return unusable(isEndless ? "it refers to itself without end" : thrownText(error));
  } finally {
    by.removeSchema(schema); // It would keep all that it has made, for good.
  }
}

async function library(): Promise<Ajv> {
  if (ajv !== null) return ajv;
  const { Ajv: Maker } = await import("ajv");
  ajv = new Maker(OPTIONS);
  return ajv;
}

function unusable(why: string): Known {
  return { check: () => [], trouble: oneLine(why, TROUBLE_MAX_CHARS) };
}

function checkBy(validator: ValidateFunction, isDear: boolean): Check {
  const check: Check = (value) =>
    validator(value) ? [] : (validator.errors ?? []).map(problemText);
  if (!isDear) return check;
  return (value) => {
    try {
      const found = inTime(CHECK_MAX_MS, () => check(value));
      return found === "late" ? [TOO_DEAR] : found;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return [TOO_DEAR]; // A schema that goes round without looking deeper.
    }
  };
}

const TOO_DEAR = "they take too long to be checked: write shorter and plainer ones";

function problemText({ instancePath, message, params }: ErrorObject): string {
  const where = instancePath === "" ? "" : `${instancePath.slice(1)} `;
  const extra = "additionalProperty" in params ? ` (${String(params["additionalProperty"])})` : "";
  const values = "allowedValues" in params ? `: ${JSON.stringify(params["allowedValues"])}` : "";
  return `${where}${message ?? "does not fit"}${extra}${values}`;
}

/**
 * Runs work whose length others decide, such as their expression over somebody else's text: V8 stops
 * whatever runs within a script that has a time limit. It costs half a millisecond, for the thread
 * that watches. What the work comes to; "late": it was broken off after `maxMs`. What it throws passes
 * through.
 */
function inTime<Result>(maxMs: number, work: () => Result): Result | "late" {
  script ??= new Script("globalThis[Symbol.for('pipit.bounded-run')]()");
  const results: Result[] = [];
  const run = (): void => {
    results.push(work());
  };
  Object.defineProperty(globalThis, PLACE, { value: run, configurable: true });
  try {
    script.runInThisContext({ timeout: maxMs });
  } catch (error) {
    if (errorCode(error) !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    return "late";
  } finally {
    Reflect.deleteProperty(globalThis, PLACE);
  }
  const [result] = results;
  return result === undefined ? "late" : result;
}
