/**
 * The microphone, opened by this process itself: no recorder beside it, and it is read when somebody
 * wants to hear, four times a second in a quiet room. A fault of ALSA's own is a fault of this process.
 *
 * Invariants: one device is open, being opened or being closed at a time; all that it gives is handed
 * over in order, in exact frames; it is tried again for ever, with one `lost` for each outage and one
 * `flowing` at its end.
 */

import type { InputChannel } from "../../core/alsa/input-channel.ts";
import { Framer } from "../../core/audio/framer.ts";
import { msToSamples, SAMPLE_RATE_HZ } from "../../core/audio/pcm.ts";
import { type Backoff, backoffDelayMs } from "../../core/backoff.ts";
import { type Fault, thrownText } from "../../core/fault.ts";
import type { Clock, Dice, Microphone, MicrophoneSink } from "../../ports.ts";
import type { CaptureDevice, CaptureLibrary } from "../alsa/capture.ts";
import { CardFinder } from "../alsa/card-finder.ts";
import { alsaFault, stallFault } from "../alsa/fault.ts";
import { channelOf } from "../alsa/input-channel.ts";

/** Sound flows all the time, so this long without any is a stall. */
export const STALL_MS = 2_000;
/** The first sound may come late: a sound server was measured to take up to 2 s. */
const FIRST_SOUND_MS = 5_000;
/** A device that does not open in this time is told; a sound server that hangs may take minutes. */
const OPEN_MAX_MS = 5_000;
/** Closing is waited for so long. */
const CLOSE_MAX_MS = 1_500;
/** As often it is read while somebody may be heard. */
const LIVE_MS = 40;
/** As long as what arecord gives: a sound server, which sends each by itself, wakes us no oftener. */
const PERIOD_MS = 40;
/** Twice the longest nap. */
const BUFFER_MS = 500;
const RETRY: Backoff = { firstMs: 500, maxMs: 10_000, spread: [0.8, 1] };
/** In one reading: more than the device holds. */
const READS_MAX = 4;

export interface AlsaMicrophoneOptions {
  readonly library: CaptureLibrary;
  /** An ALSA name, or part of a card's: looked for anew at each opening, so that it may come later. */
  readonly device: string;
  /** `audio.input_channel`: which channel of several, from 1; auto when not given. */
  readonly channel?: InputChannel;
  readonly clock: Clock;
  readonly dice: Dice;
}

export class AlsaMicrophone implements Microphone {
  readonly #options: AlsaMicrophoneOptions;
  readonly #finder: CardFinder;
  #framer = new Framer();
  #buffer = new Int16Array(0);
  #sink: MicrophoneSink | null = null;
  #device: CaptureDevice | null = null;
  /** Opening or closing; resolves when neither is under way. */
  #moving: Promise<void> = Promise.resolve();
  #napMs = 0;
  #flowing: boolean = false;
  #lost: boolean = false;
  #failures = 0;
  #deadlineMs = 0;
  /** Frames are being handed over: whoever takes them may want another nap. */
  #handing: boolean = false;
  #cancel: () => void = () => undefined;

  constructor(options: AlsaMicrophoneOptions) {
    this.#options = options;
    this.#finder = new CardFinder(options.device, "capture");
  }

  start(sink: MicrophoneSink): void {
    this.#sink = sink;
    this.#moving = this.#open();
  }

  nap(ms: number): void {
    const isShorter = ms < this.#napMs;
    this.#napMs = ms;
    if (this.#device === null || this.#handing || !isShorter) return;
    this.#turn(this.#device);
  }

  /** Bounded: a device that does not let go is left to the end of the process. */
  async close(): Promise<void> {
    this.#sink = null;
    this.#cancel();
    const over = this.#moving.then(() => this.#release());
    const { clock } = this.#options;
    let cancel = (): void => undefined;
    const enough = new Promise<void>((resolve) => {
      cancel = clock.after(CLOSE_MAX_MS, resolve);
    });
    await Promise.race([over, enough]);
    cancel();
  }

  async #release(): Promise<void> {
    const device = this.#device;
    this.#device = null;
    await device?.close();
  }

  /** Never rejects. */
  async #open(): Promise<void> {
    const { clock, library } = this.#options;
    const hangs = (): void => this.#fail(this.#fault("audio open error: it does not answer"));
    this.#cancel = clock.after(OPEN_MAX_MS, hangs);
    try {
      const name = this.#finder.now();
      const { count, index } = channelOf(name, this.#options.channel ?? "auto");
      const shape = { channels: count, rateHz: SAMPLE_RATE_HZ, periodMs: PERIOD_MS };
      const device = await library.open(name, { ...shape, bufferMs: BUFFER_MS });
      this.#cancel();
      if (this.#sink === null) return await device.close();
      this.#framer = new Framer(count, index);
      this.#buffer = new Int16Array(msToSamples(BUFFER_MS) * count);
      this.#device = device;
      this.#deadlineMs = clock.nowMs() + FIRST_SOUND_MS;
      this.#await();
    } catch (thrown) {
      this.#cancel();
      this.#fail(this.#fault(thrownText(thrown)));
      this.#again();
    }
  }

  /** The next reading. */
  #await(): void {
    const { clock } = this.#options;
    const waitMs = this.#napMs === 0 ? LIVE_MS : this.#napMs;
    const dueMs = clock.nowMs() + waitMs;
    this.#cancel();
    this.#cancel = clock.after(waitMs, () => {
      // Where it was us who stood still, the device may have given up what waited: that is no stall.
      this.#deadlineMs += clock.nowMs() - dueMs;
      if (this.#device !== null) this.#turn(this.#device);
    });
  }

  #turn(device: CaptureDevice): void {
    try {
      this.#fetch(device);
    } catch (thrown) {
      this.#drop(this.#fault(thrownText(thrown)));
      return;
    }
    if (this.#device !== device) return;
    if (this.#options.clock.nowMs() <= this.#deadlineMs) this.#await();
    else this.#drop(stallFault(this.#options.device));
  }

  #fetch(device: CaptureDevice): void {
    for (let reads = 0; reads < READS_MAX; reads++) {
      const count = device.read(this.#buffer);
      if (count === 0) return;
      this.#deadlineMs = this.#options.clock.nowMs() + STALL_MS;
      this.#flow();
      this.#hand(count);
      if (count < this.#buffer.length) return;
    }
  }

  #flow(): void {
    if (this.#flowing) return;
    this.#flowing = true;
    this.#lost = false;
    this.#failures = 0;
    this.#sink?.flowing();
  }

  #hand(count: number): void {
    const sound = this.#buffer.subarray(0, count);
    this.#handing = true;
    try {
      const bytes = new Uint8Array(sound.buffer, 0, sound.byteLength);
      this.#framer.push(bytes, (frame) => this.#sink?.frame(frame));
    } finally {
      this.#handing = false;
    }
  }

  /** It gives nothing any more: another one, or the same one anew. */
  #drop(why: Fault): void {
    this.#cancel();
    this.#fail(why);
    this.#moving = this.#release();
    void this.#moving.then(() => this.#again());
  }

  #fail(why: Fault): void {
    this.#flowing = false;
    if (this.#lost) return;
    this.#lost = true;
    this.#sink?.lost(why);
  }

  #again(): void {
    if (this.#sink === null) return;
    const { clock, dice } = this.#options;
    this.#failures += 1;
    this.#cancel();
    this.#cancel = clock.after(backoffDelayMs(RETRY, this.#failures, dice.unit()), () => {
      this.#moving = this.#open();
    });
  }

  #fault(said: string): Fault {
    const { device } = this.#options;
    const about = { role: "microphone", device, program: "ALSA" } as const;
    return alsaFault(about, { code: 1, signal: null, spawnError: null, stderr: said, ranMs: 0 });
  }
}
