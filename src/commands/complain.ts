/** The last word of a command that failed: a line on stderr, as an error where journald reads it. */

import { isJournalStream } from "../adapters/os/line-sink.ts";

const STDERR = 2;

export function complain(line: string): void {
  const priority = isJournalStream(STDERR, process.env) ? "<3>" : "";
  process.stderr.write(`${priority}${line}\n`);
}
