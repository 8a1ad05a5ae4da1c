/**
 * The settings table: one row per key, and the types and defaults that follow from it.
 *
 * Invariant: nothing about a key is written anywhere else. The validator, config/config.yaml,
 * config/config.schema.json and config/README.md are derived from TABLE; a test
 * compares the checked-in files with it.
 */

import { fields, record } from "../json.ts";
import { plainDefault } from "./read-value.ts";
import type { Row, Tree, Value } from "./row.ts";
import { TABLE } from "./table-rows.ts";

/** A dotted key, such as `audio.pre_roll_ms`. */
export type SettingKey = keyof typeof TABLE;

/** Every setting, by its dotted key; complete, checked and frozen. */
export type Settings = { readonly [K in SettingKey]: (typeof TABLE)[K]["default"] };

/** What each section is about: a heading of the example file and of the reference. */
export const SECTIONS: Readonly<Record<string, string>> = {
  openai: "Who answers, and how.",
  "openai.turn_detection": "When your turn is over.",
  audio: "Microphone and loudspeaker.",
  wake_word: "The word that begins a conversation.",
  session: "How a conversation goes on and ends.",
  leds: "The LEDs.",
  button: "The button.",
  tools: "What it can do besides talking.",
  timers: "Timers and alarms.",
  mqtt: "Home Assistant and other watchers, by an MQTT broker.",
  mcp: "Tools that other programs serve (MCP).",
  home_assistant: "The house, through Home Assistant.",
  camera: "What it may see.",
  budget: "What it may cost.",
  metrics: "What is written about each conversation.",
  system: "Journal and remote control.",
};

/** The rows in the order of the example file. */
export const ROWS: readonly (readonly [SettingKey, Row])[] = Object.keys(TABLE)
  .filter(isSettingKey)
  .map((key) => [key, TABLE[key]]);

/** Is there a row for this key? */
export function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(TABLE, key);
}

/** All rows have a value: the map is as good as Settings. Values must come from the rows' readers. */
export function isComplete(values: Partial<Settings>): values is Settings {
  return Object.keys(TABLE).every((key) => Object.hasOwn(values, key));
}

/** Puts values, each read by the reader of its own row, together. */
export function assemble(values: ReadonlyMap<SettingKey, Value>): Partial<Settings> {
  // The compiler cannot follow that each value came from the row of its key; readValue sees to it.
  return Object.freeze(Object.fromEntries(values)) as Partial<Settings>;
}

/** The settings of an empty file in an empty environment; secrets are "". */
export const DEFAULTS: Settings = defaults();

function defaults(): Settings {
  const settings = assemble(new Map(ROWS.map(([key, row]) => [key, plainDefault(row)])));
  if (!isComplete(settings)) throw new Error("a row of the settings table has no default");
  return settings;
}

/** The values that must never be written anywhere; for the journal's filter. */
export function secretValues(settings: Settings): readonly string[] {
  return ROWS.filter(([, row]) => row.kind === "text" && row.secret)
    .map(([key]) => String(settings[key]))
    .concat(headerValues(settings["tools.custom"]), serverValues(settings["mcp.servers"]))
    .concat(serverValues(settings["openai.mcp_servers"]))
    .filter((secret) => secret !== "");
}

/** Shorter words of a header, such as Bearer, are no secrets. */
const HEADER_SECRET_MIN_CHARS = 8;

/** What the owner's own functions send in their headers may be keys. */
function headerValues(custom: Tree): readonly string[] {
  return likelyKeys(
    Object.values(custom).flatMap((of) =>
      Object.values(fields(fields(record(of) ?? {}, "http"), "headers")),
    ),
  );
}

/** So may be what servers of tools get in headers, for authorization, or in their environment. */
function serverValues(servers: Tree): readonly string[] {
  return likelyKeys(
    Object.values(servers).flatMap((of) => {
      const server = record(of) ?? {};
      const { authorization } = server;
      const maps = [fields(server, "headers"), fields(server, "env")];
      return [authorization, ...maps.flatMap((map) => Object.values(map))];
    }),
  );
}

function likelyKeys(values: readonly unknown[]): readonly string[] {
  return values
    .flatMap((value) => (typeof value === "string" ? [value, ...value.split(/\s+/)] : []))
    .filter((value) => value.length >= HEADER_SECRET_MIN_CHARS);
}

/**
 * What decides and what is shown gets the settings without these: a state is safe to print. Headers of
 * the own functions may hold keys, too.
 */
const SECRET_KEYS = [
  "openai.api_key",
  "wake_word.access_key",
  "wake_word.arbitrate_secret",
  "tools.custom",
  "mqtt.password",
  "mcp.servers",
  "openai.mcp_servers",
  "home_assistant.token",
] as const;

export type PublicSettings = Omit<Settings, (typeof SECRET_KEYS)[number]>;

/** The same settings without keys; a test holds it against the rows that are marked secret. */
export function withoutSecrets(settings: Settings): PublicSettings {
  const {
    "openai.api_key": _,
    "wake_word.access_key": __,
    "tools.custom": ___,
    "mqtt.password": ____,
    "mcp.servers": _____,
    "home_assistant.token": ______,
    "openai.mcp_servers": _______,
    "wake_word.arbitrate_secret": ________,
    ...rest
  } = settings;
  return Object.freeze(rest);
}

/** The settings fit to be shown: of a secret only whether it is set. */
export function publicSettings(settings: Settings): Readonly<Record<string, Value>> {
  const shown = ROWS.map(([key, row]): [string, Value] => {
    const value = settings[key];
    if (row.kind === "tree") return [key, Object.keys(value)];
    if (row.kind !== "text" || !row.secret) return [key, value];
    return [key, value === "" ? "" : "(set)"];
  });
  return Object.fromEntries(shown);
}
