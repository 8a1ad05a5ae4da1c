/**
 * A persona of the older system (traits from 0 to 100, a backstory, wordings) as one block of
 * instructions in words.
 *
 * Invariants: any tree is answered; every value that is text or a number is in the text once, except
 * for the wordings that Pipit has sounds for, which the caller can list.
 */

/** Longest text of one value, characters: the instructions as a whole have 32,000. */
const VALUE_MAX_CHARS = 8_000;
const VALUES_MAX = 200;

/** Pipit tells these with its LEDs and its spoken sentences. */
export const SHOWN_OTHERWISE: readonly string[] = ["messages.error", "messages.thinking"];

/** The instructions; null when the text is empty. */
export function traitsToInstructions(tree: unknown): string | null {
  if (typeof tree === "string") return tree.trim() === "" ? null : tree.trim();
  const values = flatten(tree);
  const take = (...names: readonly string[]): string => taken(values, names);
  const name = take("backstory.name", "name");
  const role = take("backstory.role", "role");
  const lines = [
    who(name, role),
    sentence("Your personality", take("backstory.personality")),
    sentence("Where you come from", take("backstory.origin", "origin")),
    sentence("What you are for", take("backstory.purpose", "purpose")),
    sentence("What you know most about", take("backstory.specialties", "specialties")),
    sentence("Your style", take("personality.style", "style")),
    traits(values),
    wording("When you greet, say", take("messages.greeting")),
    wording("When you have done something, say", take("messages.confirmation")),
  ];
  for (const key of SHOWN_OTHERWISE) values.delete(key);
  const last = [take("meta.instructions"), take("meta.context")];
  const others = [...values].map(([key, value]) => other(key, value));
  const text = [...lines, ...others, ...last].filter((line) => line !== "").join("\n");
  return text === "" ? null : text;
}

/** The values by dotted name in small letters, in order. */
function flatten(tree: unknown): Map<string, string> {
  const values = new Map<string, string>();
  const visit = (node: unknown, path: readonly string[]): void => {
    if (values.size >= VALUES_MAX || path.length > 3) return;
    if (typeof node === "string" || typeof node === "number") {
      const text = String(node).trim().slice(0, VALUE_MAX_CHARS);
      if (text !== "") values.set(path.join(".").toLowerCase(), text);
    } else if (Array.isArray(node)) {
      const items = node.filter((item) => typeof item === "string" || typeof item === "number");
      visit(items.join(", "), path);
    } else if (typeof node === "object" && node !== null) {
      for (const [name, value] of Object.entries(node)) visit(value, [...path, name]);
    }
  };
  visit(tree, []);
  return values;
}

/** The first of these that has a value; it is taken out. */
function taken(values: Map<string, string>, names: readonly string[]): string {
  for (const name of names) {
    const value = values.get(name);
    if (value === undefined) continue;
    values.delete(name);
    return value;
  }
  return "";
}

function who(name: string, role: string): string {
  if (name === "") return sentence("Your role", role);
  return role === "" ? `You are ${closed(name)}` : `You are ${name}: ${closed(role)}`;
}

function sentence(label: string, value: string): string {
  return value === "" ? "" : `${label}: ${closed(value)}`;
}

function wording(label: string, value: string): string {
  return value === "" ? "" : `${label}: "${value.replaceAll('"', "'")}"`;
}

function closed(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

const LEVEL = /^(?:personality\.|traits\.)?([a-z_]{1,40})$/;
const PERCENT = /^(?:100|\d{1,2})(?:\.\d+)?$/;

/** Traits are told by a word, which models follow better than a bare number. */
function traits(values: Map<string, string>): string {
  const traitTexts: string[] = [];
  for (const [key, value] of [...values]) {
    const trait = LEVEL.exec(key)?.[1];
    if (trait === undefined || !PERCENT.test(value)) continue;
    values.delete(key);
    traitTexts.push(`${trait.replaceAll("_", " ")} ${degree(Number(value))} (${value})`);
  }
  if (traitTexts.length === 0) return "";
  return `Your character, from 0 to 100: ${traitTexts.join(", ")}.`;
}

function degree(percent: number): string {
  if (percent < 20) return "hardly any";
  if (percent < 40) return "low";
  if (percent < 60) return "moderate";
  return percent < 80 ? "high" : "very high";
}

/** `instructions.*` are sentences already; anything else is named. */
function other(key: string, value: string): string {
  const [section = "", name = section] = key.split(".");
  return section === "instructions" ? value : sentence(name.replaceAll("_", " "), value);
}
