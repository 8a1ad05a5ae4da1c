/**
 * What `pipit wake-words try` shows: the scores of the models as a line of bars that moves on, and a
 * line for each word that is heard. Without a terminal only the latter.
 */

import { isUtf8, sparkline } from "../bars.ts";

const ERASE_LINE = "\r\u001b[2K";
/** Scores shown side by side: 8 s. */
const CELLS = 40;

export class ScoreScreen {
  readonly #words: readonly string[];
  readonly #cells: (number | null)[] = [];
  readonly #isTerminal = process.stdout.isTTY === true;
  readonly #utf8 = isUtf8();

  /** `words`: those that have scores. */
  constructor(words: readonly string[]) {
    this.#words = words;
  }

  ready(words: readonly string[]): void {
    process.stdout.write(`Listening for ${words.join(", ")}. Ctrl-C ends it.\n`);
  }

  heard(keyword: string, atMs: number): void {
    const erase = this.#isTerminal ? ERASE_LINE : "";
    process.stdout.write(`${erase}${keyword} after ${(atMs / 1000).toFixed(1)} s\n`);
  }

  /** The scores since the last call; none while nobody makes a sound. */
  scores(scores: ReadonlyMap<string, number>): void {
    const highest = Math.max(-1, ...scores.values());
    this.#cells.push(highest < 0 ? null : highest);
    if (this.#cells.length > CELLS) this.#cells.shift();
    if (!this.#isTerminal) return;
    const best = this.#words.find((word) => scores.get(word) === highest) ?? "";
    const now = highest < 0 ? "" : ` ${highest.toFixed(2)} ${best}`;
    process.stdout.write(
      `${ERASE_LINE}${sparkline(this.#cells, 1, this.#utf8).padEnd(CELLS)}${now}`,
    );
  }

  end(): void {
    if (this.#isTerminal) process.stdout.write(ERASE_LINE);
  }
}
