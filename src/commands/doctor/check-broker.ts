/** The check of `pipit doctor` about the MQTT broker; none where none is configured. */

import type { Settings } from "../../core/settings/table.ts";
import { judgeBroker } from "./broker.ts";
import type { Context } from "./context.ts";
import { finding } from "./finding.ts";
import { askBroker } from "./io-ask-broker.ts";
import type { Check } from "./run-check.ts";

const BROKER_MAX_MS = 8_000;
const NAME = "MQTT";

export function brokerChecks({ clock, options }: Context, settings: Settings): readonly Check[] {
  const url = settings["mqtt.url"];
  if (url === "") return [];
  const check = async () => {
    const option = options.offline ? "--offline" : options.quick ? "--quick" : null;
    if (option !== null) return finding(NAME, "skip", `Not asked, with ${option}`);
    const facts = await askBroker(settings, clock, BROKER_MAX_MS);
    return facts === null ? [] : judgeBroker(facts, new URL(url).host, settings["mqtt.discovery"]);
  };
  return [{ name: NAME, maxMs: BROKER_MAX_MS + 2_000, run: check }];
}
