/**
 * What `pipit doctor` shows: findings on stdout; on a terminal also, on stderr and for as long as
 * it lasts, what is being done, the level, and what the owner shall do.
 *
 * Invariant: without a terminal, or with --json, nothing is written but the result.
 */

import { fdSink, wantsColour } from "../../adapters/os/line-sink.ts";
import { dbfsText } from "../../core/audio/level-meter.ts";
import { terminalColumns } from "../columns.ts";
import { type Finding, findingText, type Grade, summary } from "./finding.ts";

const STDOUT = 1;
const ERASE_LINE = "\r\u001b[2K";
const COLOURS: Readonly<Record<Grade, string>> = {
  ok: "\u001b[32m",
  warn: "\u001b[33m",
  fail: "\u001b[1;31m",
  skip: "\u001b[2m",
};
const COLOUR_OFF = "\u001b[0m";
/** The bar shows this much below full scale, one block for each 3 dB. */
const BAR_DB = 60;
const BAR_STEP_DB = 3;
/** Frames are 20 ms; people see less often. */
const LEVEL_EVERY = 5;

export class Screen {
  readonly #json: boolean;
  readonly #colour: boolean;
  /** Somebody sits there. */
  readonly isAttended: boolean;
  #levels = 0;

  constructor(json: boolean, env: NodeJS.ProcessEnv) {
    this.#json = json;
    this.#colour = wantsColour(fdSink(STDOUT, env), env);
    const isTerminal = process.stdout.isTTY === true && process.stderr.isTTY === true;
    this.isAttended = isTerminal && !json && env["TERM"] !== "dumb";
  }

  /** Until something else is shown. */
  doing(text: string): void {
    if (this.isAttended) process.stderr.write(`${ERASE_LINE}…     ${text}`);
  }

  level(text: string, level: number | null): void {
    this.#levels += 1;
    if (!this.isAttended || this.#levels % LEVEL_EVERY !== 0) return;
    const blocks = Math.max(0, Math.round(((level ?? -BAR_DB) + BAR_DB) / BAR_STEP_DB));
    this.doing(`${text}  ${"▇".repeat(blocks).padEnd(BAR_DB / BAR_STEP_DB)} ${dbfsText(level)}`);
  }

  /** For the owner to do something; also without a terminal, where it was asked for with --yes. */
  say(text: string): void {
    if (this.isAttended) this.doing(text);
    else process.stderr.write(`${text}\n`);
  }

  found(findings: readonly Finding[]): void {
    if (this.isAttended) process.stderr.write(ERASE_LINE);
    if (this.#json) return;
    const paint = (grade: Grade, text: string): string =>
      this.#colour ? COLOURS[grade] + text + COLOUR_OFF : text;
    for (const one of findings) process.stdout.write(findingText(one, paint, terminalColumns()));
  }

  end(findings: readonly Finding[], ok: boolean): void {
    const text = this.#json ? JSON.stringify({ ok, findings }, null, 2) : `\n${summary(findings)}`;
    process.stdout.write(`${text}\n`);
  }
}
