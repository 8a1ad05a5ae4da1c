/**
 * The table of older keys: those of the migration guide's system, one row each. `pipit
 * migrate-config` moves them, the validator points to it, and the table of config/MIGRATING.md is made from it.
 */

import { OLDER_BY_SECTION } from "../../core/settings/older-names.ts";
import { AUDIO_KEYS, SESSION_KEYS, SYSTEM_KEYS } from "./older-device.ts";
import { HOME_KEYS } from "./older-home.ts";
import { becomes, gone, type OlderKey } from "./older-key.ts";
import { OPENAI_KEYS, WAKE_KEYS } from "./older-openai.ts";
import { traitsToInstructions } from "./persona.ts";

const WEB = "Pipit has no web page: this file over SSH, pipit status and journalctl take its place";
const RETRY = "Pipit reconnects by itself, with a random, growing, bounded back-off";

/** The older sections that Pipit has not: the web page, `advanced`, `persona`. */
const REST_KEYS: readonly OlderKey[] = [
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
const OLDER_SECTIONS: Readonly<Record<string, string>> = {
  "home_assistant.mcp": "Pipit finds the ways to Home Assistant by itself",
  web_ui: WEB,
  "web_ui.auth": WEB,
  "web_ui.tls": WEB,
  advanced: "Pipit has no section advanced",
};

export const OLDER_KEYS: readonly OlderKey[] = [
  ...OPENAI_KEYS,
  ...AUDIO_KEYS,
  ...WAKE_KEYS,
  ...SESSION_KEYS,
  ...SYSTEM_KEYS,
  ...HOME_KEYS,
  ...REST_KEYS,
];

const BY_KEY: ReadonlyMap<string, OlderKey> = new Map(OLDER_KEYS.map((row) => [row.key, row]));

export function olderKey(key: string): OlderKey | null {
  return BY_KEY.get(key) ?? null;
}

/** Why this section is gone; null for one that is not. */
export function goneSection(key: string): string | null {
  return Object.hasOwn(OLDER_SECTIONS, key) ? (OLDER_SECTIONS[key] ?? null) : null;
}

/** The table as Markdown; keys with the same fate share a line. */
export function olderKeysMarkdown(): string {
  const lines = ["| older key | today | what becomes of it |", "| --- | --- | --- |"];
  const fates = new Map<string, string[]>();
  for (const { key, now, why } of OLDER_KEYS) {
    const stays = now.length === 1 && now[0] === key;
    const today = stays ? "the same" : now.map((name) => `\`${name}\``).join(", ");
    const fate = `${today === "" ? "–" : today} | ${cell(why === "" ? "kept" : why)}`;
    fates.set(fate, [...(fates.get(fate) ?? []), key]);
  }
  for (const [fate, keys] of fates) lines.push(`| ${sharedNames(keys)} | ${fate} |`);
  return `${lines.join("\n")}\n`;
}

function cell(words: string): string {
  return words.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

function sharedNames(keys: readonly string[]): string {
  return keys.map((key) => `\`${key}\``).join(", ");
}
