/**
 * The owner's own functions, as `tools.custom` describes them: read once, every problem with its
 * place. A command is a list of words, never a line for a shell; what the model says can only be a
 * whole word of it, a value in the address, or the body.
 */

import {
  type BlockProblem,
  isTexts,
  numberOf,
  type Report,
  readBlocks,
  unknownKeys,
} from "../blocks.ts";
import { type Fields, record } from "../json.ts";
import { type AddressRule, addressTrouble, headersOf } from "../web-address.ts";
import { BUILT_IN_NAMES } from "./built-in.ts";
import { type FunctionRow, type Parameters, USUAL } from "./registry.ts";

export interface CommandRun {
  readonly kind: "command";
  /** A word that is `{name}` as a whole stands for that argument. */
  readonly argv: readonly string[];
  /** The arguments are written to its standard input, as JSON. */
  readonly stdin: boolean;
  readonly cwd: string;
}

export interface HttpRun {
  readonly kind: "http";
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `{name}` stands for an argument, encoded; never in the host. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The arguments are the body, as JSON. */
  readonly body: boolean;
}

export interface CustomFunction {
  readonly row: FunctionRow;
  readonly run: CommandRun | HttpRun;
}

export interface Custom {
  readonly functions: readonly CustomFunction[];
  readonly problems: readonly BlockProblem[];
}

/** The most functions of an owner's own. */
export const CUSTOM_MAX = 32;
const WORDS_MAX = 64;
const TEXT_MAX_CHARS = 1_024;
const TIMEOUT_S = { default: 8, min: 1, max: 600 } as const;
const KEYS = [
  "description",
  "parameters",
  "required",
  "command",
  "stdin",
  "cwd",
  "http",
  "timeout_s",
  "confirm",
  "long",
  "after",
] as const;
const HTTP_KEYS = ["url", "method", "headers", "body"] as const;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const PLACE = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
/** Up to the end of the host: no argument may decide whom we talk to. */
const ORIGIN = /^https?:\/\/[^/?#{}\s]+(?=[/?#]|$)/;

const ADDRESS: AddressRule = {
  schemes: ["https", "http"],
  example: "https://example.com/weather",
  secretsIn: "headers",
};

/** Any tree is answered. `{}` is none. */
export function customFunctions(tree: unknown): Custom {
  const { made, problems } = readBlocks(tree, CUSTOM_MAX, "functions", oneFunction);
  return { functions: made, problems };
}

function oneFunction(name: string, value: unknown, say: Report): CustomFunction | null {
  if (!NAME.test(name)) say([], "must be a name of letters, digits, - and _, at most 64");
  if (BUILT_IN_NAMES.includes(name)) say([], "is the name of a function that Pipit has by itself");
  const of = record(value);
  if (of === null) {
    say([], "must have keys indented below it: description, and command or http");
    return null;
  }
  unknownKeys(of, KEYS, say);
  const parameters = parametersOf(of, say);
  const names = Object.keys(record(parameters["properties"]) ?? {});
  const run = runOf(of, names, say);
  const description = textOf(of, "description", say) ?? "";
  if (description === "")
    say(["description"], "must say in a sentence what it does, for the model");
  if (run === null) return null;
  const row: FunctionRow = {
    ...USUAL,
    name,
    description,
    parameters,
    where: run.kind,
    timeLimitMs: numberOf(of, "timeout_s", TIMEOUT_S, say) * 1000,
    confirm: flagOf(of, "confirm", say),
    long: flagOf(of, "long", say),
    after: flagOf(of, "after", say),
  };
  return { row, run };
}

function runOf(of: Fields, names: readonly string[], say: Report): CommandRun | HttpRun | null {
  const [hasCommand, hasHttp] = [of["command"] !== undefined, of["http"] !== undefined];
  if (hasCommand === hasHttp) {
    say([], "must have either command or http");
    return null;
  }
  if (hasCommand) return commandOf(of, names, say);
  if (of["stdin"] !== undefined || of["cwd"] !== undefined)
    say([], "stdin and cwd go with command");
  return httpOf(of["http"], names, say);
}

function commandOf(of: Fields, names: readonly string[], say: Report): CommandRun | null {
  const { command } = of;
  if (!isTexts(command) || command.length === 0 || command.length > WORDS_MAX) {
    say(["command"], 'must be a list of words such as ["/usr/local/bin/light", "{state}"]');
    return null;
  }
  const [program = ""] = command;
  if (!program.startsWith("/")) say(["command", 0], "must be an absolute path");
  for (const [index, word] of command.entries()) {
    for (const [whole, name = ""] of word.matchAll(PLACE)) {
      if (word !== whole) say(["command", index], `${whole} must be a word by itself`);
      if (index === 0) say(["command", 0], "the program cannot come from an argument");
      else if (!names.includes(name)) say(["command", index], unknownPlace(name, names));
    }
  }
  const cwd = textOf(of, "cwd", say) ?? "/";
  if (!cwd.startsWith("/")) say(["cwd"], "must be an absolute path");
  return { kind: "command", argv: command, stdin: flagOf(of, "stdin", say), cwd };
}

function httpOf(value: unknown, names: readonly string[], say: Report): HttpRun | null {
  const of = record(value);
  const url = of === null ? null : of["url"];
  if (of === null || typeof url !== "string") {
    say(["http"], "must have a url");
    return null;
  }
  unknownKeys(of, HTTP_KEYS, (path, message) => say(["http", ...path], message));
  const origin = ORIGIN.exec(url)?.[0] ?? "";
  if (origin === "" || !URL.canParse(origin)) {
    say(["http", "url"], "must begin with https:// or http:// and a host without {arguments}");
  } else {
    const why = addressTrouble(url, ADDRESS);
    if (why !== null) say(["http", "url"], why);
  }
  for (const [, name = ""] of url.matchAll(PLACE)) {
    if (!names.includes(name)) say(["http", "url"], unknownPlace(name, names));
  }
  const method = METHODS.find((known) => known === (of["method"] ?? "GET"));
  if (method === undefined) say(["http", "method"], `must be one of ${METHODS.join(", ")}`);
  const body = of["body"] === undefined ? !["GET", "DELETE"].includes(method ?? "GET") : of["body"];
  if (typeof body !== "boolean") say(["http", "body"], "must be true or false");
  const headers = headersOf(of["headers"], ["http", "headers"], say);
  return { kind: "http", url, method: method ?? "GET", headers, body: body === true };
}

/** `parameters` holds the properties; all are required unless `required` says which. */
function parametersOf(of: Fields, say: Report): Parameters {
  const properties = of["parameters"] === undefined ? {} : record(of["parameters"]);
  if (properties === null) {
    say(["parameters"], "must be names with JSON Schemas, such as place: {type: string}");
    return { type: "object", properties: {}, required: [], additionalProperties: false };
  }
  for (const [name, schema] of Object.entries(properties)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      say(["parameters", name], "must be a name of letters, digits and _");
    } else if (record(schema) === null) {
      say(["parameters", name], "must be a JSON Schema such as {type: string}");
    }
  }
  const names = Object.keys(properties);
  const required = of["required"] ?? names;
  if (!isTexts(required) || required.some((name) => !names.includes(name))) {
    say(["required"], "must be a list of parameters");
  }
  const known = isTexts(required) ? required.filter((name) => names.includes(name)) : names;
  return { type: "object", properties, required: known, additionalProperties: false };
}

function unknownPlace(name: string, names: readonly string[]): string {
  const there = names.length === 0 ? "there are none" : `there are ${names.join(", ")}`;
  return `{${name}} is none of the parameters; ${there}`;
}

function textOf(of: Fields, key: string, say: Report): string | null {
  const value = of[key];
  if (value === undefined) return null;
  const isFine = typeof value === "string" && value.length <= TEXT_MAX_CHARS;
  if (!isFine) say([key], `must be text of at most ${TEXT_MAX_CHARS} characters`);
  return isFine ? value.trim() : null;
}

function flagOf(of: Fields, key: string, say: Report): boolean {
  const value = of[key] ?? false;
  if (typeof value !== "boolean") say([key], "must be true or false");
  return value === true;
}

/** The words of a command with the arguments in their places; a string says what cannot be. */
export function argvOf({ argv }: CommandRun, args: Fields): readonly string[] | { error: string } {
  const words: string[] = [];
  for (const word of argv) {
    const name = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(word)?.[1];
    if (name === undefined) {
      words.push(word);
      continue;
    }
    const value = argumentText(args[name]);
    // An argument must not become an option of the program.
    if (value.startsWith("-") && !words.includes("--")) {
      return { error: `${name} must not begin with -` };
    }
    if (value.includes("\0")) return { error: `${name} must not have a zero character` };
    words.push(value);
  }
  return words;
}

/** The address with the arguments in their places. */
export function urlOf({ url }: HttpRun, args: Fields): string | { error: string } {
  let wrong: string | null = null;
  const filled = url.replaceAll(PLACE, (_whole, name: string) => {
    const value = argumentText(args[name]);
    // Encoded or not, these walk up the path.
    if (/^\.{1,2}$/.test(value)) wrong = name;
    return encodeURIComponent(value);
  });
  return wrong === null ? filled : { error: `${wrong} cannot be "." or ".."` };
}

function argumentText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
