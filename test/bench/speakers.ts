/**
 * From a delta to the ear and back to silence, with the real downlink and the real speakers.
 *
 * "First delta to first sample": from the text of the first audio event being given to the downlink
 * to the speaker's word that its first sample is at the device (for the file: in the file). On ALSA
 * the word comes from the child, or is the pipe's, so the way back is counted in.
 * "Press to silence, as told": from the call of `flush` to its promise. "As recorded": from that call
 * to the last sample that is not zero at the monitor of the sound server's sink. It shows that nothing
 * queued plays on; the sink makes its sound in blocks, so it is 0 or a block, not finer.
 */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SystemClock, SystemDice } from "../../src/adapters/os/clock.ts";
import { AplaySpeaker } from "../../src/adapters/speaker/aplay.ts";
import { FileSpeaker } from "../../src/adapters/speaker/file.ts";
import { NodeSpeaker } from "../../src/adapters/speaker/node.ts";
import { whyNoSpeakerPackage } from "../../src/adapters/speaker/pick.ts";
import { Downlink } from "../../src/app/audio/downlink.ts";
import { msToSamples, samplesToMs } from "../../src/core/audio/pcm.ts";
import type { Speaker, SpeakerSink } from "../../src/ports.ts";
import { eventually } from "../helpers/host.ts";
import {
  NO_PULSE,
  type PulseRig,
  type SpeakerRecording,
  startPulseRig,
} from "../helpers/pulse-rig.ts";
import { noise } from "../helpers/sound.ts";
import { stubProgram } from "../helpers/stub-program.ts";
import { deltaText } from "./core-costs.ts";
import type { Findings, RowId } from "./findings.ts";

/** The first delta of the simulated and the real server is short. */
const FIRST_DELTA_MS = 50;
const MORE_MS = 1_000;
/** Heard of an answer before it is flushed. */
const HEARD_MS = 150;
/** Silence after a flush: an answer never follows sooner, and a player opens its device again. */
const PAUSE_MS = 450;

const SOUND = noise(msToSamples(FIRST_DELTA_MS + MORE_MS));
const FIRST_DELTA = deltaText(SOUND.subarray(0, msToSamples(FIRST_DELTA_MS)));
const MORE = deltaText(SOUND.subarray(msToSamples(FIRST_DELTA_MS)));

const clock = new SystemClock();
const dice = new SystemDice();

/** Takes the times at which the speaker says that it sounds. */
class Ear implements SpeakerSink {
  isOpen: boolean = false;
  /** Monotonic; null since `listen`. */
  soundedMs: number | null = null;

  listen(): void {
    this.soundedMs = null;
  }
  sounded(): void {
    this.soundedMs ??= performance.now();
  }
  flowing(): void {
    this.isOpen = true;
  }
  drained(): void {
    this.soundedMs = null;
  }
  underrun(): void {
    this.isOpen = true;
  }
  playing(): void {
    this.isOpen = true;
  }
  silenced(): void {
    this.isOpen = true;
  }
  lost(): void {
    this.isOpen = false;
  }
}

interface Device {
  readonly speaker: Speaker;
  readonly first: RowId;
  readonly flush: RowId;
  readonly recorded: { readonly id: RowId; readonly recording: SpeakerRecording } | null;
}

async function measure(findings: Findings, device: Device, repeats: number): Promise<void> {
  const { speaker } = device;
  const ear = new Ear();
  speaker.start(ear);
  try {
    await eventually("the speaker's device opens", () => ear.isOpen);
    await sleep(PAUSE_MS);
    for (let n = 0; n < repeats; n++) await answer(findings, device, ear);
  } finally {
    await speaker.close();
  }
}

/** An answer begins to play, and is silenced. */
async function answer(findings: Findings, device: Device, ear: Ear): Promise<void> {
  const { speaker, recorded } = device;
  const post = (): void => undefined;
  const downlink = new Downlink({
    clock: new SystemClock(),
    speaker,
    post,
    volume: () => 1,
    capturedAt: () => null,
  });
  const heardBefore = speaker.heard();
  ear.listen();
  const fromMs = performance.now();
  downlink.text(1, FIRST_DELTA);
  downlink.text(1, MORE);
  await eventually("the first sample sounds", () => ear.soundedMs !== null);
  findings.add(device.first, (ear.soundedMs ?? Number.NaN) - fromMs);
  await eventually(
    "some of it is heard",
    () => speaker.heard() - heardBefore >= msToSamples(HEARD_MS),
  );
  const recordedBefore = recorded?.recording.samples().length ?? 0;
  const pressedMs = performance.now();
  await speaker.flush();
  findings.add(device.flush, performance.now() - pressedMs);
  await sleep(PAUSE_MS);
  if (recorded === null) return;
  const last = recorded.recording.samples().findLastIndex((sample) => sample !== 0);
  if (last < 0) throw new Error("nothing was recorded from the sound server's sink");
  findings.note(recorded.id, "in blocks of the sound server, up to 50 ms");
  findings.add(recorded.id, samplesToMs(Math.max(0, last + 1 - recordedBefore)));
}

/** All speakers, each with `repeats` answers; files go to `folder`. */
export async function speakers(findings: Findings, folder: string, repeats: number): Promise<void> {
  await Promise.all([
    findings.section(["first_file", "flush_file"], () => file(findings, folder, repeats)),
    findings.section(["first_stub", "flush_stub"], () => stub(findings, repeats)),
  ]);
  const rows: RowId[] = ["first_speaker", "flush_speaker", "silent_speaker"];
  rows.push("first_aplay", "flush_aplay", "silent_aplay");
  await findings.section(rows, () => onAlsa(findings, repeats));
}

async function file(findings: Findings, folder: string, repeats: number): Promise<void> {
  const speaker = new FileSpeaker({ path: join(folder, "speaker.wav"), clock });
  const device = { speaker, first: "first_file", flush: "flush_file", recorded: null } as const;
  await measure(findings, device, repeats);
}

async function stub(findings: Findings, repeats: number): Promise<void> {
  const player = stubProgram("stub-player.mjs");
  try {
    const speaker = new AplaySpeaker({ device: "stub", program: player.path, clock, dice });
    const device = { speaker, first: "first_stub", flush: "flush_stub", recorded: null } as const;
    await measure(findings, device, repeats);
  } finally {
    player.remove();
  }
}

async function onAlsa(findings: Findings, repeats: number): Promise<void> {
  const rig = await startPulseRig();
  if (rig === null) throw new Error(NO_PULSE);
  try {
    const common = { device: "vspk", env: rig.env, clock, dice };
    const aplay = ["first_aplay", "flush_aplay", "silent_aplay"] as const;
    await withRecording(findings, rig, () => new AplaySpeaker(common), aplay, repeats);
    const speaker = ["first_speaker", "flush_speaker", "silent_speaker"] as const;
    if (whyNoSpeakerPackage() === null) {
      await withRecording(findings, rig, () => new NodeSpeaker(common), speaker, repeats);
    } else {
      for (const id of speaker) findings.missing(id, "the package speaker cannot be loaded here");
    }
  } finally {
    await rig.close();
  }
}

async function withRecording(
  findings: Findings,
  rig: PulseRig,
  make: () => Speaker,
  [first, flush, id]: readonly [RowId, RowId, RowId],
  repeats: number,
): Promise<void> {
  await findings.section([first, flush, id], async () => {
    const recording = await rig.recordSpeaker();
    try {
      await measure(
        findings,
        { speaker: make(), first, flush, recorded: { id, recording } },
        repeats,
      );
    } finally {
      await recording.stop();
    }
  });
}
