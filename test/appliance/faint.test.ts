/**
 * A microphone that is far too quiet: the wake word is heard all the same, and the owner is told what
 * this very card can do about it, be it one with a capture level or one without.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { loadWav } from "../../src/adapters/os/wav-file.ts";
import { msToSamples } from "../../src/core/audio/pcm.ts";
import { fields, number } from "../../src/core/json.ts";
import { ask, writeWav } from "../helpers/question.ts";
import { noise } from "../helpers/sound.ts";
import { joined } from "../helpers/speech.ts";
import { assertReported, converseUnrecorded, peerOutside, scratchFolder } from "./conversing.ts";
import { hostUrl, type Machine } from "./machine.ts";
import { type Clean, type Note, onMachine } from "./promise.ts";
import { verb } from "./rig.ts";

/** What such a microphone takes away from a voice, dB. */
const QUIET_DB = 42;
/** About as much, of the 51 dB that ALSA's level has. */
const LEVEL_PERCENT = 18;
/** So many faint calls in a row are told of. */
const CALLS = 3;
/** A room that goes on rustling while doctor looks: digital silence is another trouble. */
const ROOM_MS = 240_000;
/** And for the calls before. */
const SHORT_ROOM_MS = 5_000;
const ROOM_PEAK = 27;
const CONTROL = "Mic";
const ASOUND = "/etc/asound.conf";
/** What the owner of a microphone without a capture level can write: a level made by ALSA. */
const SOFT_LEVEL = `pcm.mic {
  @args [ CARD ]
  @args.CARD { type string }
  type plug
  slave.pcm {
    type softvol
    slave.pcm { type hw card $CARD }
    control { name "${CONTROL} Capture Volume" card $CARD }
  }
}
`;
const DOCTOR_MAX_MS = 240_000;

/** The demo's wake word and question, made quieter by so much, in a room that goes on. */
function said(clean: Clean, quieterDb: number, roomPeak: number, roomMs: number): string {
  const room = noise(msToSamples(roomMs), 99, roomPeak);
  const path = join(scratchFolder(clean), "said.wav");
  ask(path, 0);
  const factor = 10 ** (-quieterDb / 20);
  // The microphone's own hiss is under the words, too: no capsule gives zeros.
  const spoken = loadWav(path);
  const hiss = noise(spoken.length, 98, roomPeak);
  const words = spoken.map((sample, at) => Math.round(sample * factor) + (hiss[at] ?? 0));
  writeWav(path, joined(words, room));
  return path;
}

/** The wake word wakes; the conversation is stopped at once, because the API hears no more of it. */
async function call(machine: Machine, path: string): Promise<{ readonly over: Promise<string> }> {
  const mark = await machine.mark();
  const playing = verb("mic", ["play", path], { maxMs: 420_000 });
  playing.catch(() => undefined); // Looked at by who asked for it.
  await machine.says(mark, "Wake word 'computer' heard", 60);
  await machine.run("pipit stop");
  await machine.says(mark, "Conversation over", 60);
  return { over: playing };
}

/** A file of what is said, with so much of the room behind it. */
type Speak = (roomMs: number) => string;

/** What doctor advises about the microphone, while somebody has just spoken faintly. */
async function advisedAfterCalls(m: Machine, note: Note, speak: Speak): Promise<string> {
  const mark = await m.mark();
  for (let nth = 1; nth < CALLS; nth++) {
    const { over } = await call(m, speak(SHORT_ROOM_MS));
    await over;
  }
  const { over } = await call(m, speak(ROOM_MS));
  await m.says(mark, "The microphone hears you faintly: your voice peaks at -", 30);
  const { stdout } = await m.attempt("pipit doctor --quick --offline --json", DOCTOR_MAX_MS);
  const level = fields(await m.status(), "microphone_level");
  await m.run("pkill -f [a]play.*DEV=1 || true");
  await over.catch(() => undefined);
  note((await m.daemonSaidSince(mark)).filter((line) => line.includes("faintly")).join(" | "));
  assert.equal(level["verdict"], "quiet");
  assert.ok((number(level, "voice_peak_dbfs") ?? 0) < -40, JSON.stringify(level));
  note(`${level["voice_peak_dbfs"]} dBFS, heard with ${level["wake_gain_db"]} dB more`);
  return adviceOf(stdout);
}

/** The finding about the microphone, of what `pipit doctor --json` prints. */
function adviceOf(doctor: string): string {
  const { findings }: { findings: Record<string, string>[] } = JSON.parse(doctor);
  const found = findings.find((one) => one["check"] === "microphone");
  assert.equal(found?.["grade"], "warn", doctor);
  return `${found["says"]} -> ${found["remedy"]}`;
}

onMachine("a microphone that is far too quiet", (they) => {
  they.holds("no capture level: heard by Pipit's own gain, and told", 1200, async (m, note, t) => {
    const peer = await peerOutside(t);
    await m.restart({ openai: { base_url: hostUrl(peer.url) }, wake_word: { enabled: true } });
    await m.untilWakeWord();
    const speak = (roomMs: number): string => said(t, QUIET_DB, ROOM_PEAK, roomMs);
    const advice = await advisedAfterCalls(m, note, speak);
    note(advice);
    assert.match(advice, /This microphone has no capture level .*up to 20 dB itself/);
  });

  they.holds(
    "a capture level: told by its name, and the command mends it",
    1500,
    async (m, n, t) => {
      const peer = await peerOutside(t);
      t.after(async () => {
        await m.run(`rm -f ${ASOUND}; systemctl stop pipit`, 420_000);
        // The level that ALSA has made goes with the card only.
        await verb("mic", ["unplug"]);
        await verb("mic", ["plug"]);
        await m.configure();
        await m.run("systemctl start pipit", 420_000);
      });
      await m.write(ASOUND, SOFT_LEVEL);
      // Whoever opens it first makes the level, and keeps it locked until it is closed.
      const once = "arecord -q -D mic:CARD=Loopback -f S16_LE -r 24000 -t raw -d 1 /dev/null";
      await m.run(`systemctl stop pipit; ${once}`, 420_000);
      await m.run(`amixer -q -c Loopback sset '${CONTROL}' ${LEVEL_PERCENT}%`);
      await m.restart({
        openai: { base_url: hostUrl(peer.url) },
        audio: { input_device: "mic:CARD=Loopback" },
        wake_word: { enabled: true },
      });
      await m.untilWakeWord();
      const speak = (roomMs: number): string => said(t, 0, ROOM_PEAK * 50, roomMs);
      const advice = await advisedAfterCalls(m, n, speak);
      n(advice);
      const command = /which is at \d+ %: `(amixer [^`]+)`/.exec(advice)?.[1];
      assert.equal(command, `amixer -c Loopback sset '${CONTROL}' 100%`);
      await m.run(command);
      await converseUnrecorded(m, t, () => Promise.resolve());
      await assertReported(m, "wake-word", n);
      const level = fields(await m.status(), "microphone_level");
      assert.equal(level["verdict"], "ok");
    },
  );
});
