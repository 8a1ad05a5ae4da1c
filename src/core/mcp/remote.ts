/**
 * Servers of tools that the API itself calls (`openai.mcp_servers`): read once, every problem with its
 * place. A map by label, or the migration guide's list whose items have one.
 *
 * Invariant: what the API cannot reach (a private address, plain HTTP) is refused with the way out.
 */

import { type BlockProblem, type Report, readBlocks, unknownKeys } from "../blocks.ts";
import { type Fields, record } from "../json.ts";
import { type AddressRule, addressTrouble, headersOf, headerTrouble } from "../web-address.ts";

export type Approval = "always" | "never";

export interface RemoteServer {
  /** Stands before the names of its tools wherever they are told. */
  readonly label: string;
  readonly url: string;
  readonly description: string;
  /** A token, or the like; empty for none. */
  readonly authorization: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty: all of them. Each costs input tokens in every turn. */
  readonly allowedTools: readonly string[];
  /** Whether the user is asked first; or which tools' users are, and which are not. */
  readonly approval:
    | Approval
    | { readonly always: readonly string[]; readonly never: readonly string[] };
}

export interface RemoteServers {
  readonly servers: readonly RemoteServer[];
  readonly problems: readonly BlockProblem[];
}

/** Their tools are part of every turn's input. */
export const REMOTE_SERVERS_MAX = 8;
const LOCAL_NAME = /(?:^|\.)(?:local|localhost|lan|home|internal|home\.arpa|fritz\.box)$/i;
const TOOLS_MAX = 64;
const DESCRIPTION_MAX_CHARS = 1_024;
const LABEL = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const KEYS = [
  ...(["url", "server_url", "type"] as const),
  ...(["description", "server_description", "authorization", "headers"] as const),
  ...(["allowed_tools", "require_approval"] as const),
] as const;

const ADDRESS: AddressRule = {
  schemes: ["https"],
  example: "https://example.com/mcp",
  secretsIn: "authorization or headers",
};

/** Any tree is answered. `{}` is none. */
export function remoteServers(tree: unknown): RemoteServers {
  const { made, problems } = readBlocks(tree, REMOTE_SERVERS_MAX, "servers", oneServer);
  return { servers: made, problems };
}

function oneServer(label: string, value: unknown, say: Report): RemoteServer | null {
  if (!LABEL.test(label)) say([], "must be a name of letters, digits, - and _, at most 64");
  const of = record(value);
  if (of === null) {
    say([], "must have keys indented below it: url, and what goes with it");
    return null;
  }
  unknownKeys(of, KEYS, say);
  const urlKey = of["server_url"] === undefined ? "url" : "server_url";
  const url = of[urlKey];
  const why = urlTrouble(url);
  if (why !== null) say([urlKey], why);
  const description = wordOf(of, ["description", "server_description"], say);
  return {
    label,
    url: typeof url === "string" ? url : "",
    description: description.slice(0, DESCRIPTION_MAX_CHARS),
    authorization: authorizationOf(of, say),
    headers: headersOf(of["headers"], ["headers"], say),
    allowedTools: namesOf(of["allowed_tools"], (message) => say(["allowed_tools"], message)),
    approval: approvalOf(of["require_approval"], say),
  };
}

function urlTrouble(url: unknown): string | null {
  if (typeof url === "string" && URL.canParse(url) && isPrivateHost(new URL(url).hostname)) {
    return "is in your own network, where the API cannot reach it; put this server into mcp.servers";
  }
  return addressTrouble(url, ADDRESS);
}

function wordOf(of: Fields, keys: readonly string[], say: Report): string {
  const key = keys.find((name) => of[name] !== undefined);
  const value = key === undefined ? "" : of[key];
  if (typeof value === "string") return value;
  say(key === undefined ? [] : [key], "must be a text");
  return "";
}

/** The API makes a header of it. */
function authorizationOf(of: Fields, say: Report): string {
  const text = of["authorization"] ?? "";
  const why = headerTrouble(text);
  if (why !== null) say(["authorization"], why);
  return typeof text === "string" && why === null ? text : "";
}

function namesOf(value: unknown, say: (message: string) => void): readonly string[] {
  if (value === undefined) return [];
  const isList = Array.isArray(value) && value.length <= TOOLS_MAX;
  const names = isList ? value.filter((name) => typeof name === "string") : [];
  if (!isList || names.length < value.length) say(`must be a list of up to ${TOOLS_MAX} names`);
  return names;
}

/** Asked first unless the owner says otherwise: what these tools do, nobody here can look into. */
function approvalOf(value: unknown, say: Report): RemoteServer["approval"] {
  if (value === undefined || value === "always" || value === "never") return value ?? "always";
  const of = record(value);
  if (of === null) {
    say(
      ["require_approval"],
      "must be always, never, or lists of tools: {always: [...], never: [...]}",
    );
    return "always";
  }
  for (const key of Object.keys(of)) {
    if (key !== "always" && key !== "never")
      say(["require_approval", key], "must be always or never");
  }
  const names = (key: Approval) =>
    namesOf(of[key], (message) => say(["require_approval", key], message));
  return { always: names("always"), never: names("never") };
}

/** Does it lie in the owner's own network? `hostname`: of an address as URL reads it: without a port, IPv6 in brackets. A bare name has no domain. */
function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (host.includes(":")) return isPrivateIpv6(host.toLowerCase());
  const parts = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(host);
  if (parts === null) return LOCAL_NAME.test(host) || !host.includes(".");
  return isPrivateIpv4(Number(parts[1]), Number(parts[2]));
}

/** RFC 1918, 5735 (loopback, link-local, this network), 6598 (shared by providers). */
function isPrivateIpv4(a: number, b: number): boolean {
  if (a === 10 || a === 127 || a === 0) return true;
  if (a === 172) return b >= 16 && b <= 31;
  if (a === 100) return b >= 64 && b <= 127;
  return (a === 192 && b === 168) || (a === 169 && b === 254);
}

/** RFC 4291 (loopback, link-local), 4193 (unique local), and IPv4 in IPv6's clothes. */
function isPrivateIpv6(host: string): boolean {
  if (host === "::1" || host === "::" || /^f[cd]|^fe[89ab]/.test(host)) return true;
  const mapped = /^::ffff:([0-9a-f]{1,4}):[0-9a-f]{1,4}$/.exec(host)?.[1];
  if (mapped === undefined) return false;
  const high = Number.parseInt(mapped, 16);
  return isPrivateIpv4(high >> 8, high & 0xff);
}
