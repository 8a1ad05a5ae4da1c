/** Which card the owner means: by part of a name, by port, and never by a number that moves. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cardNamed,
  findCard,
  parseCards,
  type Role,
  severalFault,
  stableName,
  usbPortOf,
} from "../../../src/core/alsa/cards.ts";
import { faultLine } from "../../../src/core/fault.ts";
import { PI4, PI5, TWINS } from "../../fixtures/asound.ts";

function nameIn(
  facts: { cards: string; pcm: string; ports?: ReadonlyMap<number, string> },
  device: string,
  role: Role = "capture",
): string {
  const found = findCard(device, role, parseCards(facts.cards, facts));
  return found.tag === "several" ? found.cards.map(({ id }) => id).join(" or ") : found.name;
}

test("part of a name, in any case, is the card by its id", () => {
  for (const name of ["usb", "USB PnP", "device", "c-media"]) {
    assert.equal(nameIn(PI4, name), "plughw:CARD=Device,DEV=0", name);
  }
  assert.equal(nameIn(PI4, "headphones", "playback"), "plughw:CARD=Headphones,DEV=0");
  assert.equal(nameIn(PI4, "vc4-hdmi-1", "playback"), "sysdefault:CARD=vc4hdmi1");
  assert.equal(nameIn(PI4, "vc4-hdmi", "playback"), "vc4hdmi0 or vc4hdmi1");
});

test("what a device calls itself cannot steer the terminal on which it is listed", () => {
  const name = "\u001b]0;x\u0007\u001b[2JEvil\u009b1m";
  const text = ` 1 [Device         ]: USB-Audio - ${name}\n     ${name} at usb-0000:01:00.0-1.3, full\n`;
  const [card] = parseCards(text);
  assert.equal(card?.usbPort, "usb-0000:01:00.0-1.3");
  assert.match(card.name, /Evil/);
  assert.doesNotMatch(`${card.id}${card.name}${card.longName}${card.driver}`, /\p{Cc}/u);
});

test("of a USB microphone and a USB loudspeaker, each is found for what it does", () => {
  assert.equal(nameIn(PI5, "usb", "capture"), "plughw:CARD=Microphone,DEV=0");
  assert.equal(nameIn(PI5, "usb", "playback"), "plughw:CARD=UACDemoV10,DEV=0");
  assert.equal(nameIn(PI5, "demo", "capture"), "plughw:CARD=UACDemoV10,DEV=0", "it will say so");
});

test("two alike are told apart by their ports, whatever the order of their ids", () => {
  assert.equal(nameIn(TWINS, "usb pnp"), "Device or Device_1");
  assert.equal(nameIn(TWINS, "usb:1-1.3"), "plughw:CARD=Device_1,DEV=0");
  assert.equal(nameIn(TWINS, "usb:1.2"), "plughw:CARD=Device,DEV=0");
  assert.equal(nameIn(TWINS, "usb:1-1.4"), "usb:1-1.4", "nothing there yet");
  const swapped = { ...TWINS, ports: new Map([[1, "1-1.3"]]) };
  assert.equal(nameIn(swapped, "usb:1-1.3"), "plughw:CARD=Device,DEV=0");
  const cards = parseCards(TWINS.cards, TWINS);
  const names = cards.map((card) => stableName(card, "capture", cards));
  assert.deepEqual(names, ["usb:1-1.2", "usb:1-1.3"]);
  const line = faultLine(severalFault("usb pnp", cards));
  assert.match(
    line,
    /"usb pnp" fits several sound cards: Device \(.*, USB port 1-1\.2\); Device_1/,
  );
  assert.match(line, /or the port: usb:1-1\.2 or usb:1-1\.3 \(see pipit devices\)$/);
});

test("without sysfs, the port is in the kernel's list, unless it was cut", () => {
  const cards = parseCards(PI5.cards, PI5);
  assert.equal(cards[2]?.usbPort, "usb-xhci-hcd.0-1");
  assert.equal(nameIn(PI5, "usb:xhci-hcd.0-1"), "plughw:CARD=Microphone,DEV=0");
  assert.equal(nameIn(PI5, "usb:usb-xhci-hcd.0-1"), "plughw:CARD=Microphone,DEV=0");
  assert.equal(nameIn(PI5, "usb:2", "playback"), "plughw:CARD=UACDemoV10,DEV=0");
});

test("ALSA's own names pass as they are", () => {
  for (const name of ["default", "pulse", "plughw:1", "hw:CARD=Device", "vmic"]) {
    assert.equal(nameIn(PI4, name), name);
  }
});

test("the card behind an ALSA name", () => {
  const cards = parseCards(PI4.cards, PI4);
  const idOf = (name: string): string | undefined => cardNamed(name, cards)?.id;
  assert.equal(idOf("plughw:CARD=Device,DEV=0"), "Device");
  assert.equal(idOf("plughw:Device"), "Device");
  assert.equal(idOf("hw:3,0"), "Device");
  assert.equal(idOf("sysdefault:CARD=vc4hdmi1"), "vc4hdmi1");
  for (const name of ["default", "hw:9", "plughw:CARD=Device_1", "pulse"]) {
    assert.equal(idOf(name), undefined, name);
  }
});

test("the port in sysfs' paths; anything else has none", () => {
  assert.equal(usbPortOf("../../../1-1.3:1.0"), "1-1.3");
  assert.equal(usbPortOf("/sys/devices/platform/soc/usb1/1-1/1-1.2/1-1.2:1.0"), "1-1.2");
  for (const path of ["", "../../snd_aloop.0", "../../../fe00b840.mailbox"]) {
    assert.equal(usbPortOf(path), null, path);
  }
});
