/**
 * Runs the functions that the model calls, outside the machine. Each call reports once, unless it
 * was aborted; what is late or fails is the machine's to judge.
 */

import type { Effect, Input } from "../../core/assistant/state.ts";
import { END_CONVERSATION } from "../../core/realtime/session.ts";

type Call = Extract<Effect, { tag: "run-tool" }>;

export interface ToolRunnerOptions {
  readonly post: (input: Input) => void;
}

export class ToolRunner {
  readonly #options: ToolRunnerOptions;

  constructor(options: ToolRunnerOptions) {
    this.#options = options;
  }

  run({ callId, name }: Call): void {
    const ok = name === END_CONVERSATION;
    const output = JSON.stringify(ok ? { ok } : { error: `there is no function '${name}'` });
    this.#options.post({ tag: "tool-done", callId, ok, output });
  }
}
