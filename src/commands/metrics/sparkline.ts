/** A row of figures as a line of small bars, one character each. */

import { atShare, sorted } from "./statistics.ts";

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
/** The same eight heights where the terminal knows ASCII alone. */
const ASCII_BARS = [".", ":", "-", "=", "+", "*", "#", "@"] as const;

export interface Point {
  /** Place in the period, 0 to 1. */
  readonly at: number;
  readonly value: number;
}

/** What happened in each of `count` equal parts of the period; null: nothing. */
export function cellsOf(
  points: readonly Point[],
  count: number,
  how: "median" | "sum",
): readonly (number | null)[] {
  const cells: number[][] = Array.from({ length: count }, () => []);
  for (const { at, value } of points) {
    cells[Math.min(count - 1, Math.max(0, Math.floor(at * count)))]?.push(value);
  }
  return cells.map((values) => {
    if (values.length === 0) return null;
    return how === "sum" ? values.reduce((a, b) => a + b, 0) : atShare(sorted(values), 0.5);
  });
}

/**
 * One character a cell: blank for null, the lowest bar for 0, the highest for `greatest` and above.
 * Bars of lines with the same `greatest` may be compared.
 */
export function sparkline(
  cells: readonly (number | null)[],
  greatest: number,
  utf8: boolean,
): string {
  const bars = utf8 ? BARS : ASCII_BARS;
  return cells
    .map((cell) => {
      if (cell === null) return " ";
      const share = greatest > 0 ? Math.min(1, Math.max(0, cell / greatest)) : 0;
      return bars[Math.max(0, Math.ceil(share * bars.length) - 1)] ?? " ";
    })
    .join("");
}

/** The greatest figure of all lines; 0 of none. */
export function greatestOf(lines: readonly (readonly (number | null)[])[]): number {
  return lines.flat().reduce((most: number, cell) => Math.max(most, cell ?? 0), 0);
}
