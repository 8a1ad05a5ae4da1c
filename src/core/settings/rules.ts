/**
 * The rules that one row cannot state: between two keys, or about the inside of a value.
 *
 * Invariant: a rule speaks only when every key that it looks at is valid by itself.
 */

import { BUILT_IN_NAMES } from "../functions/built-in.ts";
import { customFunctions } from "../functions/custom.ts";
import { remoteServers } from "../mcp/remote.ts";
import { HOUSE_ADDRESS, mcpServers } from "../mcp/servers.ts";
import { didYouMean } from "../suggest.ts";
import { KEYLESS_KEYWORDS } from "../wake/keyless-words.ts";
import { MANIFEST_EXTENSION } from "../wake/plan.ts";
import { wordKey } from "../wake/sensitivity.ts";
import { addressTrouble } from "../web-address.ts";
import { oddity } from "./odd-characters.ts";
import { wrongPrices } from "./price-lines.ts";
import type { SettingKey, Settings } from "./table.ts";

/** Does the file itself have this key? */
export type IsWritten = (key: SettingKey) => boolean;

export interface Broken {
  readonly key: SettingKey;
  /** Which item of a list, from 0; absent where the value as a whole is meant. */
  readonly index?: number;
  /** Which place in a block; absent where the value as a whole is meant. */
  readonly below?: readonly (string | number)[];
  readonly message: string;
}

/** All broken rules. Keys that have problems of their own are absent from `values`. */
export function brokenRules(
  values: Partial<Settings>,
  isWritten: IsWritten = () => true,
): readonly Broken[] {
  return [
    ...baseUrl(values),
    ...soundFiles(values),
    ...accessKey(values),
    ...keywords(values),
    ...models(values),
    ...pins(values, isWritten),
    ...quietHours(values),
    ...budgetFiles(values, isWritten),
    ...prices(values),
    ...ownFunctions(values),
    ...toolServers(values),
    ...remote(values),
    ...house(values),
    ...disabled(values),
    ...broker(values),
  ];
}

/** A conversation every five minutes, day and night. */
const DAY_FILES_MIN = 300;

/** After a restart, what today has cost is known from the files alone. */
function budgetFiles(values: Partial<Settings>, isWritten: IsWritten): readonly Broken[] {
  const [daily, files] = [values["budget.daily_usd"], values["metrics.max_files"]];
  if (daily === undefined || files === undefined || daily === 0 || files >= DAY_FILES_MIN)
    return [];
  const message =
    `must be at least ${DAY_FILES_MIN} with a budget: after a restart, what today has cost is ` +
    "read from these files";
  if (isWritten("metrics.max_files")) return [{ key: "metrics.max_files", message }];
  return [{ key: "budget.daily_usd", message: `metrics.max_files ${message}` }];
}

const OPENAI_HOST = "api.openai.com";
const SCHEMES = ["http:", "https:", "ws:", "wss:"];

function baseUrl(values: Partial<Settings>): readonly Broken[] {
  const address = values["openai.base_url"];
  if (address === undefined) return [];
  const says = (message: string): readonly Broken[] => [{ key: "openai.base_url", message }];
  // The value is not quoted: it may come from the environment, and may hold a password.
  const example = "such as https://api.openai.com/v1";
  if (/^["'`]|["'`]$/.test(address)) return says(`must be an address without quotes, ${example}`);
  if (!URL.canParse(address)) return says(`must be an address ${example}`);
  const url = new URL(address);
  if (!SCHEMES.includes(url.protocol)) {
    return says(`must begin with https://, http://, wss:// or ws://, ${example}`);
  }
  if (url.username !== "" || url.password !== "") {
    return says("must not have a user or password; the key goes into openai.api_key");
  }
  if (url.search !== "" || url.hash !== "") {
    return says(`must end with the path, without ? or #, ${example}`);
  }
  if (/\/realtime\/*$/.test(url.pathname)) {
    return says(`must end before /realtime, which Pipit appends itself, ${example}`);
  }
  if (url.hostname === OPENAI_HOST && url.pathname === "/")
    return says(`must end with /v1, ${example}`);
  return [];
}

/** What is recorded would wipe out what is heard. */
function soundFiles(values: Partial<Settings>): readonly Broken[] {
  const [input, output] = [values["audio.input_device"], values["audio.output_device"]];
  if (input === undefined || input !== output || !input.startsWith("file:")) return [];
  const message = "must not be the file of audio.input_device: it would be overwritten";
  return [{ key: "audio.output_device", message }];
}

function accessKey(values: Partial<Settings>): readonly Broken[] {
  if (values["wake_word.enabled"] !== true) return [];
  if (values["wake_word.engine"] !== "porcupine") return [];
  if (values["wake_word.access_key"] !== "") return [];
  const message =
    "porcupine needs an AccessKey of Picovoice: set PICOVOICE_ACCESS_KEY in the environment, " +
    "or take porcupine-keyless";
  return [{ key: "wake_word.engine", message }];
}

/** Words of models are known when the files are read: where there are any, the start says the rest. */
function keywords(values: Partial<Settings>): readonly Broken[] {
  if (values["wake_word.engine"] !== "porcupine-keyless") return [];
  if ((values["wake_word.model_path"] ?? []).some(isManifest)) return [];
  const unknown = (values["wake_word.keyword"] ?? []).filter(
    (word) => !KEYLESS_KEYWORDS.includes(wordKey(word)),
  );
  const known = KEYLESS_KEYWORDS.join(", ");
  return unknown.map((word) => {
    const words = word.split(/\s*,\s*/).filter((one) => one !== "");
    if (words.length > 1 && words.every((one) => KEYLESS_KEYWORDS.includes(wordKey(one)))) {
      const message = `must be a list if it is several words; write [${words.join(", ")}]`;
      return { key: "wake_word.keyword", message };
    }
    // "hey jarvis", of another engine, is jarvis here.
    const within = wordKey(word)
      .split("_")
      .find((part) => KEYLESS_KEYWORDS.includes(part));
    const hint =
      within === undefined ? didYouMean(word, KEYLESS_KEYWORDS) : `; did you mean "${within}"?`;
    return {
      key: "wake_word.keyword",
      message: `porcupine-keyless knows only ${known}${oddity(word)}${hint}`,
    };
  });
}

function isManifest(path: string): boolean {
  return path.endsWith(MANIFEST_EXTENSION);
}

function models(values: Partial<Settings>): readonly Broken[] {
  const [engine, paths] = [values["wake_word.engine"], values["wake_word.model_path"]];
  if (values["wake_word.enabled"] !== true || paths === undefined) return [];
  const key = "wake_word.model_path";
  if (engine === "micro" && !paths.some(isManifest)) {
    const message =
      "micro needs at least one model, by its manifest (.json): `pipit wake-words` lists and installs them";
    return [{ key, message }];
  }
  const others = paths.filter((path) => !isManifest(path));
  if (engine === "micro" && others.length > 0) {
    const message =
      "micro takes the manifests (.json) of models, which name the .tflite beside them";
    return [{ key, index: paths.indexOf(others[0] ?? ""), message }];
  }
  if (engine !== "porcupine" || others.length <= 1) return [];
  return [{ key, message: "porcupine takes one .ppn or .pv file, besides manifests (.json)" }];
}

/** Two parts at one pin: the second of them would only ever find it taken. */
function pins(values: Partial<Settings>, isWritten: IsWritten): readonly Broken[] {
  const drivesPins = (key: "leds.backend" | "button.backend"): boolean =>
    values[key] !== "panel" && values[key] !== "none" && values[key] !== "apa102";
  const keys = [
    ...(drivesPins("leds.backend") ? (["leds.listening_pin", "leds.status_pin"] as const) : []),
    ...(values["leds.backend"] === "apa102" ? (["leds.power_pin"] as const) : []),
    ...(drivesPins("button.backend") ? (["button.pin"] as const) : []),
  ];
  return keys.flatMap((key, index) => {
    const pin = values[key];
    if (pin === undefined || pin === "none") return [];
    const other = keys.slice(0, index).find((earlier) => values[earlier] === pin);
    if (other === undefined) return [];
    // A default is nobody's slip: the line that was written is the one to look at.
    const [at, its] = isWritten(key) || !isWritten(other) ? [key, other] : [other, key];
    return [{ key: at, message: `must not be the pin of ${its} (${pin})` }];
  });
}

function quietHours(values: Partial<Settings>): readonly Broken[] {
  const [from, to] = [values["leds.quiet_from"], values["leds.quiet_to"]];
  if (from === undefined || to === undefined || (from === "") === (to === "")) return [];
  const [key, other] =
    from === ""
      ? (["leds.quiet_to", "leds.quiet_from"] as const)
      : (["leds.quiet_from", "leds.quiet_to"] as const);
  return [{ key, message: `also needs ${other}: quiet hours have a beginning and an end` }];
}

function prices(values: Partial<Settings>): readonly Broken[] {
  const wrong = wrongPrices(values["budget.prices"] ?? []);
  return wrong.map((one) => ({ key: "budget.prices", ...one }));
}

function ownFunctions(values: Partial<Settings>): readonly Broken[] {
  const { problems } = customFunctions(values["tools.custom"] ?? {});
  return problems.map(({ path, message }) => ({ key: "tools.custom", below: path, message }));
}

function toolServers(values: Partial<Settings>): readonly Broken[] {
  const { problems } = mcpServers(values["mcp.servers"] ?? {});
  return problems.map(({ path, message }) => ({ key: "mcp.servers", below: path, message }));
}

function remote(values: Partial<Settings>): readonly Broken[] {
  const { problems } = remoteServers(values["openai.mcp_servers"] ?? {});
  return problems.map(({ path, message }) => ({ key: "openai.mcp_servers", below: path, message }));
}

/** A token that is missing stops nothing but the house: it is told when that is asked. */
function house(values: Partial<Settings>): readonly Broken[] {
  const url = values["home_assistant.url"];
  const why = url === undefined || url === "" ? null : addressTrouble(url, HOUSE_ADDRESS);
  return why === null ? [] : [{ key: "home_assistant.url", message: why }];
}

function disabled(values: Partial<Settings>): readonly Broken[] {
  const custom = values["tools.custom"];
  // A function that is commented out may still be named here.
  if (custom === undefined) return [];
  // What servers offer is known when they are asked.
  if (Object.keys(values["mcp.servers"] ?? {}).length > 0 || values["home_assistant.url"] !== "") {
    return [];
  }
  const known = [...BUILT_IN_NAMES, ...Object.keys(custom)];
  return (values["tools.disabled"] ?? []).flatMap((name, index) => {
    if (known.includes(name)) return [];
    const message = `is no function${oddity(name)}${didYouMean(name, known) || `; there are ${known.join(", ")}`}`;
    return [{ key: "tools.disabled" as const, index, message }];
  });
}

const BROKER_EXAMPLE = "such as mqtt://homeassistant.local:1883";

function broker(values: Partial<Settings>): readonly Broken[] {
  const address = values["mqtt.url"];
  if (address === undefined || address === "") return [];
  // The value is not quoted: it may hold a password.
  const says = (message: string): readonly Broken[] => [{ key: "mqtt.url", message }];
  if (!URL.canParse(address)) return says(`must be an address ${BROKER_EXAMPLE}`);
  const url = new URL(address);
  if (url.hostname === "") return says(`needs the name of the broker, ${BROKER_EXAMPLE}`);
  if (url.username !== "" || url.password !== "") {
    return says("must not have a user or password; they go into mqtt.username and mqtt.password");
  }
  if (!["", "/"].includes(url.pathname) || url.search !== "" || url.hash !== "") {
    return says(`must end with the host or the port, ${BROKER_EXAMPLE}`);
  }
  const hasAuthority = (values["mqtt.ca_file"] ?? "") !== "";
  if (!hasAuthority || url.protocol === "mqtts:") return [];
  return [{ key: "mqtt.ca_file", message: "is for mqtts:// only: mqtt.url is not encrypted" }];
}

/** Where a broken rule's value stands in the tree. */
export function pathOf({ key, index, below }: Broken): readonly (string | number)[] {
  if (below !== undefined) return [...key.split("."), ...below];
  return index === undefined ? key.split(".") : [...key.split("."), index];
}
