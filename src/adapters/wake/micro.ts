/**
 * The engine micro: microWakeWord models in plain TypeScript. A quarter of Porcupine's work, and
 * models that hear better in noise; each word is a file of the owner's.
 */

import { LoopWakeEngine, type LoopWakeOptions } from "./loop.ts";
import { MicroDetector } from "./micro-detector.ts";

export class MicroWakeEngine extends LoopWakeEngine {
  /** Each word's `manifest` is the path of its manifest. */
  constructor(options: LoopWakeOptions) {
    super((words) => new MicroDetector(words), options);
  }
}
