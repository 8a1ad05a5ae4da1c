/** Deals out the turns of a scenario: one list for the whole peer, and lists of single connections. */

import type { TakenTurn } from "./responses.ts";
import type { ConnectionPlan, Scenario, Turn } from "./scenario.ts";
import type { Sounds } from "./sounds.ts";

/** One connection's view of the script. */
export interface Prompter {
  /** The turn that comes next. */
  peek(): Turn;
  /** The same, used up. */
  take(): TakenTurn;
}

export class Script {
  readonly #scenario: Scenario;
  readonly #sounds: Sounds;
  /** Turns taken so far, of all connections. */
  #taken = 0;
  /** Replies with sound so far: each has its own pitch. */
  #sounding = 0;

  constructor(scenario: Scenario, sounds: Sounds) {
    this.#scenario = scenario;
    this.#sounds = sounds;
  }

  /** Number of the turn that comes next, from 1. */
  get next(): number {
    return this.#taken + 1;
  }

  prompter(plan: ConnectionPlan | null): Prompter {
    let own = 0;
    const peek = (): Turn => {
      const list = plan?.turns ?? null;
      const next = list === null ? this.#scenario.turns[this.#taken] : list[own];
      return next ?? this.#scenario.otherwise;
    };
    const take = (): TakenTurn => {
      const turn = peek();
      own += 1;
      this.#taken += 1;
      const parts = this.#sounds.parts(turn, this.#sounding);
      this.#sounding += parts.filter((part) => part.tag === "sound").length;
      return { number: this.#taken, turn, parts };
    };
    return { peek, take };
  }
}
