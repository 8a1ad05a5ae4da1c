/** The older sections that Pipit has not: Home Assistant, the web page, `advanced`, `persona`. */

import { OLDER_BY_SECTION } from "../../core/settings/older-names.ts";
import type { OlderKey } from "./older-key.ts";
import { becomes, gone } from "./older-key.ts";
import { traitsToInstructions } from "./persona.ts";

/** Not here yet: the lines stay in the file as comments, to be used when it is. */
const HOME = "Pipit has no such feature yet; kept as a comment";
const WEB = "Pipit has no web page: this file over SSH, pipit status and journalctl take its place";
const RETRY = "Pipit connects again by itself, after random, growing, bounded waits";

export const REST_KEYS: readonly OlderKey[] = [
  ...OLDER_BY_SECTION.home_assistant.map((name) => gone(`home_assistant.${name}` as const, HOME)),
  ...OLDER_BY_SECTION.web_ui.map((name) => gone(`web_ui.${name}` as const, WEB)),
  gone("advanced.reconnect_delay", RETRY),
  gone("advanced.max_reconnect_attempts", RETRY),
  gone("advanced.audio_buffer_size", "Buffers are bounded by themselves"),
  gone("advanced.cost_tracking", "Always: the metrics files and pipit status tell the cost"),
  gone("advanced.debug_audio", HOME),
  becomes(
    "persona",
    "openai.instructions",
    "Its traits become sentences; --persona FILE reads a persona.ini",
    (value) => {
      const text = traitsToInstructions(value);
      if (text === null) return { tag: "gone", why: "It has nothing that could be put into words" };
      const values = [{ key: "openai.instructions", value: text }] as const;
      return { tag: "set", values, why: "What the model should be is told in words" };
    },
  ),
];

/** Sections of the older file that are none of today's, and why their unknown keys are gone. */
export const OLDER_SECTIONS: Readonly<Record<string, string>> = {
  home_assistant: HOME,
  "home_assistant.mcp": HOME,
  web_ui: WEB,
  "web_ui.auth": WEB,
  "web_ui.tls": WEB,
  advanced: "Pipit has no section advanced",
};
