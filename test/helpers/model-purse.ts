/** The money in the small model of the world: spent with each response, forgotten at midnight. */

import assert from "node:assert/strict";
import type { Effect, Fact } from "../../src/core/assistant/inputs.ts";
import { budgetLevel, isRefused } from "../../src/core/money/budget.ts";
import type { Settings } from "../../src/core/settings/table.ts";
import type { SimDice } from "../../src/sim/dice.ts";

/** The dearest response; the property tests set a budget of a dollar, and few responses come to it. */
const RESPONSE_MAX_MICRO_USD = 400_000;

export class ModelPurse {
  spentMicroUsd = 0;
  /** Times that each level was seen, so that a test can tell that it was there. */
  readonly seen = new Set<string>();
  readonly #dice: SimDice;
  readonly #settings: Settings;

  constructor(dice: SimDice, settings: Settings) {
    this.#dice = dice;
    this.#settings = settings;
  }

  /** A response is billed. */
  bill(): void {
    this.spentMicroUsd += Math.floor(this.#dice.unit() * RESPONSE_MAX_MICRO_USD);
    this.seen.add(budgetLevel(this.#settings, this.spentMicroUsd));
  }

  /** The day ends now and then. */
  pass(): void {
    if (this.#dice.unit() < 0.0003) this.spentMicroUsd = 0;
  }

  /** What must never be: a response asked for beyond the budget, a dear model near its end. */
  check(effect: Effect | Fact): void {
    const refused = isRefused(this.#settings, this.spentMicroUsd);
    if (effect.tag === "conversation-began" || effect.tag === "dial") {
      assert.ok(!refused, `${effect.tag} beyond the budget`);
    }
    if (effect.tag === "send" && effect.event.tag === "create-response") {
      assert.ok(!refused, "a response is asked for beyond the budget");
    }
    if (effect.tag !== "conversation-began" || this.#settings["budget.action"] !== "mini") return;
    if (budgetLevel(this.#settings, this.spentMicroUsd) === "calm") return;
    assert.equal(effect.model, this.#settings["budget.mini_model"]);
  }
}
