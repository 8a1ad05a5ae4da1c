/**
 * The LED and the button of a machine that has none: a terminal.
 *
 * Invariants: the LEDs print one line per change and none for a repetition; the button only
 * touches the keyboard when it is a terminal, and leaves it as it found it.
 */

import type { Indication } from "../../core/phase.ts";
import type { Button, ButtonSink, Clock, Leds } from "../../ports.ts";
import type { LineSink } from "../os/line-sink.ts";

const COLOUR_OFF = "\u001b[0m";

/** Bright where the microphone is open, red where something is wrong, dim where nothing happens. */
function colourOf(indication: Indication): string {
  switch (indication) {
    case "listening":
    case "follow-up":
    case "awaiting-approval":
    case "ringing":
      return "\u001b[1;32m";
    case "connecting":
    case "thinking":
      return "\u001b[33m";
    case "speaking":
      return "\u001b[36m";
    case "fault":
    case "muted":
    case "looking":
    case "news":
      return "\u001b[31m";
    default:
      return "\u001b[2m";
  }
}

export class TerminalLeds implements Leds {
  readonly #sink: LineSink;
  readonly #colour: boolean;
  #shown: Indication | null = null;

  /** `colour`: meant for `wantsColour(sink, env)`. */
  constructor(sink: LineSink, colour: boolean) {
    this.#sink = sink;
    this.#colour = colour;
  }

  show(indication: Indication, lit?: () => void): void {
    if (indication === this.#shown) return;
    this.#shown = indication;
    const text = this.#colour ? colourOf(indication) + indication + COLOUR_OFF : indication;
    this.#sink.write(`led: ${text}`);
    lit?.();
  }

  async close(): Promise<void> {
    this.#shown = null;
  }
}

/**
 * How long a key press lasts after its last character: a terminal tells of no release, and a key that
 * is held repeats (30 times a second, the slowest some 10). Clear of any debounce.
 */
export const TAP_MS = 150;
/** What nobody can see: which key is the button. */
const WHICH_KEY =
  "The space bar (or Enter) is the button here; held, it repeats and counts as held";

/** Keys that tap; in raw mode Enter comes as a carriage return. */
const TAP_KEYS = new Set([" ", "\r", "\n"]);
/** In raw mode the terminal makes no signal of Ctrl-C: we must. */
const CTRL_C = "\u0003";

/** As much of `process.stdin` as a button needs. */
export interface Keyboard {
  readonly isTTY?: boolean;
  setRawMode(raw: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: "data", listener: (chunk: Buffer | string) => void): unknown;
  off(event: "data", listener: (chunk: Buffer | string) => void): unknown;
}

/** Space or Enter is the button, as long as it is held; Ctrl-C still interrupts. */
export class TerminalButton implements Button {
  readonly #keyboard: Keyboard;
  readonly #clock: Clock;
  readonly #interrupt: () => void;
  readonly #print: (line: string) => void;
  #sink: ButtonSink | null = null;
  #release: (() => void) | null = null;

  /** `interrupt` is what Ctrl-C does: main sends itself SIGINT. `tell`: a line for who sits there. */
  constructor(
    keyboard: Keyboard,
    clock: Clock,
    interrupt: () => void,
    print: (line: string) => void = () => {},
  ) {
    this.#keyboard = keyboard;
    this.#clock = clock;
    this.#interrupt = interrupt;
    this.#print = print;
  }

  start(sink: ButtonSink): void {
    if (this.#keyboard.isTTY !== true || this.#sink !== null) return;
    this.#sink = sink;
    this.#keyboard.setRawMode(true);
    this.#keyboard.on("data", this.#read);
    this.#keyboard.resume();
    this.#print(WHICH_KEY);
  }

  async close(): Promise<void> {
    if (this.#sink === null) return;
    this.#sink = null;
    this.#release?.();
    this.#release = null;
    this.#keyboard.off("data", this.#read);
    this.#keyboard.pause(); // otherwise an open keyboard keeps the process alive
    this.#keyboard.setRawMode(false);
  }

  readonly #read = (chunk: Buffer | string): void => {
    for (const key of chunk.toString()) {
      if (key === CTRL_C) this.#interrupt();
      else if (TAP_KEYS.has(key)) this.#tap();
    }
  };

  /** Held-down keys repeat: what comes while the button is down lengthens the same press. */
  #tap(): void {
    if (this.#release === null) this.#sink?.edge(true, this.#clock.nowMs());
    else this.#release();
    this.#release = this.#clock.after(TAP_MS, () => {
      this.#release = null;
      this.#sink?.edge(false, this.#clock.nowMs());
    });
  }
}
