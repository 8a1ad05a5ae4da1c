/**
 * What must never be shown: keys. A server may echo one in an error's text, and an owner may put one
 * into the wrong line of the configuration. Known secrets are found by their value, wherever they
 * stand and however they are written; unknown ones by their shape.
 *
 * Invariant: this is the one place that knows what a secret looks like. It stands at each border
 * over which text leaves the process: journal, stdout and stderr, the record of the last run, the
 * answers of the control socket, systemd's status line, the metrics files.
 */

/** A secret shorter than this is not searched for: replacing it would only garble the lines. */
export const SECRET_MIN_CHARS = 6;
/** Secrets remembered: those of the configuration, the environment, and a few that were replaced. */
export const SECRETS_MAX = 64;
/** Levels of a value that is cleaned; what is nested deeper is left out. */
const DEPTH_MAX = 12;
const HIDDEN = "***";
/** A known secret that was cut by a limit is recognised by so many of its first characters. */
const CUT_MIN_CHARS = 6;

/**
 * No letter or digit before it, except that of a character which is written in several: as addresses
 * write a blank (`%20sk-…`), as JSON writes the end of a line (`\\nsk-…`), as terminals are told a colour.
 */
const BEFORE =
  /(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}|\\[bfnrt]|\\u[0-9A-Fa-f]{4}|\[[\d;]{0,20}m))/.source;
/** Keys of OpenAI and its imitators, masked ones from error texts included (`sk-proj-ab***cd`). */
const KEY_LIKE = new RegExp(`${BEFORE}sk-[A-Za-z0-9_*-]{6,}`, "g");
/** Other makers' keys, known by their first letters. */
const MAKERS_KEY = new RegExp(
  `${BEFORE}(?:ek_|gsk_|xai-|pplx-|hf_|gh[oprsu]_|github_pat_|glpat-|AIza|xox[abceoprs]-|xapp-|[rs]k_(?:live|test)_)[A-Za-z0-9_-]{16,}`,
  "g",
);
/** Names of Amazon's keys: so many capitals and digits, and no more. */
const AMAZON_KEY = new RegExp(`${BEFORE}A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])`, "g");
const BEARER = /\b(Bearer|Basic)\s+(?!\*)[^\s"'\\]{6,}/gi;
/** JSON web tokens (Home Assistant's long-lived tokens are such), cut ones too. */
export const WEB_TOKEN = new RegExp(`${BEFORE}eyJ[\\w-]{8,}(?:\\.[\\w-]*){0,2}`, "g");
/**
 * The password in an address: `https://name:password@host`. Up to the last @, for one that was not
 * encoded may have an @ or a / of its own; digits and a / are a port.
 */
export const URL_PASSWORD =
  /(?<=\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@"'\\]{0,200}:)(?!\d{1,5}\/)[^\s"'\\]{1,400}(?=@)/gi;
/** What stands there alone and is as long as this is a token, not a name: `https://token@host`. */
const URL_TOKEN = /(?<=\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/:@"'\\]{20,400}(?=@)/gi;
const URL_KEY =
  /(?<=[?&](?:api[-_]?key|key|(?:access_|auth_)?token|auth|(?:client_)?secret|(?:api_)?password|pass|pwd|sig|signature)=)[^&\s"'\\#]{6,}/gi;
/** Picovoice's AccessKeys: base64 of some forty bytes, with its padding. */
const ACCESS_KEY = /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{42,86}={1,2}(?![A-Za-z0-9+/=])/g;
const SHAPES = [
  KEY_LIKE,
  MAKERS_KEY,
  AMAZON_KEY,
  WEB_TOKEN,
  URL_PASSWORD,
  URL_TOKEN,
  URL_KEY,
  ACCESS_KEY,
];

/** Anything long and random; the names of files are let through. */
const RANDOM =
  /(?<![\w+/=~-])[\w+/=-]{20,}(?![\w+/=-])(?!\.(?:ppn|onnx|tflite|wav|ini|yaml|yml|pem|crt|log)\b)/g;
/** A part of a path that long is no name. */
const SEGMENT_MIN_CHARS = 20;
/** An address whose scheme was forgotten: `name:password@host`. */
const BARE_PASSWORD = /(?<=(?<![^\s"'])[^\s/:@"']{1,200}:)(?!\/\/)[^\s"']{1,400}(?=@)/g;

/** The text with `***` for each of the secrets, and for whatever looks like a key. */
export function redact(text: string, secrets: readonly string[]): string {
  const known = secrets.reduce((clean, secret) => withoutValue(clean, secret), text);
  const shaped = SHAPES.reduce((clean, shape) => clean.replace(shape, HIDDEN), known);
  return shaped.replace(BEARER, `$1 ${HIDDEN}`);
}

/**
 * Stricter, for pieces of a file that is the owner's own: anything long and random is hidden as well.
 * A key without a known shape, put into the wrong line, is not repeated.
 */
export function redactStrictly(text: string, secrets: readonly string[] = []): string {
  const clean = redact(text, secrets).replace(BARE_PASSWORD, HIDDEN);
  return clean.replace(RANDOM, (token) => (hasRandom(token) ? HIDDEN : token));
}

/** All texts in a value fit for JSON, names of fields included, without secrets. */
export function redactValue(value: unknown, secrets: readonly string[], depth = 0): unknown {
  if (typeof value === "string") return redact(value, secrets);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEPTH_MAX) return null;
  if (Array.isArray(value)) return value.map((one) => redactValue(one, secrets, depth + 1));
  const entries = Object.entries(value).map(([name, one]): [string, unknown] => [
    redact(name, secrets),
    redactValue(one, secrets, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

/** Remembers what must not be shown, and cleans what is about to be. */
export class Redactor {
  #known: readonly string[] = [];
  /** Longest first, so that a secret inside another one does not leave the other's rest behind. */
  #secrets: readonly string[] = [];

  /** From now on these are hidden as well; the oldest are forgotten beyond SECRETS_MAX. */
  learn(secrets: readonly string[]): void {
    const fresh = secrets.filter((one) => one.trim().length >= SECRET_MIN_CHARS);
    const older = this.#known.filter((one) => !fresh.includes(one));
    this.#known = [...older, ...new Set(fresh)].slice(-SECRETS_MAX);
    this.#secrets = this.#known.toSorted((a, b) => b.length - a.length);
  }

  /** All that is known, longest first. */
  get secrets(): readonly string[] {
    return this.#secrets;
  }

  readonly text = (text: string): string => redact(text, this.#secrets);

  readonly value = (value: unknown): unknown => redactValue(value, this.#secrets);
}

/** By its value: as it is, as JSON and addresses write it, and cut off with `…`. */
function withoutValue(text: string, secret: string): string {
  if (secret.length < SECRET_MIN_CHARS) return text;
  let clean = text;
  for (const form of formsOf(secret)) clean = clean.replaceAll(form, HIDDEN);
  if (!clean.includes("…")) return clean;
  return clean
    .split("…")
    .map((piece, at, all) => (at < all.length - 1 ? withoutStart(piece, secret) : piece))
    .join("…");
}

function formsOf(secret: string): ReadonlySet<string> {
  const wellFormed = !/[\uD800-\uDFFF]/.test(secret);
  const inUrl = wellFormed ? encodeURIComponent(secret) : secret;
  const inJson = JSON.stringify(secret).slice(1, -1);
  // As forms write it, with small letters, and as PHP and old JavaScript write a slash in JSON.
  const inForm = inUrl.replaceAll(/[!'()~]/g, (one) => `%${hexOf(one)}`);
  const small = inUrl.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  return new Set([secret, inJson, inUrl, inForm, small, inJson.replaceAll("/", "\\/")]);
}

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase();
}

/** The piece without the beginning of the secret at its end. */
function withoutStart(piece: string, secret: string): string {
  for (let length = secret.length - 1; length >= CUT_MIN_CHARS; length--) {
    if (piece.endsWith(secret.slice(0, length))) return piece.slice(0, -length) + HIDDEN;
  }
  return piece;
}

/** A path is judged by its parts, for long paths are ordinary. */
function hasRandom(token: string): boolean {
  if (!token.startsWith("/")) return looksRandom(token);
  return token.split("/").some((part) => part.length >= SEGMENT_MIN_CHARS && looksRandom(part));
}

/** Capitals, small letters and digits mixed, or a long run of letters and digits. */
function looksRandom(token: string): boolean {
  const mixed = /[A-Z]/.test(token) && /[a-z]/.test(token) && /\d/.test(token);
  if (mixed) return true;
  return /[A-Za-z0-9+/=]{24,}/.test(token) && /\d/.test(token) && /[A-Za-z]/.test(token);
}
