/** What an appliance tells the broker of itself: `PREFIX/ID/state`, one JSON object. */

import type { Phase } from "../phase.ts";

/** A state of Home Assistant has 255 characters at the most. */
const TEXT_MAX_CHARS = 250;

export const ONLINE = "online";
export const OFFLINE = "offline";

export interface PresenceNow {
  readonly phase: Phase;
  readonly isMuted: boolean;
  /** Of the conversation under way, or the one that the next begins with. */
  readonly model: string;
  readonly conversationsToday: number;
  readonly costTodayUsd: number;
  /** Null: there is no budget. */
  readonly budgetLeftUsd: number | null;
  /** When the owner's day began, ISO 8601. */
  readonly dayStart: string;
  /** Null: none since the start. */
  readonly lastFault: string | null;
  /** The next timer or alarm: when it is due, ISO 8601, and its label. */
  readonly nextTimer: { readonly due: string; readonly label: string } | null;
  /** Percent, 0 to 100. */
  readonly volume: number;
  readonly version: string;
  readonly name: string;
  /** A hash of the settings in force: two appliances with the same one are configured alike. */
  readonly configHash: string;
  /** The file on the disk is in force. */
  readonly isConfigInForce: boolean;
}

/** Nothing in it changes by the passing of time alone, but at midnight. */
export function statePayload(now: PresenceNow): string {
  return JSON.stringify({
    state: now.phase,
    muted: now.isMuted,
    model: now.model,
    conversations_today: now.conversationsToday,
    cost_today_usd: dollars(now.costTodayUsd),
    budget_left_usd: now.budgetLeftUsd === null ? null : dollars(now.budgetLeftUsd),
    day_start: now.dayStart,
    last_fault: now.lastFault === null ? null : cut(now.lastFault),
    next_timer: now.nextTimer?.due ?? null,
    next_timer_label: now.nextTimer?.label ?? null,
    volume: now.volume,
    name: now.name,
    version: now.version,
    config: now.isConfigInForce ? "in force" : "refused",
    config_hash: now.configHash,
  });
}

/** To a hundredth of a cent. */
function dollars(usd: number): number {
  return Math.round(usd * 10_000) / 10_000;
}

function cut(text: string): string {
  return text.length <= TEXT_MAX_CHARS ? text : `${text.slice(0, TEXT_MAX_CHARS - 1)}…`;
}
