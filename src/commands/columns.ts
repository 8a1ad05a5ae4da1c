/**
 * Text for the width of the terminal: words stay whole, and what goes on begins below its column.
 * In a pipe nothing is broken, for the next program wants its lines as they are.
 */

/** Narrower ones exist, but a word a line helps nobody. */
const COLUMNS_MIN = 40;

/** Characters a line; null where nobody looks. `$COLUMNS` counts also in a pipe. */
export function terminalColumns(out = process.stdout, env = process.env): number | null {
  const asked = Number(env["COLUMNS"]);
  if (Number.isInteger(asked) && asked > 0) return Math.max(COLUMNS_MIN, asked);
  const { columns, isTTY } = out;
  return isTTY === true && columns > 0 ? Math.max(COLUMNS_MIN, columns) : null;
}

/**
 * `text` in lines of at most `columns` characters, the second and later ones indented by `hang`; a
 * longer word has a line of its own. `used`: what stands before it in the first line already.
 */
export function wrapped(text: string, columns: number | null, hang = 0, used = hang): string {
  if (columns === null || used + text.length <= columns) return text;
  // A deep indent would leave no room: then it is given up.
  const indent = columns - hang < COLUMNS_MIN / 2 ? Math.min(hang, 4) : hang;
  const lines: string[] = [];
  let line = "";
  let before = used;
  for (const word of text.split(" ")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (line !== "" && before + joined.length > columns) {
      lines.push(line);
      line = word;
      before = indent;
    } else line = joined;
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}
