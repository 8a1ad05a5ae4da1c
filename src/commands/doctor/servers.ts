/** What `pipit doctor` says of a server of tools, and of Home Assistant. */

import { OFFER_MAX_TOKENS, type Registry, tokensOf } from "../../core/functions/registry.ts";
import { hasNothingExposed } from "../../core/home/entities.ts";
import type { WantedServer } from "../../core/home/spec.ts";
import { type Offer, servedRows } from "../../core/mcp/offer.ts";
import { type Asked, type Trouble, troubleFault } from "../../core/mcp/trouble.ts";
import type { ToolServerState } from "../../ports.ts";
import { type Finding, finding } from "./finding.ts";

export interface ServerFacts {
  readonly state: ToolServerState;
  /** Where Home Assistant answers instead; null: nowhere that was looked. */
  readonly other: string | null;
}

/** More is dear in each conversation: some 3,000 tokens of instructions, a cent with a large model. */
const TOKENS_DEAR = 3_000;
const LAST_WORDS_MAX_CHARS = 200;
const EXPOSE =
  "In Home Assistant: Settings, Voice assistants, Expose; then the device is there at the next conversation";
const SET_UP =
  "In Home Assistant: Settings, Devices & services, Add integration, Model Context Protocol Server";

export function checkName({ spec, home }: WantedServer): string {
  return home === null ? spec.name : "house";
}

export function judgeServer(
  wanted: WantedServer,
  asked: Asked<Offer>,
  { state, other }: ServerFacts,
): Finding {
  const name = checkName(wanted);
  if (!asked.ok) return failed(wanted, asked.trouble, { state, other });
  const rows = servedRows(wanted.spec, asked.value);
  const tokens = rows.reduce((sum, { row }) => sum + tokensOf(row), 0);
  const confirmed = rows.filter(({ row }) => row.confirm).length;
  const ask = confirmed === 0 ? "" : `, ${confirmed} of them asked about first`;
  const says = `${rows.length} of ${asked.value.tools.length} tools, about ${tokens} tokens${ask}`;
  if (rows.length === 0) {
    return finding(name, "warn", says, "Look at allow and deny: nothing of it is offered");
  }
  if (wanted.home !== null && hasNothingExposed(asked.value.prompt)) {
    return finding(name, "warn", "Home Assistant answers, and exposes no device", EXPOSE);
  }
  if (tokens > TOKENS_DEAR) {
    const key = wanted.home === null ? "allow or deny" : "home_assistant.tools";
    return finding(name, "warn", says, `Each conversation pays for them: leave some out (${key})`);
  }
  return finding(name, "ok", says);
}

/** All functions together, as a conversation would be offered them now. */
export function judgeOffer({ rows, surplus, tokens }: Registry): Finding {
  const says = `${rows.length} functions, about ${tokens} of at most ${OFFER_MAX_TOKENS} tokens`;
  if (surplus.length === 0) return finding("functions", "ok", says);
  const remedy = "Leave some out by allow or deny, home_assistant.tools or tools.disabled";
  return finding("functions", "warn", `${says}; no room for ${surplus.join(", ")}`, remedy);
}

function failed(wanted: WantedServer, why: Trouble, { state, other }: ServerFacts): Finding {
  const name = checkName(wanted);
  const { message, remedy } = troubleFault(wanted.spec.name, why);
  const words = state.lastWords.trim().slice(-LAST_WORDS_MAX_CHARS);
  const says = words === "" ? message : `${message}; its last words: ${words}`;
  if (wanted.home === null) return finding(name, "fail", says, remedy);
  return finding(name, "fail", says, homeRemedy(why, other) ?? remedy);
}

function homeRemedy({ kind, status }: Trouble, other: string | null): string | null {
  if (other !== null)
    return `Home Assistant answers at ${other}: write that into home_assistant.url`;
  if (kind === "absent") return SET_UP;
  if (kind !== "refused") return null;
  if (status === 403) {
    return "This machine is banned, or the token is not of an account that may: look at ip_bans.yaml in Home Assistant's configuration";
  }
  return "Make a new long-lived access token on your profile page, put it into /etc/pipit/credentials/HOME_ASSISTANT_TOKEN, restart the service";
}
