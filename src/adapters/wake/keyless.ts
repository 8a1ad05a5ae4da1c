/**
 * The default wake-word engine: Porcupine 1.9 as WebAssembly, offline and without a key: it takes 2 %
 * of a desktop core while somebody speaks.
 */

import { FaultError } from "../../core/fault.ts";
import type { WakeSink } from "../../ports.ts";
import { LoopWakeEngine, type LoopWakeOptions } from "./loop.ts";
import { keylessKeywordFault, PorcupineWasm } from "./porcupine-wasm.ts";

export class KeylessWakeEngine extends LoopWakeEngine {
  readonly #keywords: readonly string[];

  /** One or more of KEYLESS_KEYWORDS; "Hey Google" is as good as hey_google. */
  constructor(options: LoopWakeOptions) {
    super((words) => new PorcupineWasm(words), options);
    this.#keywords = options.words.map(({ keyword }) => keyword);
  }

  /** Throws a FaultError (config) for a keyword it does not have. */
  override start(sink: WakeSink): void {
    const unknown = keylessKeywordFault(this.#keywords);
    if (unknown !== null) throw new FaultError(unknown);
    super.start(sink);
  }
}
