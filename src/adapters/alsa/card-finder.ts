/**
 * From what the owner writes to what ALSA takes, and whether the card behind it is still the one
 * that was opened. Card numbers move at every boot and replug, so the result names the card by its
 * id (`plughw:CARD=Device`), looked for anew at each start of a program that opens it.
 */

import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  type Card,
  cardNamed,
  type Found,
  findCard,
  parseCards,
  plugName,
  type Role,
  severalFault,
  usbPortOf,
} from "../../core/alsa/cards.ts";
import { FaultError } from "../../core/fault.ts";

/** Where the kernel tells of its cards; other folders in tests. */
export interface CardFolders {
  readonly proc: string;
  readonly sys: string;
  readonly dev: string;
}

export const CARD_FOLDERS: CardFolders = {
  proc: "/proc/asound",
  sys: "/sys/class/sound",
  dev: "/dev/snd",
};

/** The cards that are there now; none where there is no sound at all. */
export function readCards(folders: CardFolders = CARD_FOLDERS): readonly Card[] {
  try {
    const text = readFileSync(join(folders.proc, "cards"), "utf8");
    const pcm = readFileSync(join(folders.proc, "pcm"), "utf8");
    return parseCards(text, { pcm, ports: readPorts(folders.sys) });
  } catch {
    return []; // No sound at all: the microphone and the speaker will say so.
  }
}

/** USB ports by the number of the card; fewer, or none, where sysfs does not tell. */
function readPorts(sys: string): ReadonlyMap<number, string> {
  const ports = new Map<number, string>();
  try {
    for (const name of readdirSync(sys)) {
      const number = /^card(\d+)$/.exec(name)?.[1];
      if (number === undefined) continue;
      const port = usbPortOf(linkOf(join(sys, name, "device")));
      if (port !== null) ports.set(Number(number), port);
    }
  } catch {
    // The kernel's own list of cards has the ports, too, unless the names are long.
  }
  return ports;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // A card that is no device of a bus, or has just gone.
  }
}

/**
 * The ALSA name for `device`. Throws a FaultError (config) that lists the cards when it fits
 * several. When it fits none now, the name is taken as it is: the card may be plugged in later.
 */
export function alsaName(device: string, role: Role, cards = readCards()): string {
  const found = findCard(device, role, cards);
  if (found.tag === "several") throw new FaultError(severalFault(device, found.cards));
  return found.name;
}

/** Of a card's name, and of the names of all cards. */
const DEVICE_MAX_CHARS = 200;

/**
 * Microphone and loudspeaker as they are named, and the cards behind them now; where a name speaks of
 * no card, as `default`, all that there are: one of them is meant.
 */
export function devicesText(microphone: string, speaker: string, cards = readCards()): string {
  return `${deviceText(microphone, "capture", cards)} | ${deviceText(speaker, "playback", cards)}`;
}

function deviceText(device: string, role: Role, cards: readonly Card[]): string {
  const found = findCard(device, role, cards);
  const card = found.tag === "card" ? found.card : cardNamed(device, cards);
  const isAny = found.tag === "alsa" && !device.includes(":");
  const able = isAny ? cards.filter((one) => one[role].length > 0) : [];
  const meant = card === null ? able : [card];
  const names = meant.map(({ name, usbPort }) => (usbPort === null ? name : `${name}, ${usbPort}`));
  const text = names.length === 0 ? device : `${device} (${names.join("; ")})`;
  return text.slice(0, DEVICE_MAX_CHARS);
}

/** The name for one device, again and again, for a program that is started again and again. */
export class CardFinder {
  readonly #device: string;
  readonly #role: Role;
  readonly #folders: CardFolders;
  /** What was opened last: its name, and the card's identity. */
  #name = "";
  #identity: string | null = null;
  #port: string | null = null;

  constructor(device: string, role: Role, folders: CardFolders = CARD_FOLDERS) {
    this.#device = device;
    this.#role = role;
    this.#folders = folders;
  }

  /**
   * ALSA's name now. A card that was plugged in since the start may fit as well: then it is the one
   * in the port that was used last, or else the lowest number.
   */
  now(): string {
    const cards = readCards(this.#folders);
    const found = findCard(this.#device, this.#role, cards);
    const card = this.#chosen(found, cards);
    const several = found.tag === "several";
    this.#name = !several ? found.name : card === null ? this.#device : plugName(card, this.#role);
    this.#port = card?.usbPort ?? this.#port;
    this.#identity = card === null ? null : this.#identityOf(card);
    return this.#name;
  }

  #chosen(found: Found, cards: readonly Card[]): Card | null {
    if (found.tag === "card") return found.card;
    if (found.tag !== "several") return cardNamed(found.name, cards);
    return found.cards.find(({ usbPort }) => usbPort === this.#port) ?? found.cards[0] ?? null;
  }

  /**
   * Whether what was opened last has gone, or has been replaced: an idle player does not notice, and
   * would lose the next answer. False for names that belong to no card.
   */
  get isGone(): boolean {
    if (this.#identity === null) return false;
    const card = cardNamed(this.#name, readCards(this.#folders));
    return card === null || this.#identityOf(card) !== this.#identity;
  }

  /** The node of the card is made anew with the card, whatever number and name it gets. */
  #identityOf({ index, id }: Card): string {
    try {
      const { ino, ctimeMs } = statSync(join(this.#folders.dev, `controlC${index}`));
      return `${index} ${id} ${ino} ${ctimeMs}`;
    } catch {
      return `${index} ${id}`; // No udev, as in a container: the number and the name must do.
    }
  }
}
