/** How a link to the Realtime server ends: facts, not yet a judgement. */

export type LinkFailure =
  /** The server answered the upgrade with another status. `code` and `message` from its JSON body. */
  | {
      readonly tag: "http";
      readonly status: number;
      readonly code: string | null;
      readonly type: string | null;
      readonly message: string;
      readonly retryAfterMs: number | null;
    }
  /** Name resolution, TCP or TLS failed; `code` as Node names it (ENOTFOUND, ECONNREFUSED …). */
  | { readonly tag: "network"; readonly stage: "dns" | "tcp" | "tls"; readonly code: string }
  /** Something did not come in time. */
  | { readonly tag: "timeout"; readonly what: "handshake" | "pong" }
  /** The WebSocket was closed: by the peer (code, reason), or lost (1006). */
  | { readonly tag: "close"; readonly code: number; readonly reason: string }
  /** A frame broke the protocol or a limit; `code` as the library names it. */
  | { readonly tag: "bad-frame"; readonly code: string }
  /** We closed it ourselves. */
  | { readonly tag: "hung-up" };

/** Was nobody reached, or not even named? That is no model's fault. */
export function isNobody(failure: LinkFailure): boolean {
  return failure.tag === "network" && failure.stage !== "tls";
}
