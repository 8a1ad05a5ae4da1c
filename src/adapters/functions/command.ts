/**
 * The owner's functions that are programs.
 *
 * Invariants: no shell; a small fixed environment; a process group of its own, which is ended as a
 * whole (TERM, then KILL) when the time is over, the output too long, or the program itself is done;
 * of its output at most OUTPUT_MAX_BYTES are kept; it cannot read our keys (see sandbox.ts).
 */

import { type ChildProcess, spawn } from "node:child_process";
import { argvOf, type CommandRun } from "../../core/functions/custom.ts";
import { foreignText, type ToolResult } from "../../core/functions/result.ts";
import type { Fields } from "../../core/json.ts";
import type { Clock } from "../../ports.ts";
import { errorCode } from "../os/files.ts";
import type { Sandbox } from "./sandbox.ts";

/** More is no answer for a voice; the program is ended. */
const OUTPUT_MAX_BYTES = 1_048_576;
const ERRORS_MAX_BYTES = 4_096;
/** Between the polite end and the other one. */
const GRACE_MS = 500;
const PATH = "/usr/local/bin:/usr/bin:/bin";

export interface CommandOptions {
  readonly run: CommandRun;
  readonly args: Fields;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly sandbox: Sandbox;
  readonly clock: Clock;
}

/** Never rejects. */
export function runCommand(options: CommandOptions): Promise<ToolResult> {
  const words = argvOf(options.run, options.args);
  if ("error" in words) return Promise.resolve({ ok: false, error: words.error });
  if (options.signal.aborted) return Promise.resolve({ ok: false, error: "It was given up" });
  const [program = "", ...rest] = options.sandbox.wrap(words);
  const child = spawn(program, rest, {
    cwd: options.run.cwd,
    env: { PATH, LANG: "C.UTF-8", HOME: "/nonexistent" },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  return new Run(child, options).ended;
}

class Run {
  readonly ended: Promise<ToolResult>;
  readonly #child: ChildProcess;
  readonly #options: CommandOptions;
  readonly #out: Buffer[] = [];
  #outBytes = 0;
  #errors = "";
  #isCut: boolean = false;
  #cancelKill: () => void = () => {};

  constructor(child: ChildProcess, options: CommandOptions) {
    this.#child = child;
    this.#options = options;
    this.ended = new Promise((resolve) => this.#attend(resolve));
  }

  #attend(resolve: (result: ToolResult) => void): void {
    const { signal, run, args } = this.#options;
    const child = this.#child;
    const stop = (): void => this.#end();
    signal.addEventListener("abort", stop, { once: true });
    const settle = (result: ToolResult): void => {
      signal.removeEventListener("abort", stop);
      resolve(result);
    };
    child.stdout?.on("data", (chunk: Buffer) => this.#take(chunk));
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString("utf8")).slice(-ERRORS_MAX_BYTES);
    });
    child.stdin?.on("error", () => undefined); // It does not want to read: its own affair.
    child.stdin?.end(run.stdin ? `${JSON.stringify(args)}\n` : undefined);
    child.on("error", (error) => settle(notRun(errorCode(error))));
    child.on("exit", (code, died) => {
      // What it has started and left behind ends with it, and so do its pipes.
      this.#end();
      const finish = (): void => settle(this.#judge(code, died));
      child.stdout?.once("close", finish);
      if (child.stdout?.destroyed === true) finish();
    });
  }

  #take(chunk: Buffer): void {
    if (this.#isCut) return;
    this.#out.push(chunk);
    this.#outBytes += chunk.length;
    if (this.#outBytes < OUTPUT_MAX_BYTES) return;
    this.#isCut = true;
    this.#end();
  }

  /** The whole group: polite first. Twice does nothing new. */
  #end(): void {
    this.#signal("SIGTERM");
    this.#cancelKill();
    this.#cancelKill = this.#options.clock.after(GRACE_MS, () => {
      this.#signal("SIGKILL");
      this.#child.stdout?.destroy();
      this.#child.stderr?.destroy();
    });
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The group is gone: as wanted.
    }
  }

  #judge(code: number | null, died: NodeJS.Signals | null): ToolResult {
    const { maxBytes } = this.#options;
    const text = Buffer.concat(this.#out).toString("utf8");
    if (this.#isCut || code === 0) return foreignText(text, maxBytes);
    const how = code === null ? `was ended (${died ?? "no code"})` : `failed with code ${code}`;
    const words = foreignText(this.#errors === "" ? text : this.#errors, 512);
    const detail = words.ok ? JSON.stringify(words.data) : "no text";
    return { ok: false, error: `The program ${how}: ${detail}` };
  }
}

function notRun(code: string): ToolResult {
  const why = code === "ENOENT" ? "there is no such program, or no such folder" : code;
  return { ok: false, error: `The program could not be started (${why})` };
}
