/**
 * What of a configuration file must not be shown: in a list, a diff or JSON.
 *
 * Invariant: rather too much is hidden than too little. The value of a key whose name says that it
 * is secret, wherever it stands (also in a comment), a key of OpenAI, and whatever looks like a
 * token, comes out as `***`; `${NAME}` stays, for that is no secret.
 */

import { redactStrictly } from "../../core/redact.ts";

const SECRET_NAME = /key$|token|passw(?:or)?d|passphrase|secret|credential|authorization|hash$/i;
/** A line of the file, or of a comment in it, that gives such a key a value. */
const SECRET_LINE =
  /((?:[\w.-]*(?:key|token|passw(?:or)?d|passphrase|secret|credential|authorization|hash))["']?\s*[:=]\s*)(?!\s*$)(.+)$/i;
const ONLY_TEMPLATE = /^["']?\$\{[A-Za-z_][A-Za-z0-9_]*(?::-)?\}["']?\s*(?:#.*)?$/;
/** Shorter values are too likely to be part of ordinary words. */
const VALUE_MIN_CHARS = 6;
const DEPTH_MAX = 8;

/** Is a key by this name a secret? `max_output_tokens` is a number, and none. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !/tokens$|hotkey$|keyword/i.test(name);
}

/** The secret values of a tree, as the file may show them. */
export function secretsIn(tree: unknown): readonly string[] {
  const found = new Set<string>();
  const visit = (node: unknown, secret: boolean, depth: number): void => {
    if (depth > DEPTH_MAX) return;
    if (typeof node === "object" && node !== null) {
      for (const [name, value] of Object.entries(node)) {
        visit(value, secret || isSecretName(name), depth + 1);
      }
    } else if (secret && (typeof node === "string" || typeof node === "number")) {
      for (const line of String(node).split("\n")) {
        const text = line.trim();
        if (text.length >= VALUE_MIN_CHARS && !text.includes("${")) found.add(text);
      }
    }
  };
  visit(tree, false, 0);
  return [...found].sort((a, b) => b.length - a.length);
}

/** One line of the file with `***` in place of every secret. */
export function hideSecrets(line: string, secrets: readonly string[]): string {
  const named = line.replace(SECRET_LINE, (whole, name: string, value: string) => {
    if (!isSecretName(name.replace(/["']?\s*[:=]\s*$/, ""))) return whole;
    if (ONLY_TEMPLATE.test(value)) return whole;
    return `${name}***`;
  });
  return hideTokens(named, secrets);
}

/** A message of ours: what it may have taken from the file is hidden, its own words are not. */
export function hideTokens(text: string, secrets: readonly string[]): string {
  return redactStrictly(text, secrets);
}
