/** The older sections that Pipit has not: the web page, `advanced`, `persona`. */

import { OLDER_BY_SECTION } from "../../core/settings/older-names.ts";
import { becomes, gone, type OlderKey } from "./older-key.ts";
import { traitsToInstructions } from "./persona.ts";

const WEB = "Pipit has no web page: this file over SSH, pipit status and journalctl take its place";
const RETRY = "Pipit reconnects by itself, with a random, growing, bounded back-off";

export const REST_KEYS: readonly OlderKey[] = [
  ...OLDER_BY_SECTION.web_ui.map((name) => gone(`web_ui.${name}` as const, WEB)),
  gone("advanced.reconnect_delay", RETRY),
  gone("advanced.max_reconnect_attempts", RETRY),
  gone("advanced.audio_buffer_size", "Buffers have fixed limits"),
  gone("advanced.cost_tracking", "Always on: see the metrics files and pipit status"),
  gone("advanced.debug_audio", "Pipit never writes down what it hears"),
  becomes(
    "persona",
    "openai.instructions",
    "Its traits become sentences; --persona FILE reads a persona.ini",
    (value) => {
      const text = traitsToInstructions(value);
      if (text === null)
        return { tag: "gone", why: "It has nothing that could be expressed in words" };
      const values = [{ key: "openai.instructions", value: text }] as const;
      return { tag: "set", values, why: "What the model should be is told in words" };
    },
  ),
];

/** Sections of the older file that are none of today's, and why their unknown keys are gone. */
export const OLDER_SECTIONS: Readonly<Record<string, string>> = {
  "home_assistant.mcp": "Pipit finds the ways to Home Assistant by itself",
  web_ui: WEB,
  "web_ui.auth": WEB,
  "web_ui.tls": WEB,
  advanced: "Pipit has no section advanced",
};
