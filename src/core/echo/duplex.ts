/**
 * Whether the microphone is open during an answer: what the owner wants, and what the echo allows.
 *
 * | audio.echo | audio.duplex | the microphone during an answer |
 * | --- | --- | --- |
 * | any | half | closed |
 * | off, wake | auto | closed |
 * | off, wake | full | open, with all that it hears |
 * | full | auto, full | open, without the echo |
 * | auto | auto, full | open, without the echo, once it was measured that a voice gets through; else closed |
 *
 * A recording hears nothing: where one stands in for a device, auto leaves the way to the API alone.
 */

import type { Settings } from "../settings/table.ts";
import { isSure, type LearnedEcho } from "./learned.ts";

const FILE_DEVICE = "file:";

/** As it is in force. */
export type Duplex = "half" | "full";

export function duplexFor(settings: Settings, learned: LearnedEcho | null): Duplex {
  const wanted = settings["audio.duplex"];
  if (wanted === "half") return "half";
  switch (settings["audio.echo"]) {
    case "full":
      return "full";
    case "auto":
      if (isRecording(settings)) return asWritten(settings);
      return getsThrough(learned) ? "full" : "half";
    case "off":
    case "wake":
      return asWritten(settings);
  }
}

function asWritten(settings: Settings): Duplex {
  return settings["audio.duplex"] === "full" ? "full" : "half";
}

/** Whether it is known that a voice gets through an answer. */
export function getsThrough(learned: LearnedEcho | null): boolean {
  return learned !== null && isSure(learned) && learned.reach === "full";
}

/** In full duplex: whether the API hears without the echo, and only who speaks for longer than a cough. */
export function listensFor(settings: Settings): boolean {
  const mode = settings["audio.echo"];
  return mode === "full" || (mode === "auto" && !isRecording(settings));
}

/** Whether a file stands in for one of the devices: between recordings there is no echo. */
export function isRecording(settings: Settings): boolean {
  const devices = [settings["audio.input_device"], settings["audio.output_device"]];
  return devices.some((device) => device.startsWith(FILE_DEVICE));
}
