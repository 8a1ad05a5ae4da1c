/**
 * Home Assistant as its settings describe it: a server of tools (MCP) with a prompt, and, beside it,
 * the door for whole sentences.
 */

import { HOUSE, HOUSE_ADDRESS, type ServerSpec } from "../mcp/servers.ts";
import type { Settings } from "../settings/table.ts";
import { addressTrouble } from "../web-address.ts";

/** What is Home Assistant's own. */
export interface HomeSpec {
  /** Without a / at its end. */
  readonly baseUrl: string;
  /** Authorization and nothing else. */
  readonly headers: Readonly<Record<string, string>>;
  /** As `home_assistant.language`; empty: Home Assistant's own. */
  readonly language: string;
  /** `ask_home_assistant` is offered. */
  readonly ask: boolean;
  /** What is there is asked for, so that locks and doors are known. */
  readonly isGuarded: boolean;
}

/** A server of tools that the settings want. */
export interface WantedServer {
  readonly spec: ServerSpec;
  /** Null: it is no Home Assistant. */
  readonly home: HomeSpec | null;
}

export const ASK_HOME = "ask_home_assistant";
/** Timers are ours, and the time is known. */
const DENIED = ["*HassCancelAllTimers", "*GetDateTime"] as const;
/** Longer than most of what it does; Home Assistant itself gives up after 60 s. */
const TIME_LIMIT_MS = 12_000;
const RESULT_MAX_BYTES = 12_288;

type HomeSettings = Pick<
  Settings,
  | "home_assistant.url"
  | "home_assistant.token"
  | "home_assistant.language"
  | "home_assistant.tools"
  | "home_assistant.confirm"
  | "home_assistant.ask"
>;

/** Null: there is none. */
export function homeServer(settings: HomeSettings): WantedServer | null {
  const url = settings["home_assistant.url"];
  if (url === "" || addressTrouble(url, HOUSE_ADDRESS) !== null) return null;
  const baseUrl = baseOf(url);
  const headers = { authorization: `Bearer ${settings["home_assistant.token"]}` };
  const words = settings["home_assistant.confirm"];
  const tools = settings["home_assistant.tools"];
  const ask = settings["home_assistant.ask"] === "on";
  const allow = tools.filter((name) => !name.startsWith("-"));
  const spec: ServerSpec = {
    name: HOUSE,
    reach: {
      kind: "url",
      url: `${baseUrl}/api/mcp`,
      sseUrl: `${baseUrl}/mcp_server/sse`,
      transport: "auto",
      headers,
    },
    prefix: "",
    allow: allow.length > 0 && ask ? [...allow, ASK_HOME] : allow,
    deny: [...DENIED, ...tools.filter((name) => name.startsWith("-")).map((name) => name.slice(1))],
    // What is asked first depends on the device that is meant: guard.ts.
    confirm: [],
    trust: [],
    timeLimitMs: TIME_LIMIT_MS,
    resultMaxBytes: RESULT_MAX_BYTES,
    hasPrompt: true,
  };
  const language = settings["home_assistant.language"];
  return { spec, home: { baseUrl, headers, language, ask, isGuarded: words.length > 0 } };
}

/** Pages of its own that are copied out of a browser are not part of the address. */
const OWN_PAGES =
  /\/(?:lovelace|dashboard[\w-]*|config|profile|api|home|map|energy|mcp_server)(?:\/.*)?$/;

/** The address as the owner has it, made the one to begin all others with. */
export function baseOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(OWN_PAGES, "")}`.replace(/\/+$/, "");
}
