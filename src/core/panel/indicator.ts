/** What the lamps show: a view of the state, never something switched by hand. */

import type { State } from "../assistant-types.ts";
import type { Indication } from "./indication.ts";

/** At rest with a deaf microphone or a mute speaker is no rest: the owner must see it. */
export function indicate(state: State): Indication {
  const crippled = state.troubles.microphone ?? state.troubles.speaker;
  return state.tag === "idle" && crippled ? "fault" : state.tag;
}
