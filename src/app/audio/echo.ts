/** What plays, taken out of what is heard: as the settings ask for it, with what was learned before. */

import type { CaptureClock } from "../../core/audio/capture-clock.ts";
import { msToSamples } from "../../core/audio/pcm.ts";
import { RING_MS } from "../../core/limits.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { World } from "../world.ts";
import { EchoMemory } from "./echo-memory.ts";
import { EchoPath } from "./echo-path.ts";

export interface Echo {
  readonly path: EchoPath;
  readonly memory: EchoMemory;
}

/** Null: nothing is taken out. */
export function echoFor(
  { clock, journal, echoFile }: Pick<World, "clock" | "journal" | "echoFile">,
  settings: Settings,
  captured: CaptureClock,
): Echo | null {
  if (settings["audio.echo"] === "off") return null;
  const devices = `${settings["audio.input_device"]} | ${settings["audio.output_device"]}`;
  const memory = new EchoMemory({ clock, journal, store: echoFile, devices });
  const path = new EchoPath({ captured, teacher: memory, ringSamples: msToSamples(RING_MS) });
  return { path, memory };
}
