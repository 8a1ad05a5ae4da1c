/** Why a device could not be opened: the texts are alsa-lib's own, the facts those of the machine. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { findCard, parseCards, stableName } from "../../../src/core/alsa/cards.ts";
import { type SoundFacts, soundCause } from "../../../src/core/alsa/cause.ts";
import { PI4 } from "../../fixtures/asound.ts";

const cards = parseCards(PI4.cards, { pcm: PI4.pcm, ports: PI4.ports });
const FACTS: SoundFacts = { cards, closed: null, files: [] };
const CLOSED = { path: "/dev/snd/controlC0", group: "audio", isMember: false, user: "anna" };
const GONE = `ALSA lib confmisc.c:165:(snd_config_get_card) Cannot get card index for wm8960soundcard
aplay: main:831: audio open error: No such device`;

function speaker(said: string, facts: Partial<SoundFacts> = {}, device = "default"): string {
  const about = { device, role: "playback", key: "audio.output_device" } as const;
  const cause = soundCause(said, about, { ...FACTS, ...facts });
  return cause === null ? "" : `${cause.what}. ${cause.remedy}`;
}

test("HDMI is handed out by the name that can play: in the list, for a part of its name", () => {
  const hdmi = cards.find(({ id }) => id === "vc4hdmi1");
  assert.ok(hdmi);
  assert.equal(stableName(hdmi, "playback", cards), "sysdefault:CARD=vc4hdmi1");
  const found = findCard("vc4hdmi1", "playback", cards);
  assert.ok(found.tag === "card" && found.name === "sysdefault:CARD=vc4hdmi1");
});

test("a name that cannot play to HDMI: the one that can is given", () => {
  const said = `aplay: set_params:1352: Sample format non available
Available formats:
- IEC958_SUBFRAME_LE`;
  for (const device of ["plughw:CARD=vc4hdmi1,DEV=0", "hdmi-1"]) {
    const message = speaker(said, {}, device === "hdmi-1" ? "vc4-hdmi-1" : device);
    assert.match(message, /^is HDMI, which .*audio\.output_device: sysdefault:CARD=vc4hdmi1$/);
  }
  assert.match(speaker("aplay: main:831: audio open error: Unknown error 524"), /without a screen/);
});

test("without the right to open the card, that is said, whatever ALSA says", () => {
  const closed = { closed: CLOSED };
  for (const said of [
    "ALSA lib confmisc.c:855:(parse_card) cannot find card '0'\naplay: main:831: audio open error: No such file or directory",
    "ALSA lib confmisc.c:165:(snd_config_get_card) Cannot get card index for Device\naplay: audio open error: No such device",
    "aplay: main:831: audio open error: Permission denied",
  ]) {
    assert.match(
      speaker(said, closed),
      /^cannot be opened: no permission for \/dev\/snd\/controlC0\. Run: sudo usermod -aG audio anna; .*or restart the service$/,
    );
  }
  assert.match(
    speaker("Permission denied", { closed: { ...CLOSED, isMember: true } }),
    /anna is in the group audio, but not yet in this session/,
  );
  assert.equal(speaker("cannot find card '0'"), "", "all can be opened: then it is something else");
});

test("a sound server without a session is named, and what a service can do", () => {
  for (const said of [
    "audio open error: Host is down",
    "PulseAudio: Unable to connect: Connection refused",
  ]) {
    assert.match(speaker(said), /sound server .* does not answer\. .*sudo pipit devices/);
    // A card that was plugged in, by the name of one that plays; HDMI only where there is no other.
    assert.match(speaker(said), /set audio\.output_device: plughw:CARD=Device,DEV=0, or another/);
    const hdmi = { cards: cards.filter(({ id }) => id.startsWith("vc4hdmi")) };
    assert.match(speaker(said, hdmi), /set audio\.output_device: sysdefault:CARD=vc4hdmi0, or/);
    const none = speaker(said, { cards: [] });
    assert.match(none, /set audio\.output_device to a device of `sudo pipit devices`$/);
  }
});

test("ALSA's file is named when it is broken, or speaks of a card that was taken off", () => {
  const files = ["/etc/asound.conf"];
  const broken = `ALSA lib conf.c:2007:(_snd_config_load_with_include) _toplevel_:3:0:Unexpected char
ALSA lib conf.c:4096:(config_file_open) /etc/asound.conf may be old or corrupted: consider to remove or fix it
ALSA lib conf.c:4018:(snd_config_hooks_call) function snd_config_hook_load returned error: Invalid argument
ALSA lib conf.c:4625:(snd_config_update_r) hooks failed, removing configuration
aplay: main:831: audio open error: Invalid argument`;
  assert.match(speaker(broken, { files }), /does not understand \/etc\/asound\.conf \(at line 3\)/);
  const named = `ALSA lib conf.c:2013:(_snd_config_load_with_include) :7:45:Unexpected }
ALSA lib conf.c:4615:(snd_config_update_r) /home/pi/alsa.conf may be old or corrupted: consider to remove or fix it`;
  assert.match(speaker(named), /does not understand \/home\/pi\/alsa\.conf \(at line 7\)/);
  const typo = "ALSA lib pcm.c:2535:(snd_pcm_open_conf) type is not defined";
  assert.match(speaker(typo, { files }), /\/etc\/asound\.conf \(type is not defined\)/);
  assert.match(
    speaker(GONE, { files }),
    /^refers to the card "wm8960soundcard", which does not exist \(see \/etc\/asound\.conf\)/,
  );
  assert.equal(speaker(GONE), "", "no file: the card is just not plugged in");
  assert.equal(speaker(GONE, { files }, "plughw:CARD=wm8960soundcard"), "", "the owner's own name");
});

test("a name that ALSA does not know is no card to plug in: itself, or what a file leads it to", () => {
  const unknown = (name: string): string =>
    `ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) Unknown PCM ${name}
aplay: main:831: audio open error: No such file or directory`;
  assert.match(
    speaker(unknown("bluealsa"), {}, "bluealsa:DEV=00:11"),
    /^is a name that ALSA does not know\. Install it: sudo apt-get install libasound2-plugin-bluez; or set/,
  );
  assert.match(
    speaker(unknown("kitchen"), {}, "kitchen"),
    /^is a name that ALSA does not know\. Set audio\.output_device to a device of `pipit devices`$/,
  );
  const files = ["/etc/asound.conf"];
  assert.match(
    speaker(unknown("gone"), { files }, "kitchen"),
    /^leads to "gone", which ALSA does not know \(see \/etc\/asound\.conf\)/,
  );
  const noCard = `ALSA lib confmisc.c:855:(parse_card) cannot find card '0'\n${unknown("sysdefault")}`;
  assert.equal(speaker(noCard, { files, cards: [] }, "sysdefault"), "", "just no card");
});

test("a definition that is for the other direction, or of itself", () => {
  const files = ["/etc/asound.conf"];
  const oneWay = `ALSA lib pcm_asym.c:105:(_snd_pcm_asym_open) playback slave is not defined
aplay: main:831: audio open error: Invalid argument`;
  assert.match(speaker(oneWay, { files }, "mic"), /^is only for recording, not for playing \(see/);
  const looped =
    "ALSA lib conf.c:5785:(snd1_config_check_hop) Too many definition levels (looped?)\n\naplay: main:831: audio open error: Invalid argument";
  assert.match(speaker(looped, { files }, "loop"), /^is defined by itself \(see/);
});

test("a device that is shared without us", () => {
  const said =
    "ALSA lib pcm_dmix.c:1000:(snd_pcm_dmix_open) unable to create IPC semaphore\nPermission denied";
  assert.match(speaker(said, { closed: CLOSED }), /shared by another program/);
});
