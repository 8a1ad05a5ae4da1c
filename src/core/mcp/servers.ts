/**
 * The servers of tools (MCP) as `mcp.servers` describes them: read once, every problem with its
 * place. A map by name, or a list whose items have a name.
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

/** A program that is started and talked to through its pipes. */
export interface ProgramReach {
  readonly kind: "program";
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** A server of its own. `auto`: the newer transport first, the older one where there is no newer. */
export interface UrlReach {
  readonly kind: "url";
  readonly url: string;
  /** Where the older transport (SSE) is, if not at `url`. */
  readonly sseUrl: string;
  readonly transport: "auto" | "http" | "sse";
  readonly headers: Readonly<Record<string, string>>;
}

export interface ServerSpec {
  readonly name: string;
  readonly reach: ProgramReach | UrlReach;
  /** Stands before the names of its tools, with a _; empty: nothing does. */
  readonly prefix: string;
  /** Patterns of names with *; empty: all are offered. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** The user is asked first: these, and what the server itself calls destructive … */
  readonly confirm: readonly string[];
  /** … but for these. */
  readonly trust: readonly string[];
  readonly timeLimitMs: number;
  readonly resultMaxBytes: number;
  /** Its prompt is asked for with the tools. */
  readonly hasPrompt: boolean;
}

export interface Servers {
  readonly servers: readonly ServerSpec[];
  readonly problems: readonly BlockProblem[];
}

/** What Home Assistant is called among them. */
export const HOUSE = "home_assistant";
/** Its address; `home_assistant.url`. */
export const HOUSE_ADDRESS: AddressRule = {
  schemes: ["http", "https"],
  example: "http://192.168.1.20:8123",
  secretsIn: "home_assistant.token",
};
/** Each is a connection, and a program of some 66 MB where it is one. */
export const SERVERS_MAX = 8;
/** Words of a command; patterns of a list. */
const WORDS_MAX = 64;
const TIMEOUT_S = { default: 12, min: 1, max: 600 } as const;
const RESULT_KB = { default: 8, min: 1, max: 64 } as const;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;
const PREFIX = /^[A-Za-z0-9_-]{0,32}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const KEYS = [
  "name",
  "command",
  "env",
  "cwd",
  "url",
  "transport",
  "headers",
  "prefix",
  "allow",
  "deny",
  "confirm",
  "trust",
  "timeout_s",
  "result_max_kb",
] as const;
const TRANSPORTS = ["auto", "http", "sse"] as const;

const ADDRESS: AddressRule = {
  schemes: ["https", "http"],
  example: "https://example.com/mcp",
  secretsIn: "headers",
};

/** Any tree is answered. `{}` is none. */
export function mcpServers(tree: unknown): Servers {
  const { made, problems } = readBlocks(tree, SERVERS_MAX, "servers", oneServer);
  return { servers: made, problems };
}

function oneServer(name: string, value: unknown, say: Report): ServerSpec | null {
  if (!NAME.test(name)) say([], "must be a name of letters, digits, - and _, at most 32");
  if (name === HOUSE) say([], `is the name of the section ${HOUSE}: give it another`);
  const of = record(value);
  if (of === null) {
    say([], "must have keys indented below it: command or url, and what goes with it");
    return null;
  }
  unknownKeys(of, KEYS, say);
  const reach = reachOf(of, say);
  const prefix = of["prefix"] ?? name;
  if (typeof prefix !== "string" || !PREFIX.test(prefix)) {
    say(["prefix"], "must be at most 32 letters, digits, - and _; empty for none");
  }
  const patterns = (key: string): readonly string[] => listOf(of, key, say);
  if (reach === null) return null;
  return {
    name,
    reach,
    prefix: typeof prefix === "string" ? prefix : name,
    allow: patterns("allow"),
    deny: patterns("deny"),
    confirm: patterns("confirm"),
    trust: patterns("trust"),
    timeLimitMs: numberOf(of, "timeout_s", TIMEOUT_S, say) * 1000,
    resultMaxBytes: numberOf(of, "result_max_kb", RESULT_KB, say) * 1024,
    hasPrompt: false,
  };
}

function reachOf(of: Fields, say: Report): ProgramReach | UrlReach | null {
  const [hasCommand, hasUrl] = [of["command"] !== undefined, of["url"] !== undefined];
  if (hasCommand === hasUrl) {
    say([], "must have either command or url");
    return null;
  }
  const [others, kind] = hasCommand
    ? [["transport", "headers"], "url"]
    : [["env", "cwd"], "command"];
  for (const key of others) if (of[key] !== undefined) say([key], `goes with ${kind}`);
  return hasCommand ? programOf(of, say) : urlOf(of, say);
}

function programOf(of: Fields, say: Report): ProgramReach | null {
  const { command, cwd = "/" } = of;
  if (!isTexts(command) || command.length === 0 || command.length > WORDS_MAX) {
    say(["command"], 'must be a list of words such as ["/usr/bin/node", "/opt/server/index.js"]');
    return null;
  }
  if (command[0]?.startsWith("/") !== true) say(["command", 0], "must be an absolute path");
  if (command.some((word) => word.includes("\0"))) say(["command"], "has a zero character");
  if (typeof cwd !== "string" || !cwd.startsWith("/")) say(["cwd"], "must be an absolute path");
  const env: Record<string, string> = {};
  for (const [name, text] of pairsOf(of, "env", say)) {
    if (VARIABLE.test(name) && typeof text === "string" && !text.includes("\0")) env[name] = text;
    else say(["env", name], "must be a variable's name and text");
  }
  return { kind: "program", argv: command, env, cwd: typeof cwd === "string" ? cwd : "/" };
}

function urlOf(of: Fields, say: Report): UrlReach | null {
  const { url, transport: wanted = "auto" } = of;
  const trouble = addressTrouble(url, ADDRESS);
  if (typeof url !== "string" || trouble !== null) {
    say(["url"], trouble ?? "");
    return null;
  }
  const transport = TRANSPORTS.find((known) => known === wanted);
  if (transport === undefined) say(["transport"], `must be one of ${TRANSPORTS.join(", ")}`);
  // One name in capitals and one without are the same header.
  const named = Object.entries(headersOf(of["headers"], ["headers"], say));
  const headers = Object.fromEntries(named.map(([name, text]) => [name.toLowerCase(), text]));
  return { kind: "url", url, sseUrl: url, transport: transport ?? "auto", headers };
}

function pairsOf(of: Fields, key: string, say: Report): readonly (readonly [string, unknown])[] {
  const value = of[key];
  if (value === undefined) return [];
  const pairs = record(value);
  if (pairs === null) say([key], "must be names: text");
  return Object.entries(pairs ?? {});
}

function listOf(of: Fields, key: string, say: Report): readonly string[] {
  const value = of[key] ?? [];
  const isFine = isTexts(value) && value.length <= WORDS_MAX;
  if (!isFine) say([key], "must be a list of tools' names; * stands for anything");
  return isFine ? value : [];
}

/** Does one of the patterns have this name? `*` stands for anything. */
export function matches(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => {
    const [first = "", ...rest] = pattern.split("*");
    if (rest.length === 0) return pattern === name;
    const last = rest.pop() ?? "";
    if (!name.startsWith(first)) return false;
    let at = first.length;
    for (const piece of rest) {
      const found = name.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return name.length - last.length >= at && name.endsWith(last);
  });
}
