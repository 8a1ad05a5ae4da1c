/** Knocks at the MQTT broker as somebody else than the daemon, and takes nothing away from it. */

import { MqttDialer } from "../../adapters/mqtt/dialer.ts";
import { thisMachine } from "../../adapters/os/machine.ts";
import { planOf } from "../../app/presence/plan.ts";
import type { Fault } from "../../core/fault.ts";
import type { Settings } from "../../core/settings/table.ts";
import { within } from "../../core/timeout.ts";
import type { BrokerLink, Clock } from "../../ports.ts";

export type BrokerFacts =
  | { readonly tag: "welcome"; readonly id: string; readonly unheard: readonly string[] }
  | { readonly tag: "failed"; readonly fault: Fault }
  | { readonly tag: "silent" };

/** Resolves in `maxMs` and a moment; null: no broker is configured. */
export async function askBroker(
  settings: Settings,
  clock: Clock,
  maxMs: number,
): Promise<BrokerFacts | null> {
  const plan = planOf(settings, thisMachine);
  if (plan === null) return null;
  const { id } = plan.machine;
  const target = { ...plan.target, clientId: `${plan.target.clientId}_doctor`, will: null };
  let link: BrokerLink | null = null;
  const asked = new Promise<BrokerFacts>((resolve) => {
    link = new MqttDialer(clock).dial(target, {
      opened: (unheard) => resolve({ tag: "welcome", id, unheard }),
      message: () => {}, // Commands are the daemon's.
      closed: (fault) => resolve({ tag: "failed", fault }),
    });
  });
  const facts = await within(clock, maxMs, asked, (): BrokerFacts => ({ tag: "silent" }));
  await hangUp(link);
  return facts;
}

async function hangUp(link: BrokerLink | null): Promise<void> {
  await link?.close();
}
