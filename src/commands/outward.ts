/**
 * The border between a command and whoever reads what it prints: no secret passes stdout or stderr,
 * whichever part of the program wrote the line. (The daemon's journal has a border of its own: it
 * does not go through these streams.)
 */

import { Redactor } from "../core/redact.ts";
import type { Env } from "../core/settings/expand-env.ts";

/** Names of variables whose values are secrets. */
const SECRET_NAME = /(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE)S?$/i;
/** Shorter values of such variables are words. */
const SECRET_MIN_CHARS = 12;

/** What this process must not show. */
export const secrets = new Redactor();

/** The values of the variables whose names say that they are secret. */
export function learnFrom(env: Env): void {
  const found = Object.entries(env).filter(([name]) => SECRET_NAME.test(name));
  const values = found.map(([, value = ""]) => value.trim());
  secrets.learn(values.filter((value) => value.length >= SECRET_MIN_CHARS));
}

/**
 * From now on the texts that are written to the stream are cleaned; bytes pass as they are. What
 * cannot be written is told to `lost`: files fail at once, pipes and terminals later.
 */
export function guard(stream: NodeJS.WriteStream, lost: (error: unknown) => void): void {
  const write = stream.write.bind(stream);
  stream.on("error", lost);
  stream.write = (chunk: Uint8Array | string, ...rest: [never?, never?]): boolean => {
    try {
      return write(typeof chunk === "string" ? secrets.text(chunk) : chunk, ...rest);
    } catch (error) {
      lost(error);
      return false;
    }
  };
}
