/** What the user has asked to have remembered: a short list of sentences, in a file the owner may edit. */

import { record } from "../json.ts";

/** All of them stand in the instructions of each conversation, and are paid for there. */
export const FACTS_MAX = 100;
export const FACT_MAX_CHARS = 300;

const HEAD =
  "# What Pipit was asked to remember. One sentence a line; edit or remove them as you like.\n";

/** YAML, one fact a line. */
export function factsText(facts: readonly string[]): string {
  if (facts.length === 0) return `${HEAD}facts: []\n`;
  return `${HEAD}facts:\n${facts.map((fact) => `  - ${JSON.stringify(fact)}\n`).join("")}`;
}

/** Of the file as the YAML parser read it; null: it holds something else. */
export function factsIn(tree: unknown): readonly string[] | null {
  if (tree === null || tree === undefined) return [];
  const facts = record(tree)?.["facts"] ?? null;
  if (facts === null) return [];
  if (!Array.isArray(facts)) return null;
  const texts = facts.filter((fact) => typeof fact === "string").map(oneFact);
  return texts.filter((fact) => fact !== "").slice(0, FACTS_MAX);
}

/** A string says why not. */
export function remembered(facts: readonly string[], fact: string): readonly string[] | string {
  const text = oneFact(fact);
  if (text === "") return "There is nothing to remember in that";
  if (facts.some((known) => known.toLowerCase() === text.toLowerCase())) return facts;
  return facts.length >= FACTS_MAX
    ? `There are ${FACTS_MAX} facts already; forget some first`
    : [...facts, text];
}

/** Which facts have all the words; `all` is all of them. */
export function factsAbout(facts: readonly string[], about: string): readonly string[] {
  const words = about.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 1 && (words[0] === "all" || words[0] === "everything")) return facts;
  if (words.length === 0) return [];
  return facts.filter((fact) => words.every((word) => fact.toLowerCase().includes(word)));
}

function oneFact(fact: string): string {
  return fact
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim()
    .slice(0, FACT_MAX_CHARS);
}
