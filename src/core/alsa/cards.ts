/**
 * The sound cards that the kernel has, from the texts under /proc/asound, and which of them the
 * owner means. Numbers move at every boot and replug, and of two alike the ids do as well; the USB
 * port is what stays.
 *
 * Invariant: any text gives a result; a line that is not understood is no card.
 */

import { type Fault, fault } from "../fault.ts";

export type Role = "capture" | "playback";

export interface Card {
  readonly index: number;
  /** ALSA's short name, unique at any one time: `Device`, and `Device_1` for the second one alike. */
  readonly id: string;
  readonly name: string;
  /** `USB-Audio`, `vc4-hdmi`. */
  readonly driver: string;
  /** The second line of the kernel's list: the maker, and where it is plugged in. */
  readonly longName: string;
  /** The port as sysfs and dmesg name it (`1-1.3`); null for what is no USB device. */
  readonly usbPort: string | null;
  /** Numbers of the devices that record, and of those that play. */
  readonly capture: readonly number[];
  readonly playback: readonly number[];
}

/** What else is known of the cards, by their numbers. */
export interface CardFacts {
  /** The text of /proc/asound/pcm; empty: every card is taken to do both. */
  readonly pcm?: string;
  /** USB ports, from sysfs. */
  readonly ports?: ReadonlyMap<number, string>;
}

/** One card: ` 1 [Device         ]: USB-Audio - USB PnP Sound Device`, and a second line. */
const CARD_LINE = /^\s*(\d+) \[(\S+)\s*\]: (?:(.*?) - )?(.*)$/;
/** `... at usb-0000:01:00.0-1.3, full speed`: the driver cuts the line at 79 characters. */
const USB_PATH = / at (usb-\S+-[\d.]+), /;
/** `usb:1-1.3`, `usb:1.3`: what the owner may write for a port. */
const PORT_NAME = /^usb:(?:port )?(.+)$/i;

/** Who made the device chose its names: they are shown on terminals. */
const CONTROL = /\p{Cc}/gu;

/** The text of /proc/asound/cards as cards, without control characters. */
export function parseCards(text: string, facts: CardFacts = {}): readonly Card[] {
  const cards: Card[] = [];
  const lines = text.split("\n").map((line) => line.replace(CONTROL, " "));
  lines.forEach((line, at) => {
    const [, number, id, driver = "", name] = CARD_LINE.exec(line) ?? [];
    if (number === undefined || id === undefined || name === undefined) return;
    const longName = (lines[at + 1] ?? "").trim();
    const index = Number(number);
    const usbPort = facts.ports?.get(index) ?? USB_PATH.exec(longName)?.[1] ?? null;
    const devices = devicesOf(index, facts.pcm ?? "");
    cards.push({ index, id, name: name.trim(), driver, longName, usbPort, ...devices });
  });
  return cards;
}

/** `03-00: USB Audio : USB Audio : playback 1 : capture 1` is a device that does both. */
const PCM_LINE = /^(\d+)-(\d+): (.*)$/;

function devicesOf(index: number, pcm: string): Pick<Card, Role> {
  const found: Record<Role, number[]> = { capture: [], playback: [] };
  for (const line of pcm.split("\n")) {
    const [, card, device, rest = ""] = PCM_LINE.exec(line) ?? [];
    if (device === undefined || Number(card) !== index) continue;
    if (/ : capture \d/.test(rest)) found.capture.push(Number(device));
    if (/ : playback \d/.test(rest)) found.playback.push(Number(device));
  }
  return pcm === "" ? { capture: [0], playback: [0] } : found;
}

/** The port in a path of sysfs: `../../1-1.3:1.0` and `.../usb1/1-1/1-1.3/1-1.3:1.0` are `1-1.3`. */
export function usbPortOf(path: string): string | null {
  return /(?:^|\/)(\d+-[\d.]+):\d+\.\d+$/.exec(path)?.[1] ?? null;
}

/** These are ALSA's own, whatever the cards are called; so is every other name with a colon. */
const ALSA_NAME = /^(default|sysdefault|pulse|pipewire|null|jack)$|:/;

export type Found =
  | { readonly tag: "alsa"; readonly name: string }
  | { readonly tag: "card"; readonly name: string; readonly card: Card }
  | { readonly tag: "absent"; readonly name: string }
  | { readonly tag: "several"; readonly cards: readonly Card[] };

/**
 * What `device` means among these cards. A part of a card's name may be in any case; `usb:PORT` is
 * what sits in that port. Of several that fit, those that can do what is wanted count. `absent` may
 * be plugged in later, so its name is taken as it is.
 */
export function findCard(device: string, role: Role, cards: readonly Card[]): Found {
  const port = PORT_NAME.exec(device)?.[1];
  if (port === undefined && ALSA_NAME.test(device)) return { tag: "alsa", name: device };
  const named = cards.filter((card) =>
    port === undefined ? isCalled(card, device.toLowerCase()) : isIn(card, port),
  );
  const able = named.filter((card) => card[role].length > 0);
  const fits = able.length > 0 ? able : named;
  const [card, another] = fits;
  if (card === undefined) return { tag: "absent", name: device };
  if (another !== undefined) return { tag: "several", cards: fits };
  return { tag: "card", name: plugName(card, role), card };
}

function isCalled({ id, driver, name, longName }: Card, wanted: string): boolean {
  return [id, `${driver} - ${name}`, longName].some((text) => text.toLowerCase().includes(wanted));
}

/** A port may be written whole, or as the part behind the number of its bus. */
function isIn({ usbPort }: Card, wanted: string): boolean {
  return usbPort !== null && (usbPort === wanted || usbPort.endsWith(`-${wanted}`));
}

/** HDMI of a Raspberry Pi takes frames of IEC 958 and no samples: `plughw` does not make those. */
export function takesNoPcm({ driver }: Card): boolean {
  return driver === "vc4-hdmi";
}

/** ALSA's name of the card's first device for a role, converting rates and formats. */
export function plugName(card: Card, role: Role, device = card[role][0] ?? 0): string {
  if (role === "playback" && takesNoPcm(card)) return `sysdefault:CARD=${card.id}`;
  return `plughw:CARD=${card.id},DEV=${device}`;
}

/** The card that an ALSA name speaks of; null where it names none, or one that is not there. */
export function cardNamed(name: string, cards: readonly Card[]): Card | null {
  const [, byKey, byPlace] = /^[^:]+:(?:CARD=([^,]+)|([^,=]+))(?:,|$)/.exec(name) ?? [];
  const wanted = byKey ?? byPlace;
  if (wanted === undefined) return null;
  return cards.find(({ id, index }) => id === wanted || String(index) === wanted) ?? null;
}

/** The name for the configuration file that never means another card: the port where two are alike. */
export function stableName(
  card: Card,
  role: Role,
  cards: readonly Card[],
  device = card[role][0] ?? 0,
): string {
  const isTwin = cards.some((other) => other.index !== card.index && other.name === card.name);
  const isFirst = device === card[role][0];
  return isTwin && isFirst && card.usbPort !== null
    ? `usb:${card.usbPort}`
    : plugName(card, role, device);
}

/** The name fits several cards, and the owner must choose. */
export function severalFault(device: string, fits: readonly Card[]): Fault {
  const list = fits.map((card) => `${card.id} (${card.name}, ${placeOf(card)})`).join("; ");
  const ports = fits.flatMap(({ usbPort }) => (usbPort === null ? [] : `usb:${usbPort}`));
  const remedy =
    ports.length > 1
      ? `Write more of the name, or the port: ${ports.join(" or ")} (see pipit devices)`
      : "Write more of the name (see pipit devices)";
  return fault("config", "exit", `"${device}" fits several sound cards: ${list}`, remedy);
}

function placeOf({ index, usbPort }: Card): string {
  return usbPort === null ? `card ${index}` : `USB port ${usbPort}`;
}
