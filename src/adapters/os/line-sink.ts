/**
 * Lines to a terminal, a pipe or the journal.
 *
 * Invariant: writing never throws for trouble of the reader (gone, full, slow) and keeps nothing
 * back: a line is written now, or lost and counted.
 */

import { fstatSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { Env } from "../../core/settings/expand-env.ts";

export type { Env };

export interface LineSink {
  /** A person is reading: colour makes sense, unless NO_COLOR is set. */
  readonly tty: boolean;
  /** systemd's journal is reading: it wants `<N>` and adds the time itself. */
  readonly journald: boolean;
  /** Writes one line (without its newline); false when it was lost. */
  write(line: string): boolean;
}

/** How often the rest of a line that went out in part is offered again. */
const REST_TRIES_MAX = 3;

/**
 * Whether this file descriptor is the stream that `$JOURNAL_STREAM` names: "device:inode" of the
 * socket, decimal (systemd.exec(5)). Somebody between systemd and us may have redirected it.
 */
export function isJournalStream(fd: number, env: Env): boolean {
  const wanted = env["JOURNAL_STREAM"];
  if (wanted === undefined || wanted === "") return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return wanted === `${dev}:${ino}`;
  } catch {
    return false; // a closed descriptor is nobody's journal
  }
}

/** A sink on an open file descriptor (1: standard output, 2: standard error). */
export function fdSink(fd: number, env: Env): LineSink {
  return {
    tty: isatty(fd),
    journald: isJournalStream(fd, env),
    write: (line) => writeWhole(fd, Buffer.from(`${line}\n`)),
  };
}

/** Colour is for people who did not ask to be spared (no-color.org: set and not empty). */
export function wantsColour(sink: LineSink, env: Env): boolean {
  return sink.tty && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

function writeWhole(fd: number, bytes: Uint8Array): boolean {
  let written = 0;
  for (let tries = 0; tries <= REST_TRIES_MAX && written < bytes.length; tries++) {
    try {
      written += writeSync(fd, bytes, written);
    } catch {
      // EAGAIN: the pipe is full; EPIPE, EIO: the reader is gone. Neither may stop the appliance.
      return false;
    }
  }
  return written === bytes.length;
}
