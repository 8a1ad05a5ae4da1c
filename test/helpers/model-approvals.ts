/** What is known of functions that need the user's yes, and of the ends of all calls: see model-world. */

import assert from "node:assert/strict";
import type { Effect, Fact, Input } from "../../src/core/assistant/inputs.ts";

/** The function that needs a yes. */
export const NEEDS_YES = "door";

export class ModelApprovals {
  /** Of this conversation: calls that were run or asked for, and ends that were told. */
  readonly #calls = new Set<string>();
  #ends = 0;
  #input: Input = { tag: "tick" };
  #question: "none" | "unheard" | "heard" | "spoken" = "none";

  /** `sends`: what the input leads to. Calls that end in the same step are counted before they end. */
  hears(input: Input, sends: readonly Effect[]): void {
    this.#input = input;
    for (const effect of sends) if (effect.tag === "run-tool") this.#calls.add(effect.callId);
    if (input.tag === "reply-audio" && this.#question === "unheard") this.#question = "heard";
  }

  observe(fact: Fact): void {
    if (fact.tag === "turn-committed" && this.#question === "heard") this.#question = "spoken";
    // Those that the API makes by itself are counted by stories: what becomes of them is its affair.
    if (fact.tag === "called" && !fact.name.startsWith("docs.")) this.#ends += 1;
    if (fact.tag !== "conversation-ended") return;
    assert.equal(this.#ends, this.#calls.size, "calls that came to an end, and calls");
    this.#calls.clear();
    this.#ends = 0;
    this.#question = "none";
  }

  /** True: the user is to be asked first. */
  runs({ name, isApproved }: Extract<Effect, { tag: "run-tool" }>): boolean {
    if (name !== NEEDS_YES) {
      assert.ok(!isApproved, "approved without need");
      return false;
    }
    if (!isApproved) {
      if (this.#question === "none") this.#question = "unheard";
      return true;
    }
    const isPress = this.#input.tag === "tap" && this.#question !== "unheard";
    assert.ok(isPress || this.#question === "spoken", "approved by nobody");
    return false;
  }
}
