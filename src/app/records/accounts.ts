/**
 * What is kept of the conversations: the bill that the budget needs, and the record that the metrics
 * file is made of. Joins the parts that keep it, and decides nothing.
 */

import type { Fact, Input } from "../../core/assistant/inputs.ts";
import type { State, StepContext } from "../../core/assistant/state.ts";
import { budgetReading } from "../../core/metrics/cost-fields.ts";
import type { SessionRecord } from "../../core/metrics/session-file.ts";
import type { Settings } from "../../core/settings/table.ts";
import { within } from "../../core/timeout.ts";
import type { Downlink } from "../audio/downlink.ts";
import type { Uplink } from "../audio/uplink.ts";
import type { World } from "../world.ts";
import { Billing } from "./billing.ts";
import { DiskTrouble } from "./disk-trouble.ts";
import { Recorder } from "./recorder.ts";
import { Spending } from "./spending.ts";
import type { CapturedMs } from "./stopwatch.ts";

/** How long the start waits for it; a few files take some ten milliseconds. */
const RECOVERY_MAX_MS = 2_000;
/** Names told in the journal; the others are counted. */
const NAMES_MAX = 3;

export interface AccountsOptions {
  readonly world: Pick<World, "clock" | "calendar" | "dice" | "journal" | "store">;
  readonly settings: () => Settings;
  readonly uplink: Uplink;
  readonly downlink: Downlink;
  readonly capturedMs: CapturedMs;
  /** A conversation is over, and this is all that is known of it. */
  readonly recorded: (record: SessionRecord) => void;
}

export class Accounts {
  readonly spending: Spending;
  readonly billing: Billing;
  readonly recorder: Recorder;
  readonly #world: AccountsOptions["world"];
  readonly #disk: DiskTrouble;

  constructor({ world, settings, uplink, downlink, capturedMs, recorded }: AccountsOptions) {
    this.#world = world;
    this.#disk = new DiskTrouble(world.journal);
    this.spending = new Spending(world);
    this.billing = new Billing({
      spending: this.spending,
      settings,
      sentSamples: () => uplink.counts.sentSamples,
      receivedSamples: () => downlink.counts.receivedSamples + downlink.counts.discardedSamples,
    });
    this.recorder = new Recorder({
      ...world,
      disk: this.#disk,
      conversationCost: () => this.billing.conversationCost,
      budget: () => budgetReading(settings(), this.spending.today().microUsd),
      capturedMs,
      uplink: () => uplink.counts,
      downlink: () => downlink.counts,
      flushed: () => downlink.flushed(),
      settings,
      recorded,
    });
  }

  /** Makes files of what an earlier run left unfinished, and learns what today has cost so far. */
  async start(): Promise<void> {
    await recoverConversations(this.#world, this.#disk);
    await this.spending.start();
  }

  /** What this input costs, booked before anything is decided; gives today's micro-dollars. */
  before(input: Input, state: State): number {
    return this.billing.before(input, state);
  }

  /** What has happened by an input, in order. */
  observe(input: Input, facts: readonly Fact[], at: StepContext): void {
    this.recorder.heard(input, at);
    for (const fact of facts) {
      this.billing.observe(fact);
      if (fact.tag === "conversation-ended") {
        this.recorder.end(fact.reason, fact.fault, this.billing.end());
      } else this.recorder.observe(fact, input, at);
    }
    this.recorder.over(input);
  }
}

/** Files of the conversations that an earlier run did not end. Resolves when it is over, or as soon as it takes too long: then it goes on by itself. */
async function recoverConversations(
  { clock, journal, store }: Pick<World, "clock" | "journal" | "store">,
  disk: DiskTrouble,
): Promise<void> {
  const recovery = store.recover().then(({ names, trouble }) => {
    if (names.length > 0) journal.log("notice", recoveredLine(names));
    if (trouble !== null) disk.went("recovery", trouble);
  });
  await within(clock, RECOVERY_MAX_MS, recovery, () => undefined);
}

function recoveredLine(names: readonly string[]): string {
  const shown = names.slice(-NAMES_MAX).join(", ");
  const others = names.length - NAMES_MAX;
  const more = others > 0 ? ` and ${others} more` : "";
  return `Interrupted conversations now have their metrics files: ${shown}${more}`;
}
