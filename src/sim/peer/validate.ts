/**
 * The published schemas as judges: of everything the client sends (closed: an unknown field is an
 * error) and, for tests, of everything the peer sends. Answers in the words of the real server.
 */

import { readFileSync } from "node:fs";
import type { ErrorObject } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import {
  isObject,
  type JsonObject,
  type JsonValue,
  listAt,
  objectAt,
  parseJson,
  textAt,
  without,
} from "./json.ts";
import { type ApiError, invalid } from "./wire.ts";

export type Dialect = "ga" | "beta";

/**
 * Where an event holds one of several shapes, the shape that its `type` and `role` name is judged
 * alone: the errors of all the others would drown the one that tells.
 */
interface Narrow {
  readonly key: string;
  /** A valid value, in whose place the envelope is judged. */
  readonly stand: JsonObject;
  /** Name of the definition that is meant. */
  readonly meant: (value: JsonObject) => string | undefined;
}

const ITEMS: Readonly<Record<string, string>> = {
  system: "RealtimeConversationItemMessageSystem",
  user: "RealtimeConversationItemMessageUser",
  assistant: "RealtimeConversationItemMessageAssistant",
  function_call: "RealtimeConversationItemFunctionCall",
  function_call_output: "RealtimeConversationItemFunctionCallOutput",
};

const NARROW: Readonly<Record<string, Narrow>> = {
  "session.update": {
    key: "session",
    stand: { type: "realtime" },
    meant: (session) =>
      session["type"] === "transcription"
        ? "RealtimeTranscriptionSessionCreateRequestGA"
        : "RealtimeSessionCreateRequestGA",
  },
  "conversation.item.create": {
    key: "item",
    stand: { type: "message", role: "user", content: [] },
    meant: (item) => ITEMS[textAt(item, item["type"] === "message" ? "role" : "type") ?? ""],
  },
};

/** One schema file: its definitions, compiled when first asked for. */
class Judge {
  readonly #ajv: Ajv2020;
  readonly #id: string;
  /** Event type to the names of the definitions that have it, for one entry point. */
  readonly #byType = new Map<string, string[]>();

  readonly #defs: ReadonlySet<string>;

  constructor(schema: JsonObject, id: string, entry: string) {
    this.#id = id;
    this.#defs = new Set(Object.keys(objectAt(schema, "$defs")));
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(this.#ajv);
    for (const name of ["unixtime", "double"]) this.#ajv.addFormat(name, true);
    this.#ajv.addSchema({ ...schema, $id: id });
    const defs = objectAt(schema, "$defs");
    const root = objectAt(defs, entry);
    for (const choice of [...listAt(root, "anyOf"), ...listAt(root, "oneOf")]) {
      const name = (textAt(choice, "$ref") ?? "").replace("#/$defs/", "");
      const type = objectAt(defs, name, "properties", "type");
      for (const value of [type["const"] ?? null, ...listAt(type, "enum")]) {
        if (typeof value !== "string") continue;
        this.#byType.set(value, [...(this.#byType.get(value) ?? []), name]);
      }
    }
  }

  get types(): string[] {
    return [...this.#byType.keys()];
  }

  /** The errors of a value against a definition; none when it fits. */
  against(name: string, value: JsonValue): ErrorObject[] {
    const validate = this.#ajv.getSchema(`${this.#id}#/$defs/${name}`);
    if (validate === undefined) throw new Error(`schema ${this.#id} has no ${name}`);
    const fits = validate(value);
    return fits === true ? [] : (validate.errors ?? []);
  }

  #has(name: string): boolean {
    return this.#defs.has(name);
  }

  /** The errors of an event against the definitions of its type; null when the type is unknown. */
  event(event: JsonObject): ErrorObject[] | null {
    const names = this.#byType.get(textAt(event, "type") ?? "");
    if (names === undefined) return null;
    const narrow = NARROW[textAt(event, "type") ?? ""];
    const inner = narrow === undefined ? undefined : event[narrow.key];
    const meant = isObject(inner) ? narrow?.meant(inner) : undefined;
    if (narrow !== undefined && isObject(inner) && meant !== undefined && this.#has(meant)) {
      const envelope = names.flatMap((name) =>
        this.against(name, { ...event, [narrow.key]: narrow.stand }),
      );
      const inside = this.against(meant, inner);
      const at = (path: string): string => `/${narrow.key}${path}`;
      return [
        ...envelope,
        ...inside.map((error) => ({ ...error, instancePath: at(error.instancePath) })),
      ];
    }
    const all = names.map((name) => this.against(name, event));
    return all.find((errors) => errors.length === 0) ?? all[0] ?? [];
  }
}

const judges = new Map<string, Judge>();

function judge(dialect: Dialect, side: "client" | "server"): Judge {
  const key = `${dialect}-${side}`;
  const known = judges.get(key);
  if (known !== undefined) return known;
  const file = key === "ga-client" ? "realtime-ga-client-strict" : `realtime-${dialect}`;
  const url = new URL(`../schemas/${file}.schema.json`, import.meta.url);
  const parsed = parseJson(readFileSync(url, "utf8"));
  if (!isObject(parsed)) throw new Error(`${file} is not a schema`);
  const schema = key === "beta-client" ? objectAt({ s: closed(parsed) }, "s") : parsed;
  const made = new Judge(schema, key, side === "client" ? "ClientEvent" : "ServerEvent");
  judges.set(key, made);
  return made;
}

/** The beta schema has no closed variant of its own: closes every object that lists properties. */
function closed(schema: JsonValue): JsonValue {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!isObject(schema)) return schema;
  const inner = Object.entries(schema).map(([key, value]) => [key, closed(value)] as const);
  const copy = Object.fromEntries(inner);
  const open = isObject(copy["properties"]) && copy["additionalProperties"] === undefined;
  return open && copy["type"] === "object" ? { ...copy, additionalProperties: false } : copy;
}

/** Compiles what judges a client, which takes a fraction of a second: before anybody waits for it. */
export function prepareJudge(dialect: Dialect): void {
  const schema = judge(dialect, "client");
  for (const type of schema.types) schema.event({ type });
}

/** What is wrong with an event that a client sent; null when nothing is. */
export function clientProblem(event: JsonObject, dialect: Dialect): ApiError | null {
  const schema = judge(dialect, "client");
  const type = event["type"];
  if (typeof type !== "string") {
    return invalid("missing_required_parameter", "Missing required parameter: 'type'.", "type");
  }
  const errors = schema.event(event);
  if (errors === null) {
    const names = schema.types.map((name) => `'${name}'`).join(", ");
    const message = `Invalid value: '${type}'. Supported values are: ${names}.`;
    return invalid("invalid_value", message, "type");
  }
  return errors.length === 0 ? null : explain(mostSpecific(errors), event);
}

/** What is wrong with an event of the peer's own, as text; null when nothing is. */
export function serverProblem(event: JsonObject, dialect: Dialect): string | null {
  const errors = judge(dialect, "server").event(asPublished(event));
  if (errors === null) return `unknown type ${String(event["type"])}`;
  const worst = errors.length === 0 ? null : mostSpecific(errors);
  return worst === null ? null : `${worst.instancePath} ${worst.message ?? ""}`;
}

/**
 * The wire has `transcript: null` for words of the user that are not written down (yet), and clients
 * count on it; the published schemas have only a text there. Null is held against them as absent.
 */
function asPublished(event: JsonObject): JsonObject {
  const item = objectAt(event, "item");
  if (item["role"] !== "user" || item["content"] === undefined) return event;
  const content = listAt(item, "content").map((part) =>
    isObject(part) && part["transcript"] === null ? without(part, "transcript") : part,
  );
  return { ...event, item: { ...item, content } };
}

/**
 * Of all the errors that a choice between shapes yields, the one that tells: branches whose `type`
 * or `role` is another one are not what was meant; then unknown fields, missing ones, wrong values.
 */
function mostSpecific(errors: readonly ErrorObject[]): ErrorObject {
  const foreign = errors
    .filter(
      (error) =>
        (error.keyword === "const" || error.keyword === "enum") &&
        /\/(type|role)$/.test(error.instancePath),
    )
    .map((error) => error.schemaPath.replace(/\/properties\/(type|role)\/(const|enum)$/, "/"));
  const meant = errors.filter(
    (error) => !foreign.some((branch) => error.schemaPath.startsWith(branch)),
  );
  const ranked = [...(meant.length > 0 ? meant : errors)].sort((a, b) => rank(a) - rank(b));
  const first = ranked[0];
  if (first === undefined) throw new Error("no error to tell");
  return first;
}

function rank(error: ErrorObject): number {
  const kinds = ["additionalProperties", "required", "enum", "const", "type"];
  const kind = kinds.indexOf(error.keyword);
  const orNull = error.keyword === "type" && error.params["type"] === "null";
  const general = orNull || ["anyOf", "oneOf", "not"].includes(error.keyword);
  const depth = error.instancePath.split("/").length;
  return (general ? 1000 : 0) + (kind < 0 ? kinds.length : kind) * 50 - depth;
}

function explain(error: ErrorObject, event: JsonObject): ApiError {
  const at = dotted(error.instancePath);
  if (error.keyword === "additionalProperties") {
    const param = joined(at, String(error.params["additionalProperty"]));
    return invalid("unknown_parameter", `Unknown parameter: '${param}'.`, param);
  }
  if (error.keyword === "required") {
    const param = joined(at, String(error.params["missingProperty"]));
    return invalid("missing_required_parameter", `Missing required parameter: '${param}'.`, param);
  }
  const value = JSON.stringify(pointed(event, error.instancePath)).slice(0, 60);
  if (error.keyword === "type") {
    const message = `Invalid type for '${at}': expected ${String(error.params["type"])}, but got ${value}.`;
    return invalid("invalid_type", message, at);
  }
  const message = `Invalid value: ${value} for '${at}': ${error.message ?? "not allowed"}.`;
  return invalid("invalid_value", message, at);
}

function joined(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** `/session/tools/0/name` as `session.tools[0].name`. */
function dotted(pointer: string): string {
  return pointer
    .split("/")
    .slice(1)
    .map((key) => (/^\d+$/.test(key) ? `[${key}]` : `.${key}`))
    .join("")
    .replace(/^\./, "");
}

function pointed(value: JsonValue, pointer: string): JsonValue {
  let here: JsonValue | undefined = value;
  for (const key of pointer.split("/").slice(1)) {
    if (isObject(here)) here = here[key];
    else if (Array.isArray(here)) here = here[Number(key)];
  }
  return here ?? null;
}
