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
  const remedy = field === null ? serverFault(error, model).remedy : setting;
  const message = `The server refused the set-up: ${error.message} (${error.code ?? error.type ?? "no code"})`;
  const isDialect = DIALECT.test(pathOf(error));
  return fault("protocol", "report", message, isDialect ? "Set openai.protocol: beta" : remedy);
}

function pathOf({ param, message }: ServerError): string {
  return param ?? message;
}
