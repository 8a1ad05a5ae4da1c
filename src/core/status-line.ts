/** The one line that `systemctl status` shows: a view of the state, like the lamp. */

import type { State } from "./assistant-types.ts";

/** All is well, as far as we know. */
export const READY_LINE = "Ready";

/** What matters most comes first: a refused configuration, then what is broken, then muted. */
export function statusLine({ tag, troubles }: Pick<State, "tag" | "troubles">): string {
  const broken = troubles.microphone ?? troubles.speaker ?? troubles["wake-word"];
  if (broken !== undefined) return broken.message;
  return tag === "muted" ? "Muted" : READY_LINE;
}
