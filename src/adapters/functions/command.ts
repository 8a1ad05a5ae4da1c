/**
 * The owner's functions that are programs: words that are made of the arguments, and what comes of it.
 *
 * Invariants: of its output at most OUTPUT_MAX_BYTES are kept, and then it is stopped, as when the call
 * is given up; it is settled once, however it ends.
 */

import { argvOf, type CommandRun } from "../../core/functions/custom.ts";
import { foreignText, foreignWords, type ToolResult } from "../../core/functions/result.ts";
import type { Fields } from "../../core/json.ts";
import type { Program, ProgramEnd, ProgramRunner } from "../../ports.ts";

/** More is no answer for a voice; the program is ended. */
const OUTPUT_MAX_BYTES = 1_048_576;
const ERRORS_MAX_BYTES = 4_096;
/** Longer than any call may take: should we hang, it ends all the same. */
const PROGRAM_MAX_MS = 610_000;

export interface CommandOptions {
  readonly run: CommandRun;
  readonly args: Fields;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly runner: ProgramRunner;
}

/** Never rejects. */
export function runCommand(options: CommandOptions): Promise<ToolResult> {
  const { run, args, signal, runner } = options;
  const words = argvOf(run, args);
  if ("error" in words) return Promise.resolve({ ok: false, error: words.error });
  if (signal.aborted) return Promise.resolve({ ok: false, error: "It was given up" });
  return new Promise((resolve) => {
    const request = { argv: words, env: {}, cwd: run.cwd, maxMs: PROGRAM_MAX_MS };
    const told = new Told(options.maxBytes, () => program.stop());
    const stop = (): void => program.stop();
    const ended = (end: ProgramEnd): void => {
      signal.removeEventListener("abort", stop);
      resolve(told.judge(end));
    };
    const program: Program = runner.start(request, {
      output: (bytes) => told.output(bytes),
      errors: (bytes) => told.errors(bytes),
      ended,
    });
    signal.addEventListener("abort", stop, { once: true });
    if (run.stdin) program.write(Buffer.from(`${JSON.stringify(args)}\n`));
    program.endInput();
  });
}

/** What a program has said. */
class Told {
  readonly #maxBytes: number;
  readonly #enough: () => void;
  readonly #out: Uint8Array[] = [];
  #outBytes = 0;
  #errors = "";
  #isCut: boolean = false;

  constructor(maxBytes: number, enough: () => void) {
    this.#maxBytes = maxBytes;
    this.#enough = enough;
  }

  output(bytes: Uint8Array): void {
    if (this.#isCut) return;
    this.#out.push(bytes);
    this.#outBytes += bytes.length;
    if (this.#outBytes < OUTPUT_MAX_BYTES) return;
    this.#isCut = true;
    this.#enough();
  }

  errors(bytes: Uint8Array): void {
    const text = Buffer.from(bytes.slice(-ERRORS_MAX_BYTES)).toString("utf8");
    this.#errors = (this.#errors + text).slice(-ERRORS_MAX_BYTES);
  }

  judge({ code, signal, error }: ProgramEnd): ToolResult {
    if (error !== null) return notRun(error);
    const text = Buffer.concat(this.#out).toString("utf8");
    if (this.#isCut || code === 0) return foreignText(text, this.#maxBytes);
    const how = code === null ? `was ended (${signal ?? "no code"})` : `failed with code ${code}`;
    const detail = foreignWords(this.#errors === "" ? text : this.#errors, 512);
    return { ok: false, error: `The program ${how}: ${detail}` };
  }
}

function notRun(error: string): ToolResult {
  const why = error === "ENOENT" ? "there is no such program, or no such folder" : error;
  return { ok: false, error: `The program could not be started (${why})` };
}
