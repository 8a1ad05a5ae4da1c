/** How loud the answers are: chosen by voice or command, at once, and kept over restarts. */

import { type Fault, faultLine } from "../../core/fault.ts";
import type { Settings } from "../../core/settings/table.ts";
import {
  type ChosenVolume,
  percentInForce,
  stepped,
  volumeIn,
  volumeText,
} from "../../core/volume.ts";
import type { Journal, StateFile } from "../../ports.ts";

export interface VolumeOptions {
  readonly store: StateFile;
  readonly journal: Journal;
  readonly settings: () => Settings;
  /** It is to be heard now. */
  readonly changed: () => void;
}

export class Volume {
  readonly #options: VolumeOptions;
  #chosen: ChosenVolume | null = null;

  constructor(options: VolumeOptions) {
    this.#options = options;
  }

  /** Resolves when the choice of earlier runs is known. */
  async start(): Promise<void> {
    const { store, journal } = this.#options;
    const found = await store.load();
    if (!found.ok) journal.log("warning", faultLine(found.fault));
    this.#chosen = found.ok && found.text !== null ? volumeIn(found.text) : null;
  }

  /** 0 to 100. */
  get percent(): number {
    return percentInForce(this.#chosen, this.#configured);
  }

  /** Linear, 0 to 1. */
  get gain(): number {
    return this.percent / 100;
  }

  /** `percent`: 0 to 100. Resolves when it is on the disk, or with why it is not. */
  async set(percent: number): Promise<Fault | null> {
    const whole = Math.round(Math.min(100, Math.max(0, percent)));
    this.#chosen = { percent: whole, over: this.#configured };
    this.#options.changed();
    const unsaved = await this.#options.store.save(volumeText(this.#chosen));
    if (unsaved !== null) this.#options.journal.log("warning", faultLine(unsaved));
    return unsaved;
  }

  /** So many percent points louder, or softer. */
  step(by: number): Promise<Fault | null> {
    return this.set(stepped(this.percent, by));
  }

  get #configured(): number {
    return this.#options.settings()["audio.volume"];
  }
}
