/** The check of `pipit doctor` about the MQTT broker; none where none is configured. */

import type { Settings } from "../../core/settings/table.ts";
import type { Context } from "./context.ts";
import { type Finding, finding } from "./finding.ts";
import { askBroker, type BrokerFacts } from "./io-ask-broker.ts";
import type { Check } from "./run-check.ts";

const BROKER_MAX_MS = 8_000;
const NAME = "MQTT";
const RUNS = "Is it running, and is mqtt.url right? On the broker: systemctl status mosquitto";

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

/** `host`: of the broker; `discovery`: as mqtt.discovery. */
export function judgeBroker(facts: BrokerFacts, host: string, discovery: string): Finding {
  switch (facts.tag) {
    case "silent":
      return finding(NAME, "fail", `The MQTT broker ${host} does not answer`, RUNS);
    case "failed":
      return finding(NAME, "fail", facts.fault.message, facts.fault.remedy || RUNS);
    case "welcome": {
      const { id, unheard } = facts;
      if (unheard.length > 0) {
        const says = `${host} does not let us read ${unheard.join(", ")}`;
        return finding(NAME, "warn", says, "Let its user read these topics to have commands");
      }
      const where = discovery === "" ? "not announced" : `announced below ${discovery}`;
      return finding(NAME, "ok", `${host} accepts Pipit; pipit_${id}, ${where}`);
    }
  }
}
