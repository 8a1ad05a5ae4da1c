/**
 * The parts that must have reported, that they work or that they do not, before the appliance says
 * that it is ready: whoever then says the wake word at once is heard.
 */

import type { Input } from "../core/assistant/inputs.ts";
import type { Device } from "../core/assistant/state.ts";
import { within } from "../core/timeout.ts";
import type { Clock } from "../ports.ts";

/** What hangs so long will be told by its own fault. A sound server was measured to take up to 2 s. */
const REPORT_MAX_MS = 2_000;

export class FirstReports {
  readonly #came = new Set<Device>();
  #look: () => void = () => {};

  saw(input: Input): void {
    if (input.tag !== "device-back" && input.tag !== "device-lost") return;
    this.#came.add(input.device);
    this.#look();
  }

  /** Resolves when each of them works, or it is known why not; or after REPORT_MAX_MS. */
  async of(clock: Clock, devices: readonly Device[]): Promise<void> {
    const complete = new Promise<void>((resolve) => {
      this.#look = () => {
        if (devices.every((device) => this.#came.has(device))) resolve();
      };
      this.#look();
    });
    await within(clock, REPORT_MAX_MS, complete, () => undefined);
    this.#look = () => {};
  }
}
