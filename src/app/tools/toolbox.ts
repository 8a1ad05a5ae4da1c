/**
 * What Pipit can do besides talking, as one part of the appliance: timers and their ringing, the
 * volume. Orders come from the control socket; nothing here knows the conversation but its state.
 */

import type { Input, State } from "../../core/assistant-types.ts";
import type { ControlReply, ControlRequest } from "../../core/control.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Downlink } from "../audio/downlink.ts";
import { Volume } from "../audio/volume.ts";
import { Ringer } from "../timers/ringer.ts";
import type { World } from "../world.ts";

/** What the owner's commands ask of it. */
export type ToolRequest = Extract<ControlRequest, { command: "timers" | "volume" }>;

export interface ToolboxOptions {
  readonly world: World;
  readonly settings: () => Settings;
  readonly downlink: () => Downlink;
  readonly post: (input: Input) => void;
  readonly state: () => State;
}

export class Toolbox {
  readonly ringer: Ringer;
  readonly volume: Volume;

  constructor({ world, settings, downlink, post, state }: ToolboxOptions) {
    const { journal, volumeFile } = world;
    const changed = (): void => downlink().volumeChanged();
    this.volume = new Volume({ store: volumeFile, journal, settings, changed });
    this.ringer = new Ringer({ world, settings, downlink, post, state });
  }

  /** Resolves when what earlier runs left is known. */
  async start(): Promise<void> {
    await this.volume.start();
    await this.ringer.start();
  }

  close(): void {
    this.ringer.close();
  }

  async answer(request: ToolRequest): Promise<ControlReply> {
    switch (request.command) {
      case "timers":
        return await this.ringer.order(request.order);
      case "volume":
        return await this.#setVolume(request);
    }
  }

  async #setVolume({ percent, by }: Extract<ToolRequest, { command: "volume" }>) {
    if (percent !== undefined && (percent < 0 || percent > 100)) {
      return { ok: false, error: "a volume is 0 to 100 percent" } as const;
    }
    const { volume } = this;
    const unsaved =
      percent !== undefined
        ? await volume.set(percent)
        : by !== undefined
          ? await volume.step(by)
          : null;
    const note = unsaved === null ? {} : { not_stored: unsaved.message };
    return { ok: true, data: { percent: volume.percent, ...note } } as const;
  }
}
