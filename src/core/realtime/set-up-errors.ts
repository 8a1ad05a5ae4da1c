/** Which part of a set-up the server refuses with an error, and what to do when none can be left out. */

import { type Fault, fault } from "../fault.ts";
import { serverFault } from "./faults.ts";
import type { ServerError } from "./server-events.ts";
import type { SetUpPart } from "./session.ts";

/** Parts that an error may name, by the path the server uses for them. */
const PARTS: readonly (readonly [string, SetUpPart])[] = [
  ["reasoning", "reasoning"],
  ["parallel_tool_calls", "reasoning"],
  ["truncation", "truncation"],
  ["noise_reduction", "noise-reduction"],
  ["max_output_tokens", "max-output-tokens"],
  ["turn_detection", "turn-detection"],
  ["temperature", "temperature"],
  ["server_url", "remote-tools"],
  ["server_label", "remote-tools"],
  ["authorization", "remote-tools"],
  ["allowed_tools", "remote-tools"],
  ["require_approval", "remote-tools"],
  ["mcp", "remote-tools"],
  ["tools", "tools"],
];

/** Null: none that a session could do without. */
export function refusedPart(error: ServerError): "voice" | SetUpPart | null {
  const path = pathOf(error);
  if (/(^|[.\s'"])voice\b/.test(path)) return "voice";
  return PARTS.find(([name]) => path.includes(name))?.[1] ?? null;
}

/** Parameters that only the other dialect of the protocol has. */
const DIALECT = /session\.(type|audio|output_modalities)\b/;

export function setUpFault(error: ServerError, model: string): Fault {
  const field = /session\.([a-z_.]+)/.exec(error.param ?? "")?.[1] ?? null;
  const setting = `Check the setting behind session.${field}`;
  const remedy = field === null ? ofNoField(error, model) : setting;
  const message = `The server refused the set-up: ${error.message} (${error.code ?? error.type ?? "no code"})`;
  const isDialect = DIALECT.test(pathOf(error));
  return fault("protocol", "report", message, isDialect ? "Set openai.protocol: beta" : remedy);
}

/** A request that is wrong is not mended by asking again in a while. */
function ofNoField(error: ServerError, model: string): string {
  const { code, remedy } = serverFault(error, model);
  const isOurs = code === "server" && error.type === "invalid_request_error";
  return isOurs ? "Take what it names out of the section openai of the configuration" : remedy;
}

/** Where the server names no path, its words are read as one: "Noise reduction is not supported". */
function pathOf({ param, message }: ServerError): string {
  return param ?? `${message} ${message.toLowerCase().replace(/[\s-]+/g, "_")}`;
}
