/**
 * The table of older keys: those of the migration guide's system, one row each. `pipit
 * migrate-config` moves them, the validator points to it, and the table of config/MIGRATING.md is made from it.
 */

import { AUDIO_KEYS, SESSION_KEYS, SYSTEM_KEYS } from "./older-device.ts";
import { HOME_KEYS } from "./older-home.ts";
import type { OlderKey } from "./older-key.ts";
import { OPENAI_KEYS, WAKE_KEYS } from "./older-openai.ts";
import { OLDER_SECTIONS, REST_KEYS } from "./older-rest.ts";

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
