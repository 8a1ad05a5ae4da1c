/**
 * `${NAME}` and `${NAME:-text}` in configuration values.
 *
 * Invariant: expansion happens once; what comes out of a variable is not expanded again. As in a
 * shell, `:-` also covers a variable that is set but empty. `$${` stands for a plain `${`; a `$`
 * before anything else is an ordinary character.
 */

/** The environment, as a plain record. */
export type Env = Readonly<Record<string, string | undefined>>;

/**
 * What becomes of a value whose variable is not set and has no default: it is refused, or the
 * setting takes the default of the table.
 */
export type MissingVariables = "refuse" | "default";

export type Expansion =
  | {
      readonly ok: true;
      /** Variables in `unset` count as empty. */
      readonly text: string;
      /** The variables that took part, in order. */
      readonly names: readonly string[];
      /** Those of them that are not set and have no default; none when that is refused. */
      readonly unset: readonly string[];
    }
  | { readonly ok: false; readonly problem: string };

const PLACE = /\$\$\{|\$\{([^}]*)\}|\$\{/g;
const BODY = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;

const MALFORMED = `has a \${ that is neither \${NAME} nor \${NAME:-text}; a plain \${ is written $\${`;

/** Expands all places of `template`; the message names the first that cannot be. */
export function expand(template: string, env: Env, missing: MissingVariables): Expansion {
  const names: string[] = [];
  const unset: string[] = [];
  const problems: string[] = [];
  const text = template.replace(PLACE, (place: string, body: string | undefined) => {
    if (place === "$${") return "${";
    const parts = BODY.exec(body ?? "");
    const [, name, fallback] = parts ?? [];
    if (name === undefined || fallback?.includes("${")) {
      problems.push(MALFORMED);
      return "";
    }
    names.push(name);
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback !== undefined) return value === undefined || value === "" ? fallback : value;
    if (value === undefined) unset.push(name);
    return value ?? "";
  });
  const [gone] = unset;
  if (gone !== undefined && missing === "refuse") problems.push(howToSet(gone, env));
  const [problem] = problems;
  return problem === undefined ? { ok: true, text, names, unset } : { ok: false, problem };
}

/** Those that the unit takes from a file each. */
const CREDENTIALS = [
  "OPENAI_API_KEY",
  "PICOVOICE_ACCESS_KEY",
  "MQTT_PASSWORD",
  "HOME_ASSISTANT_TOKEN",
];

function howToSet(name: string, env: Env): string {
  const isOurs = CREDENTIALS.includes(name);
  // A state folder is what a unit of systemd has; wherever one has LoadCredential=, it has this one, too.
  if (isOurs && (env["STATE_DIRECTORY"] ?? "") !== "" && !env["CREDENTIALS_DIRECTORY"]) {
    return (
      `the environment variable ${name} is not set, and systemd passes no credentials: something ` +
      "has emptied LoadCredential= of this unit (see systemctl cat pipit; LXC does so by a drop-in). " +
      `Set ${name}=... in /etc/pipit/pipit.env, or remove the drop-in`
    );
  }
  const file = isOurs ? `/etc/pipit/credentials/${name}` : "/etc/pipit/pipit.env";
  return (
    `the environment variable ${name} is not set; set it with "export ${name}=...", for the ` +
    `service in ${file} (root alone reads it: if it is there, use sudo), ` +
    `or give a default with \${${name}:-text}`
  );
}
