/**
 * Which functions the settings give the model: ours, then the owner's own, then those of servers in
 * their order. Who is listed first is offered (see Registry).
 */

import { builtInRows } from "./built-in.ts";
import { type CustomFunction, customFunctions } from "./custom.ts";
import { type FunctionRow, Registry } from "./registry.ts";

/** What decides it, by the names of the settings. */
export interface OfferSettings {
  readonly "tools.memory": "off" | "on";
  readonly "tools.custom": unknown;
  readonly "tools.disabled": readonly string[];
  readonly "camera.source": string;
}

export interface Offer {
  readonly registry: Registry;
  /** The owner's own; their problems are told when the configuration is checked. */
  readonly custom: readonly CustomFunction[];
}

/** `served`: what servers of tools offer, as far as that is known. */
export function offerOf(settings: OfferSettings, served: readonly FunctionRow[] = []): Offer {
  const { functions: custom } = customFunctions(settings["tools.custom"]);
  const own = builtInRows({
    memory: settings["tools.memory"] === "on",
    camera: settings["camera.source"] !== "off",
  });
  const rows = [...own, ...custom.map(({ row }) => row), ...served];
  return { registry: new Registry(rows, settings["tools.disabled"]), custom };
}
