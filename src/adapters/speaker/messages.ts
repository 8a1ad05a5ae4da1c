/**
 * What the daemon and the speaker's child process say to each other, over the IPC channel.
 *
 * To the child: bytes are sound (s16le, at most a chunk), the two words are orders. Order is kept,
 * so an answer always belongs to the oldest open question.
 */

/** `finish`: play out, say so. `drop`: silence now, say so, be ready again. */
export type Order = "finish" | "drop";

export type Report =
  | { readonly tag: "ready" }
  /** The oldest `count` chunks; the first of them sounds in `delayMs`. */
  | { readonly tag: "accepted"; readonly count: number; readonly delayMs: number }
  | { readonly tag: "drained" }
  | { readonly tag: "dropped" }
  | { readonly tag: "failed"; readonly message: string };

/** Argument that makes the child only load the package: exit code 0 when it can. */
export const PROBE_ARGUMENT = "--probe";

/** Reads a message from the child; null for anything else. */
export function parseReport(message: unknown): Report | null {
  if (typeof message !== "object" || message === null || !("tag" in message)) return null;
  switch (message.tag) {
    case "ready":
    case "drained":
    case "dropped":
      return { tag: message.tag };
    case "accepted":
      return accepted(message);
    case "failed":
      return "message" in message && typeof message.message === "string"
        ? { tag: "failed", message: message.message }
        : null;
    default:
      return null;
  }
}

function accepted(message: object): Report | null {
  if (!("count" in message && "delayMs" in message)) return null;
  const { count, delayMs } = message;
  if (typeof count !== "number" || typeof delayMs !== "number") return null;
  return { tag: "accepted", count, delayMs };
}
