/**
 * The loop: inbox → step → views, facts, effects. Invariant: one input is dealt with completely
 * before the next; whatever an effect reports comes back through the inbox.
 */

import type { Effect, Fact, Input } from "../core/assistant/inputs.ts";
import type { State, StepContext } from "../core/assistant/state.ts";
import { INITIAL, step } from "../core/assistant/step.ts";
import { deadlineMs, indication, isSameGate, microphoneGate } from "../core/assistant/views.ts";
import type { Indication } from "../core/phase.ts";
import type { PublicSettings } from "../core/settings/table.ts";
import type { Clock, Leds } from "../ports.ts";
import type { Gates } from "./gates.ts";

/** Inputs waiting. Tens a minute are usual: a thousand at once is a bug, and throws. */
const INBOX_MAX = 1000;

export interface LoopOptions {
  readonly clock: Clock;
  readonly leds: Leds;
  /** The LEDs really show it. */
  readonly lit: (shown: Indication) => void;
  readonly settings: () => PublicSettings;
  /** A hash of server and key. */
  readonly account: () => string;
  /** Samples captured so far. */
  readonly headSample: () => number;
  /** Chance for jitter: at least 0, below 1. */
  readonly chance: () => number;
  /** Books what the input costs, before anything is decided; gives today's micro-dollars. */
  readonly bill: (input: Input, before: State) => number;
  readonly gates: Gates;
  readonly perform: (effect: Effect) => void;
  /** What has happened, before the effects are performed. */
  readonly observe: (input: Input, facts: readonly Fact[], state: State, at: StepContext) => void;
}

export class Loop {
  readonly #options: LoopOptions;
  readonly #inbox: Input[] = [];
  #running: boolean = false;
  #state: State = INITIAL;
  #cancelAlarm: () => void = () => {};
  #alarmMs: number | null = null;
  #turns = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  get state(): State {
    return this.#state;
  }

  /** Inputs dealt with; the watchdog looks whether the loop turns. */
  get turns(): number {
    return this.#turns;
  }

  /** Shows the first state. */
  start(): void {
    this.#show(indication(this.#state));
  }

  close(): void {
    this.#cancelAlarm();
    this.#alarmMs = null;
  }

  post(input: Input): void {
    if (this.#inbox.length >= INBOX_MAX) throw new Error(`inbox full at '${input.tag}'`);
    this.#inbox.push(input);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
        this.#turn(next);
      }
    } finally {
      this.#running = false;
    }
  }

  #turn(input: Input): void {
    const { gates, observe, perform } = this.#options;
    const before = this.#state;
    const at = this.#context(input, before);
    const { state, sends, facts } = step(before, input, at);
    this.#state = state;
    this.#turns += 1;
    if (indication(state) !== indication(before)) this.#show(indication(state));
    this.#setAlarm(deadlineMs(state), at.nowMs);
    observe(input, facts, state, at);
    // What was meant for the gate as it was must not be sent through the gate as it will be.
    const gate = microphoneGate(state);
    const isMoved = !isSameGate(gate, microphoneGate(before));
    if (isMoved) gates.leave(gate);
    for (const effect of sends) perform(effect);
    if (isMoved) gates.enter(gate);
    gates.speaker(state);
  }

  #context(input: Input, before: State): StepContext {
    const { clock, settings, account, headSample, chance, bill } = this.#options;
    const spentMicroUsd = bill(input, before);
    return {
      nowMs: clock.nowMs(),
      wallMs: clock.wallMs(),
      headSample: headSample(),
      chance: chance(),
      spentMicroUsd,
      settings: settings(),
      account: account(),
    };
  }

  #show(shown: Indication): void {
    const { leds, lit } = this.#options;
    leds.show(shown, () => lit(shown));
  }

  #setAlarm(atMs: number | null, nowMs: number): void {
    if (atMs === this.#alarmMs) return;
    this.#cancelAlarm();
    this.#alarmMs = atMs;
    if (atMs === null) return;
    this.#cancelAlarm = this.#options.clock.after(Math.max(0, atMs - nowMs), () => {
      this.#alarmMs = null;
      this.post({ tag: "tick" });
    });
  }
}
