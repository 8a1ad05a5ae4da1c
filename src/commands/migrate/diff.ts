/**
 * Two texts as a unified diff, three lines of context.
 *
 * Invariant: bounded work. Beyond LCS_MAX_CELLS the part that differs is shown as a whole: all lines
 * out, all lines in, which is still true.
 */

/** Lines times lines compared; a configuration has a few hundred. */
const LCS_MAX_CELLS = 4_000_000;
const CONTEXT = 3;

interface Line {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

/** The diff's lines, without the two that name the files; empty when the texts are the same. */
export function diffLines(before: string, after: string): readonly string[] {
  if (before === after) return [];
  return hunks(compare(before.split("\n"), after.split("\n")));
}

function compare(a: readonly string[], b: readonly string[]): readonly Line[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (
    end < a.length - start &&
    end < b.length - start &&
    a[a.length - 1 - end] === b[b.length - 1 - end]
  ) {
    end++;
  }
  const mark = (sign: Line["mark"], lines: readonly string[]): Line[] =>
    lines.map((text) => ({ mark: sign, text }));
  const middle = core(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [...mark(" ", a.slice(0, start)), ...middle, ...mark(" ", a.slice(a.length - end))];
}

/** The longest common subsequence, by the table of its lengths. */
function core(a: readonly string[], b: readonly string[]): readonly Line[] {
  const width = b.length + 1;
  if ((a.length + 1) * width > LCS_MAX_CELLS) {
    return [
      ...a.map((text): Line => ({ mark: "-", text })),
      ...b.map((text): Line => ({ mark: "+", text })),
    ];
  }
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const longest = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
      lengths[i * width + j] = longest;
    }
  }
  const lines: Line[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      lines.push({ mark: " ", text: left });
      i++;
      j++;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ mark: "-", text: left });
      i++;
    } else if (right !== undefined) {
      lines.push({ mark: "+", text: right });
      j++;
    }
  }
  return lines;
}

function hunks(lines: readonly Line[]): readonly string[] {
  const near = new Set<number>();
  for (const [index, { mark }] of lines.entries()) {
    if (mark === " ") continue;
    for (let at = index - CONTEXT; at <= index + CONTEXT; at++) near.add(at);
  }
  const out: string[] = [];
  let hunk: Line[] = [];
  let [oldLine, newLine] = [1, 1];
  const flush = (): void => {
    if (hunk.length === 0) return;
    const [removed, added] = [count(hunk, "+"), count(hunk, "-")];
    out.push(`@@ -${oldLine - removed},${removed} +${newLine - added},${added} @@`);
    out.push(...hunk.map(({ mark, text }) => `${mark}${text}`));
    hunk = [];
  };
  for (const [index, line] of lines.entries()) {
    if (!near.has(index)) flush();
    else hunk.push(line);
    if (line.mark !== "+") oldLine++;
    if (line.mark !== "-") newLine++;
  }
  flush();
  return out;
}

/** Lines of a hunk that are in the text that lacks `except`. */
function count(hunk: readonly Line[], except: Line["mark"]): number {
  return hunk.filter(({ mark }) => mark !== except).length;
}
