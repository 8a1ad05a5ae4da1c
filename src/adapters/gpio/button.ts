/** The button at a pin. A pin that cannot be had is told once, and nobody ever presses it. */

import { type Fault, FaultError } from "../../core/fault.ts";
import type { Button, ButtonSink } from "../../ports.ts";
import type { Bank, InputLine, InputOptions } from "./bank.ts";

export interface GpioButtonOptions {
  readonly bank: Pick<Bank, "input">;
  readonly line: Omit<InputOptions, "edge">;
  readonly onFault: (fault: Fault) => void;
}

export class GpioButton implements Button {
  readonly #options: GpioButtonOptions;
  #sink: ButtonSink | null = null;
  #opening: Promise<InputLine | null> | null = null;

  constructor(options: GpioButtonOptions) {
    this.#options = options;
  }

  start(sink: ButtonSink): void {
    this.#sink = sink;
    this.#opening ??= this.#open();
  }

  async close(): Promise<void> {
    this.#sink = null;
    const line = await this.#opening;
    line?.release();
    this.#opening = null;
  }

  async #open(): Promise<InputLine | null> {
    const { bank, line, onFault } = this.#options;
    try {
      return await bank.input({ ...line, edge: (down, atMs) => this.#sink?.edge(down, atMs) });
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      onFault(error.fault);
      return null;
    }
  }
}
