/**
 * The settings table as a JSON Schema (draft 7, which the editors' YAML extensions speak), so that
 * an editor completes and checks config.yaml.
 *
 * Invariant: never stricter than the validator, which alone decides; a `${NAME}` fits everywhere.
 */

import type { ListRow, NumberRow, Row, TextRow, TreeRow } from "../../core/settings/row.ts";
import { ROWS, SECTIONS } from "../../core/settings/table.ts";

type Json = Readonly<Record<string, unknown>>;

/** A value that comes out of the environment. */
const FROM_ENVIRONMENT: Json = { type: "string", pattern: "\\$\\{" };

/** The content of config/config.schema.json. */
export function jsonSchema(): Json {
  const root: Json = { $schema: "http://json-schema.org/draft-07/schema#", title: "Pipit" };
  return { ...root, ...sectionSchema("") };
}

function sectionSchema(section: string): Json {
  const prefix = section === "" ? "" : `${section}.`;
  const properties: Record<string, Json> = {};
  for (const [key, row] of ROWS) {
    if (!key.startsWith(prefix)) continue;
    const rest = key.slice(prefix.length);
    const [name = rest, deeper] = rest.split(".");
    const below = `${prefix}${name}`;
    properties[name] ??= deeper === undefined ? rowSchema(row) : sectionSchema(below);
  }
  const description = SECTIONS[section];
  return {
    ...(description === undefined ? {} : { description }),
    // A section whose keys are all comments is null.
    type: ["object", "null"],
    additionalProperties: false,
    properties,
  };
}

function rowSchema(row: Row): Json {
  const unit = row.unit === "" ? "" : ` (${row.unit})`;
  const common = { description: `${row.doc}${unit}`, default: row.default };
  switch (row.kind) {
    case "text":
      return { ...common, ...textSchema(row) };
    case "choice":
      return { ...common, anyOf: [{ enum: row.values }, FROM_ENVIRONMENT] };
    case "number":
      return { ...common, anyOf: [...numberSchemas(row), FROM_ENVIRONMENT] };
    case "boolean":
      return { ...common, anyOf: [{ type: "boolean" }, FROM_ENVIRONMENT] };
    case "list":
      return { ...common, ...listSchema(row) };
    case "tree":
      return { ...common, ...treeSchema(row) };
  }
}

function treeSchema({ below, orList }: TreeRow): Json {
  const map: Json = { type: ["object", "null"], additionalProperties: below };
  return orList
    ? { anyOf: [map, { type: "array", items: { type: "object", required: ["name"] } }] }
    : map;
}

function textSchema(row: TextRow): Json {
  const text: Json = {
    type: "string",
    maxLength: row.maxChars,
    ...(row.required ? { minLength: 1 } : {}),
  };
  if (row.pattern === null) return text;
  const patterned = { ...text, ...patternOf(row.pattern.regex) };
  const choices = [patterned, FROM_ENVIRONMENT];
  return { anyOf: row.required ? choices : [...choices, { const: "" }] };
}

/** JSON Schema has no flags: what needs one is left to the validator. */
function patternOf(regex: RegExp): Json {
  return regex.flags === "" ? { pattern: regex.source } : {};
}

function numberSchemas(row: NumberRow<string>): readonly Json[] {
  const range = { type: row.whole ? "integer" : "number", minimum: row.min, maximum: row.max };
  return row.words.length === 0 ? [range] : [range, { enum: row.words }];
}

function listSchema(row: ListRow): Json {
  const item = { anyOf: [{ type: "string", ...patternOf(row.pattern.regex) }, FROM_ENVIRONMENT] };
  const { minItems, maxItems } = row;
  const array: Json = { type: "array", items: item, minItems, maxItems, uniqueItems: true };
  return row.loneText ? { anyOf: [array, item] } : array;
}
