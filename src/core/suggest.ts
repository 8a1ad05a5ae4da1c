/** "Did you mean …?": the known word nearest to a mistyped one, or none when none is near. */

/** Longer words are compared by their beginning only, which bounds the work. */
const COMPARED_MAX_CHARS = 64;

/**
 * The number of edits (insert, delete, replace, swap neighbours) between two words: the optimal
 * string alignment form of the Damerau-Levenshtein distance.
 */
export function editDistance(from: string, to: string): number {
  const a = [...from.slice(0, COMPARED_MAX_CHARS)];
  const b = [...to.slice(0, COMPARED_MAX_CHARS)];
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(at(above, j) + 1, at(row, j - 1) + 1, at(above, j - 1) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, at(before, j - 2) + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return at(above, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/** The nearest of `known` when at most a third of its characters (at least one) is wrong. */
export function nearest(word: string, known: readonly string[]): string | null {
  const wanted = word.slice(0, COMPARED_MAX_CHARS).toLowerCase();
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    const limit = Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3));
    if (distance <= limit && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "word"?`, or nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const guess = nearest(word, known);
  return guess === null ? "" : `; did you mean "${guess}"?`;
}
