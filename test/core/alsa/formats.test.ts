/** What devices take, who holds them, what `default` is; and how the owner sees it all. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCards } from "../../../src/core/alsa/cards.ts";
import {
  formatsText,
  parseHwParams,
  parseOwner,
  parseStream,
  soundServerOf,
} from "../../../src/core/alsa/formats.ts";
import {
  devicesOf,
  listingData,
  listingText,
  type SoundDevice,
} from "../../../src/core/alsa/listing.ts";
import { PI4, PI5, STREAM, TWINS } from "../../fixtures/asound.ts";

test("the USB driver's list, each direction for itself", () => {
  const playback = parseStream(STREAM, "playback");
  assert.deepEqual(playback, {
    ratesHz: [44_100, 48_000],
    anyRate: false,
    channels: [2],
    anyChannels: false,
    formats: ["S16_LE"],
  });
  const capture = parseStream(STREAM, "capture");
  assert.deepEqual(capture, {
    ratesHz: [8_000, 44_100, 48_000, 96_000],
    anyRate: true,
    channels: [1, 2],
    anyChannels: false,
    formats: ["S16_LE", "S24_3LE"],
  });
  assert.equal(capture && formatsText(capture), "8000 to 96000 Hz; 1, 2 channels; S16_LE, S24_3LE");
  assert.equal(playback && formatsText(playback), "44100, 48000 Hz; 2 channels; S16_LE");
  assert.equal(parseStream("", "capture"), null);
});

/** What aplay prints for the headphones of a Pi 4. */
const DUMP = `Playing raw data '/dev/zero' : Unsigned 8 bit, Rate 8000 Hz, Mono
HW Params of device "hw:CARD=Headphones,DEV=0":
--------------------
ACCESS:  MMAP_INTERLEAVED RW_INTERLEAVED
FORMAT:  U8 S16_LE
SUBFORMAT:  STD
SAMPLE_BITS: [8 16]
CHANNELS: [1 8]
RATE: [8000 192000]
BUFFER_SIZE: [512 65536]
--------------------
`;

test("what a device prints of its ranges", () => {
  const found = parseHwParams(DUMP);
  assert.equal(found && formatsText(found), "8000 to 192000 Hz; 1 to 8 channels; U8, S16_LE");
  const one = parseHwParams("FORMAT:  S32_LE\nCHANNELS: 1\nRATE: 48000\n");
  assert.equal(one && formatsText(one), "48000 Hz; 1 channel; S32_LE");
  assert.equal(parseHwParams("aplay: main:850: audio open error: Device or resource busy\n"), null);
});

test("who holds a device", () => {
  assert.equal(parseOwner("closed\n"), null);
  assert.equal(parseOwner("state: RUNNING\nowner_pid   : 1234\ntrigger_time: 1.2\n"), 1234);
  assert.equal(parseOwner("state: RUNNING\n"), 0);
  assert.equal(parseOwner(""), null);
});

test("what default is", () => {
  const list = (about: string) =>
    `null\n    Discard all samples\ndefault\n    ${about}\nhw:CARD=x\n`;
  assert.equal(
    soundServerOf(list("Default ALSA Output (currently PipeWire Media Server)")),
    "PipeWire",
  );
  assert.equal(
    soundServerOf(list("Playback/recording through the PulseAudio sound server")),
    "PulseAudio",
  );
  assert.equal(soundServerOf(list("Default Audio Device")), null);
  assert.equal(
    soundServerOf("pulse\n    PulseAudio Sound Server\n"),
    null,
    "there, but not the default",
  );
});

function listed(facts: { cards: string; pcm: string; ports?: ReadonlyMap<number, string> }) {
  return devicesOf(parseCards(facts.cards, facts)).map((device): SoundDevice => {
    return { ...device, formats: null, holder: null, trouble: null };
  });
}

test("the owner sees a line to paste for each, and who has it", () => {
  const devices = listed(PI4).map((device) =>
    device.role === "capture"
      ? { ...device, formats: parseStream(STREAM, "capture"), holder: HELD }
      : device,
  );
  const text = listingText({ devices, server: null });
  assert.equal(
    text.split("Loudspeakers\n")[0],
    `Microphones
  USB PnP Sound Device (card 3, USB port 1-1.3)
    audio.input_device: plughw:CARD=Device,DEV=0
    8000 to 96000 Hz; 1, 2 channels; S16_LE, S24_3LE
    in use by pipit (arecord, process 1234)
`,
  );
  assert.match(
    text,
    / {2}bcm2835 Headphones \(card 0\)\n {4}audio\.output_device: plughw:CARD=Headphones,DEV=0\n/,
  );
});

const HELD = { pid: 1234, program: "arecord", isPipit: true };

test("two alike have their ports for names; a Pi 5 has what it has", () => {
  assert.deepEqual(
    listed(TWINS).map(({ name }) => name),
    ["usb:1-1.2", "usb:1-1.3"],
  );
  assert.deepEqual(
    listed(PI5).map(({ role, name }) => `${role} ${name}`),
    [
      "capture plughw:CARD=Microphone,DEV=0",
      "playback sysdefault:CARD=vc4hdmi0",
      "playback sysdefault:CARD=vc4hdmi1",
      "playback plughw:CARD=UACDemoV10,DEV=0",
    ],
  );
});

test("no card, no microphone, a sound server: what to do", () => {
  assert.match(
    listingText({ devices: [], server: null }),
    /^There is no sound card\.\n {2}Plug in/,
  );
  const onlyHdmi = listed(PI5).filter(({ card }) => card.index === 0);
  assert.match(
    listingText({ devices: onlyHdmi, server: null }),
    /^Microphones\n {2}none: plug in a USB/,
  );
  const server = listingText({ devices: [], server: "PipeWire" });
  assert.match(server, /Sound server\n {2}for you, `default` is PipeWire/);
});

test("the same for programs", () => {
  const [device] = listed(TWINS);
  assert.ok(device);
  const data = JSON.parse(
    JSON.stringify(listingData({ devices: [{ ...device, holder: HELD }], server: null })),
  );
  assert.deepEqual(data, {
    microphones: [
      {
        name: "USB PnP Sound Device",
        config: { "audio.input_device": "usb:1-1.2" },
        card: 1,
        card_id: "Device",
        device: 0,
        usb_port: "1-1.2",
        rates_hz: null,
        any_rate: null,
        channels: null,
        any_channels: null,
        formats: null,
        trouble: null,
        in_use_by: { pid: 1234, program: "arecord", pipit: true },
      },
    ],
    speakers: [],
    sound_server: null,
  });
});
