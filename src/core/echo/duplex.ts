/**
 * Whether the microphone is open during an answer: what the owner wants, and what the echo allows.
 *
 * | audio.echo | audio.duplex | the microphone during an answer |
 * | --- | --- | --- |
 * | off, wake | half, full | as audio.duplex says |
 * | full | any | open, without the echo |
 * | auto | half | closed |
 * | auto | full | open, without the echo, once it was measured that a voice gets through; else closed |
 *
 * A recording hears nothing: where one stands in for a device, auto leaves the way to the API alone.
 */

import type { Settings } from "../settings/table.ts";
import { echoReach } from "./judge.ts";
import type { LearnedEcho } from "./learned.ts";

const FILE_DEVICE = "file:";

export type Duplex = Settings["audio.duplex"];

export function duplexFor(settings: Settings, learned: LearnedEcho | null): Duplex {
  const wanted = settings["audio.duplex"];
  switch (settings["audio.echo"]) {
    case "full":
      return "full";
    case "auto":
      if (isRecording(settings)) return wanted;
      return learned !== null && echoReach(learned) === "full" ? wanted : "half";
    case "off":
    case "wake":
      return wanted;
  }
}

/** Whether the API hears without the echo, and only who speaks for longer than a cough. */
export function listensFor(settings: Settings, learned: LearnedEcho | null): boolean {
  const mode = settings["audio.echo"];
  if (mode === "auto" && isRecording(settings)) return false;
  return mode === "full" || (mode === "auto" && duplexFor(settings, learned) === "full");
}

function isRecording(settings: Settings): boolean {
  const devices = [settings["audio.input_device"], settings["audio.output_device"]];
  return devices.some((device) => device.startsWith(FILE_DEVICE));
}
