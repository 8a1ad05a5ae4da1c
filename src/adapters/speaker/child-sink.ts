/**
 * What a PCM sink in a child process has, whatever program plays: the card is looked for at each start
 * and watched, the child is supervised, and of one failure one fault is reported.
 *
 * Invariant: a fault is reported once, until the device has opened again.
 */

import type { ChildProcess } from "node:child_process";
import type { Fault } from "../../core/fault.ts";
import type { Clock, Dice } from "../../ports.ts";
import { CardFinder } from "../alsa/card-finder.ts";
import { CardWatch } from "../alsa/card-watch.ts";
import { alsaFault, goneFault } from "../alsa/fault.ts";
import { type ChildEnd, SupervisedChild } from "../os/child.ts";
import type { PcmSink, PcmSinkListener } from "./pcm-sink.ts";

/** After SIGKILL, the wait for the end of the process. */
export const KILL_WAIT_MS = 100;

export interface ChildSinkOptions {
  /** An ALSA name, or part of a card's: looked for anew at each start, so that it may come later. */
  readonly device: string;
  /** Silence before the first sound after a pause, milliseconds; default 0. */
  readonly leadInMs?: number;
  readonly clock: Clock;
  readonly dice: Dice;
  /** Environment of the child; our own when not given. */
  readonly env?: NodeJS.ProcessEnv;
}

export abstract class ChildSink implements PcmSink {
  protected child: SupervisedChild | null = null;
  protected sink: PcmSinkListener | null = null;
  /** Resolves the drop that is waited for. */
  protected dropped: () => void = () => undefined;
  protected cancelReady: () => void = () => undefined;
  readonly #options: ChildSinkOptions;
  readonly #program: string;
  readonly #finder: CardFinder;
  readonly #watch: CardWatch;
  #lost: boolean = false;
  #cardWent: boolean = false;

  /** `program`: what it is called in a fault. */
  protected constructor(options: ChildSinkOptions, program: string) {
    this.#options = options;
    this.#program = program;
    this.#finder = new CardFinder(options.device, "playback");
    this.#watch = new CardWatch(options.clock, this.#finder);
  }

  abstract write(chunk: Int16Array): void;
  abstract finish(): void;
  abstract drop(): Promise<void>;
  /** The child, for the card that `device` names now. */
  protected abstract launch(device: string): ChildProcess;

  start(sink: PcmSinkListener): void {
    const { clock, dice } = this.#options;
    this.sink = sink;
    this.child = new SupervisedChild({
      clock,
      dice,
      launch: () => {
        this.#cardWent = false;
        return this.launch(this.#finder.now());
      },
      ended: (end) => this.#ended(end),
    });
    this.child.start();
    this.#watch.start(() => {
      this.#cardWent = true;
      this.child?.kill();
    });
  }

  kill(): void {
    this.child?.kill();
  }

  async close(): Promise<void> {
    this.sink = null;
    this.#watch.close();
    this.cancelReady();
    this.dropped();
    // SIGKILL at once: there is nothing to save, and an idle aplay does not hear SIGTERM.
    this.child?.kill();
    await this.child?.close();
  }

  /** From the launch to the open device; then the child is killed, and tried again. */
  protected awaitReady(maxMs: number): void {
    this.cancelReady();
    this.cancelReady = this.#options.clock.after(maxMs, () => this.child?.kill());
  }

  protected opened(): void {
    this.cancelReady();
    this.#lost = false;
  }

  /** What the child wrote, or said, before its end. */
  protected lastWords({ stderr }: ChildEnd): string {
    return stderr;
  }

  #ended(end: ChildEnd): void {
    this.cancelReady();
    if (this.#lost) return;
    this.#lost = true;
    const about = {
      role: "speaker",
      device: this.#options.device,
      program: this.#program,
    } as const;
    const why = (): Fault => alsaFault(about, { ...end, stderr: this.lastWords(end) });
    this.sink?.lost(this.#cardWent ? goneFault(about) : why());
  }
}
