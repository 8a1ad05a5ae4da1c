/**
 * What Home Assistant tells about the house: its prompt, and the devices in it. The two sentences of
 * the prompt that are wrong here are left out: timers are ours, and where we stand is known.
 */

import { fenced } from "../functions/fence.ts";
import { cut, utf8Bytes } from "../functions/result.ts";

export interface Entity {
  /** Its name and its other names. */
  readonly names: readonly string[];
  /** `light`, `lock`. */
  readonly domain: string;
  readonly areas: readonly string[];
  /** `garage` of a cover; empty: not told. */
  readonly deviceClass: string;
}

/** Devices that are looked at; a house has some dozen. */
const ENTITIES_MAX = 2_000;
/** A device with all its other names and areas; what is longer is cut. */
const LINE_MAX_CHARS = 4_096;
/** Of its prompt for the instructions: a house of some two hundred devices. Paid for in each conversation. */
export const PROMPT_MAX_BYTES = 16_384;

/** The devices in a text as Home Assistant writes them: a list of `names`, `domain`, `areas`. */
export function entitiesIn(text: string): readonly Entity[] {
  const entities: Entity[] = [];
  let open: Map<string, string> | null = null;
  const finish = (): void => {
    if (open?.has("names") === true && entities.length < ENTITIES_MAX) {
      entities.push(entityOf(open));
    }
  };
  for (const whole of text.split("\n")) {
    // Blanks first: a line of nothing else would take the square of its length.
    const line = whole.slice(0, LINE_MAX_CHARS).trim();
    const [, dash, name = "", value = ""] = /^(- +)?(\w+):(.*)$/.exec(line) ?? [];
    if (dash !== undefined) {
      finish();
      open = new Map();
    }
    if (open !== null && name !== "" && !open.has(name)) open.set(name, value);
  }
  finish();
  return entities;
}

function entityOf(of: ReadonlyMap<string, string>): Entity {
  return {
    names: wordsOf(of.get("names") ?? ""),
    domain: plain(of.get("domain") ?? ""),
    areas: wordsOf(of.get("areas") ?? ""),
    deviceClass: plain(of.get("device_class") ?? ""),
  };
}

function wordsOf(value: string): readonly string[] {
  return plain(value)
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

/** Without YAML's quotes. */
function plain(value: string): string {
  const text = value.trim();
  const quote = text[0];
  const isQuoted = text.length > 1 && (quote === '"' || quote === "'") && text.endsWith(quote);
  return isQuoted ? text.slice(1, -1).replaceAll("''", "'") : text;
}

/** Sentences that are wrong here. */
const WRONG_HERE = /not able to start timers|ask user to specify an area/i;
/** A sentence with its full stop, or what is between two; linear, however long it is. */
const SENTENCE = /[^.\n]*[.\n]|[^.\n]+$/g;

const CONTROLLED = "The house is controlled by Home Assistant.";
const SAYS = " What it says of itself:";
/** Less of its words tells nothing. */
const WORDS_MIN_BYTES = 256;

/**
 * Lines for the instructions; `area`: where Pipit stands, may be empty. Of what the house says of itself
 * as much as takes at most `maxBytes` more than nothing of it.
 */
export function homeWriter(prompt: string, area: string): (maxBytes: number) => readonly string[] {
  const clean = prompt.replaceAll(SENTENCE, (one) => (WRONG_HERE.test(one) ? endOf(one) : one));
  const words = cut(clean.trim(), PROMPT_MAX_BYTES);
  const ours = [
    "Timers and alarms are functions of your own, never Home Assistant's.",
    area === ""
      ? "Ask which room is meant only where several would fit."
      : `You stand in the area ${area}: where no room is named, that one is meant. Do not ask which.`,
  ];
  const aroundBytes = utf8Bytes(`${SAYS}\n${fenced("")}`);
  return (maxBytes) => {
    const roomBytes = maxBytes - aroundBytes;
    if (roomBytes < Math.min(WORDS_MIN_BYTES, utf8Bytes(words))) return [CONTROLLED, ...ours];
    return [CONTROLLED + SAYS, fenced(cut(words, roomBytes)), ...ours];
  };
}

/** A line stays a line. */
function endOf(sentence: string): string {
  return sentence.endsWith("\n") ? "\n" : "";
}

/** A house without anything exposed says so in words. */
export function hasNothingExposed(prompt: string): boolean {
  return entitiesIn(prompt).length === 0;
}
