/**
 * Is foreign JSON worth parsing? Bytes do not say what `JSON.parse` makes of them: a small object
 * takes 25 times its text, and ten megabytes of brackets keep the loop for seconds. One pass over
 * the text outside its strings counts what would be made.
 *
 * Invariant: linear, allocates nothing, and gives up at the first limit that is passed.
 */

/** The longest event of the Realtime API, a session with all its tools, has some thousand. */
export const VALUES_MAX = 50_000;
/** Tools' schemas are the deepest: some ten levels. */
export const DEPTH_MAX = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** Null: it may be parsed; else why not. */
export function tooDear(text: string): string | null {
  let [values, depth] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === COMMA) {
      values += 1;
    } else if (code === 0x5b || code === 0x7b) {
      values += 1;
      depth += 1;
      if (depth > DEPTH_MAX) return `nested more than ${DEPTH_MAX} levels deep`;
    } else if (code === 0x5d || code === 0x7d) {
      depth -= 1;
    }
    if (values > VALUES_MAX) return `more than ${VALUES_MAX} values`;
  }
  return null;
}

/** Where the string that begins at `start` ends; a native search, for sound is one long string. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, quote: number): boolean {
  let at = quote - 1;
  while (text.charCodeAt(at) === BACKSLASH) at -= 1;
  return (quote - 1 - at) % 2 === 1;
}
