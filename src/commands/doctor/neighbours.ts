/** What `pipit doctor` says of several Pipits that agree who answers. Facts in, findings out. */

import { type Finding, finding } from "./finding.ts";

export interface NeighbourFacts {
  /** As wake_word.arbitrate_secret is. */
  readonly hasSecret: boolean;
  /** Networks that carry multicast: `wlan0 192.168.1.20`. */
  readonly networks: readonly string[];
}

const NAME = "neighbours";

export function judgeNeighbours({ hasSecret, networks }: NeighbourFacts): Finding {
  const [first] = networks;
  if (first === undefined) {
    const remedy =
      "Look at the Wi-Fi: ip address; until then this Pipit answers whenever it hears the word";
    return finding(NAME, "warn", "No network to reach other Pipits (wake_word.arbitrate)", remedy);
  }
  const more = networks.length > 1 ? ` (${networks.length} networks: the system takes one)` : "";
  const says = `Other Pipits are asked by ${first}${more}`;
  if (hasSecret)
    return finding(NAME, "ok", `${says}; only those with the same secret are believed`);
  const remedy = "Give each the same wake_word.arbitrate_secret: strangers then have no say";
  return finding(NAME, "warn", `${says}; everybody in the network is believed`, remedy);
}
