/** The effects that open and close the ways of sound: each is one call, and nothing is decided here. */

import type { Effect } from "../../core/assistant-types.ts";
import type { Downlink } from "./downlink.ts";
import type { Uplink } from "./uplink.ts";

export type SoundEffect = Extract<
  Effect,
  {
    tag:
      | "open-uplink"
      | "close-uplink"
      | "flush-uplink"
      | "discard-response"
      | "hush"
      | "finish-reply"
      | "repeat-reply";
  }
>;

export function performSound(effect: SoundEffect, uplink: Uplink, downlink: Downlink): void {
  switch (effect.tag) {
    case "open-uplink":
      uplink.open(effect.from);
      break;
    case "close-uplink":
      uplink.close();
      break;
    case "flush-uplink":
      uplink.flush(effect.from, effect.upTo);
      break;
    case "discard-response":
      downlink.discard(effect.responseId);
      break;
    case "hush":
      downlink.hush(effect.attempt);
      break;
    case "finish-reply":
      downlink.finish();
      break;
    case "repeat-reply":
      downlink.repeat();
      break;
  }
}
