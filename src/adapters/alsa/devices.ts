/**
 * The sound devices of this machine, and what they take, without disturbing who uses them: a device
 * that is open is not opened.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Card, plugName, type Role } from "../../core/alsa/cards.ts";
import { soundCause } from "../../core/alsa/cause.ts";
import {
  type Formats,
  parseHwParams,
  parseOwner,
  parseStream,
  soundServerOf,
} from "../../core/alsa/formats.ts";
import { devicesOf, type Holder, type SoundListing } from "../../core/alsa/listing.ts";
import { SAMPLE_RATE_HZ } from "../../core/audio/pcm.ts";
import { oneLine } from "../../core/fault.ts";
import { runProgram } from "../os/run-program.ts";
import { CARD_FOLDERS, readCards } from "./card-finder.ts";
import { soundFacts } from "./sound-facts.ts";

/** A device that hangs in its driver is left alone after this. */
const ASK_MAX_MS = 3_000;
/** arecord and aplay print the ranges between two such lines, before they set anything. */
const DUMP_END = /^-{10,}\n[\s\S]*^-{10,}\n/m;
/** What arecord and aplay print when a device is open. */
const SET_UP = "Its setup is:";
const PORT = /^usb:/;
const TROUBLE_MAX_CHARS = 120;
/** From a program up to the daemon: pipit, arecord; pipit, node, speaker. */
const ANCESTORS_MAX = 4;

export async function listSound(): Promise<SoundListing> {
  const devices = [];
  for (const part of devicesOf(readCards())) {
    const holder = holderOf(part.card, part.role, part.device);
    const formats =
      streamFormats(part.card, part.role) ??
      (holder === null ? await askFormats(part.card, part.role, part.device) : null);
    const trouble = holder === null ? await tryName(part.name, part.role, part.card) : null;
    devices.push({ ...part, formats, holder, trouble });
  }
  return { devices, server: await soundServer() };
}

/** Who holds the device; null when nobody does. */
export function holderOf(card: Card, role: Role, device: number): Holder | null {
  const folder = join(CARD_FOLDERS.proc, `card${card.index}`, `pcm${device}${role.charAt(0)}`);
  for (const name of entries(folder)) {
    if (!/^sub\d+$/.test(name)) continue;
    const pid = parseOwner(textOf(join(folder, name, "status")));
    if (pid !== null) return { pid, program: programOf(pid), isPipit: isPipit(pid) };
  }
  return null;
}

function streamFormats(card: Card, role: Role): Formats | null {
  return parseStream(textOf(join(CARD_FOLDERS.proc, `card${card.index}`, "stream0")), role);
}

/** Opens it for a moment, and lets it print its ranges. */
async function askFormats(card: Card, role: Role, device: number): Promise<Formats | null> {
  const program = role === "capture" ? "arecord" : "aplay";
  const name = `hw:CARD=${card.id},DEV=${device}`;
  const args = ["-D", name, "--dump-hw-params", "-t", "raw", "-d", "1"];
  const file = role === "capture" ? "/dev/null" : "/dev/zero";
  const { stderr } = await runProgram(program, [...args, file], {
    maxMs: ASK_MAX_MS,
    enough: (text) => DUMP_END.test(text),
  });
  return parseHwParams(stderr);
}

/** Opens the name that is handed out, as the appliance would, for a moment; why not, else null. */
async function tryName(name: string, role: Role, card: Card): Promise<string | null> {
  const program = role === "capture" ? "arecord" : "aplay";
  const format = ["-t", "raw", "-f", "S16_LE", "-r", String(SAMPLE_RATE_HZ), "-c", "1"];
  const device = PORT.test(name) ? plugName(card, role) : name;
  // "Its setup is": it was opened and set up; nothing has been played.
  const { code, stderr } = await runProgram(
    program,
    ["-v", "-D", device, ...format, "-d", "1", "/dev/zero"],
    {
      maxMs: ASK_MAX_MS,
      enough: (text) => text.includes(SET_UP),
    },
  );
  if (code === 0 || stderr.includes(SET_UP)) return null;
  const about = { device, role, key: "" };
  const cause = soundCause(stderr, about, soundFacts());
  return cause?.what ?? oneLine(stderr.trim().split("\n").at(-1) ?? "", TROUBLE_MAX_CHARS);
}

async function soundServer(): Promise<SoundListing["server"]> {
  const { stdout } = await runProgram("aplay", ["-L"], { maxMs: ASK_MAX_MS });
  return soundServerOf(stdout);
}

function programOf(pid: number): string {
  return oneLine(textOf(`/proc/${pid}/comm`)); // A program may call itself whatever it likes.
}

/** Is this process, or one that started it, the daemon? */
function isPipit(pid: number): boolean {
  let current = pid;
  for (let step = 0; step < ANCESTORS_MAX && current > 1; step++) {
    const command = textOf(`/proc/${current}/cmdline`).split("\0");
    if (command[2] === "run" && /main\.[jt]s$|pipit$/.test(command[1] ?? "")) return true;
    current = Number(/^PPid:\s*(\d+)/m.exec(textOf(`/proc/${current}/status`))?.[1] ?? 0);
  }
  return false;
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // The card has gone meanwhile.
  }
}

/** The text of a small file of procfs; empty when it cannot be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
