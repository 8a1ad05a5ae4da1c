/** At the start: files of the conversations that an earlier run did not end. */

import { within } from "../../core/timeout.ts";
import type { Clock, Journal, MetricsStore } from "../../ports.ts";
import type { DiskTrouble } from "./disk-trouble.ts";

/** How long the start waits for it; a few files take some ten milliseconds. */
const RECOVERY_MAX_MS = 2_000;
/** Names told in the journal; the others are counted. */
const NAMES_MAX = 3;

export interface RecoveryParts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly store: MetricsStore;
  readonly disk: DiskTrouble;
}

/** Resolves when it is over, or as soon as it takes too long: then it goes on by itself. */
export async function recoverConversations(parts: RecoveryParts): Promise<void> {
  const { clock, journal, store, disk } = parts;
  const recovery = store.recover().then(({ names, trouble }) => {
    if (names.length > 0) journal.log("notice", recoveredLine(names));
    if (trouble !== null) disk.went("recovery", trouble);
  });
  await within(clock, RECOVERY_MAX_MS, recovery, () => undefined);
}

function recoveredLine(names: readonly string[]): string {
  const shown = names.slice(-NAMES_MAX).join(", ");
  const others = names.length - NAMES_MAX;
  const more = others > 0 ? ` and ${others} more` : "";
  return `Interrupted conversations now have their metrics files: ${shown}${more}`;
}
