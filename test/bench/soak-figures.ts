/** What a soak has shown: a chart of the memory, and whether memory or open files grow. */

import { cellsOf } from "../../src/commands/metrics/sparkline.ts";

/** After one conversation. */
export interface Use {
  readonly rssKb: number;
  readonly files: number;
}

/** The bar: what memory may grow by. */
export const GROWTH_MAX_KB = 10;
/** Below this, a slope says nothing: a collection comes every few dozen conversations. */
export const JUDGED_FROM = 40;
/** Of more, an even choice: the pairs grow with the square. */
const JUDGED_MAX = 1_000;
const WARM_UP_SHARE = 0.25;
const CELLS = 60;
const BARS = "▁▂▃▄▅▆▇█";

export interface Growth {
  /** Kilobytes a conversation, by the median of all pairs; 0 of fewer than two. */
  readonly kbEach: number;
  readonly filesEach: number;
  /** False too where there were too few conversations to tell. */
  readonly grows: boolean;
}

export function growth(uses: readonly Use[]): Growth {
  const warm = uses.slice(Math.ceil(uses.length * WARM_UP_SHARE));
  const every = Math.max(1, Math.ceil(warm.length / JUDGED_MAX));
  const some = warm.filter((_, i) => i % every === 0);
  const kbEach = slope(some.map(({ rssKb }) => rssKb)) / every;
  const filesEach = slope(some.map(({ files }) => files)) / every;
  const judged = uses.length >= JUDGED_FROM;
  return { kbEach, filesEach, grows: judged && (kbEach > GROWTH_MAX_KB || filesEach > 0) };
}

/** Theil and Sen's: the median of the slopes between all pairs of a row. */
export function slope(values: readonly number[]): number {
  const slopes: number[] = [];
  values.forEach((first, i) => {
    values.slice(i + 1).forEach((second, apart) => {
      slopes.push((second - first) / (apart + 1));
    });
  });
  slopes.sort((a, b) => a - b);
  return slopes[Math.floor(slopes.length / 2)] ?? 0;
}

export function soakReport(uses: readonly Use[]): string {
  const { kbEach, filesEach, grows } = growth(uses);
  const mb = uses.map(({ rssKb }) => rssKb / 1000);
  const [least, most] = [Math.min(...mb), Math.max(...mb)];
  const points = mb.map((value, i) => ({ at: i / mb.length, value }));
  const chart = cellsOf(points, Math.min(CELLS, mb.length), "median")
    .map((cell) => (cell === null ? " " : bar(cell, least, most)))
    .join("");
  const verdict =
    uses.length < JUDGED_FROM ? `too few to judge (${JUDGED_FROM})` : grows ? "GROWS" : "flat";
  return [
    `${uses.length} conversations, resident ${least.toFixed(1)} to ${most.toFixed(1)} MB`,
    `  ${chart}`,
    `memory ${kbEach.toFixed(1)} KB a conversation (at most ${GROWTH_MAX_KB}), ` +
      `open files ${uses[0]?.files ?? 0} to ${uses.at(-1)?.files ?? 0} (${filesEach.toFixed(2)} each): ${verdict}`,
    "",
  ].join("\n");
}

function bar(value: number, least: number, most: number): string {
  const share = most > least ? (value - least) / (most - least) : 0;
  return BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))] ?? " ";
}
