/**
 * What a server offers, made into functions of ours. Names: the API takes letters, digits, - and _,
 * at most 64; a server may use more, so each row knows its tool. The same tool has the same name
 * always: what had to be changed carries a mark made of the whole name.
 */

import { oneLine } from "../fault.ts";
import { unmarked } from "../functions/fence.ts";
import { type FunctionRow, type Parameters, USUAL } from "../functions/registry.ts";
import { type Fields, fields, record, text } from "../json.ts";
import { matches, type ServerSpec } from "./servers.ts";

export interface ServedTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: Parameters;
  /** The server itself says so; where it says nothing, it is not. */
  readonly isDestructive: boolean;
}

/** What a server said when it was asked last. */
export interface Offer {
  readonly tools: readonly ServedTool[];
  /** Tools beyond TOOLS_MAX, or without a usable name. */
  readonly dropped: number;
  /** Text for the instructions; empty: none. */
  readonly prompt: string;
  /** What there is and how it is, as text; empty: not known. */
  readonly live: string;
}

/** A row and the tool that it stands for. */
export interface Served {
  readonly row: FunctionRow;
  readonly server: ServerSpec;
  readonly tool: ServedTool;
}

/** Taken of one server. More make each turn dear, and the model's choice bad. */
export const TOOLS_MAX = 128;
/** Longer descriptions are cut: they are paid for in each conversation. */
export const DESCRIPTION_MAX_CHARS = 1_024;
const NAME_MAX_CHARS = 64;
const FOREIGN_NAME = /^[\x21-\x7e]{1,256}$/;

/** The tools of a `tools/list`, all its pages together; whatever is no tool is counted and dropped. */
export function readTools(list: readonly unknown[]): Pick<Offer, "tools" | "dropped"> {
  const tools = list.flatMap((item) => {
    const tool = readTool(record(item) ?? {});
    return tool === null ? [] : [tool];
  });
  const kept = tools.slice(0, TOOLS_MAX);
  return { tools: kept, dropped: list.length - kept.length };
}

function readTool(of: Fields): ServedTool | null {
  const name = text(of, "name") ?? "";
  if (!FOREIGN_NAME.test(name)) return null;
  const annotations = fields(of, "annotations");
  return {
    name,
    // It stands outside of any fence: it must not look like the end of one.
    // One line of whole characters, nothing unseen in it: it goes to screens, and as JSON to the API.
    description: oneLine(
      unmarked(text(of, "description") ?? text(of, "title") ?? name),
      DESCRIPTION_MAX_CHARS,
    ),
    parameters: parametersOf(fields(of, "inputSchema")),
    isDestructive: annotations["destructiveHint"] === true && annotations["readOnlyHint"] !== true,
  };
}

/** The API wants an object with properties, and knows no dialects. */
function parametersOf(schema: Fields): Parameters {
  const { $schema: _, ...rest } = schema;
  return { ...rest, type: "object", properties: fields(schema, "properties") };
}

/** The rows of a server, in its order. */
export function servedRows(server: ServerSpec, { tools }: Pick<Offer, "tools">): readonly Served[] {
  return tools
    .filter(({ name }) => server.allow.length === 0 || matches(server.allow, name))
    .filter(({ name }) => !matches(server.deny, name))
    .map((tool) => ({ row: rowOf(server, tool), server, tool }));
}

function rowOf(server: ServerSpec, tool: ServedTool): FunctionRow {
  const { timeLimitMs, resultMaxBytes, confirm, trust } = server;
  const { name, description, parameters, isDestructive } = tool;
  return {
    ...USUAL,
    name: ownName(server.prefix === "" ? name : `${server.prefix}_${name}`),
    description,
    parameters,
    where: "mcp",
    timeLimitMs,
    resultMaxBytes,
    confirm: matches(confirm, name) || (isDestructive && !matches(trust, name)),
  };
}

/** A name that the API takes; where it is not the given one, it has a mark of that at its end. */
export function ownName(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_-]/g, "_");
  if (plain === name && name.length <= NAME_MAX_CHARS) return name;
  const mark = `_${hash(name)}`;
  return plain.slice(0, NAME_MAX_CHARS - mark.length) + mark;
}

/** FNV-1a, 32 bits: eight digits. */
function hash(name: string): string {
  let value = 0x811c9dc5;
  for (const character of name) {
    value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return value.toString(16).padStart(8, "0");
}
