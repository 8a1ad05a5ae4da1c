/** microWakeWord models behind the interface of the wake-word engines: a word each. */

import { Listener } from "../../core/micro/listener.ts";
import type { WakeWord } from "../../core/wake/plan.ts";
import { cutoffAt } from "../../core/wake/sensitivity.ts";
import { readInterpreter, readManifest } from "./micro-models.ts";
import type { Detector } from "./protocol.ts";

export class MicroDetector implements Detector {
  readonly #listener: Listener;

  /** Reads the models; takes some 10 ms for each. Throws a FaultError (config). */
  constructor(words: readonly WakeWord[]) {
    this.#listener = new Listener(
      words.map(({ keyword, sensitivity, manifest: path }) => {
        const manifest = readManifest(path);
        return {
          word: keyword,
          model: readInterpreter(path, manifest),
          cutoff: cutoffAt(sensitivity, manifest.cutoff),
          window: manifest.window,
        };
      }),
    );
  }

  process(frame: Int16Array): string | null {
    return this.#listener.process(frame);
  }

  listenFor(keyword: string, on: boolean): void {
    this.#listener.listenFor(keyword, on);
  }

  /** The highest mean probability of each word since the last call, 0 to 1, by its name. */
  takeScores(): ReadonlyMap<string, number> {
    return this.#listener.takeScores();
  }
}
