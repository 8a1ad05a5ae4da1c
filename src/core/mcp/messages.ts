/**
 * The part of MCP that Pipit speaks, as values: requests, answers, and what a call's result says.
 *
 * Two ages of the protocol: the older begins with `initialize`; the newer (2026-07-28) has no
 * beginning, and carries what was said there with each request.
 */

import { oneLine } from "../fault.ts";
import { foreignText, foreignWords, type ToolResult } from "../functions/result.ts";
import { type Fields, fields, number, record, text } from "../json.ts";

/** The newest version of the older age; a server answers with the one it takes. */
export const OLDER_VERSION = "2025-06-18";
export const NEWER_VERSION = "2026-07-28";
export const METHOD_UNKNOWN = -32601;
const VERSION_UNSUPPORTED = -32022;

export type Message = Fields;

export function request(id: number, method: string, params: Fields): Message {
  return { jsonrpc: "2.0", id, method, params };
}

export function notification(method: string, params: Fields = {}): Message {
  return { jsonrpc: "2.0", method, params };
}

export function initializeParams(version: string): Fields {
  return { protocolVersion: OLDER_VERSION, capabilities: {}, clientInfo: clientInfo(version) };
}

/** Parameters as the newer age wants them. */
export function statelessParams(params: Fields, version: string): Fields {
  const prefix = "io.modelcontextprotocol/";
  return {
    ...params,
    _meta: {
      [`${prefix}protocolVersion`]: NEWER_VERSION,
      [`${prefix}clientInfo`]: clientInfo(version),
      [`${prefix}clientCapabilities`]: {},
    },
  };
}

function clientInfo(version: string): Fields {
  return { name: "pipit", version };
}

/** What came in. */
export type Incoming =
  | { readonly tag: "answer"; readonly id: number; readonly result: Fields }
  | { readonly tag: "error"; readonly id: number; readonly error: RpcError }
  /** The server wants something of us. */
  | { readonly tag: "request"; readonly id: string | number; readonly method: string }
  | { readonly tag: "other" };

export interface RpcError {
  readonly code: number;
  /** One line. */
  readonly message: string;
  /** Versions that the server speaks, where it has named them. */
  readonly supported: readonly string[];
}

const MESSAGE_MAX_CHARS = 300;

/** Any value is answered. */
export function readMessage(value: unknown): Incoming {
  const of = record(value) ?? {};
  const { id } = of;
  const method = text(of, "method");
  if (method !== null) {
    const isAsked = typeof id === "string" || typeof id === "number";
    return isAsked ? { tag: "request", id, method } : { tag: "other" };
  }
  if (typeof id !== "number") return { tag: "other" };
  const result = record(of["result"]);
  if (result !== null) return { tag: "answer", id, result };
  const error = record(of["error"]);
  return error === null ? { tag: "other" } : { tag: "error", id, error: readError(error) };
}

export function readError(error: Fields): RpcError {
  const { supported } = fields(error, "data");
  return {
    code: number(error, "code") ?? 0,
    message: oneLine(text(error, "message") ?? "no reason given", MESSAGE_MAX_CHARS),
    supported: Array.isArray(supported)
      ? supported.filter((one): one is string => typeof one === "string")
      : [],
  };
}

/** `initialize` was refused because the server is of the newer age. */
export function isNewerAge({ code, supported }: RpcError): boolean {
  return code === VERSION_UNSUPPORTED && supported.includes(NEWER_VERSION);
}

/** Requests of the server's: alive we are, and nothing else is offered. */
export function answerTo(id: string | number, method: string): Message {
  if (method === "ping") return { jsonrpc: "2.0", id, result: {} };
  return { jsonrpc: "2.0", id, error: { code: METHOD_UNKNOWN, message: "not offered" } };
}

/** The texts of a result; what is no text is named. Null: there is nothing in it. */
export function contentText(result: Fields): string {
  const content = Array.isArray(result["content"]) ? result["content"] : [];
  const texts = content.map((item) => itemText(record(item) ?? {})).filter((one) => one !== "");
  if (texts.length > 0) return texts.join("\n");
  const structured = record(result["structuredContent"]);
  return structured === null ? "" : JSON.stringify(structured);
}

function itemText(item: Fields): string {
  const type = text(item, "type") ?? "";
  if (type === "text") return text(item, "text") ?? "";
  if (type === "resource") {
    const resource = fields(item, "resource");
    return text(resource, "text") ?? `(a file: ${text(resource, "uri") ?? "without a name"})`;
  }
  if (type === "resource_link") return `(a link: ${text(item, "uri") ?? ""})`;
  return type === "" ? "" : `(${type}: it cannot be told in words)`;
}

/** What goes to the model of a finished call. */
export function toolResult(result: Fields, maxBytes: number): ToolResult {
  const words = contentText(result);
  if (result["isError"] === true) {
    const detail = foreignWords(words, ERROR_MAX_BYTES);
    return { ok: false, error: `The tool reports a failure: ${detail}` };
  }
  return words === "" ? { ok: true, data: { done: true } } : foreignText(words, maxBytes);
}

const ERROR_MAX_BYTES = 512;
