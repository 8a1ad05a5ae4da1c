/**
 * One Pipit's part in the arbitration, as a process: node neighbour.js PEAK SECRET. Prints `joined`; a
 * line on its standard input is a wake word of this loudness: prints `answers` or `gave way`.
 */

import { SystemClock, SystemDice } from "../../src/adapters/os/clock.ts";
import { LanNeighbours } from "../../src/adapters/wake/neighbours.ts";
import { Arbitration } from "../../src/app/audio/arbitration.ts";
import { Ring } from "../../src/core/audio/ring.ts";
import type { Neighbours } from "../../src/ports.ts";

const [, , peak = "0", secret = ""] = process.argv;
const print = (word: string): void => void process.stdout.write(`${word}\n`);
const clock = new SystemClock();
const ring = new Ring(48_000);
ring.write(new Int16Array(48_000).fill(Number(peak)));
const lan = new LanNeighbours({ clock, secret });
const neighbours: Neighbours = {
  start: (sink) =>
    lan.start({
      ...sink,
      joined: () => {
        sink.joined();
        print("joined");
      },
    }),
  tell: (text) => lan.tell(text),
  counts: () => lan.counts(),
  close: () => lan.close(),
};
const journal = { log: () => print("gave way") };
const options = { clock, dice: new SystemDice(), journal, ring, neighbours, isBusy: () => false };
const arbitration = new Arbitration(options);
arbitration.start();
process.stdin.on("data", () => {
  const answer = (): void => print("answers");
  arbitration.heard({ keyword: "computer", endSample: ring.head, answer });
});
process.stdin.on("end", () => void arbitration.close());
