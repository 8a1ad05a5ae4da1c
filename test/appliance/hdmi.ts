/**
 * A sound card of the guest's kernel that behaves as the HDMI socket of a Raspberry Pi, with a screen
 * that sleeps: `hdmi-card/hdmi-card.c`, compiled inside.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "./machine.ts";
import { ROOT } from "./rig.ts";

/** ALSA's name of the card, as the Pi's first socket has it. */
export const CARD = "vc4hdmi0";
/** Frames a second that it takes. */
export const RATE_HZ = 48_000;

const FOLDER = "/root/hdmi-card";
const SOURCE = join(ROOT, "test/appliance/hdmi-card/hdmi-card.c");
const PARAMETERS = "/sys/module/hdmi_card/parameters";
const COMPILE_MAX_MS = 600_000;
/** Longer than the gaps that a slow emulation makes in an answer, shorter than a start of the daemon. */
const ASLEEP_MS = 10_000;

/** Compiles the card, once a machine. The image needs the headers of its kernel for it. */
export async function makeHdmi(machine: Machine): Promise<void> {
  const tree = "/usr/lib/modules/$(uname -r)/build";
  const { code } = await machine.attempt(`test -e ${tree} && command -v make gcc`);
  if (code !== 0) {
    throw new Error(
      "the rig's image cannot compile a kernel module: build it with the packages that `npm run test:appliance` names without an image",
    );
  }
  await machine.write(`${FOLDER}/hdmi-card.c`, readFileSync(SOURCE, "utf8"));
  await machine.write(`${FOLDER}/Kbuild`, "obj-m := hdmi-card.o\n");
  await machine.run(`make -s -C ${tree} M=${FOLDER} modules`, COMPILE_MAX_MS);
}

export interface Screen {
  /** What the amplifier swallows of the sound that wakes it, ms. */
  readonly wakeMs?: number;
  /** Nothing is plugged in. */
  readonly isDark?: boolean;
}

/** The card appears. */
export async function plugHdmi(machine: Machine, { wakeMs = 0, isDark }: Screen = {}) {
  const parameters = `wake_ms=${wakeMs} asleep_ms=${ASLEEP_MS} screen=${isDark === true ? 0 : 1}`;
  await machine.run(`modprobe snd-pcm && insmod ${FOLDER}/hdmi-card.ko ${parameters}`);
}

/** It is gone, if it was there; nobody may have it open. */
export async function unplugHdmi(machine: Machine): Promise<void> {
  await machine.run("! test -e /sys/module/hdmi_card || rmmod hdmi_card");
}

export async function setScreen(machine: Machine, isOn: boolean): Promise<void> {
  await machine.run(`echo ${isOn ? 1 : 0} >${PARAMETERS}/screen`);
}

/** The daemon has it open. */
export async function untilHdmiOpen(machine: Machine): Promise<void> {
  const status = `/proc/asound/${CARD}/pcm0p/sub0/status`;
  await machine.until("HDMI is open", `test -e ${status} && ! grep -q closed ${status}`, 240);
}

/** Sound, in milliseconds of frames that were no silence. */
export interface Sounded {
  readonly heardMs: number;
  /** It went into the amplifier while that woke up. */
  readonly swallowedMs: number;
}

/** What has sounded since this was last asked. */
export async function sounded(machine: Machine): Promise<Sounded> {
  const out = await machine.run(
    `cd ${PARAMETERS}; cat heard swallowed; echo 0 >heard; echo 0 >swallowed`,
  );
  const [heard = 0, swallowed = 0] = out.trim().split("\n").map(Number);
  const ms = (frames: number): number => Math.round((frames * 1000) / RATE_HZ);
  return { heardMs: ms(heard), swallowedMs: ms(swallowed) };
}
