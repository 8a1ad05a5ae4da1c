/** What the settings say of the broker, and what is told to it: made of them, kept nowhere. */

import { createHash } from "node:crypto";
import { type Fields, fields, number, text } from "../../core/json.ts";
import type { Phase } from "../../core/phase.ts";
import { discoveryPayload } from "../../core/presence/discovery.ts";
import { OFFLINE, ONLINE, type PresenceNow, statePayload } from "../../core/presence/state.ts";
import { objectId, subscriptionsOf, type Topics, topicsOf } from "../../core/presence/topics.ts";
import { publicSettings, type SettingKey, type Settings } from "../../core/settings/table.ts";
import type { BrokerTarget, Machine, Publication } from "../../ports.ts";

/** One way of being present at one broker. */
export interface Plan {
  readonly target: BrokerTarget;
  readonly topics: Topics;
  readonly name: string;
  readonly area: string;
  readonly machine: Machine;
}

/** Null: no broker is wanted. */
export function planOf(settings: Settings, machine: () => Machine): Plan | null {
  const url = settings["mqtt.url"];
  if (url === "") return null;
  const known = machine();
  const topics = topicsOf(settings["mqtt.prefix"], known.id, settings["mqtt.discovery"]);
  return {
    topics,
    machine: known,
    area: settings["home_assistant.area"],
    name: settings["mqtt.name"] || `Pipit ${known.hostname}`,
    target: {
      url,
      username: settings["mqtt.username"],
      password: settings["mqtt.password"],
      caFile: settings["mqtt.ca_file"],
      clientId: objectId(known.id),
      will: availability(topics, OFFLINE),
      subscriptions: subscriptionsOf(topics),
    },
  };
}

/** The same way of being present? */
export function isSamePlan(a: Plan | null, b: Plan | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function availability(topics: Topics, payload: string): Publication {
  return { topic: topics.availability, payload, isRetained: true };
}

/** All that is retained, in the order in which it is said. */
export function publicationsOf({ topics, name, area, machine }: Plan, now: PresenceNow) {
  const retained = (topic: string, payload: string): Publication => ({
    topic,
    payload,
    isRetained: true,
  });
  const { id, hardware } = machine;
  const { version } = now;
  const discovery =
    topics.discovery === null
      ? []
      : [
          retained(
            topics.discovery,
            discoveryPayload({ id, name, area, hardware, version }, topics),
          ),
        ];
  return [...discovery, availability(topics, ONLINE), retained(topics.state, statePayload(now))];
}

/** What the parts of the appliance know, when it is asked for. */
export interface NowParts {
  /** As `pipit status --json` has it. */
  readonly status: Fields;
  readonly phase: Phase;
  readonly isMuted: boolean;
  /** Due when, milliseconds since 1970. */
  readonly nextTimer: { readonly entry: { readonly label: string }; readonly dueMs: number } | null;
  readonly volume: number;
}

export function presenceNow(
  { status, nextTimer, ...parts }: NowParts,
  settings: Settings,
  { name, dayStartMs }: { readonly name: string; readonly dayStartMs: number },
): PresenceNow {
  return {
    ...parts,
    name,
    dayStart: new Date(dayStartMs).toISOString(),
    nextTimer: nextTimer && {
      due: new Date(nextTimer.dueMs).toISOString(),
      label: nextTimer.entry.label,
    },
    model: text(status, "model") ?? "",
    conversationsToday: number(status, "conversations_today") ?? 0,
    costTodayUsd: number(status, "cost_today_usd") ?? 0,
    budgetLeftUsd: number(fields(status, "budget"), "left_usd"),
    lastFault: text(status, "last_fault"),
    version: text(status, "version") ?? "",
    configHash: configHash(settings),
    isConfigInForce: status["config"] === "in force",
  };
}

/** What differs between appliances that are configured alike. */
const OWN_KEYS: readonly SettingKey[] = [
  "mqtt.name",
  "mqtt.username",
  "system.location",
  "home_assistant.area",
];

/** Twelve hexadecimal digits over the settings in force: no secret and no content of functions. */
export function configHash(settings: Settings): string {
  const shown = Object.entries(publicSettings(settings)).filter(
    ([key]) => !OWN_KEYS.some((own) => own === key),
  );
  return createHash("sha256").update(JSON.stringify(shown)).digest("hex").slice(0, 12);
}
