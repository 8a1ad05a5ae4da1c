/** A row of figures cut into the cells of a line of small bars. */

import { atShare, sorted } from "./statistics.ts";

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

/** The greatest figure of all lines; 0 of none. */
export function greatestOf(lines: readonly (readonly (number | null)[])[]): number {
  return lines.flat().reduce((most: number, cell) => Math.max(most, cell ?? 0), 0);
}
