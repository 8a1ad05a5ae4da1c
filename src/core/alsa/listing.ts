/** Microphones and loudspeakers as the owner sees them: a name to paste, and what it is. */

import { type Card, type Role, stableName } from "./cards.ts";
import { type Formats, formatsText } from "./formats.ts";

export interface Holder {
  readonly pid: number;
  /** Name of the program, empty when it could not be read. */
  readonly program: string;
  /** It is this appliance, or a program that it started. */
  readonly isPipit: boolean;
}

/** One device of a card, in one direction. */
export interface SoundDevice {
  readonly role: Role;
  readonly card: Card;
  readonly device: number;
  /** For the configuration file. */
  readonly name: string;
  /** Null when nobody could tell, as for a device in use. */
  readonly formats: Formats | null;
  readonly holder: Holder | null;
  /** Why the name could not be opened for this role just now, in ALSA's words; null: it could, or was not tried. */
  readonly trouble: string | null;
}

export interface SoundListing {
  readonly devices: readonly SoundDevice[];
  /** What `default` leads to, as the asking user sees it. */
  readonly server: "PulseAudio" | "PipeWire" | null;
}

const HEADINGS: Readonly<Record<Role, { title: string; key: string }>> = {
  capture: { title: "Microphones", key: "audio.input_device" },
  playback: { title: "Loudspeakers", key: "audio.output_device" },
};

/** The devices of `cards`, named, still without what has to be asked for. */
export function devicesOf(
  cards: readonly Card[],
): readonly Omit<SoundDevice, "formats" | "holder" | "trouble">[] {
  const roles: readonly Role[] = ["capture", "playback"];
  return roles.flatMap((role) =>
    cards.flatMap((card) =>
      card[role].map((device) => {
        return { role, card, device, name: stableName(card, role, cards, device) };
      }),
    ),
  );
}

/** Lines for people, each with its newline. */
export function listingText({ devices, server }: SoundListing): string {
  if (devices.length === 0 && server === null) return NO_CARD;
  const parts = (["capture", "playback"] as const).flatMap((role) => {
    const these = devices.filter((device) => device.role === role);
    return [HEADINGS[role].title, ...(these.length === 0 ? [NONE[role]] : these.map(deviceText))];
  });
  return `${[...parts, ...serverLines(server)].join("\n")}\n`;
}

const NO_CARD = `There is no sound card.
  Plug in a USB microphone and a loudspeaker, and look again; \`lsusb\` shows whether they are seen.
  For a HAT, name its overlay in /boot/firmware/config.txt; in a container, pass /dev/snd on.
  Until then, a recording can stand in: audio.input_device: file:question.wav
`;

const NONE: Readonly<Record<Role, string>> = {
  capture: "  none: plug in a USB microphone; the headphone socket of a Raspberry Pi has none",
  playback: "  none: plug in a USB loudspeaker, or one with a HAT",
};

function deviceText(device: SoundDevice): string {
  const { role, card, name, formats, holder, trouble } = device;
  const second = device.device === (card[role][0] ?? 0) ? "" : `, device ${device.device}`;
  const place = card.usbPort === null ? "" : `, USB port ${card.usbPort}`;
  const lines = [
    `  ${card.name} (card ${card.index}${second}${place})`,
    `    ${HEADINGS[role].key}: ${name}`,
  ];
  if (formats !== null) lines.push(`    ${formatsText(formats)}`);
  if (holder !== null) lines.push(`    in use by ${holderText(holder)}`);
  if (trouble !== null) lines.push(`    cannot be opened just now: ${trouble}`);
  return lines.join("\n");
}

export function holderText({ pid, program, isPipit }: Holder): string {
  const who = program === "" ? `process ${pid}` : `${program}, process ${pid}`;
  return isPipit ? `pipit (${who})` : who;
}

function serverLines(server: SoundListing["server"]): readonly string[] {
  if (server === null) return [];
  return [
    "Sound server",
    `  for you, \`default\` is ${server}: it shares the devices among programs`,
    "    a service has no session and cannot reach it: set a device of the list above, as root sees it",
  ];
}

/** The same for programs. */
export function listingData({ devices, server }: SoundListing): Readonly<Record<string, unknown>> {
  const of = (role: Role) =>
    devices.filter((device) => device.role === role).map((device) => deviceData(device));
  return {
    microphones: of("capture"),
    speakers: of("playback"),
    sound_server: server,
  };
}

function deviceData({ role, card, device, name, formats, holder, trouble }: SoundDevice) {
  return {
    name: card.name,
    config: { [HEADINGS[role].key]: name },
    card: card.index,
    card_id: card.id,
    device,
    usb_port: card.usbPort,
    rates_hz: formats?.ratesHz ?? null,
    any_rate: formats?.anyRate ?? null,
    channels: formats?.channels ?? null,
    any_channels: formats?.anyChannels ?? null,
    formats: formats?.formats ?? null,
    trouble,
    in_use_by:
      holder === null ? null : { pid: holder.pid, program: holder.program, pipit: holder.isPipit },
  };
}
