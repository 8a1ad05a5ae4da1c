/**
 * The picture of the wiring: the header's pins, two LEDs, a button; microphone and speaker over USB.
 * Parts and pins belong together by colour and number: no line crosses another.
 */

import type { Settings } from "../../core/settings/table.ts";

/** The pins of the 40-pin header that a drawing needs, by BCM number (pinout of every model with 40 pins). */
const HEADER: Readonly<Record<number, number>> = {
  2: 3,
  3: 5,
  4: 7,
  5: 29,
  6: 31,
  7: 26,
  8: 24,
  9: 21,
  10: 19,
  11: 23,
  12: 32,
  13: 33,
  14: 8,
  15: 10,
  16: 36,
  17: 11,
  18: 12,
  19: 35,
  20: 38,
  21: 40,
  22: 15,
  23: 16,
  24: 18,
  25: 22,
  26: 37,
  27: 13,
};
/** Ground pins, each close to the part that uses it. */
const GROUND = { listening: 14, status: 9, button: 6 } as const;

const COLUMNS = { left: 88, right: 122 } as const;
const [TOP, PITCH, ROWS_SHOWN] = [92, 34, 8];

interface Part {
  readonly name: string;
  readonly bcm: number;
  readonly ground: number;
  readonly colour: string;
  readonly isLed: boolean;
}

type Pins = Pick<Settings, "leds.listening_pin" | "leds.status_pin" | "button.pin">;

/** An SVG for the README, with the pins of these settings. Throws where one of them is `none`. */
export function wiringSvg(settings: Pins): string {
  const {
    "leds.listening_pin": listening,
    "leds.status_pin": status,
    "button.pin": button,
  } = settings;
  if (listening === "none" || status === "none" || button === "none") {
    throw new Error("the picture of the wiring needs all three pins");
  }
  const parts: readonly Part[] = [
    { name: "button", bcm: button, ground: GROUND.button, colour: "#2f855a", isLed: false },
    { name: "status LED", bcm: status, ground: GROUND.status, colour: "#dd6b20", isLed: true },
    {
      name: "listening LED",
      bcm: listening,
      ground: GROUND.listening,
      colour: "#c53030",
      isLed: true,
    },
  ];
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 430" font-family="sans-serif" font-size="14">',
    "<title>Wiring: two LEDs and a button at the header, microphone and speaker over USB</title>",
    '<rect width="760" height="430" fill="#ffffff"/>',
    header(parts),
    ...parts.map((part, index) => circuit(part, 116 + index * 84)),
    usb(),
    "</svg>",
    "",
  ].join("\n");
}

/** Pins 1 to 16, pin 1 at the top on the left; a part's two pins are in its colour. */
function header(parts: readonly Part[]): string {
  const pins = Array.from({ length: ROWS_SHOWN * 2 }, (_, index) => index + 1).map((pin) => {
    const signal = parts.find(({ bcm }) => HEADER[bcm] === pin);
    const ground = parts.find((part) => part.ground === pin);
    const x = pin % 2 === 0 ? COLUMNS.right : COLUMNS.left;
    const y = TOP + (Math.ceil(pin / 2) - 1) * PITCH;
    return pinSpot(
      x,
      y,
      pin,
      signal?.colour ?? (ground ? "#2d3748" : null),
      ground?.colour ?? null,
    );
  });
  return [
    `<rect x="40" y="36" width="130" height="${ROWS_SHOWN * PITCH + 48}" rx="10" fill="#edf7ee" stroke="#2f855a"/>`,
    '<text x="105" y="62" text-anchor="middle" font-weight="bold">Raspberry Pi</text>',
    ...pins,
  ].join("\n");
}

function pinSpot(
  x: number,
  y: number,
  pin: number,
  fill: string | null,
  ring: string | null,
): string {
  const edge = ring === null ? 'stroke="#718096"' : `stroke="${ring}" stroke-width="4"`;
  const ink = fill === null ? "#4a5568" : "#ffffff";
  return `<circle cx="${x}" cy="${y}" r="13" fill="${fill ?? "#ffffff"}" ${edge}/><text x="${x}" y="${y + 4}" text-anchor="middle" font-size="12" fill="${ink}">${pin}</text>`;
}

/** Pin, part, ground pin, from left to right. */
function circuit({ name, bcm, ground, colour, isLed }: Part, y: number): string {
  const pin = HEADER[bcm] ?? 0;
  return [
    `<line x1="240" y1="${y}" x2="600" y2="${y}" stroke="#1a202c" stroke-width="2"/>`,
    pinSpot(240, y, pin, colour, null),
    pinSpot(600, y, ground, "#2d3748", colour),
    `<text x="240" y="${y + 32}" text-anchor="middle" font-size="12" fill="#4a5568">pin ${pin} · GPIO ${bcm}</text>`,
    `<text x="600" y="${y + 32}" text-anchor="middle" font-size="12" fill="#4a5568">pin ${ground} · ground</text>`,
    isLed ? led(y, colour) : contact(y),
    `<text x="420" y="${y + 32}" text-anchor="middle">${name}</text>`,
  ].join("\n");
}

function led(y: number, colour: string): string {
  return [
    `<rect x="310" y="${y - 10}" width="60" height="20" fill="#ffffff" stroke="#1a202c"/>`,
    `<text x="340" y="${y + 5}" text-anchor="middle" font-size="12">330 Ω</text>`,
    `<path d="M432 ${y - 13} L432 ${y + 13} L454 ${y} Z" fill="${colour}" stroke="#1a202c"/>`,
    `<line x1="455" y1="${y - 13}" x2="455" y2="${y + 13}" stroke="#1a202c" stroke-width="2"/>`,
    `<text x="408" y="${y - 12}" font-size="11" text-anchor="middle" fill="#4a5568">long leg</text>`,
  ].join("\n");
}

/** A push button, open. */
function contact(y: number): string {
  return [
    `<rect x="396" y="${y - 4}" width="50" height="8" fill="#ffffff"/>`,
    `<circle cx="396" cy="${y}" r="4" fill="#1a202c"/><circle cx="446" cy="${y}" r="4" fill="#1a202c"/>`,
    `<line x1="398" y1="${y - 2}" x2="440" y2="${y - 18}" stroke="#1a202c" stroke-width="2"/>`,
  ].join("\n");
}

function usb(): string {
  const box = (x: number, label: string): string =>
    `<rect x="${x}" y="376" width="200" height="34" rx="6" fill="#ebf4ff" stroke="#2b6cb0"/><text x="${x + 100}" y="398" text-anchor="middle">${label}</text>`;
  return [
    '<path d="M105 356 L105 393 L210 393" fill="none" stroke="#2b6cb0" stroke-width="3"/>',
    '<path d="M410 393 L440 393" stroke="#2b6cb0" stroke-width="3"/>',
    '<text x="158" y="386" text-anchor="middle" font-size="12" fill="#2b6cb0">USB</text>',
    box(210, "USB microphone"),
    box(440, "speaker: USB, HAT or jack"),
  ].join("\n");
}
