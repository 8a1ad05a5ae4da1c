/**
 * A migration as lines for the owner and as data for programs.
 *
 * Invariant: every text that leaves here has gone through hideTokens.
 */

import { oneLine } from "../../core/fault.ts";
import type { Path, Position } from "../../core/settings/validate.ts";
import type { Assignment } from "./older-key.ts";
import type { Plan } from "./plan.ts";
import { hideTokens, isSecretName } from "./secrets.ts";

/** Longest piece of a value that is shown, characters. */
const SHOWN_MAX_CHARS = 60;
const WIDTH = 100;

export interface ListedChange {
  readonly line: number;
  readonly column: number;
  readonly key: string;
  readonly was: string;
  readonly now: readonly { readonly key: string; readonly value: string }[];
  readonly why: string;
}

export interface Listed {
  readonly changed: readonly ListedChange[];
  readonly gone: readonly Omit<ListedChange, "now">[];
  readonly kept: readonly {
    readonly line: number;
    readonly key: string;
    readonly remark: string;
  }[];
}

type Place = (path: Path) => Position;

/** The plan with places and values fit to be shown. */
export function listed(plan: Plan, place: Place, secrets: readonly string[]): Listed {
  const clean = (text: string): string => hideTokens(text, secrets);
  const name = (path: Path): string => clean(oneLine(path.join("."), SHOWN_MAX_CHARS * 2));
  const show = (key: string, value: unknown): string => shownValue(key, value, secrets);
  return {
    changed: plan.changed.map(({ path, was, now, why }) => ({
      ...place(path),
      key: name(path),
      was: show(name(path), was),
      now: now.map((its: Assignment) => ({ key: its.key, value: show(its.key, its.value) })),
      why: clean(why),
    })),
    gone: plan.gone.map(({ path, was, why }) => ({
      ...place(path),
      key: name(path),
      was: show(name(path), was),
      why: clean(why),
    })),
    kept: plan.kept.map(({ path, remark }) => ({
      line: place(path).line,
      key: name(path),
      remark: clean(remark),
    })),
  };
}

/** A value on one line; `***` for a secret that is not a `${NAME}`. */
export function shownValue(key: string, value: unknown, secrets: readonly string[]): string {
  const words = typeof value === "string" ? value : JSON.stringify(value ?? null);
  const secret = isSecretName(key.split(".").at(-1) ?? key);
  if (secret && value !== null && !/^\$\{\w+(?::-)?\}$/.test(words)) return "***";
  return oneLine(hideTokens(oneLine(words, 10_000), secrets), SHOWN_MAX_CHARS);
}

/** The list as the owner reads it. */
export function listLines(list: Listed): readonly string[] {
  const lines: string[] = [];
  if (list.changed.length > 0) lines.push("Changed:");
  for (const { line, key, was, now, why } of list.changed) {
    const renewed = now.map((its) => `${its.key}: ${its.value}`).join(", ");
    lines.push(`  line ${line}  ${key}: ${was}`, `      → ${renewed}`, ...because(why));
  }
  if (list.gone.length > 0) lines.push("Removed (the lines stay in the file as comments):");
  for (const [index, { line, key, was, why }] of list.gone.entries()) {
    lines.push(`  line ${line}  ${key}: ${was}`);
    // Neighbours with the same reason are told it once, below the last of them.
    if (list.gone[index + 1]?.why !== why) lines.push(...because(why));
  }
  if (list.kept.length > 0) lines.push("Kept:");
  const quiet = list.kept.filter(({ remark }) => remark === "").map(({ key }) => key);
  if (quiet.length > 0) lines.push(...wrap(quiet.join(", "), "  "));
  for (const { line, key, remark } of list.kept) {
    if (remark !== "") lines.push(`  line ${line}  ${key}`, ...because(remark));
  }
  return lines;
}

function because(why: string): readonly string[] {
  return why === "" ? [] : wrap(why, "      ");
}

function wrap(words: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, indent + line];
}

/** Where each variable of the older .env belongs; the values are never looked at. */
export function environmentLines(names: readonly string[], file: string): readonly string[] {
  const lines = names.flatMap((name) => {
    const where = ENVIRONMENT[name];
    return where === undefined ? [] : [`  ${name}: ${where}`];
  });
  const others = names.filter((name) => ENVIRONMENT[name] === undefined);
  if (others.length > 0) {
    lines.push(`  ${others.join(", ")}: into /etc/pipit/pipit.env, if the configuration uses them`);
  }
  return lines.length === 0 ? [] : [`${file} is not read by Pipit. What belongs where:`, ...lines];
}

const WEB = "not used: Pipit has no web page";
const ENVIRONMENT: Readonly<Record<string, string>> = {
  OPENAI_API_KEY: "into /etc/pipit/credentials/OPENAI_API_KEY, mode 0600",
  PICOVOICE_ACCESS_KEY:
    "into /etc/pipit/credentials/PICOVOICE_ACCESS_KEY, mode 0600; only the engine porcupine needs it",
  HA_URL: "its text into home_assistant.url",
  HA_TOKEN: "into /etc/pipit/credentials/HOME_ASSISTANT_TOKEN, mode 0600",
  WEB_UI_USERNAME: WEB,
  WEB_UI_PASSWORD_HASH: WEB,
  OPENWAKEWORD_MODEL: "not used: see wake_word.keyword",
};
