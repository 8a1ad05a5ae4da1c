/**
 * What the eye does not see in a text: blanks at its ends, characters without a shape, quotes and
 * dashes of a word processor, letters and signs of another alphabet. A message that quotes the text tidied would hide just that.
 */

/** No-break and other blanks that are none to YAML, and characters without any width. */
const INVISIBLE =
  /[\u00a0\u00ad\u061c\u115f\u1160\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufeff\uffa0\u{e0000}-\u{e007f}]/u;
const CURLY = /^[\u2018-\u201f\u00ab\u00bb]|[\u2018-\u201f\u00ab\u00bb]$/u;
/** Dashes of all kinds, and the minus of mathematics. */
const DASH = /[\p{Pd}\u2212]/u;
const DASHES = new RegExp(DASH.source, "gu");
const NAMES: Readonly<Record<string, string>> = {
  "00A0": "a no-break space",
  "00AD": "a soft hyphen",
  "200B": "a zero-width space",
  "202F": "a narrow no-break space",
  FEFF: "a byte order mark",
};

/** Where the first invisible character is, counted from 1, and what it is; null without one. */
export function invisibleIn(text: string): { readonly at: number; readonly what: string } | null {
  const characters = [...text];
  const index = characters.findIndex((one) => INVISIBLE.test(one));
  if (index === -1) return null;
  const code = codeOf(characters[index] ?? "");
  const name = NAMES[code];
  return { at: index + 1, what: `U+${code}${name === undefined ? "" : `, ${name}`}` };
}

const INVISIBLE_ALL = new RegExp(INVISIBLE.source, "gu");
const END_BLANK = /^ +| +$/g;

/**
 * The name with its invisible characters, and the blanks at its ends, written out: `[U+00A0]voice`.
 * As it is, it would look like a name that is known, and whoever tidies lines would make it one.
 */
export function visible(name: string): string {
  const shown = name.replace(INVISIBLE_ALL, (one) => `[U+${codeOf(one)}]`);
  return shown.replace(END_BLANK, (blanks) => `[U+${codeOf(" ")}]`.repeat(blanks.length));
}

/** A clause about what is odd in a value, or nothing. */
export function oddity(text: string): string {
  const invisible = invisibleIn(text);
  if (invisible !== null) {
    return `; it has an invisible character (${invisible.what}) as its ${ordinal(invisible.at)}`;
  }
  if (text !== text.trimStart()) return "; it begins with a space";
  if (text !== text.trimEnd()) return "; it ends with a space";
  if (CURLY.test(text)) return `; it has typographic quotes, write plain ones (")`;
  const foreign = [...text].find((one) => one > "\u007f" && /[\p{L}\p{N}\p{P}\p{S}]/u.test(one));
  if (foreign === undefined || !/[A-Za-z0-9]/.test(text)) return "";
  const code = `U+${codeOf(foreign)}`;
  if (DASH.test(foreign)) return `; it has a dash that is not the plain one (${code}), write -`;
  const what = /\p{L}/u.test(foreign) ? "letter" : "character";
  return `; it has a ${what} that is not a plain one (${code})`;
}

/** Its dashes, written plain. */
export function plainDashes(text: string): string {
  return text.replace(DASHES, "-");
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}

function ordinal(count: number): string {
  const ten = Math.floor(count / 10) % 10;
  const ending = ten === 1 ? "th" : (["th", "st", "nd", "rd"][count % 10] ?? "th");
  return `${count}${ending}`;
}
