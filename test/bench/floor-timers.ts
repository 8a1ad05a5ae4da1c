/**
 * The floor of waiting: a process that only wakes as often as the daemon with file devices must, every
 * 20 ms for the microphone and every 20 ms for the recording of the speaker, which it writes. What
 * this costs is the machine's and Node's price for waking up, and none of it is the daemon's work.
 *
 * Usage: node floor-timers.js FILE. Prints `open` and goes on until it is ended.
 */

import { openSync, writeSync } from "node:fs";

const FRAME_MS = 20;
/** 20 ms of 24 kHz mono s16le. */
const FRAME = Buffer.alloc(960);

const fd = openSync(process.argv[2] ?? "", "w");

function every20Ms(phaseMs: number, work: (nth: number) => void): void {
  const startedMs = performance.now() + phaseMs;
  let nth = 0;
  const turn = (): void => {
    work(nth);
    nth += 1;
    setTimeout(turn, startedMs + nth * FRAME_MS - performance.now());
  };
  setTimeout(turn, phaseMs);
}

every20Ms(0, () => FRAME.fill(0));
every20Ms(FRAME_MS / 2, (nth) => writeSync(fd, FRAME, 0, FRAME.length, nth * FRAME.length));
process.stdout.write("open\n");
