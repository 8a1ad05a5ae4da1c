/**
 * `pipit status --watch`: the status again and again, until Ctrl-C.
 *
 * Invariant: a daemon that is away (a restart, an upgrade) is said and waited for; only the reader
 * ends the watch. On a terminal the lines are redrawn in place; elsewhere each status follows the
 * last after an empty line, and with --json each is one line.
 */

import { setTimeout } from "node:timers/promises";
import type { ControlReply } from "../../core/control.ts";
import { terminalColumns } from "../columns.ts";
import { statusText } from "./status-text.ts";

/** Often enough to see a conversation go by; each costs the daemon less than a millisecond. */
const EVERY_MS = 1_000;

/** Clears the terminal from the top, so that shorter lines leave nothing of longer ones. */
const FROM_THE_TOP = "\u001b[H\u001b[J";

export interface WatchOptions {
  readonly json: boolean;
  /** Never rejects: that nobody answers is a reply, too. */
  readonly ask: () => Promise<ControlReply>;
  readonly out: NodeJS.WriteStream;
}

/** Resolves when the signal comes, or nobody reads any more. */
export async function watchStatus({ json, ask, out }: WatchOptions): Promise<void> {
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  out.once("close", stop);
  out.once("error", stop);
  while (!stopped.signal.aborted) {
    const reply = await ask();
    out.write(json ? `${jsonLine(reply)}\n` : screen(reply, out.isTTY === true));
    // Ends early when it is stopped, and says so by rejecting.
    await setTimeout(EVERY_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
  }
}

function jsonLine(reply: ControlReply): string {
  return JSON.stringify(reply.ok ? reply.data : { error: reply.error });
}

function screen(reply: ControlReply, terminal: boolean): string {
  const text = reply.ok
    ? statusText(reply.data, terminalColumns(process.stdout))
    : `${reply.error}\n`;
  return terminal ? `${FROM_THE_TOP}${text}\n(Ctrl-C ends)\n` : `${text}\n`;
}
