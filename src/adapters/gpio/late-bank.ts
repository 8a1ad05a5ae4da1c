/**
 * The way to the pins when the kernel's chips are there and closed to us: at boot udev may just not
 * have opened them yet. Each pin that is asked for looks again.
 */

import { FaultError } from "../../core/fault.ts";
import {
  type Bank,
  type InputLine,
  type InputOptions,
  noGpio,
  type OutputLine,
  type OutputOptions,
} from "./bank.ts";
import type { Picked } from "./pick.ts";

export class LateBank implements Bank {
  readonly name = "gpiochip";
  readonly #pick: () => Picked;
  #bank: Bank | null = null;

  constructor(pick: () => Picked) {
    this.#pick = pick;
  }

  async output(options: OutputOptions): Promise<OutputLine> {
    return await this.#found().output(options);
  }

  async input(options: InputOptions): Promise<InputLine> {
    return await this.#found().input(options);
  }

  #found(): Bank {
    if (this.#bank !== null) return this.#bank;
    const { bank, fault } = this.#pick();
    if (bank === null) throw new FaultError(fault ?? noGpio("The GPIO chip has disappeared"));
    this.#bank = bank;
    return bank;
  }
}
