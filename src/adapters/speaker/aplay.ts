/**
 * The speaker by `aplay`, one process for each utterance: for where the package `speaker` did not
 * build. SIGKILL is silence; the end of its input, and its good end, say that all was heard.
 *
 * Invariant: a process is waiting, its device open, before there is anything to play.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { FRAME_MS, SAMPLE_RATE_HZ } from "../../core/audio/pcm.ts";
import { WRONG_RATE } from "../alsa/fault.ts";
import { ChildSink, type ChildSinkOptions, KILL_WAIT_MS } from "./child-sink.ts";
import { withLeadIn } from "./lead-in.ts";
import { PacedSpeaker } from "./paced-speaker.ts";

/** The device's buffer. */
const BUFFER_MS = 100;
/** From the launch to an open device; a sound server may take its time. */
const READY_MS = 5_000;
/** aplay -v prints the set-up of the device when it has opened it. */
const OPENED = "Its setup is";
/** What is kept of stderr while waiting for that. */
const HEAD_CHARS = 4_096;

export interface AplaySpeakerOptions extends ChildSinkOptions {
  /** The player; `aplay` when not given. */
  readonly program?: string;
}

export class AplaySpeaker extends PacedSpeaker {
  constructor(options: AplaySpeakerOptions) {
    const { clock, leadInMs = 0 } = options;
    super({ clock, device: withLeadIn(new AplaySink(options), clock, leadInMs) });
  }
}

class AplaySink extends ChildSink {
  readonly #options: AplaySpeakerOptions;
  readonly #program: string;
  #finishing: boolean = false;

  constructor(options: AplaySpeakerOptions) {
    const { program = "aplay" } = options;
    super(options, program);
    this.#options = options;
    this.#program = program;
  }

  write(chunk: Int16Array): void {
    const child = this.child?.process;
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    child?.stdin?.write(bytes, (error) => {
      if (error == null && child === this.child?.process) this.sink?.accepted(0);
    });
  }

  finish(): void {
    this.#finishing = true;
    this.child?.process?.stdin?.end();
  }

  drop(): Promise<void> {
    const { clock } = this.#options;
    if (this.child?.process == null) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = clock.after(KILL_WAIT_MS, () => this.dropped());
      this.dropped = () => {
        cancel();
        this.dropped = () => undefined;
        resolve();
      };
      this.child?.renew("SIGKILL");
    });
  }

  protected override launch(device: string): ChildProcess {
    const { env = process.env } = this.#options;
    this.#finishing = false;
    this.awaitReady(READY_MS);
    const format = ["-t", "raw", "-f", "S16_LE", "-r", String(SAMPLE_RATE_HZ), "-c", "1"];
    const timing = [
      `--period-time=${FRAME_MS * 1000}`,
      `--buffer-time=${BUFFER_MS * 1000}`,
      // Sound starts with the first frame, not with a full buffer.
      "--start-delay=1",
    ];
    const child = spawn(this.#program, ["-v", "-D", device, ...format, ...timing, "-"], {
      env: { ...env, LC_ALL: "C" },
      stdio: ["pipe", "ignore", "pipe"],
      // Its own group: a Ctrl-C at the terminal is for us.
      detached: true,
    });
    // A broken pipe is told by the end of the process.
    child.stdin?.on("error", () => undefined);
    child.once("exit", (code) => this.#exited(code));
    this.#awaitOpening(child);
    return child;
  }

  #awaitOpening(child: ChildProcess): void {
    let head = "";
    child.stderr?.on("data", (text: unknown) => {
      if (WRONG_RATE.test(String(text))) child.kill("SIGKILL");
      if (head.length > HEAD_CHARS || head.includes(OPENED)) return;
      head += String(text);
      if (!head.includes(OPENED) || child !== this.child?.process) return;
      this.opened();
      this.sink?.ready();
    });
  }

  /** Runs before the supervisor's own listener: the good end of an utterance is a planned one. */
  #exited(code: number | null): void {
    this.dropped();
    if (!this.#finishing || code !== 0) return;
    this.child?.renew();
    this.sink?.drained();
  }
}
