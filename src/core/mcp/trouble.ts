/** What can go wrong between us and a server of tools, and how it is told: to the owner, and to the model. */

import { type Fault, fault, oneLine } from "../fault.ts";
import { foreignWords, type ToolResult } from "../functions/result.ts";
import type { RpcError } from "./messages.ts";

export type TroubleKind =
  | "refused" // 401, 403 in the server's own words: asking again may lock us out
  | "stranger" // 401, 403 of a web page: a proxy has answered, nothing was done
  | "absent" // nothing of the kind at this address
  | "unreachable" // nothing was sent
  | "gone" // the server does not know our session any more: nothing was done
  | "broken" // it broke off in the middle: nobody knows whether it was done
  | "late"
  | "too-long"
  | "protocol" // what came is not MCP, or a server's error of its own
  | "rpc" // the server answers with an error
  | "not-run" // the program cannot be started, or may not
  | "waits" // it failed lately; the next attempt is not due yet
  | "aborted";

export interface Trouble {
  readonly kind: TroubleKind;
  /** One line for the owner, without the server's name, no secret in it. */
  readonly message: string;
  readonly rpc?: RpcError;
  /** Of an HTTP answer. */
  readonly status?: number;
}

export type Asked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly trouble: Trouble };

const MESSAGE_MAX_CHARS = 300;

export function trouble(
  kind: TroubleKind,
  message: string,
  more: Omit<Trouble, "kind" | "message"> = {},
): Trouble {
  return { kind, message: oneLine(message, MESSAGE_MAX_CHARS), ...more };
}

export function failedWith(
  kind: TroubleKind,
  message: string,
): { readonly ok: false; readonly trouble: Trouble } {
  return { ok: false, trouble: trouble(kind, message) };
}

/** Worth another attempt after a wait: the owner may have mended it. A refusal may become a ban. */
export function isPassing({ kind }: Trouble): boolean {
  return kind !== "refused";
}

/** One sentence the model can say on. */
export function troubleResult({ kind, message, rpc }: Trouble): ToolResult {
  return { ok: false, error: sentenceOf(kind, rpc?.message ?? message) };
}

function sentenceOf(kind: TroubleKind, message: string): string {
  switch (kind) {
    case "refused":
      return "The server refuses our access. Tell the user that its owner must look at the token (pipit doctor); do not try again";
    case "absent":
      return "There is no such service at the configured address. Tell the user that its owner must look at it (pipit doctor)";
    case "stranger":
    case "unreachable":
    case "waits":
      return "The server cannot be reached at the moment; nothing was done. Tell the user so";
    case "gone":
      return "The server was restarted just now; nothing was done. It may be tried once more";
    case "broken":
      return "The connection broke in the middle: it is not known whether it was done. Tell the user so, and look at the state before you do it again";
    case "late":
      return "The server did not answer in time: it is not known whether it was done";
    case "too-long":
      return "The result is too long to be read; ask for less of it";
    case "protocol":
      return `The server answered in a way that cannot be used: ${quoted(message)}`;
    case "rpc":
      return `The server answered with an error: ${quoted(message)}`;
    case "not-run":
      return "The server's program does not run here. Tell the user that its owner must look at it (pipit doctor)";
    case "aborted":
      return "It was given up";
  }
}

/** The server's own words may be in it. */
function quoted(message: string): string {
  return foreignWords(message, MESSAGE_MAX_CHARS);
}

const REMEDIES: Readonly<Partial<Record<TroubleKind, string>>> = {
  refused: "Look at the token or the headers, then restart the service",
  stranger:
    "Is a proxy or a sign-in page before it? Pipit asks again by itself; look at the address if it stays so",
  absent: "Look at the address",
  unreachable: "Is the server on, and the address right?",
  waits: "Is the server on, and the address right?",
  "not-run": "Look at command, or give the server a unit of its own and use url",
};

/** For the journal and the doctor. */
export function troubleFault(name: string, { kind, message }: Trouble): Fault {
  const recovery = isPassing({ kind, message }) ? "retry" : "report";
  return fault("tool-server", recovery, `${name}: ${message}`, REMEDIES[kind] ?? "");
}
