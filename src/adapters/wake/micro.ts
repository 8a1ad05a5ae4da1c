/**
 * The engine micro: microWakeWord models in plain TypeScript, in a worker thread. A quarter of
 * Porcupine's work, and models that hear better in noise; each word is a file of the owner's.
 */

import { ThreadWakeEngine, type ThreadWakeOptions } from "./thread.ts";

export class MicroWakeEngine extends ThreadWakeEngine {
  /** Each word's `manifest` is the path of its manifest. */
  constructor(options: ThreadWakeOptions) {
    super("micro-worker", options);
  }
}
