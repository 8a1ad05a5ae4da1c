import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { alsaFault } from "../../../src/adapters/alsa/fault.ts";
import { SystemClock, SystemDice } from "../../../src/adapters/os/clock.ts";
import { AplaySpeaker, type AplaySpeakerOptions } from "../../../src/adapters/speaker/aplay.ts";
import { NodeSpeaker } from "../../../src/adapters/speaker/node.ts";
import { pickSpeaker, whyNoSpeakerPackage } from "../../../src/adapters/speaker/pick.ts";
import { faultLine } from "../../../src/core/fault.ts";
import type { Speaker } from "../../../src/ports.ts";
import { eventually } from "../../helpers/host.ts";
import { childrenOf, sendSignal } from "../../helpers/processes.ts";
import { type HeardSpeaker, noise, speakerSink } from "../../helpers/sound.ts";
import { type StubProgram, stubProgram } from "../../helpers/stub-program.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const clock = new SystemClock();
const dice = new SystemDice();
const PCM = noise(48_000);
const WHY_NOT = whyNoSpeakerPackage();
const NO_PACKAGE = WHY_NOT === null ? false : `the package speaker ${WHY_NOT}`;

const running: Speaker[] = [];
// A test that fails must not keep the process alive.
afterEach(() => Promise.all(running.splice(0).map((speaker) => speaker.close())));

function begin(speaker: Speaker): HeardSpeaker {
  running.push(speaker);
  const sink = speakerSink();
  speaker.start(sink);
  return sink;
}

async function firstFault(speaker: Speaker): Promise<string> {
  const sink = begin(speaker);
  await eventually("a fault", () => sink.faults.length > 0);
  await speaker.close();
  assert.equal(sink.story[0], "lost");
  assert.equal(sink.faults[0]?.recovery, "retry");
  return sink.faults[0] === undefined ? "" : `${sink.faults[0].code}: ${faultLine(sink.faults[0])}`;
}

function stubbed(stub: StubProgram, mode: string): AplaySpeakerOptions {
  const env = { ...process.env, STUB_MODE: mode };
  return { device: "stub", program: stub.path, env, clock, dice };
}

test("a package that is not tried in time is not called broken", () => {
  assert.equal(whyNoSpeakerPackage(1), "could not be tried within 0.001 s");
});

test("auto takes the package where it works and there is memory for it, else aplay, and says why", () => {
  const works = (): null => null;
  const broken = (): string => "did not build here";
  assert.deepEqual(pickSpeaker("auto", 900, works), {
    backend: "speaker",
    why: "",
    isChoice: true,
  });
  const small = pickSpeaker("auto", 480, works);
  assert.deepEqual([small.backend, small.isChoice], ["aplay", true]);
  assert.match(small.why, /42 of the 480 MB/);
  const other = pickSpeaker("auto", 4_000, broken);
  assert.deepEqual([other.backend, other.isChoice], ["aplay", false]);
  assert.equal(other.why, "The package speaker did not build here; aplay plays instead");
  assert.equal(pickSpeaker("speaker", 480, broken).backend, "speaker", "a named one is not tried");
  assert.equal(pickSpeaker("aplay", 4_000, works).backend, "aplay");
});

test("aplay: the program is missing", async () => {
  const firstLine = await firstFault(
    new AplaySpeaker({ device: "default", program: "/no/aplay", clock, dice }),
  );
  assert.match(firstLine, /^speaker-missing: Speaker: the program \/no\/aplay is not installed\./);
  assert.match(firstLine, /apt-get install alsa-utils/);
});

test("aplay aborts: its own words are passed on, not those about the signal", () => {
  const facts = () => ({ cards: [], closed: null, files: [] });
  const about = { role: "speaker", device: "default", program: "aplay" } as const;
  const stderr =
    "aplay: pcm_rate.c:1: snd_pcm_rate_x: Assertion `n' failed.\nAborted by signal Aborted...\n";
  const ended = { code: 1, signal: null, stderr, spawnError: null, ranMs: 5 };
  assert.match(
    alsaFault(about, ended, facts).message,
    /^Speaker "default" stopped: aplay ended with code 1 \(aplay: pcm_rate\.c.*failed\.\)$/,
  );
});

test("aplay: busy, and gone while playing", async (t) => {
  const stub = stubProgram("stub-player.mjs");
  t.after(stub.remove);
  assert.match(
    await firstFault(new AplaySpeaker(stubbed(stub, "busy"))),
    /^speaker-lost: Speaker "stub" is in use by another program/,
  );
  const speaker = new AplaySpeaker(stubbed(stub, "removed"));
  const sink = begin(speaker);
  speaker.play(PCM);
  await eventually("lost, and back", () => sink.count("flowing") === 2);
  await speaker.close();
  assert.deepEqual(sink.story, ["flowing", "sounded", "lost", "flowing"]);
  assert.match(sink.faults[0]?.message ?? "", /"stub" has gone away/);
  assert.equal(speaker.heard(), PCM.length, "what was queued is passed over");
});

/** The device fails with a fault that names it; the adapter goes on until there is one. */
async function missingDevice(make: (device: string) => Speaker): Promise<void> {
  assert.match(
    await firstFault(make("plughw:77")),
    /^speaker-missing: Speaker "plughw:77" not found\. .*pipit devices.*audio\.output_device/,
  );
}

test("aplay: the device is missing", () =>
  missingDevice((device) => new AplaySpeaker({ device, clock, dice })));

test("speaker: the device is missing", { skip: NO_PACKAGE }, () =>
  missingDevice((device) => new NodeSpeaker({ device, clock, dice })),
);

test("speaker: no default device is no trouble for another one", {
  skip: NO_PACKAGE,
}, async (t) => {
  const conf = join(tempFolder(t), "asound.conf");
  writeFileSync(conf, "pcm.quiet { type null }\n");
  const env = { ...process.env, ALSA_CONFIG_PATH: conf };
  const speaker = new NodeSpeaker({ device: "quiet", env, clock, dice });
  const sink = begin(speaker);
  await eventually("the device is open", () => sink.count("flowing") === 1);
  await speaker.close();
  assert.match(
    await firstFault(new NodeSpeaker({ device: "default", env, clock, dice })),
    /^speaker-missing: Speaker "default" is a name that ALSA does not know\./,
  );
});

test("speaker: a device that comes later is found", { skip: NO_PACKAGE }, async (t) => {
  const conf = join(tempFolder(t), "asound.conf");
  writeFileSync(conf, "");
  const env = { ...process.env, ALSA_CONFIG_PATH: conf };
  const speaker = new NodeSpeaker({ device: "usb", env, clock, dice });
  const sink = begin(speaker);
  await eventually("a fault", () => sink.count("lost") === 1);
  writeFileSync(conf, "pcm.usb { type null }\n");
  await eventually("flowing", () => sink.count("flowing") === 1);
  assert.deepEqual(sink.story, ["lost", "flowing"], "one lost for all attempts");
  await speaker.close();
});

interface Victim {
  readonly word: string;
  make(): Speaker;
}

async function killed({ word, make }: Victim): Promise<void> {
  const speaker = make();
  const sink = begin(speaker);
  await eventually("the device is open", () => sink.count("flowing") === 1);
  speaker.play(PCM);
  speaker.finish();
  await eventually("sound", () => speaker.heard() > 2_400);
  for (const pid of childrenOf(word)) sendSignal(pid, "SIGKILL");
  await eventually("lost, and back", () => sink.count("flowing") === 2);
  speaker.play(PCM.subarray(0, 480));
  speaker.finish();
  await eventually("sound again", () => sink.count("drained") === 1);
  assert.deepEqual(sink.story, ["flowing", "sounded", "lost", "flowing", "sounded", "drained"]);
  await speaker.close();
  assert.deepEqual(childrenOf(word), []);
}

async function stalled({ word, make }: Victim): Promise<void> {
  const speaker = make();
  const sink = begin(speaker);
  await eventually("the device is open", () => sink.count("flowing") === 1);
  speaker.play(PCM);
  speaker.finish();
  await eventually("sound", () => speaker.heard() > 2_400);
  for (const pid of childrenOf(word)) sendSignal(pid, "SIGSTOP");
  await eventually("lost, and back", () => sink.count("flowing") === 2);
  assert.equal(sink.count("drained"), 0, "what nobody heard did not drain");
  const [still = 0] = childrenOf(word);
  sendSignal(still, "SIGSTOP");
  speaker.play(PCM);
  const startedMs = performance.now();
  await speaker.flush();
  assert.ok(performance.now() - startedMs < 2_000, "a child that stands still can be silenced");
  await eventually("it was killed", () => !childrenOf(word).includes(still));
  await speaker.close();
  assert.deepEqual(childrenOf(word), []);
}

test("aplay: the child is killed; the child stands still", async (t) => {
  const stub = stubProgram("stub-player.mjs");
  t.after(stub.remove);
  const victim = { word: "stub-player", make: () => new AplaySpeaker(stubbed(stub, "ok")) };
  await t.test("killed", () => killed(victim));
  await t.test("stalled", () => stalled(victim));
});

test("speaker: the child is killed; the child stands still", { skip: NO_PACKAGE }, async (t) => {
  const conf = join(tempFolder(t), "asound.conf");
  writeFileSync(conf, "pcm.quiet { type null }\n");
  const env = { ...process.env, ALSA_CONFIG_PATH: conf };
  const make = () => new NodeSpeaker({ device: "quiet", env, clock, dice });
  const victim = { word: "speaker/child", make };
  await t.test("killed", () => killed(victim));
  await t.test("stalled", () => stalled(victim));
});

test("speaker: the child is exchanged for a fresh one, and nobody notices", {
  skip: NO_PACKAGE,
}, async (t) => {
  const conf = join(tempFolder(t), "asound.conf");
  writeFileSync(conf, "pcm.quiet { type null }\n");
  const env = { ...process.env, ALSA_CONFIG_PATH: conf };
  const speaker = new NodeSpeaker({ device: "quiet", env, clock, dice, recycleWrites: 3 });
  const sink = begin(speaker);
  await eventually("the device is open", () => sink.count("flowing") === 1);
  const [first] = childrenOf("speaker/child");
  for (let n = 1; n <= 3; n++) {
    speaker.play(PCM.subarray(0, 4_800));
    speaker.finish();
    await eventually(`utterance ${n}`, () => sink.count("drained") === n);
  }
  const [last] = childrenOf("speaker/child");
  assert.notEqual(first, last);
  assert.equal(sink.count("lost"), 0);
  assert.equal(speaker.heard(), 3 * 4_800);
  await speaker.close();
});
