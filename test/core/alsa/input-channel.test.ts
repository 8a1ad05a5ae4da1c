/** Which channel of several is listened to: one row a card. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { channelOf } from "../../../src/adapters/alsa/input-channel.ts";
import type { Formats } from "../../../src/core/alsa/formats.ts";
import { channelChoice, type InputChannel } from "../../../src/core/alsa/input-channel.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

function formats(...channels: readonly number[]): Formats {
  return { ratesHz: [16_000], anyRate: false, channels, anyChannels: false, formats: ["S16_LE"] };
}

const ARRAY = "ReSpeaker 4 Mic Array (UAC1.0)";

test("one channel is taken, and never a mixture", () => {
  const rows: readonly (readonly [InputChannel, string, Formats | null, string])[] = [
    ["auto", "USB PnP Sound Device", formats(1), "1 of 1"],
    ["auto", "USB Audio", formats(1, 2), "1 of 1"],
    ["auto", "Stereo only", formats(2), "1 of 2"],
    ["auto", ARRAY, formats(6), "1 of 6"],
    ["auto", "reSpeaker XVF3800", formats(1, 2), "1 of 2"],
    ["auto", "no USB device", null, "1 of 1"],
    ["auto", "any", { ...formats(1, 8), anyChannels: true }, "1 of 1"],
    [3, ARRAY, formats(6), "3 of 6"],
    [2, "USB Audio", formats(1, 2), "2 of 2"],
    [4, "USB Audio", formats(1, 2), "2 of 2"],
    [2, "no USB device", null, "2 of 2"],
  ];
  for (const [wanted, name, found, expected] of rows) {
    const { count, index } = channelChoice(wanted, name, found);
    assert.equal(`${index + 1} of ${count}`, expected, `${wanted} ${name}`);
  }
});

test("the card's name and channels are the kernel's own words", (t) => {
  const proc = tempFolder(t);
  writeFileSync(
    join(proc, "cards"),
    ` 1 [ArrayUAC10     ]: USB-Audio - ${ARRAY}\n                      SEEED ${ARRAY} at usb-0000:01:00.0-1.3, high speed\n`,
  );
  writeFileSync(join(proc, "pcm"), "01-00: USB Audio : USB Audio : playback 1 : capture 1\n");
  mkdirSync(join(proc, "card1"));
  const stream =
    "Capture:\n  Interface 2\n    Altset 1\n    Format: S16_LE\n    Channels: 6\n    Rates: 16000\n";
  writeFileSync(join(proc, "card1", "stream0"), stream);
  const folders = { proc, sys: join(proc, "none"), dev: join(proc, "none") };
  assert.deepEqual(channelOf("plughw:CARD=ArrayUAC10,DEV=0", "auto", folders), {
    count: 6,
    index: 0,
  });
  assert.deepEqual(channelOf("plughw:CARD=ArrayUAC10,DEV=0", 5, folders), { count: 6, index: 4 });
  assert.deepEqual(channelOf("default", "auto", folders), { count: 1, index: 0 });
});
