/** Microphone, loudspeaker, wake word, pins: one row a case. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SpeakerPick } from "../../../src/adapters/speaker/pick.ts";
import type { Finding } from "../../../src/commands/doctor/finding.ts";
import { judgeButton, judgeLed, judgePins } from "../../../src/commands/doctor/panel.ts";
import {
  judgeMicrophone,
  judgeSpeaker,
  judgeWake,
  type MicrophoneFacts,
  noiseFloor,
  type WakeFacts,
} from "../../../src/commands/doctor/sound.ts";
import { type CaptureLevel, parseCaptureControls } from "../../../src/core/alsa/mixer.ts";
import type { LevelReading } from "../../../src/core/audio/level-meter.ts";
import { fault } from "../../../src/core/fault.ts";

function textOf({ grade, says, remedy }: Finding): string {
  return `${grade}: ${says}${remedy === "" ? "" : ` -> ${remedy}`}`;
}

const ROOM: LevelReading = {
  rmsDbfs: -50,
  peakDbfs: -20,
  clippedShare: 0,
  zeroShare: 0.01,
  flatS: 0,
  windowS: 2,
};
const BUSY = fault(
  "microphone-lost",
  "retry",
  'Microphone "usb" is in use by another program',
  "Find it",
);

test("a microphone by what was heard", () => {
  const of = (
    reading: Partial<LevelReading>,
    more: { floorDbfs?: number; wasAsked?: boolean } = {},
  ) =>
    textOf(
      judgeMicrophone({
        tag: "heard",
        capture: { tag: "unknown" },
        device: "usb",
        reading: { ...ROOM, ...reading },
        floorDbfs: -55,
        wasAsked: false,
        ...more,
      }),
    );
  assert.equal(of({}), "ok: usb: noise -55.0 dBFS, loudest -20.0 dBFS");
  const dead = { rmsDbfs: null, peakDbfs: null, zeroShare: 1, flatS: 2 };
  assert.match(of(dead), /^fail: usb delivers only digital silence -> Look for a mute switch/);
  assert.match(of({ clippedShare: 0.4 }), /^warn: .*40 % clipped -> Lower the capture level/);
  assert.match(of({}, { floorDbfs: -30 }), /^warn: .*a noisy room, or too much gain -> Lower/);
  assert.match(of({ peakDbfs: -60 }, { wasAsked: true }), /^warn: .*faint -> Raise the capture/);
  assert.match(of({ peakDbfs: -60 }), /^ok: /, "nobody was asked to speak");
  assert.match(of({ rmsDbfs: -90 }), /^warn: .*faint/);
});

test("a microphone that is a file, missing, in use, or the daemon's", () => {
  const level = { verdict: "ok", rms_dbfs: -48.2, peak_dbfs: -12 };
  const capture = { tag: "none" } as const;
  const cases: readonly (readonly [MicrophoneFacts, RegExp])[] = [
    [{ tag: "file", path: "q.wav", ms: 3_120 }, /^ok: A recording of 3\.1 s: q\.wav$/],
    [{ tag: "lost", fault: BUSY, holder: "" }, /^fail: .*in use by another program -> Find it$/],
    [
      { tag: "lost", fault: BUSY, holder: "pipit (arecord, process 7)" },
      /program: pipit \(arecord/,
    ],
    [
      { tag: "daemon", condition: "ok", remedy: "", level: null, capture },
      /^ok: In use by the running pipit$/,
    ],
    [
      { tag: "daemon", condition: "ok", remedy: "", level, capture },
      /^ok: .*average -48\.2 dBFS, loudest -12\.0 dBFS$/,
    ],
    [
      {
        tag: "daemon",
        condition: "ok",
        remedy: "",
        level: { ...level, verdict: "silent", flat_s: 77 },
        capture,
      },
      /^fail: .*nothing but digital silence for 77 s/,
    ],
    [
      {
        tag: "daemon",
        condition: "ok",
        remedy: "",
        level: { ...level, verdict: "clipped", clipped_share: 0.1 },
        capture,
      },
      /^warn: .*10 % clipped/,
    ],
    [
      {
        tag: "daemon",
        condition: "ok",
        remedy: "",
        level: { verdict: "ok", rms_dbfs: null, flat_s: 5 },
        capture,
      },
      /^fail: .*nothing but digital silence for 5 s/,
    ],
    [{ tag: "skip", why: "quick" }, /^skip: quick$/],
  ];
  for (const [facts, expected] of cases) assert.match(textOf(judgeMicrophone(facts)), expected);
});

test("the daemon's microphone: its own remedy, and a level that no room has", () => {
  const capture = { tag: "none" } as const;
  const of = (more: object): string =>
    textOf(
      judgeMicrophone({
        tag: "daemon",
        condition: "ok",
        remedy: "",
        level: null,
        capture,
        ...more,
      }),
    );
  assert.match(of({ condition: "gone" }), /^fail: gone -> Plug it in/);
  const lost = { condition: "no session", remedy: "Set x: y" };
  assert.match(of(lost), /^fail: no session -> Set x: y$/);
  const level = { verdict: "ok", rms_dbfs: -88, peak_dbfs: -80 };
  const faint = of({ level });
  assert.match(
    faint,
    /^warn: .*loudest -80\.0 dBFS: faint -> This microphone has no capture level/,
  );
});

test("too quiet: the remedy is what this very card can do", () => {
  const level = { verdict: "quiet", rms_dbfs: -70, peak_dbfs: -50, voice_peak_dbfs: -47.5 };
  const of = (capture: CaptureLevel): string =>
    textOf(judgeMicrophone({ tag: "daemon", condition: "ok", remedy: "", level, capture }));
  const says = /^warn: .*your voice peaks at -47\.5 dBFS: faint -> /;
  assert.match(of({ tag: "unknown" }), says);
  assert.match(of({ tag: "unknown" }), /-> Raise the capture level: `alsamixer`/);
  assert.match(of({ tag: "none" }), /-> This microphone has no capture level .*20 dB itself/);
  const [control, ...more] = parseCaptureControls(AMIXER);
  assert.ok(control !== undefined && more.length === 0);
  assert.match(
    of({ tag: "control", card: "Device", control }),
    /at 66 %: `amixer -c Device sset 'Mic' 100%`, then `sudo alsactl store`$/,
  );
  const full = { ...control, percent: 100 };
  assert.match(of({ tag: "control", card: "Device", control: full }), /-> Its .* 100 % already/);
  assert.deepEqual(parseCaptureControls(""), []);
});

/** A USB sound stick: loudspeaker, microphone, and a switch. */
const AMIXER = `Simple mixer control 'Speaker',0
  Capabilities: pvolume pswitch pswitch-joined
  Playback channels: Front Left - Front Right
  Limits: Playback 0 - 37
  Front Left: Playback 24 [65%] [-13.00dB] [on]
  Front Right: Playback 24 [65%] [-13.00dB] [on]
Simple mixer control 'Mic',0
  Capabilities: pvolume pvolume-joined cvolume cvolume-joined pswitch pswitch-joined cswitch cswitch-joined
  Playback channels: Mono
  Capture channels: Mono
  Limits: Playback 0 - 31 Capture 0 - 35
  Mono: Playback 23 [74%] [8.00dB] [off] Capture 23 [66%] [11.50dB] [on]
Simple mixer control 'Auto Gain Control',0
  Capabilities: pswitch pswitch-joined
  Playback channels: Mono
  Mono: Playback [on]
`;

test("the noise floor is what a tenth of the time is below", () => {
  assert.equal(noiseFloor([-20, -60, -21, -22, -58, -20, -20, -20, -20, -20, -20]), -58);
  assert.equal(noiseFloor([null, -20]), null);
  assert.equal(noiseFloor([]), null);
});

test("the loudspeaker", () => {
  const by = { backend: "aplay", why: "", isChoice: true } as const;
  const played = (more: Partial<SpeakerPick>): string =>
    textOf(judgeSpeaker({ tag: "played", device: "usb", by: { ...by, ...more } }));
  assert.match(played({}), /^ok: usb played two notes by aplay; heard none/);
  assert.match(played({ backend: "speaker" }), /notes by the package speaker \(.*42 MB/);
  assert.match(played({ why: "small" }), /notes by aplay \(small\)/);
  assert.match(
    textOf(judgeSpeaker({ tag: "file", path: "o.wav", trouble: "" })),
    /^ok: Records into o/,
  );
  assert.match(
    textOf(judgeSpeaker({ tag: "file", path: "o.wav", trouble: "no" })),
    /^fail: o\.wav: no ->/,
  );
  assert.match(
    textOf(judgeSpeaker({ tag: "lost", fault: BUSY, holder: "mpv" })),
    /^fail: .*program: mpv/,
  );
  assert.match(
    textOf(judgeSpeaker({ tag: "daemon", condition: "ok", remedy: "" })),
    /^ok: In use by the running/,
  );
  const gone = { tag: "daemon", condition: "gone", remedy: "Set x: y" } as const;
  assert.match(textOf(judgeSpeaker(gone)), /^fail: gone -> Set x: y$/);
});

test("the wake word by the strictest engine that heard it", () => {
  const trial: WakeFacts = {
    tag: "trial",
    words: '"computer"',
    sensitivities: [0.1, 0.3, 0.5, 0.7, 0.9],
    configured: 0.7,
    isDefault: false,
    strictest: 0.1,
    ms: 3_000,
    peakDbfs: -12,
  };
  const cases: readonly (readonly [Partial<typeof trial>, RegExp])[] = [
    [
      {},
      /^ok: "computer" was heard from sensitivity 0\.1 on \(loudest -12\.0 dBFS\); .* 0\.7, clearly$/,
    ],
    [{ strictest: 0.5 }, /^ok: .*is 0\.7$/],
    [
      { strictest: 0.7 },
      /^ok: .*is 0\.7, but only just -> If it is missed at times: set wake_word.sensitivity to 0.9$/,
    ],
    [{ isDefault: true, strictest: 0.3 }, /^ok: .*is 0\.7, its default, clearly$/],
    [
      { configured: 0.3, strictest: 0.5 },
      /^warn: .*is 0\.3 -> Set wake_word\.sensitivity to 0\.7, or come nearer$/,
    ],
    [{ configured: 0.9, strictest: 0.9 }, /^ok: .*is 0\.9, but only just$/],
    [{ strictest: 0.9 }, /^warn: .*-> Set wake_word\.sensitivity to 0\.9, or come nearer$/],
    [
      { strictest: null, peakDbfs: null },
      /^fail: .*not heard in 3\.0 s, .*loudest silence\) -> Say it/,
    ],
    [{ sensitivities: [0.7], strictest: 0.7 }, /^ok: .*is 0\.7$/],
  ];
  for (const [changes, expected] of cases) {
    assert.match(textOf(judgeWake({ ...trial, ...changes })), expected);
  }
  const loaded: WakeFacts = { tag: "loaded", engine: "e", words: "w", ms: 99.6 };
  assert.equal(textOf(judgeWake(loaded)), "ok: e is ready for w after 100 ms");
});

test("LEDs and button", () => {
  const taken = fault("gpio", "report", "GPIO 27 is taken", "End what uses it");
  assert.match(
    textOf(judgePins({ tag: "refused", fault: taken })),
    /^fail: GPIO 27 is taken -> End/,
  );
  assert.match(textOf(judgePins({ tag: "there", backend: "gpiochip" })), /^ok: By gpiochip/);
  assert.match(textOf(judgePins({ tag: "no-header" })), /^skip: /);
  assert.match(textOf(judgePins({ tag: "none-wanted" })), /^skip: /);
  assert.match(textOf(judgeLed({ role: "status", pin: 22, fault: null })), /^ok: GPIO 22 was on/);
  assert.match(textOf(judgeLed({ role: "status", pin: 22, fault: taken })), /^fail: /);
  assert.match(textOf(judgeButton({ tag: "pressed", ms: 140.2 })), /^ok: .*after 140 ms/);
  assert.match(
    textOf(judgeButton({ tag: "no-press", ms: 15_000 })),
    /^warn: Nobody .* 15 s -> Check/,
  );
  assert.match(textOf(judgeButton({ tag: "stuck" })), /^fail: /);
  assert.match(textOf(judgeButton({ tag: "refused", fault: taken })), /^fail: /);
});
