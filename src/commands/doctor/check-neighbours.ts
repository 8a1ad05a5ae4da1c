/** The check of `pipit doctor` about other Pipits; none where they are not asked. */

import type { Settings } from "../../core/settings/table.ts";
import { networks } from "./io-read-machine.ts";
import { judgeNeighbours } from "./neighbours.ts";
import type { Check } from "./run-check.ts";

export function neighbourChecks(settings: Settings): readonly Check[] {
  if (settings["wake_word.arbitrate"] === "off" || !settings["wake_word.enabled"]) return [];
  const hasSecret = settings["wake_word.arbitrate_secret"] !== "";
  const run = () => judgeNeighbours({ hasSecret, networks: networks() });
  return [{ name: "neighbours", run }];
}
