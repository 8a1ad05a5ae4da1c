/**
 * The owner's functions that are HTTP requests.
 *
 * Invariants: the host is the configured one, whatever the model says; no redirect is followed; the
 * certificate is checked; of the answer at most RESPONSE_MAX_BYTES are read; it ends when it is told
 * to. node:https rather than fetch: that alone would cost some 12 MB for good.
 */

import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { type HttpRun, urlOf } from "../../core/functions/custom.ts";
import { foreignText, foreignWords, type ToolResult } from "../../core/functions/result.ts";
import type { Fields } from "../../core/json.ts";
import { errorCode } from "../os/files.ts";
import { NameLookup } from "../os/name-lookup.ts";

/** A result is cut at 8 KB; more is read so that its end can be told from its middle. */
const RESPONSE_MAX_BYTES = 1_048_576;

/** Never rejects. `secrets` of the headers do not appear in the result. */
export function runHttp(
  run: HttpRun,
  args: Fields,
  signal: AbortSignal,
  maxBytes: number,
): Promise<ToolResult> {
  const address = urlOf(run, args);
  if (typeof address !== "string") return Promise.resolve({ ok: false, error: address.error });
  if (!URL.canParse(address))
    return Promise.resolve({ ok: false, error: "These arguments give no valid address" });
  return new Promise((resolve) => {
    const body = run.body ? JSON.stringify(args) : null;
    const names = new NameLookup();
    const { lookup } = names;
    const headers = headersOf(run, body);
    const options: RequestOptions = { method: run.method, headers, signal, lookup };
    const url = new URL(address);
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const asked = send(url, options, (answer) => {
      void read(answer).then(
        (text) => resolve(judge(answer.statusCode ?? 0, text, maxBytes)),
        (error: unknown) => resolve(failure(error)),
      );
    });
    asked.on("error", (error) => resolve(failure(error)));
    asked.on("close", () => names.close());
    asked.end(body ?? undefined);
  });
}

function headersOf({ headers }: HttpRun, body: string | null): Record<string, string> {
  const own = body === null ? {} : { "content-type": "application/json" };
  return { accept: "application/json, text/plain, */*", "user-agent": "pipit", ...own, ...headers };
}

async function read(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    const piece = Buffer.from(chunk);
    chunks.push(piece);
    bytes += piece.length;
    if (bytes <= RESPONSE_MAX_BYTES) continue;
    answer.destroy();
    break;
  }
  return Buffer.concat(chunks).subarray(0, RESPONSE_MAX_BYTES).toString("utf8");
}

function judge(status: number, text: string, maxBytes: number): ToolResult {
  if (status >= 200 && status < 300) return foreignText(text, maxBytes);
  const detail = foreignWords(text, 512);
  const kind = status >= 300 && status < 400 ? " (a redirect; put its target into url)" : "";
  return { ok: false, error: `The server answered ${status}${kind}: ${detail}` };
}

function failure(error: unknown): ToolResult {
  const code = errorCode(error);
  return { ok: false, error: `The server could not be asked (${code || "no answer"})` };
}
