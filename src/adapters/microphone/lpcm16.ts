/**
 * The microphone: arecord, run by node-record-lpcm16 with our own recorder file.
 *
 * Invariant: frames are exact whatever the chunks; a recorder that ends, stalls or is missing is
 * tried again for ever, with one `lost` for each outage and one `flowing` at its end.
 */
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import lpcm16 from "node-record-lpcm16";
import type { InputChannel } from "../../core/alsa/input-channel.ts";
import { Framer } from "../../core/audio/framer.ts";
import { SAMPLE_RATE_HZ } from "../../core/audio/pcm.ts";
import type { Clock, Dice, Microphone, MicrophoneSink } from "../../ports.ts";
import { CardFinder } from "../alsa/card-finder.ts";
import { alsaFault, stallFault, WRONG_RATE } from "../alsa/fault.ts";
import { channelOf } from "../alsa/input-channel.ts";
import { type ChildEnd, SupervisedChild } from "../os/child.ts";
import { PipeReader } from "../os/pipe-reader.ts";

/** Sound flows all the time, so this long without any is a stall. */
export const STALL_MS = 2_000;
/** The first bytes may come late: a sound server was measured to take up to 2 s. */
export const FIRST_SOUND_MS = 5_000;
/** How often the stall is looked for. */
const CHECK_MS = 1_000;
/** Sound comes in periods of so much: what is sent is as long, and being woken is what costs. */
const PERIOD_MS = 40;
/** The device's own buffer: what a pause of ours may last without an overrun, once the pipe is full. */
const BUFFER_MS = 400;

const RECORDER = fileURLToPath(new URL("./recorder.cjs", import.meta.url));

export interface Lpcm16MicrophoneOptions {
  /** An ALSA name, or part of a card's: looked for anew at each start, so that it may come later. */
  readonly device: string;
  /** `audio.input_channel`: which channel of several, from 1; auto when not given. */
  readonly channel?: InputChannel;
  readonly clock: Clock;
  readonly dice: Dice;
  /** The recorder; `arecord` when not given. */
  readonly program?: string;
  /** Environment of the recorder; our own when not given. */
  readonly env?: NodeJS.ProcessEnv;
}

export class Lpcm16Microphone implements Microphone {
  readonly #options: Lpcm16MicrophoneOptions;
  readonly #program: string;
  readonly #finder: CardFinder;
  #framer = new Framer();
  #reader: PipeReader | null = null;
  /** How late sound may come, milliseconds. */
  #napMs = 0;
  #child: SupervisedChild | null = null;
  #sink: MicrophoneSink | null = null;
  #flowing: boolean = false;
  #lost: boolean = false;
  #stalled: boolean = false;
  #deadlineMs = 0;
  #cancelCheck: () => void = () => undefined;

  constructor(options: Lpcm16MicrophoneOptions) {
    this.#options = options;
    this.#program = options.program ?? "arecord";
    this.#finder = new CardFinder(options.device, "capture");
  }

  start(sink: MicrophoneSink): void {
    const { clock, dice } = this.#options;
    this.#sink = sink;
    this.#child = new SupervisedChild({
      clock,
      dice,
      launch: () => this.#launch(),
      ended: (end) => this.#ended(end),
    });
    this.#child.start();
    this.#watch();
  }

  nap(ms: number): void {
    this.#napMs = ms;
    if (this.#flowing) this.#reader?.nap(ms);
  }

  close(): Promise<void> {
    this.#sink = null;
    this.#cancelCheck();
    this.#reader?.close();
    return this.#child?.close() ?? Promise.resolve();
  }

  #launch(): ChildProcess {
    const { clock, env = process.env } = this.#options;
    const device = this.#finder.now();
    const { count, index } = channelOf(device, this.#options.channel ?? "auto");
    this.#framer = new Framer(count, index);
    this.#stalled = false;
    this.#deadlineMs = clock.nowMs() + FIRST_SOUND_MS;
    const recording = lpcm16.record({
      recorder: RECORDER,
      sampleRate: SAMPLE_RATE_HZ,
      channels: count,
      audioType: "raw",
      device,
      program: this.#program,
      periodTimeUs: PERIOD_MS * 1000,
      bufferTimeUs: BUFFER_MS * 1000,
      env,
    });
    const { process: recorder } = recording;
    // The package emits a string as an error at every end, a wanted one too; `ended` says it better.
    this.#reader?.close();
    this.#reader = new PipeReader(recording.stream(), clock, (bytes) => this.#take(bytes));
    this.#reader.start();
    recorder.stderr?.on("data", (text: unknown) => {
      if (WRONG_RATE.test(String(text))) recorder.kill("SIGKILL");
    });
    return recorder;
  }

  #take(chunk: Uint8Array): void {
    const sink = this.#sink;
    if (sink === null) return;
    this.#deadlineMs = this.#options.clock.nowMs() + STALL_MS;
    if (!this.#flowing) {
      this.#flowing = true;
      this.#lost = false;
      sink.flowing();
      this.#reader?.nap(this.#napMs);
    }
    this.#framer.push(chunk, (frame) => sink.frame(frame));
  }

  #ended(end: ChildEnd): void {
    const { device } = this.#options;
    this.#flowing = false;
    if (this.#lost) return;
    this.#lost = true;
    const about = { role: "microphone", device, program: this.#program } as const;
    this.#sink?.lost(this.#stalled ? stallFault(device) : alsaFault(about, end));
  }

  /** Kills a recorder that lives and says nothing. */
  #watch(): void {
    const { clock } = this.#options;
    const dueMs = clock.nowMs() + CHECK_MS;
    this.#cancelCheck = clock.after(CHECK_MS, () => {
      const lateMs = clock.nowMs() - dueMs;
      // If it was us who stood still, the sound is waiting in the pipe: read it before judging.
      if (lateMs > CHECK_MS) this.#deadlineMs += lateMs;
      if (this.#child?.process != null && !this.#stalled && clock.nowMs() > this.#deadlineMs) {
        this.#stalled = true;
        this.#child.kill();
      }
      this.#watch();
    });
  }
}
