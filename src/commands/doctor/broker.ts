/** What `pipit doctor` says of the MQTT broker. */

import type { Fault } from "../../core/fault.ts";
import { type Finding, finding } from "./finding.ts";

export type BrokerFacts =
  | { readonly tag: "welcome"; readonly id: string; readonly unheard: readonly string[] }
  | { readonly tag: "failed"; readonly fault: Fault }
  | { readonly tag: "silent" };

const CHECK = "MQTT";
const RUNS = "Is it running, and is mqtt.url right? On the broker: systemctl status mosquitto";

/** `host`: of the broker; `discovery`: as mqtt.discovery. */
export function judgeBroker(facts: BrokerFacts, host: string, discovery: string): Finding {
  switch (facts.tag) {
    case "silent":
      return finding(CHECK, "fail", `The MQTT broker ${host} does not answer`, RUNS);
    case "failed":
      return finding(CHECK, "fail", facts.fault.message, facts.fault.remedy || RUNS);
    case "welcome": {
      const { id, unheard } = facts;
      if (unheard.length > 0) {
        const says = `${host} does not let us read ${unheard.join(", ")}`;
        return finding(CHECK, "warn", says, "Let its user read these topics to have commands");
      }
      const where = discovery === "" ? "not announced" : `announced below ${discovery}`;
      return finding(CHECK, "ok", `${host} accepts Pipit; pipit_${id}, ${where}`);
    }
  }
}
