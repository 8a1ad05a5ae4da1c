/**
 * What a changed configuration means for a running appliance: live keys count at once, session keys
 * from the next conversation on, restart keys not before the next start.
 */

import type { Reload, Value } from "./row.ts";
import { assemble, isComplete, ROWS, type SettingKey, type Settings } from "./table.ts";

export interface ReloadPlan {
  /** What is in force from now on: the new values, except for keys that need a restart. */
  readonly settings: Settings;
  /** Keys that changed, by when they take effect. */
  readonly changed: Readonly<Record<Reload, readonly SettingKey[]>>;
}

/** From the settings in force and those just read. */
export function planReload(before: Settings, after: Settings): ReloadPlan {
  const differs = ([key]: (typeof ROWS)[number]): boolean =>
    JSON.stringify(before[key]) !== JSON.stringify(after[key]);
  const rows = ROWS.filter(differs);
  const of = (reload: Reload): SettingKey[] =>
    rows.filter(([, row]) => row.reload === reload).map(([key]) => key);
  const values = ROWS.map(([key, row]): [SettingKey, Value] => [
    key,
    row.reload === "restart" ? before[key] : after[key],
  ]);
  const settings = assemble(new Map(values));
  if (!isComplete(settings)) throw new Error("a setting got lost in the reload");
  return {
    settings,
    changed: { live: of("live"), session: of("session"), restart: of("restart") },
  };
}

/** The journal's lines about a reload, in order of urgency; values are not shown, some are secret. */
export function reloadLines({ changed }: ReloadPlan): readonly string[] {
  const { live, session, restart } = changed;
  const lines: string[] = [];
  if (live.length > 0) lines.push(`in force now: ${live.join(", ")}`);
  if (session.length > 0) lines.push(`from the next conversation on: ${session.join(", ")}`);
  if (restart.length > 0) lines.push(`only after a restart: ${restart.join(", ")}`);
  return lines.length === 0 ? ["nothing has changed"] : lines;
}
