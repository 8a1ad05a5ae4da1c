/** The older keys of `home_assistant`. */

import { baseOf } from "../../core/home/spec.ts";
import { HOUSE_ADDRESS } from "../../core/mcp/servers.ts";
import type { OlderName } from "../../core/settings/older-names.ts";
import { addressTrouble } from "../../core/web-address.ts";
import {
  type Assignment,
  assign,
  becomes,
  gone,
  isTemplate,
  keep,
  type OlderKey,
  type Outcome,
} from "./older-key.ts";

const TOKEN_FILE = "/etc/pipit/credentials/HOME_ASSISTANT_TOKEN";
const TOKEN = `\${HOME_ASSISTANT_TOKEN:-}`;
const IN_CLEAR = `is in plain text; better: the token into ${TOKEN_FILE} (mode 0600), and no line here`;
const URL = "The address alone: the ways below it are known";
const WAITS =
  "A call has 12 s; the list of tools is read before each conversation, and waited for a second at most";
const RETRY = "Asked again when somebody talks, after growing, bounded waits";
const WAYS = "Both ways of Home Assistant, the newer and the older, are tried by themselves";
const CERTIFICATE =
  "The certificate is always checked; one of your own: NODE_EXTRA_CA_CERTS in /etc/pipit/pipit.env";
const NATIVE = "Pipit itself talks to the house: the token stays in it";
const APPROVAL =
  "home_assistant.confirm says what is asked first: locks, doors and alarms by default";
const ALWAYS = "Always so";

function url(value: unknown): Outcome {
  if (typeof value !== "string" || isTemplate(value)) return keep();
  // What the validator will say of it is said by the validator.
  if (value === "" || addressTrouble(value, HOUSE_ADDRESS) !== null) return keep();
  const base = baseOf(value);
  return base === value ? keep() : assign("home_assistant.url", base, URL);
}

/** A variable of the older .env becomes the credential, which the service has. */
function token(value: unknown): Outcome {
  if (value === null) return { tag: "gone", why: "It has no value" };
  if (typeof value !== "string" || value === "") return keep();
  if (!isTemplate(value)) return keep(IN_CLEAR);
  if (value.includes("HOME_ASSISTANT_TOKEN")) return keep();
  const values: readonly Assignment[] = [{ key: "home_assistant.token", value: TOKEN }];
  return { tag: "set", values, why: `It is read from ${TOKEN_FILE}` };
}

function language(value: unknown): Outcome {
  if (typeof value !== "string" || isTemplate(value)) return keep();
  const [tongue = "", ...region] = value.trim().replaceAll("_", "-").split("-");
  const code = [tongue.toLowerCase(), ...region].join("-");
  return code === value
    ? keep("of sentences that are handed to Home Assistant (home_assistant.ask)")
    : assign("home_assistant.language", code, "As language codes are written");
}

const GONE: readonly (readonly [OlderName, string])[] = [
  ["home_assistant.timeout", WAITS],
  ["home_assistant.mcp.sse_endpoint", WAYS],
  ["home_assistant.mcp.auth_method", "The token is the one way"],
  ["home_assistant.mcp.connection_timeout", WAITS],
  ["home_assistant.mcp.reconnect_attempts", RETRY],
  ["home_assistant.mcp.ssl_verify", CERTIFICATE],
  ["home_assistant.mcp.ssl_ca_bundle", CERTIFICATE],
  ["home_assistant.mcp.max_reconnect_attempts", RETRY],
  ["home_assistant.mcp.reconnect_base_delay", RETRY],
  ["home_assistant.mcp.reconnect_max_delay", RETRY],
  ["home_assistant.mcp.sse_read_timeout", WAITS],
  ["home_assistant.mcp.native_mode", NATIVE],
  ["home_assistant.mcp.endpoint", WAYS],
  ["home_assistant.mcp.approval_mode", APPROVAL],
  ["home_assistant.mcp.approval_timeout", APPROVAL],
  ["home_assistant.mcp.enable_fallback", WAYS],
  [
    "home_assistant.mcp.performance_tracking",
    "The metrics file tells of each call how long it took",
  ],
  ["home_assistant.mcp.cache_tool_definitions", ALWAYS],
  ["home_assistant.mcp.tool_timeout", WAITS],
];

export const HOME_KEYS: readonly OlderKey[] = [
  becomes("home_assistant.url", "home_assistant.url", "as the address alone", url),
  becomes("home_assistant.token", "home_assistant.token", `better in ${TOKEN_FILE}`, token),
  becomes(
    "home_assistant.language",
    "home_assistant.language",
    "of sentences that are handed to it",
    language,
  ),
  ...GONE.map(([name, why]) => gone(name, why)),
];
