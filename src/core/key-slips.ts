/**
 * What a key brings along from the place where it was copied: quotes, the name of its variable, a
 * comma. The key itself is never said.
 *
 * Invariant: only a shape that no valid value has is refused, for there is no way round. A password
 * may look like nearly anything.
 */

const ALONE = "must be the key alone";
const TAIL = `${ALONE}: it ends with a comma or semicolon`;
/** Keys of OpenAI's kind, and JSON web tokens: what they consist of is known. */
const TAILED = /^(?:Bearer\s+)?(?:sk-|eyJ).*[,;]$/;
const SHELL = `is the name of a variable as a shell writes it; here, write \${NAME}, with braces`;
const SHELL_NAME = /^(?:(?:Bearer|Basic|Token)\s+)?\$[A-Z][A-Z0-9_]*$/;

/** What is wrong with a key of an API, or a token; null: nothing. */
export function keySlip(value: string): string | null {
  if (/^["'`]|["'`]$/.test(value)) return `${ALONE}, without quotes around it`;
  if (/^(?:export\s+)?[A-Z][A-Z0-9_]{2,}=[^=]/.test(value)) {
    return `${ALONE}: it begins with the name of a variable and =`;
  }
  if (/[,;]$/.test(value)) return TAIL;
  return /^\$[A-Za-z_]\w*$/.test(value) ? SHELL : null;
}

/** The same for a password; `variable`: where it usually stands, or empty. */
export function passwordSlip(value: string, variable: string): string | null {
  if (/^(["'`]).*\1$/.test(value)) return "must be the password alone, without quotes around it";
  if (variable === "") return null;
  const isNamed = value.replace(/^export\s+/, "").startsWith(`${variable}=`);
  if (isNamed) return `must be the password alone: it begins with ${variable}=`;
  return value === `$${variable}` ? SHELL : null;
}

/** The same for a header, which may hold a key, or anything else; its rest is for the server. */
export function headerSlip(text: string): string | null {
  return TAILED.test(text) ? TAIL : null;
}

/** Text of the file that is a variable's name and nothing else, but without the braces. */
export function shellName(raw: string): string | null {
  return SHELL_NAME.test(raw) ? SHELL : null;
}
