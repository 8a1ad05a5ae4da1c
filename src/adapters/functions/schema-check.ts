/** Checks of arguments by JSON Schema. The library is loaded when the first function is called. */

import type { Ajv, ErrorObject, ValidateFunction } from "ajv";
import { thrownText } from "../../core/fault.ts";
import type { Check } from "../../core/functions/arguments.ts";
import type { Parameters } from "../../core/functions/registry.ts";

let ajv: Ajv | null = null;
const known = new WeakMap<Parameters, Check>();

/** A schema that is none rejects nothing: what is wrong with it is told when the file is checked. */
export async function checkOf(parameters: Parameters): Promise<Check> {
  const kept = known.get(parameters);
  if (kept !== undefined) return kept;
  const validator = compile(await library(), parameters);
  const check: Check =
    typeof validator === "string"
      ? () => []
      : (value) => (validator(value) ? [] : (validator.errors ?? []).map(problemText));
  known.set(parameters, check);
  return check;
}

/** What is wrong with the schema itself; null: nothing. */
export async function schemaTrouble(parameters: Parameters): Promise<string | null> {
  const validator = compile(await library(), parameters);
  return typeof validator === "string" ? validator : null;
}

async function library(): Promise<Ajv> {
  if (ajv !== null) return ajv;
  const { Ajv: Maker } = await import("ajv");
  // Models write "5" for 5, and leave out what has a default.
  ajv = new Maker({ allErrors: true, strict: false, coerceTypes: true, useDefaults: true });
  return ajv;
}

function compile(by: Ajv, parameters: Parameters): ValidateFunction | string {
  try {
    return by.compile({ ...parameters });
  } catch (error) {
    return thrownText(error);
  }
}

function problemText({ instancePath, message, params }: ErrorObject): string {
  const where = instancePath === "" ? "" : `${instancePath.slice(1)} `;
  const extra = "additionalProperty" in params ? ` (${String(params["additionalProperty"])})` : "";
  const values = "allowedValues" in params ? `: ${JSON.stringify(params["allowedValues"])}` : "";
  return `${where}${message ?? "does not fit"}${extra}${values}`;
}
