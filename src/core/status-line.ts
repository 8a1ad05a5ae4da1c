/** The one line that `systemctl status` shows: a view of the state, like the LEDs. */

import type { State } from "./assistant/state.ts";
import type { Settings } from "./settings/table.ts";

/** All is well, as far as we know. */
export const READY_LINE = "Ready";

/**
 * The journal's line at the end of the start: what one wants to know after an installation. `version`
 * of Pipit; `model` that the next conversation begins with.
 */
export function readyText(settings: Settings, version: string, model: string): string {
  const words = settings["wake_word.keyword"].join(" or ");
  const wake = settings["wake_word.enabled"] ? `wake word ${words}` : "wake word off";
  const devices = `microphone ${settings["audio.input_device"]}, speaker ${settings["audio.output_device"]}`;
  return `${READY_LINE}: Pipit ${version}, ${devices}, ${wake}, model ${model}`;
}

/** What matters most comes first: a refused configuration, then what is broken, then muted. */
export function statusLine({ memory, rest }: Pick<State, "memory" | "rest">): string {
  const faults = memory.deviceFaults;
  const broken = faults.microphone ?? faults.speaker ?? faults["wake-word"];
  if (broken !== undefined) return broken.message;
  return rest.tag === "muted" ? "Muted" : READY_LINE;
}
