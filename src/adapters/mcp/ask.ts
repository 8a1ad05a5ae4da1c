/**
 * One HTTP request of the bridge. node:http rather than fetch, which alone would cost some 12 MB for
 * good; a connection each, so that none has gone stale when it is needed.
 *
 * Invariants: no redirect is followed; the certificate is checked; it ends with its signal.
 */

import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { type Trouble, trouble } from "../../core/mcp/trouble.ts";
import { errorCode } from "../os/files.ts";
import { NameLookup } from "../os/name-lookup.ts";

export interface Ask {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly signal: AbortSignal;
}

export type Answer =
  | { readonly ok: true; readonly answer: IncomingMessage }
  | { readonly ok: false; readonly why: Trouble };

/** Resolves with the beginning of the answer; what follows is the caller's to read. */
export function ask({ method, url, headers, body, signal }: Ask): Promise<Answer> {
  return new Promise((resolve) => {
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    let wasSent = false;
    const fail = (error: unknown): void => {
      resolve({ ok: false, why: sendTrouble(error, wasSent, signal) });
    };
    try {
      const length = body === null ? {} : { "content-length": String(Buffer.byteLength(body)) };
      const names = new NameLookup();
      const { lookup } = names;
      const options = { method, headers: { ...headers, ...length }, signal, agent: false, lookup };
      const asked = send(url, options, (answer) => resolve({ ok: true, answer }));
      asked.on("socket", (socket) => {
        socket.once(url.startsWith("https:") ? "secureConnect" : "connect", () => {
          wasSent = true;
        });
      });
      asked.on("error", fail);
      asked.on("close", () => names.close());
      asked.end(body ?? undefined);
    } catch (error) {
      fail(error); // A header that cannot be one.
    }
  });
}

const CERTIFICATE = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/;

function sendTrouble(error: unknown, wasSent: boolean, signal: AbortSignal): Trouble {
  if (signal.aborted) return trouble("aborted", "given up");
  const code = errorCode(error) || "no answer";
  if (CERTIFICATE.test(code)) {
    return trouble("unreachable", `its certificate is not trusted (${code}; NODE_EXTRA_CA_CERTS)`);
  }
  return wasSent
    ? trouble("broken", `the connection broke (${code})`)
    : trouble("unreachable", `it cannot be reached (${code})`);
}

/** The whole text of an answer; null: it is longer than `maxBytes`, or broke off. */
export async function readText(
  answer: IncomingMessage,
  maxBytes: number,
): Promise<string | "too-long" | "broken"> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer) {
      const piece = Buffer.from(chunk);
      bytes += piece.length;
      if (bytes > maxBytes) {
        answer.destroy();
        return "too-long";
      }
      chunks.push(piece);
    }
  } catch {
    return "broken";
  }
  return Buffer.concat(chunks).toString("utf8");
}
