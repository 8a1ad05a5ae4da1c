/** The button at a pin. A pin that cannot be had is told once, and asked for again for a while. */

import type { Fault } from "../../core/fault.ts";
import type { Button, ButtonSink, Clock } from "../../ports.ts";
import type { Bank, InputLine, InputOptions } from "./bank.ts";
import { PatientPin } from "./patient-pin.ts";

export interface GpioButtonOptions {
  readonly clock: Clock;
  readonly bank: Pick<Bank, "input">;
  readonly line: Omit<InputOptions, "edge">;
  readonly onFault: (fault: Fault) => void;
}

export class GpioButton implements Button {
  readonly #options: GpioButtonOptions;
  #sink: ButtonSink | null = null;
  #pin: PatientPin<InputLine> | null = null;

  constructor(options: GpioButtonOptions) {
    this.#options = options;
  }

  start(sink: ButtonSink): void {
    this.#sink = sink;
    if (this.#pin !== null) return;
    const { bank, line, clock, onFault } = this.#options;
    const edge: InputOptions["edge"] = (down, atMs) => this.#sink?.edge(down, atMs);
    const open = (): Promise<InputLine> => bank.input({ ...line, edge });
    this.#pin = new PatientPin({ clock, open, opened: () => undefined, onFault });
    void this.#pin.start();
  }

  async close(): Promise<void> {
    this.#sink = null;
    await this.#pin?.close();
    this.#pin = null;
  }
}
