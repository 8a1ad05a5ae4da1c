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

/** What the owner can change, by the path of what is sent. */
const SETTINGS: readonly (readonly [string, string])[] = [
  [
    "instructions",
    "openai.instructions, which is the longest part of it, and what pipit memory lists",
  ],
  ["model", "openai.model"],
  ["max_output_tokens", "openai.max_output_tokens"],
  ["max_response_output_tokens", "openai.max_output_tokens"],
  ["temperature", "openai.temperature"],
  ["truncation", "openai.truncation"],
  ["reasoning", "openai.reasoning_effort"],
  ["audio.input.turn_detection", "openai.turn_detection"],
  ["turn_detection", "openai.turn_detection"],
  ["audio.input.noise_reduction", "openai.noise_reduction"],
  ["tools", "tools.custom and openai.mcp_servers"],
];

/** Codes of a server that knows the field, and does not take what it is set to. */
const OF_A_VALUE = /invalid_value|above_max|below_min/;

/** Is an error to the set-up about what stands in it? `why`: its fault. */
export function isOfSetUp(error: ServerError, why: Fault): boolean {
  return why.code === "server" && error.type !== "server_error";
}

export function setUpFault(error: ServerError, model: string): Fault {
  const field = /session\.([a-z_.]+)/.exec(error.param ?? "")?.[1] ?? null;
  const key = SETTINGS.find(([path]) => field === path || field?.startsWith(`${path}.`))?.[1];
  const setting = key === undefined ? `Check the setting behind session.${field}` : `Check ${key}`;
  const remedy = field === null ? ofNoField(error, model) : setting;
  const message = `The server refused the set-up: ${error.message} (${error.code ?? error.type ?? "no code"})`;
  const isDialect = DIALECT.test(pathOf(error)) && !OF_A_VALUE.test(error.code ?? "");
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
