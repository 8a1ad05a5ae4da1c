/** What the owner can tell from across the kitchen: the closed list of what the lamps show. */

export const INDICATIONS = [
  "idle",
  "connecting",
  "listening",
  "thinking",
  "speaking",
  "follow-up",
  "muted",
  "fault",
  "ringing",
] as const;

export type Indication = (typeof INDICATIONS)[number];
