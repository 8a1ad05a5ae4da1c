/**
 * One cheap request to the API, to see whether it can be reached, takes the key, and has the models.
 *
 * Invariant: it resolves within the time given, with facts; nothing throws, and the key goes nowhere
 * but into the request.
 */

import { type ClientRequest, get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps } from "node:https";
import { connectFailure, readHandshakeError } from "../../adapters/realtime/handshake-error.ts";
import { parseJson, record, text } from "../../core/json.ts";
import { shutdownDates } from "../../core/models/dates.ts";
import { modelsUrl } from "../../core/realtime/endpoint.ts";
import type { Clock } from "../../ports.ts";
import type { ApiFacts } from "./api.ts";

/** The real list has about 20 KB. */
const ANSWER_MAX_BYTES = 1_048_576;
const MODELS_MAX = 2_000;

export interface AskOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly clock: Clock;
  readonly maxMs: number;
}

export function askApi({ baseUrl, apiKey, clock, maxMs }: AskOptions): Promise<ApiFacts> {
  const url = modelsUrl(baseUrl);
  const startedMs = clock.nowMs();
  return new Promise((resolve) => {
    const get = url.startsWith("https:") ? getHttps : getHttp;
    const headers = { Authorization: `Bearer ${apiKey}` };
    let request: ClientRequest;
    const end = (facts: ApiFacts): void => {
      cancel();
      request?.destroy();
      resolve(facts);
    };
    const cancel = clock.after(maxMs, () => {
      end({ tag: "failed", failure: { tag: "timeout", what: "handshake" } });
    });
    request = get(url, { headers, agent: false }, (response) => {
      if (response.statusCode !== 200) {
        readHandshakeError(response, clock, (failure) => end({ tag: "failed", failure }));
        return;
      }
      readList(response, (body) => {
        const serverMs = Date.parse(response.headers.date ?? "");
        const ms = clock.nowMs() - startedMs;
        end({ tag: "answered", ms, ...listOf(body), serverMs: finite(serverMs) });
      });
    });
    request.on("error", (error) => end({ tag: "failed", failure: connectFailure(error) }));
  });
}

/** The body, or what came of it; empty when it is too long. */
function readList(response: IncomingMessage, done: (body: string) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= ANSWER_MAX_BYTES) chunks.push(chunk);
    else response.destroy();
  });
  response.on("close", () => {
    done(bytes > ANSWER_MAX_BYTES ? "" : Buffer.concat(chunks).toString("utf8"));
  });
}

function listOf(body: string): Pick<Extract<ApiFacts, { tag: "answered" }>, "models" | "dates"> {
  const answer = parseJson(body); // Not JSON: a captive portal's page, most likely.
  const list = record(answer)?.["data"];
  if (!Array.isArray(list)) return { models: null, dates: {} };
  const models = list.slice(0, MODELS_MAX).flatMap((entry: unknown) => {
    const id = text(record(entry) ?? {}, "id");
    return id === null ? [] : [id];
  });
  return { models, dates: shutdownDates(answer) };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
