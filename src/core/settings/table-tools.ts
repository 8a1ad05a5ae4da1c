/** The rows about what Pipit can do besides talking: so far, how timers and alarms ring. */

import { int, number } from "./row.ts";

export const TOOLS_ROWS = {
  "timers.volume": number({
    default: 0.8,
    min: 0.05,
    max: 1,
    reload: "live",
    doc: "Loudness of the ringing at its loudest; it begins softly. audio.volume does not matter for it.",
  }),
  "timers.ring_max_min": int({
    default: 15,
    min: 1,
    max: 60,
    unit: "min",
    reload: "live",
    doc: "How long it rings when nobody stops it; then it is told as missed.",
  }),
} as const;
