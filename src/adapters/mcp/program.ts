/**
 * A server of tools that is a program of ours: messages as lines through its pipes. How it is kept
 * away from the key, and ended with all its children, is the business of the port `Programs`.
 *
 * Invariants: no line longer than MESSAGE_MAX_BYTES is kept; of standard error the end is kept; a
 * program that floods it is stopped; the close is polite first, and ends in bounded time.
 */

import { parseJson } from "../../core/json.ts";
import type { Message } from "../../core/mcp/messages.ts";
import type { ProgramReach } from "../../core/mcp/servers.ts";
import { type Trouble, trouble } from "../../core/mcp/trouble.ts";
import { within } from "../../core/timeout.ts";
import type { Clock, Program, ProgramEnd, Programs } from "../../ports.ts";
import type { Channel, ChannelSink } from "./channel.ts";
import { LineCutter } from "./line-cutter.ts";

export interface ProgramOptions {
  readonly reach: ProgramReach;
  readonly clock: Clock;
  readonly programs: Programs;
}

/** From the end of its input to its being stopped. */
export const POLITE_MS = 300;
/** The stop has its own steps: TERM, KILL, and their waits. */
const STOP_MAX_MS = 2_000;
const LAST_WORDS_MAX_CHARS = 2_048;
/** So much of standard error in FLOOD_MS is no message any more; reading it is all our work. */
export const FLOOD_MAX_BYTES = 33_554_432;
const FLOOD_MS = 10_000;

export class ProgramChannel implements Channel {
  readonly #options: ProgramOptions;
  #program: Program | null = null;
  #ended: Promise<void> = Promise.resolve();
  #lastWords = "";
  #isFlooding: boolean = false;
  #flood = { sinceMs: 0, bytes: 0 };
  #closing: Promise<void> | null = null;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  get lastWords(): string {
    return this.#lastWords;
  }

  async open(sink: ChannelSink): Promise<Trouble | null> {
    const { reach, programs } = this.#options;
    const runner = programs.runner();
    if (runner === null) return trouble("not-run", programs.protection());
    const cutter = new LineCutter({
      line: (line) => {
        // What is no JSON is chatter of a program that does not know better.
        const value = parseJson(line);
        if (value !== undefined) sink.message(value);
      },
      tooLong: (id) => {
        if (id !== null) sink.failed(id, trouble("too-long", "its answer was too long"));
      },
    });
    let tellEnd = (): void => {};
    this.#ended = new Promise((resolve) => {
      tellEnd = resolve;
    });
    const { argv, env, cwd } = reach;
    this.#program = runner.start(
      { argv, env, cwd, maxMs: null },
      {
        output: (bytes) => cutter.push(Buffer.from(bytes)),
        errors: (bytes) => this.#complains(bytes),
        ended: (end) => {
          this.#program = null;
          tellEnd();
          sink.closed(this.#isFlooding ? FLOODED : endOf(end));
        },
      },
    );
    return null; // The first request shows whether it runs.
  }

  send(message: Message): void {
    this.#program?.write(Buffer.from(`${JSON.stringify(message)}\n`));
  }

  drop(): void {
    // A late answer is dropped by the client.
  }

  speak(): void {
    // A pipe has no headers.
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    if (this.#program === null) return;
    this.#program.endInput();
    await this.#endWithin(POLITE_MS);
    this.#program?.stop();
    await this.#endWithin(STOP_MAX_MS);
  }

  async #endWithin(limitMs: number): Promise<void> {
    await within(this.#options.clock, limitMs, this.#ended, () => undefined);
  }

  #complains(bytes: Uint8Array): void {
    const tail = Buffer.from(bytes.subarray(-LAST_WORDS_MAX_CHARS)).toString("utf8");
    this.#lastWords = (this.#lastWords + tail).slice(-LAST_WORDS_MAX_CHARS);
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#flood.sinceMs > FLOOD_MS) this.#flood = { sinceMs: nowMs, bytes: 0 };
    this.#flood.bytes += bytes.length;
    if (this.#flood.bytes <= FLOOD_MAX_BYTES || this.#isFlooding) return;
    this.#isFlooding = true;
    this.#program?.stop();
  }
}

const FLOODED = trouble("broken", "its program flooded its standard error, and was stopped");

function endOf({ code, signal, error }: ProgramEnd): Trouble {
  if (error !== null) {
    const why = error === "ENOENT" ? "there is no such program, or no such folder" : error;
    return trouble("not-run", `its program could not be started (${why})`);
  }
  const how = code === null ? `was ended (${signal ?? "no code"})` : `ended with code ${code}`;
  return trouble("broken", `its program ${how}`);
}
