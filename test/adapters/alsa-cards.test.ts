/** From part of a card's name to ALSA's: in any case, and never by a number that moves. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { alsaName, alsaNameNow } from "../../src/adapters/alsa-cards.ts";

const PI = ` 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones
                      bcm2835 Headphones
 1 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0
                      vc4-hdmi-0
 3 [Device         ]: USB-Audio - USB PnP Sound Device
                      C-Media Electronics Inc. USB PnP Sound Device at usb-1.3, full speed
`;

test("part of a name, in any case, is the card by its stable id", () => {
  for (const name of ["usb", "USB PnP", "device", "c-media"]) {
    assert.equal(alsaName(name, PI), "plughw:CARD=Device,DEV=0", name);
  }
  assert.equal(alsaName("headphones", PI), "plughw:CARD=Headphones,DEV=0");
  assert.equal(alsaName("vc4-hdmi", PI), "plughw:CARD=vc4hdmi0,DEV=0");
});

test("ALSA's own names pass as they are", () => {
  for (const name of ["default", "pulse", "plughw:1", "hw:CARD=Device", "vmic"]) {
    assert.equal(alsaName(name, PI), name);
  }
});

test("what fits two cards is refused, with their names", () => {
  assert.throws(() => alsaName("e", PI), /fits several sound cards: Headphones .*; Device/);
  assert.equal(alsaNameNow("e", PI), "e");
});

test("a card that is not there yet is looked for again", () => {
  assert.equal(alsaName("USB PnP", ""), "USB PnP");
  assert.equal(alsaNameNow("USB PnP", PI), "plughw:CARD=Device,DEV=0");
});
