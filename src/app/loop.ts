/**
 * The loop: inbox → step → lamp, alarm, effects. Invariant: one input is dealt with completely
 * before the next; whatever an effect reports comes back through the inbox.
 */

import { deadlineMs, INITIAL, step } from "../core/assistant.ts";
import type { Effect, Input, Moment, State } from "../core/assistant-types.ts";
import type { Indication } from "../core/panel/indication.ts";
import { indicate } from "../core/panel/indicator.ts";
import type { Settings } from "../core/settings/table.ts";
import type { Clock, Lamp } from "../ports.ts";

/** Inputs waiting. Tens a minute are usual: a thousand at once is a bug, and throws. */
const INBOX_MAX = 1000;

export interface LoopOptions {
  readonly clock: Clock;
  readonly lamp: Lamp;
  /** The lamp really shows it. */
  readonly lit: (indication: Indication) => void;
  readonly settings: () => Settings;
  /** Samples captured so far. */
  readonly head: () => number;
  /** Chance for jitter: at least 0, below 1. */
  readonly chance: () => number;
  /** Books what the input costs, before anything is decided; gives today's micro-dollars. */
  readonly bill: (input: Input, before: State) => number;
  readonly perform: (effect: Effect) => void;
  /** Sees each input with what it did, before the effects are performed. */
  readonly witness: (input: Input, before: State, after: State, moment: Moment) => void;
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
    this.#show(indicate(this.#state));
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
    const { clock, settings, head, chance, bill, witness, perform } = this.#options;
    const before = this.#state;
    const [nowMs, wallMs] = [clock.nowMs(), clock.wallMs()];
    const spentMicroUsd = bill(input, before);
    const moment = { nowMs, wallMs, head: head(), chance: chance(), spentMicroUsd };
    const { state, effects } = step(before, input, moment, settings());
    this.#state = state;
    this.#turns += 1;
    if (indicate(state) !== indicate(before)) this.#show(indicate(state));
    this.#setAlarm(deadlineMs(state), moment.nowMs);
    witness(input, before, state, moment);
    for (const effect of effects) perform(effect);
  }

  #show(indication: Indication): void {
    const { lamp, lit } = this.#options;
    lamp.show(indication, () => lit(indication));
  }

  #setAlarm(atMs: number | null, nowMs: number): void {
    if (atMs === this.#alarmMs) return;
    this.#cancelAlarm();
    this.#alarmMs = atMs;
    if (atMs === null) return;
    this.#cancelAlarm = this.#options.clock.after(atMs - nowMs, () => {
      this.#alarmMs = null;
      this.post({ tag: "tick" });
    });
  }
}
