// Makes the recordings of what Pipit says by itself, from the sentences in core/audio/sentences.ts:
// spoken by espeak-ng, 16 kHz mono, with the silence at both ends cut; and a stroke of the bell.
// Usage: node scripts/make-sounds.mjs [OUTDIR [LANGUAGE ...]] (after a build into OUTDIR, by default dist)
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { helpIfAsked } from "./help.mjs";

helpIfAsked(import.meta.url);

const root = fileURLToPath(new URL("..", import.meta.url));
const [outDir = "dist", ...wanted] = process.argv.slice(2);
const { SENTENCES } = await import(`${root}${outDir}/src/core/audio/sentences.js`);
const VOICES = { en: "en-us+f3", fr: "fr-fr+f3" };
const CUT = ["silence", "1", "0.02", "0.5%", "reverse"];
const FORMAT = ["-r", "16000", "-c", "1", "-b", "16", "-D"];
const sounds = `${root}src/adapters/speaker/sounds`;

for (const [language, sentences] of Object.entries(SENTENCES)) {
  if (wanted.length > 0 && !wanted.includes(language)) continue;
  mkdirSync(`${sounds}/${language}`, { recursive: true });
  for (const [name, sentence] of Object.entries(sentences)) {
    const voice = VOICES[language] ?? `${language}+f3`;
    const input = execFileSync("espeak-ng", ["-v", voice, "-s", "155", "--stdout", sentence]);
    const file = `${sounds}/${language}/${name}.wav`;
    execFileSync("sox", ["-t", "wav", "-", ...FORMAT, file, "gain", "-n", "-6", ...CUT, ...CUT], {
      input,
    });
    console.log(file.slice(root.length));
  }
}

// One stroke of the bell: three struck notes, a second long.
const bell = `${root}src/adapters/speaker/sounds/ring.wav`;
const note = (hz) => [
  `|sox -n -p synth 0.34 sine ${hz} sine ${hz * 2.76} remix - fade l 0.002 0.34 0.3`,
];
execFileSync("sox", [
  ...note(784),
  ...note(988),
  ...note(1175),
  "-r",
  "16000",
  "-c",
  "1",
  "-b",
  "16",
  "-D",
  bell,
  "gain",
  "-n",
  "-3",
]);
console.log(bell.slice(root.length));

// The sounds at the wake word: a tick, and two notes.
const short = (hz, s) => `|sox -n -p synth ${s} sine ${hz} fade l 0.002 ${s} ${s * 0.9}`;
const signals = { tick: [short(1600, 0.04)], chime: [short(880, 0.11), short(1320, 0.16)] };
for (const [name, notes] of Object.entries(signals)) {
  const file = `${sounds}/${name}.wav`;
  execFileSync("sox", [...notes, ...FORMAT, file, "gain", "-n", "-9"]);
  console.log(file.slice(root.length));
}
