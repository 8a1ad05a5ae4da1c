/**
 * Reads what a server says when it does not open a WebSocket: an HTTP answer, or an error of the
 * network. Facts only; what they mean is decided in core/realtime.
 *
 * Invariant: any body, header or error gives a LinkFailure; nothing throws.
 */

import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { oneLine } from "../../core/fault.ts";
import { parseJson, record } from "../../core/json.ts";
import type { LinkFailure } from "../../core/realtime/failure.ts";
import { retryHintMs } from "../../core/realtime/faults.ts";
import type { Clock } from "../../ports.ts";
import { errorCode } from "../os/files.ts";
import { TLS_CODE } from "../os/socket-codes.ts";

/** Error bodies of the API are a few hundred bytes; a proxy's page may be larger. */
export const BODY_MAX_BYTES = 65_536;
/** The status alone decides most things: the body is worth this wait and no more. */
export const BODY_MAX_MS = 2_000;
/** Longest time a server may send us away, milliseconds: a day. */
export const RETRY_AFTER_MAX_MS = 86_400_000;

const TEXT_MAX_CHARS = 300;

/** Reads the answer, as much of it as comes within the limits; `done` is called once. */
export function readHandshakeError(
  response: IncomingMessage,
  clock: Clock,
  done: (failure: LinkFailure) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let finished = false;
  const finish = (): void => {
    if (finished) return;
    finished = true;
    takeBack();
    done(httpFailure(response, Buffer.concat(chunks).toString("utf8"), clock.wallMs()));
  };
  const takeBack = clock.after(BODY_MAX_MS, finish);
  response.on("data", (chunk: Buffer) => {
    if (finished) return;
    chunks.push(chunk.subarray(0, BODY_MAX_BYTES - bytes));
    bytes += chunk.length;
    if (bytes >= BODY_MAX_BYTES) finish();
  });
  response.on("end", finish);
  response.on("error", finish); // aborted half-way: what came is what there is
  response.on("close", finish);
}

function httpFailure(response: IncomingMessage, body: string, wallMs: number): LinkFailure {
  const error = errorOf(body);
  const phrase = response.statusMessage ?? "";
  const message = textOf(error?.["message"]);
  return {
    tag: "http",
    status: response.statusCode ?? 0,
    code: textOf(error?.["code"]),
    type: textOf(error?.["type"]),
    message: message ?? oneLine(phrase, TEXT_MAX_CHARS),
    retryAfterMs: hintMs(response.headers, message ?? "", wallMs),
  };
}

/** The `error` object of the API's JSON body; null for any other body. */
function errorOf(body: string): Readonly<Record<string, unknown>> | null {
  return record(record(parseJson(body))?.["error"]); // Of a proxy's page, the status has to do.
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? oneLine(value, TEXT_MAX_CHARS) : null;
}

/** When to come again: by the exact header (the API's clients heed it first), the usual one, or in words. */
function hintMs(headers: IncomingHttpHeaders, message: string, wallMs: number): number | null {
  const exact = headers["retry-after-ms"];
  const ms = typeof exact === "string" && /^\d+(\.\d+)?$/.test(exact) ? Number(exact) : null;
  const usual = ms ?? retryAfterMs(headers["retry-after"], wallMs) ?? retryHintMs(message);
  return usual === null ? null : Math.min(Math.round(usual), RETRY_AFTER_MAX_MS);
}

/** Retry-After (RFC 9110 §10.2.3), seconds or a date, as milliseconds from `wallMs` on. */
export function retryAfterMs(header: string | undefined, wallMs: number): number | null {
  const text = header?.trim() ?? "";
  if (text === "") return null;
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - wallMs;
  return Number.isNaN(waitMs)
    ? null
    : Math.min(Math.max(0, Math.round(waitMs)), RETRY_AFTER_MAX_MS);
}

const DNS_CODES = new Set(["ENOTFOUND", "ENODATA", "ESERVFAIL", "EDNS"]);

/** An error before the WebSocket was open. */
export function connectFailure(error: unknown): LinkFailure {
  const code = errorCode(error);
  if (code === "") return { tag: "bad-frame", code: "HANDSHAKE" }; // the upgrade itself was wrong
  // HPE_: not HTTP at all. WS_ERR_: a broken frame right behind the upgrade.
  if (code.startsWith("HPE_") || code.startsWith("WS_ERR_")) return { tag: "bad-frame", code };
  if (DNS_CODES.has(code) || code.startsWith("EAI_")) return { tag: "network", stage: "dns", code };
  return { tag: "network", stage: TLS_CODE.test(code) ? "tls" : "tcp", code };
}
