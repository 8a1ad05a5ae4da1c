/**
 * From what the owner writes to what ALSA takes: an ALSA name passes as it is; anything else is
 * looked for in the names of the sound cards. Card numbers move at every boot and replug, so the
 * result names the card by its stable id (`plughw:CARD=Device`).
 */

import { readFileSync } from "node:fs";
import { FaultError, fault } from "../core/fault.ts";

/** These are ALSA's own, whatever the cards are called; so is every name with a colon. */
const ALSA_NAME = /^(default|sysdefault|pulse|pipewire|null|jack)$|:/;

interface Card {
  readonly id: string;
  readonly name: string;
}

/** One card: ` 1 [Device         ]: USB-Audio - USB PnP Sound Device`, and a second line. */
const CARD_LINE = /^\s*\d+ \[(\S+)\s*\]: (.*)$/;

/** The text of /proc/asound/cards as cards. */
export function parseCards(text: string): readonly Card[] {
  const cards: Card[] = [];
  const lines = text.split("\n");
  lines.forEach((line, index) => {
    const [, id, first] = CARD_LINE.exec(line) ?? [];
    if (id !== undefined) cards.push({ id, name: `${first} ${(lines[index + 1] ?? "").trim()}` });
  });
  return cards;
}

/**
 * The ALSA name for `device`. A part of a card's name may be in any case and must fit one card
 * only. Throws a FaultError (config) that lists the cards when it fits several. When it fits none
 * now, the name is taken as it is: the card may be plugged in later.
 */
export function alsaName(device: string, cardsText = readCards()): string {
  const cards = parseCards(cardsText);
  const wanted = device.toLowerCase();
  const fits = cards.filter(
    ({ id, name }) => id.toLowerCase().includes(wanted) || name.toLowerCase().includes(wanted),
  );
  const [one, another] = fits;
  if (ALSA_NAME.test(device) || one === undefined) return device;
  if (another === undefined) return `plughw:CARD=${one.id},DEV=0`;
  const list = fits.map(({ id, name }) => `${id} (${name})`).join("; ");
  throw new FaultError(
    fault(
      "config",
      "die",
      `"${device}" fits several sound cards: ${list}`,
      "Write more of the name",
    ),
  );
}

/** The same for a device that was accepted at the start: a card that was plugged in since may make it ambiguous. */
export function alsaNameNow(device: string, cardsText = readCards()): string {
  try {
    return alsaName(device, cardsText);
  } catch (error) {
    if (error instanceof FaultError) return device;
    throw error;
  }
}

function readCards(): string {
  try {
    return readFileSync("/proc/asound/cards", "utf8");
  } catch {
    return ""; // No sound at all: the microphone and the speaker will say so.
  }
}
