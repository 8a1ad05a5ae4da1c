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

export interface ReadFacts {
  readonly facts: readonly string[];
  /** What of the file is not among them, and would be lost if it were written anew; null: nothing. */
  readonly beyond: string | null;
}

/** Of the file as the YAML parser read it; null: it holds something else. */
export function factsIn(tree: unknown): ReadFacts | null {
  if (tree === null || tree === undefined) return NO_FACTS;
  const of = record(tree);
  const facts = of?.["facts"] ?? [];
  if (of === null || !Array.isArray(facts)) return null;
  const texts = facts.filter((fact) => FACT_KINDS.includes(typeof fact)).map(String);
  const kept = texts
    .map(oneFact)
    .filter((fact) => fact !== "")
    .slice(0, FACTS_MAX);
  return { facts: kept, beyond: beyondOf(Object.keys(of), facts, texts) };
}

/** YAML makes a number of `- 42`. */
const FACT_KINDS = ["string", "number", "boolean"];
const NO_FACTS: ReadFacts = { facts: [], beyond: null };

function beyondOf(keys: readonly string[], all: readonly unknown[], texts: readonly string[]) {
  if (keys.some((key) => key !== "facts")) return "other keys than facts";
  if (texts.length < all.length) return "something that is no sentence";
  if (texts.length > FACTS_MAX) return `more than ${FACTS_MAX} facts`;
  const isLong = texts.some((text) => text.trim().length > FACT_MAX_CHARS);
  return isLong ? `a fact of more than ${FACT_MAX_CHARS} characters` : null;
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
