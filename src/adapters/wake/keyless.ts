/**
 * The default wake-word engine: Porcupine 1.9 as WebAssembly, offline and without a key, in a worker
 * thread: it takes 2 % of a desktop core while somebody speaks.
 */

import { FaultError } from "../../core/fault.ts";
import type { WakeSink } from "../../ports.ts";
import { keylessKeywordFault } from "./porcupine-wasm.ts";
import { ThreadWakeEngine, type ThreadWakeOptions } from "./thread.ts";

export class KeylessWakeEngine extends ThreadWakeEngine {
  readonly #keywords: readonly string[];

  /** One or more of KEYLESS_KEYWORDS; "Hey Google" is as good as hey_google. */
  constructor(options: ThreadWakeOptions) {
    super("keyless-worker", options);
    this.#keywords = options.words.map(({ keyword }) => keyword);
  }

  /** Throws a FaultError (config) for a keyword it does not have. */
  override start(sink: WakeSink): void {
    const unknown = keylessKeywordFault(this.#keywords);
    if (unknown !== null) throw new FaultError(unknown);
    super.start(sink);
  }
}
