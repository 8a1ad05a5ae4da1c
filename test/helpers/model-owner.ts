/** What the owner and the hardware do in the model world: mostly the wake word and the button. */

import type { Input } from "../../src/core/assistant/inputs.ts";
import { fault } from "../../src/core/fault.ts";

const LOST = fault("speaker-lost", "retry", "gone");
/** A hold is known as one so long after the press, milliseconds: the default of `button.hold_ms`. */
const HOLD_MS = 600;

/** `n`: at least 0, below 100; every number is one input; the last of them an alarm too early. */
export function ownerInput(n: number, nowMs: number, head: number): Input {
  if (n < 40) return { tag: "wake", keyword: "computer", endSample: head };
  if (n < 50) return { tag: "tap" };
  if (n < 55) return { tag: "command", command: "wake" };
  if (n < 57) return { tag: "command", command: "stop" };
  if (n < 58) return { tag: "command", command: "mute" };
  if (n < 65) return { tag: "command", command: "unmute" };
  if (n < 66) return { tag: "device-lost", device: "speaker", fault: LOST };
  if (n < 70) return { tag: "device-back", device: "speaker" };
  if (n < 73) return { tag: "command", command: "repeat" };
  if (n < 82) return { tag: "ptt-down", pressedMs: nowMs - HOLD_MS };
  if (n < 90) return { tag: "ptt-up" };
  return { tag: "tick" };
}
