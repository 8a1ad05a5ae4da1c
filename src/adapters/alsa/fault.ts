/**
 * What went wrong with a sound device, from the end of the program that held it.
 *
 * Invariant: one line that names the device, and a remedy the owner can type. The texts matched are
 * those of alsa-lib and alsa-utils in the C locale.
 */
import { soundCause } from "../../core/alsa/cause.ts";
import { type Fault, fault } from "../../core/fault.ts";
import type { ChildEnd } from "../os/child.ts";
import { soundFacts } from "./sound-facts.ts";

export interface SoundDevice {
  readonly role: "microphone" | "speaker";
  /** ALSA name, as configured. */
  readonly device: string;
  /** The program that opens it, for the line about its absence. */
  readonly program: string;
}

/** What the programs say when the card has another rate than asked: sound would be out of tune. */
export const WRONG_RATE = /rate is not accurate|rate \d+ not available/;

const NOT_FOUND = /Unknown PCM|Cannot get card|No such file or directory|No such device|ENODEV/;
const BUSY = /Device or resource busy/;
const DENIED = /Permission denied/;
const REMOVED = /(read|write) error: No such device|write\(\) failed/;
const UNUSABLE = /not available|Invalid argument|cannot set|not supported|Connection refused/;

interface Words {
  readonly who: string;
  readonly list: string;
  readonly key: string;
}

const WORDS: Readonly<Record<SoundDevice["role"], Words>> = {
  microphone: { who: "Microphone", list: "pipit devices", key: "audio.input_device" },
  speaker: { who: "Speaker", list: "pipit devices", key: "audio.output_device" },
};

/** The fault for an unplanned end; every one of them is retried by the adapter. */
export function alsaFault(about: SoundDevice, end: ChildEnd, facts = soundFacts): Fault {
  const { role, device, program } = about;
  const { who, list, key } = WORDS[role];
  const missing = role === "microphone" ? "microphone-missing" : "speaker-missing";
  const lost = role === "microphone" ? "microphone-lost" : "speaker-lost";
  const name = `${who} "${device}"`;
  const choose = `Plug it in, or list the devices with \`${list}\` and set ${key}`;
  const said = end.stderr;
  if (end.spawnError !== null) {
    return end.spawnError === "ENOENT"
      ? fault(missing, "retry", `${who}: the program ${program} is not installed`, INSTALL)
      : fault(missing, "retry", `${who}: ${program} could not be started (${end.spawnError})`);
  }
  if (WRONG_RATE.test(said)) {
    const remedy = `Use a converting device such as plughw: in ${key}`;
    return fault(missing, "retry", `${name} cannot do 24000 Hz`, remedy);
  }
  const cardRole = role === "microphone" ? "capture" : "playback";
  const cause = BUSY.test(said) ? null : soundCause(said, { device, role: cardRole, key }, facts());
  if (cause !== null) return fault(missing, "retry", `${name} ${cause.what}`, cause.remedy);
  if (BUSY.test(said)) {
    const remedy = "Find it with `fuser -v /dev/snd/*`";
    return fault(lost, "retry", `${name} is in use by another program`, remedy);
  }
  if (DENIED.test(said)) {
    const remedy = "Add the user to the group: `sudo usermod -aG audio USER`";
    return fault(missing, "retry", `${name}: no permission to open it`, remedy);
  }
  if (REMOVED.test(said)) return goneFault(about);
  if (NOT_FOUND.test(said)) return fault(missing, "retry", `${name} not found`, choose);
  if (UNUSABLE.test(said)) {
    return fault(missing, "retry", `${name} cannot be used: ${lastLine(said)}`, choose);
  }
  return fault(lost, "retry", `${name} stopped: ${program} ${how(end)}`, choose);
}

/** It was pulled out. */
export function goneFault({ role, device }: SoundDevice): Fault {
  const lost = role === "microphone" ? "microphone-lost" : "speaker-lost";
  return fault(lost, "retry", `${WORDS[role].who} "${device}" has gone away`, "Plug it in again");
}

/** A microphone is open, and gives nothing. */
export function stallFault(device: string): Fault {
  const remedy = "Unplug it and plug it in again if this repeats";
  return fault("microphone-lost", "retry", `Microphone "${device}" gave no sound`, remedy);
}

const INSTALL = "Install it with `sudo apt-get install alsa-utils`";

function how(end: ChildEnd): string {
  const words = lastLine(end.stderr);
  const way = end.signal === null ? `ended with code ${end.code}` : `was ended by ${end.signal}`;
  return words === "" ? way : `${way} (${words})`;
}

/** What arecord and aplay say when all is well, and after the words about why they abort. */
const CHATTER = /^(Recording|Playing) raw data|^Aborted by signal/;

function lastLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.findLast((line) => line !== "" && !CHATTER.test(line)) ?? "";
}
