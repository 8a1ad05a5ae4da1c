/** Whether the owner's own instructions find room in a session. */

import { roomFor } from "../../core/functions/briefing.ts";
import { offerOf } from "../../core/functions/offer.ts";
import { BYTES_PER_TOKEN } from "../../core/functions/registry.ts";
import { utf8Bytes } from "../../core/functions/result.ts";
import { ownInstructions } from "../../core/realtime/session.ts";
import type { Settings } from "../../core/settings/table.ts";

/** The owner's words alone, beside the functions that are known here: those of servers come on top. */
export function wordsTrouble(settings: Settings): string | null {
  const room = roomFor(offerOf(settings).registry.specs);
  const tokens = Math.ceil(utf8Bytes(ownInstructions(settings)) / BYTES_PER_TOKEN);
  if (tokens <= room) return null;
  return `about ${tokens} tokens, and beside the functions there is room for ${room}: the model is not told the end of them`;
}
