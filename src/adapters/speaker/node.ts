/**
 * The speaker by the npm package `speaker`, in a child process (child.ts).
 *
 * Invariant: whatever the package does to its process, the daemon only sees a fault and a restart.
 * Silence is asked for; a child that does not answer in time is killed, which is silence, too.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { samplesToMs } from "../../core/audio/pcm.ts";
import { WRONG_RATE } from "../alsa/fault.ts";
import type { ChildEnd } from "../os/child.ts";
import { monotonicMs } from "../os/monotonic.ts";
import { PipeReader, UNTIL_LOOKED } from "../os/pipe-reader.ts";
import { siblingProgram } from "../os/sibling-program.ts";
import { ChildSink, type ChildSinkOptions, KILL_WAIT_MS } from "./child-sink.ts";
import { withLeadIn } from "./lead-in.ts";
import { MessageReader, type Order, orderMessage, type Report, soundMessage } from "./messages.ts";
import { PacedSpeaker } from "./paced-speaker.ts";
import { type Taken, Tally } from "./tally.ts";

/** From the flush to SIGKILL; the port promises 60 ms. */
export const DROP_MS = 45;
/** From the launch to an open device: a Node process on a small board, and a sound server. */
export const READY_MS = 30_000;
/** The package leaks about 370 bytes a write: a fresh child after some 18 MB (83 min of sound). */
export const RECYCLE_WRITES = 50_000;
/** Lets the silence behind the last utterance play before the child is exchanged. */
const RECYCLE_WAIT_MS = 200;

/**
 * It does little, and seldom: no thread of V8's own, a small young generation, no compiler. It is
 * compiled into one file that is no ES module: that alone would be 1.4 MB.
 */
const SMALL = ["--single-threaded", "--max-semi-space-size=1", "--optimize-for-size"].concat([
  "--jitless",
  "--no-expose-wasm", // which it would say aloud that it cannot have
  "--max-old-space-size=32",
  "--expose-gc", // so that it need not wait until a megabyte is full
  "--no-global-search-paths", // for packages, of which it has none
]);
const CHILD = fileURLToPath(siblingProgram(import.meta.url, "child", ".cjs"));
const PROBE_CONF = fileURLToPath(new URL("./probe.conf", import.meta.url));

/**
 * And its C library keeps little of what it frees: 0.2 MB. It is asked for memory a few times a second,
 * so what that costs does not show.
 */
const SMALL_HEAP = {
  MALLOC_TOP_PAD_: "4096",
  MALLOC_MMAP_THRESHOLD_: "16384",
  GLIBC_TUNABLES: "glibc.malloc.tcache_count=0",
};

/** The child for a device: Node's flags, the program beside this file, and what it is to be told. */
export function speakerChild(device: string): readonly string[] {
  return [...SMALL, CHILD, packageFile(), PROBE_CONF, device];
}

/** Its environment. One thread has a write in flight; where that takes long, one reads what we write. */
export function speakerChildEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, ...SMALL_HEAP, LC_ALL: "C", UV_THREADPOOL_SIZE: "2" };
}

/** Of the package, its native part; a name that leads nowhere where it is not installed or built. */
function packageFile(): string {
  const file = "speaker/build/Release/binding.node";
  try {
    return createRequire(import.meta.url).resolve(file);
  } catch {
    return file;
  }
}

export interface NodeSpeakerOptions extends ChildSinkOptions {
  /** Writes after which the child is exchanged; RECYCLE_WRITES when not given. */
  readonly recycleWrites?: number;
}

export class NodeSpeaker extends PacedSpeaker {
  constructor(options: NodeSpeakerOptions) {
    const { clock, leadInMs = 0 } = options;
    super({ clock, device: withLeadIn(new NodeSink(options), clock, leadInMs) });
  }
}

class NodeSink extends ChildSink {
  readonly #options: NodeSpeakerOptions;
  #writes = 0;
  readonly #tally = new Tally();
  #failure = "";
  /** Of what the child says. */
  #reader: PipeReader | null = null;
  /** The end, or silence, is waited for: it is to be told at once. */
  #awaited: boolean = false;

  constructor(options: NodeSpeakerOptions) {
    super(options, "speaker");
    this.#options = options;
  }

  write(chunk: Int16Array): void {
    this.#writes += 1;
    const nowMs = monotonicMs();
    const tally = this.#tally;
    this.#send(soundMessage(chunk, tally.asks(nowMs) ? "asked" : "sound"));
    if (tally.isStarting) this.#reader?.nap(0);
    this.#tell(tally.wrote(samplesToMs(chunk.length), nowMs));
  }

  look(): void {
    if (this.#tally.isAsking) this.#reader?.look();
  }

  finish(): void {
    this.#ask("finish");
  }

  drop(): Promise<void> {
    const { clock } = this.#options;
    if (this.child?.process == null) return Promise.resolve();
    return new Promise((resolve) => {
      let cancel = clock.after(DROP_MS, () => {
        cancel = clock.after(KILL_WAIT_MS, () => this.dropped());
        this.child?.renew("SIGKILL");
      });
      this.dropped = () => {
        cancel();
        this.dropped = () => undefined;
        resolve();
      };
      this.#ask("drop");
    });
  }

  #ask(order: Order): void {
    this.#send(orderMessage(order));
    this.#awaited = true;
    this.#reader?.nap(0);
  }

  #send(message: Uint8Array): void {
    this.child?.process?.stdin?.write(message);
  }

  protected override launch(device: string): ChildProcess {
    const { clock, env = process.env } = this.#options;
    this.#writes = 0;
    this.#tally.reset();
    this.#failure = "";
    this.#awaited = false;
    this.awaitReady(READY_MS);
    const child = spawn(process.execPath, [...speakerChild(device)], {
      env: speakerChildEnv(env),
      stdio: ["pipe", "pipe", "pipe"],
      // Its own group: a Ctrl-C at the terminal is for us.
      detached: true,
    });
    // A broken pipe is told by the end of the process.
    child.stdin.on("error", () => undefined);
    const reports = new MessageReader();
    const reader = new PipeReader(child.stdout, clock, (bytes) => {
      for (const report of reports.push(Buffer.from(bytes).toString())) this.#heard(child, report);
    });
    reader.start();
    this.#reader = reader;
    child.once("exit", () => {
      reader.nap(0);
      this.dropped();
    });
    child.stderr.on("data", (text: unknown) => {
      if (WRONG_RATE.test(String(text))) child.kill("SIGKILL");
    });
    return child;
  }

  #heard(child: ChildProcess, report: Report): void {
    if (child !== this.child?.process) return;
    if (report.tag === "ready") this.#ready();
    else if (report.tag === "accepted") this.#accepted(report.atMs);
    else if (report.tag === "drained") this.sink?.drained();
    else if (report.tag === "dropped") this.dropped();
    else this.#failure = report.message;
  }

  #accepted(atMs: number): void {
    const taken = this.#tally.answered(atMs, monotonicMs());
    const mayWait = !this.#tally.isStarting && !this.#awaited;
    this.#reader?.nap(mayWait ? UNTIL_LOOKED : 0);
    this.#tell(taken);
  }

  #tell({ chunks, delayMs }: Taken): void {
    for (let n = 0; n < chunks; n++) this.sink?.accepted(delayMs);
  }

  #ready(): void {
    this.#awaited = false;
    this.#tally.reset();
    this.opened();
    const { clock, recycleWrites = RECYCLE_WRITES } = this.#options;
    if (this.#writes < recycleWrites) {
      this.sink?.ready();
      return;
    }
    this.cancelReady = clock.after(RECYCLE_WAIT_MS, () => this.child?.renew("SIGKILL"));
  }

  /** The package says more than it writes. */
  protected override lastWords({ stderr }: ChildEnd): string {
    return `${stderr}\n${this.#failure}`;
  }
}
