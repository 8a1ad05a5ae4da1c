/** What must never be shown: keys. A server may echo one in an error's text. */

/** Keys of OpenAI and its imitators, masked ones from error texts included (`sk-proj-ab***cd`). */
const KEY_LIKE = /\bsk-[A-Za-z0-9_*-]{6,}/g;
const BEARER = /\bBearer\s+[^\s"']{6,}/gi;

/** The text with `***` for each of the secrets, and for whatever looks like a key. */
export function redact(text: string, secrets: readonly string[]): string {
  const known = secrets.reduce(
    (clean, secret) => (secret === "" ? clean : clean.replaceAll(secret, "***")),
    text,
  );
  return known.replace(KEY_LIKE, "***").replace(BEARER, "Bearer ***");
}
