/**
 * Addresses and headers of the owner's own, for functions and for servers of tools: one check for all.
 * A value is never quoted: it may come from the environment, and may hold a key.
 */

import type { BlockProblem, Report } from "./blocks.ts";
import { record } from "./json.ts";
import { headerSlip } from "./key-slips.ts";

export interface AddressRule {
  readonly schemes: readonly ("https" | "http")[];
  readonly example: string;
  /** The keys that a user and a password belong to. */
  readonly secretsIn: string;
}

/** RFC 9110, 5.6.2: what a header's name may consist of. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** What is wrong with an address, and what to do; null: nothing. */
export function addressTrouble(
  address: unknown,
  { schemes, example, secretsIn }: AddressRule,
): string | null {
  const wanted = `must be an address such as ${example}`;
  if (typeof address !== "string" || !URL.canParse(address)) return wanted;
  // URL leaves them out, the sender might not.
  if (/\p{Cc}/u.test(address)) return "must not have line breaks or other control characters";
  const { protocol, username, password } = new URL(address);
  if (!schemes.some((scheme) => protocol === `${scheme}:`)) {
    const starts = schemes.map((scheme) => `${scheme}://`).join(" or ");
    return `${wanted}: it must begin with ${starts}`;
  }
  const hasUser = username !== "" || password !== "";
  return hasUser ? `must not have a user or password; put them into ${secretsIn}` : null;
}

/** What is wrong with one header's text, and what to do; null: nothing. */
export function headerTrouble(text: unknown): string | null {
  if (typeof text !== "string") return "must be text; put it in quotes";
  if (HEADER_VALUE.test(text)) return headerSlip(text);
  return "must be one line of ASCII text; check the variable or the file that it comes from";
}

/** The headers at `path`; those that cannot be are reported and left out. */
export function headersOf(
  value: unknown,
  path: BlockProblem["path"],
  say: Report,
): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  const pairs = record(value);
  if (pairs === null) say(path, "must be names with texts, such as {X-Api-Key: text}");
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(pairs ?? {})) {
    const why = HEADER_NAME.test(name)
      ? headerTrouble(text)
      : "is no name of a header; use letters, digits and -, such as X-Api-Key";
    if (why !== null) say([...path, name], why);
    else if (typeof text === "string") headers[name] = text;
  }
  return headers;
}
