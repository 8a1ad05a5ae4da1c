/** Figures as a line of small bars, one character each. */

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
/** The same eight heights where the terminal knows ASCII alone. */
const ASCII_BARS = [".", ":", "-", "=", "+", "*", "#", "@"] as const;

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

/** The locale as the C library finds it: the first of these that is set and not empty. */
export function isUtf8(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || "");
}
