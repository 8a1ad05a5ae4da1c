/**
 * What a configuration file has lost between two readings: an emptied file, a section, a budget or a
 * key that is not there any more is more likely a full card or a slip of the editor than the owner's
 * will. Who means it can say so in the file.
 */

import { isSettingKey, ROWS, type SettingKey } from "./table.ts";

/** What a file says itself, defaults apart. */
export interface Written {
  /** Headings at the left margin, also those with nothing below. */
  readonly sections: readonly string[];
  /** Those of them that have a key. */
  readonly filled: readonly string[];
  readonly keyCount: number;
  /** Secrets that stand in the file, or are named in it. */
  readonly secrets: readonly SettingKey[];
  /** `budget.daily_usd` as written, US dollars; null where it is not. */
  readonly dailyUsd: number | null;
  /** The file is `{}`: the defaults are meant. */
  readonly meansDefaults: boolean;
}

export const NOTHING_WRITTEN: Written = {
  sections: [],
  filled: [],
  keyCount: 0,
  secrets: [],
  dailyUsd: null,
  meansDefaults: false,
};

/** Keys that a save may lose at once without being asked, and the share of all above which it is. */
const KEYS_LOST_MAX = 2;
const SHARE_LOST_MAX = 0.5;

/** What the tree of a file that is good says itself. */
export function writtenIn(tree: unknown): Written {
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) return NOTHING_WRITTEN;
  const sections = Object.keys(tree);
  const keys = keysBelow(tree, "");
  const daily: unknown = Reflect.get(Object(Reflect.get(tree, "budget")), "daily_usd");
  const isSecret = (key: SettingKey): boolean =>
    ROWS.some(([name, row]) => name === key && row.kind === "text" && row.secret);
  return {
    sections,
    filled: sections.filter((name) => keys.some((key) => key.startsWith(`${name}.`))),
    keyCount: keys.length,
    secrets: keys.filter(isSecret),
    // A text is one from the environment: the limit is there, whatever it is.
    dailyUsd: typeof daily === "number" ? daily : daily === undefined ? null : Number.NaN,
    meansDefaults: sections.length === 0,
  };
}

function keysBelow(node: object, prefix: string): readonly SettingKey[] {
  return Object.entries(node).flatMap(([name, value]) => {
    const key = `${prefix}${name}`;
    if (isSettingKey(key)) return [key];
    const isSection = typeof value === "object" && value !== null && !Array.isArray(value);
    return isSection ? keysBelow(value, `${key}.`) : [];
  });
}

/** What is gone and how to mean it, a sentence each; empty where nothing is. */
export function lossesOf(before: Written, after: Written): readonly string[] {
  if (after.meansDefaults || before.keyCount === 0) return [];
  if (after.sections.length === 0) {
    return ["is empty now; if the defaults are intended, write {} into it"];
  }
  const budget = budgetLoss(before, after);
  // Who means no limit says so in the section, which is there again then.
  const isReported = (name: string): boolean => name === "budget" && budget.length > 0;
  const sections = before.filled.filter(
    (name) => !after.sections.includes(name) && !isReported(name),
  );
  const lost = [
    ...sections.map(
      (name) => `the section ${name} was removed; if that is intended, write "${name}: {}"`,
    ),
    ...budget,
    ...before.secrets
      .filter((key) => !after.secrets.includes(key))
      .map((key) => `${key} was removed; write "${lastName(key)}: \${NAME}" to take it from NAME`),
  ];
  if (lost.length > 0) return lost;
  const gone = before.keyCount - after.keyCount;
  if (gone <= KEYS_LOST_MAX || gone <= before.keyCount * SHARE_LOST_MAX) return [];
  return [
    `${gone} of ${before.keyCount} keys were removed; if that is intended, restart the service`,
  ];
}

function budgetLoss(before: Written, after: Written): readonly string[] {
  if (before.dailyUsd === null || before.dailyUsd === 0 || after.dailyUsd !== null) return [];
  const was = Number.isNaN(before.dailyUsd) ? "" : ` (it was ${before.dailyUsd})`;
  return [`budget.daily_usd was removed${was}; for no limit, write "budget: {daily_usd: 0}"`];
}

function lastName(key: string): string {
  return key.slice(key.lastIndexOf(".") + 1);
}
