// Makes the recordings that tell of faults, from the sentences in core/audio/fault-sounds.ts: spoken by
// espeak-ng, 16 kHz mono, with the silence at both ends cut. Run it when a sentence changes.
// Usage: node scripts/make-sounds.mjs [OUTDIR] (after a build into OUTDIR, by default dist)
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { FAULT_SOUNDS } = await import(
  `${root}${process.argv[2] ?? "dist"}/src/core/audio/fault-sounds.js`
);
for (const [name, sentence] of Object.entries(FAULT_SOUNDS)) {
  const file = `${root}src/adapters/speaker/sounds/${name}.wav`;
  const spoken = execFileSync("espeak-ng", ["-v", "en-us+f3", "-s", "155", "--stdout", sentence]);
  const shape = [
    "silence",
    "1",
    "0.02",
    "0.5%",
    "reverse",
    "silence",
    "1",
    "0.02",
    "0.5%",
    "reverse",
  ];
  const format = ["-r", "16000", "-c", "1", "-b", "16", "-D"];
  execFileSync("sox", ["-t", "wav", "-", ...format, file, "gain", "-n", "-6", ...shape], {
    input: spoken,
  });
  console.log(file.slice(root.length));
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
