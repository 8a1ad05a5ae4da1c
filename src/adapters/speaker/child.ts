/**
 * The program of the speaker's child process: it alone loads the native part of the package
 * `speaker`, which can abort its process. Usage: child.cjs PACKAGE CONF DEVICE; messages.ts says what
 * goes over stdin and stdout. PACKAGE is the file of that part, CONF what ALSA sees while it loads.
 *
 * Invariant: one write in flight; the device is closed only when none is (the package aborts
 * otherwise). It ends when stdin does, so it never outlives the daemon.
 *
 * It is a second Node, so it loads nothing that it can do without: no streams, no sockets, no
 * addresses, no ES modules, and of the package not the JavaScript, which is a stream. 42 MB resident
 * instead of 49, of which the bare Node is 41.
 */

import { read, readSync, writeSync } from "node:fs";
import {
  FRAME_SAMPLES,
  msToSamples,
  SAMPLE_BYTES,
  SAMPLE_RATE_HZ,
  samplesToMs,
} from "../../core/audio/pcm.ts";
import { thrownText } from "../../core/fault.ts";
import { monotonicMs } from "../os/monotonic.ts";
import { keepInspectorShut } from "../os/quiet-inspector.ts";
import {
  MESSAGES_MAX_BYTES,
  PROBE_ARGUMENT,
  type Receiver,
  type Report,
  readMessages,
  reportLine,
} from "./messages.ts";

/** The native part of speaker 0.5.5, as its own JavaScript uses it. */
interface Binding {
  readonly MPG123_ENC_SIGNED_16: number;
  /** Whole numbers: anything else aborts the process. Throws where the device cannot be opened. */
  open(channels: number, rateHz: number, format: number, device: string): object;
  /** Gives the number of bytes taken. The bytes must outlive it: it keeps only their address. */
  write(handle: object, bytes: Uint8Array): Promise<number>;
  /** Drops what the device holds, at once. */
  flush(handle: object): void;
  close(handle: object): void;
}

/**
 * Silence behind the end of an utterance: a device that is later than our estimate, as a sound
 * server is, then loses silence and not the last syllable.
 */
const TAIL_FRAMES = 3;
/** The daemon hands over at most about two seconds; more is a bug in it. */
const QUEUE_MAX_CHUNKS = 256;
/** More than the daemon hands over at once: the package cuts what is longer. */
const WRITE_MAX_SAMPLES = msToSamples(200);
/** What the daemon usually hands over at once: 100 ms. */
const MEMORY_BYTES = msToSamples(100) * SAMPLE_BYTES;
/** More never waits: the daemon is 300 ms ahead. */
const FREE_MAX = 8;
/** A write that took so long had to wait for room in the device: from then on it gets less at once. */
const BLOCKED_MS = 10;
/** After so many writes that were waited for, the device is known to have room for what we are ahead. */
const KNOWN_WRITES = 8;
const SHORT_BYTES = FRAME_SAMPLES * SAMPLE_BYTES;
/** So often what a write leaves behind is collected; V8 by itself would let it grow to 1 MB. */
const COLLECT_CHUNKS = 32;
const STDIN = 0;
const STDOUT = 1;
const EXIT_NO_PACKAGE = 4;
/** A write that takes so long, or twice as long, hangs; only then does the end of stdin have to be looked for. */
const HANG_MS = 1_000;
/** Where stdin would have to be waited for, which a pipe of Node's never says, it is read again so soon. */
const AGAIN_MS = 10;

/** Loads the package while ALSA sees only a device that is always there; see probe.conf. */
function loadPackage(path: string, conf: string): Binding {
  const real = process.env["ALSA_CONFIG_PATH"];
  process.env["ALSA_CONFIG_PATH"] = conf;
  try {
    const loaded: { exports: unknown } = { exports: {} };
    process.dlopen(loaded, path);
    if (!isBinding(loaded.exports)) throw new Error(`${path} is not that of speaker 0.5.5`);
    return loaded.exports;
  } finally {
    // ALSA notices the change and reads the real configuration at the next open.
    if (real === undefined) delete process.env["ALSA_CONFIG_PATH"];
    else process.env["ALSA_CONFIG_PATH"] = real;
  }
}

function isBinding(value: unknown): value is Binding {
  if (typeof value !== "object" || value === null) return false;
  const ways = ["open", "write", "flush", "close"].map((name) => Reflect.get(value, name));
  const isWhole = Number.isInteger(Reflect.get(value, "MPG123_ENC_SIGNED_16"));
  return isWhole && ways.every((way) => typeof way === "function");
}

function report(message: Report): void {
  writeSync(STDOUT, reportLine(message));
}

/** Not by exit(), which waits for the thread that may read stdin, and for a device that hangs. */
function end(): void {
  process.kill(process.pid, "SIGKILL");
}

function fail(message: string): void {
  report({ tag: "failed", message });
  end();
}

/** Sound that waits: a part of a memory that is used again. */
interface Chunk {
  readonly memory: Uint8Array;
  /** The daemon waits to hear when it sounds. */
  readonly isAsked: boolean;
  from: number;
  readonly to: number;
}

/**
 * Memory for sound. What is thrown away ten times a second would be collected seldom, and be 2 MB
 * until then.
 */
class Memory {
  readonly #free: Uint8Array[] = [];

  keep(sound: Uint8Array, isAsked: boolean): Chunk {
    const free = sound.length <= MEMORY_BYTES ? this.#free.pop() : undefined;
    const memory = free ?? new Uint8Array(Math.max(MEMORY_BYTES, sound.length));
    memory.set(sound);
    return { memory, isAsked, from: 0, to: sound.length };
  }

  release({ memory }: Chunk): void {
    if (memory.length === MEMORY_BYTES && this.#free.length < FREE_MAX) this.#free.push(memory);
  }
}

/**
 * `rests`: there is nothing to do until the next message comes. `writes`: for a moment. `waits`: for room
 * in the device, or for the end of what it plays.
 */
type Doing = "rests" | "writes" | "waits";

class Player implements Receiver {
  readonly #binding: Binding;
  readonly #device: string;
  /** Is told of the end of each write. */
  readonly #written: () => void;
  /** Of the open device. */
  #handle: object | null = null;
  readonly #memory = new Memory();
  readonly #queue: Chunk[] = [];
  /** What is given to the device at once. */
  #writeBytes = WRITE_MAX_SAMPLES * SAMPLE_BYTES;
  /** When the chunk that is being given to the device begins to sound. */
  #startMs: number | null = null;
  #sinceCollected = 0;
  #writes = 0;
  #writing: boolean = false;
  /** Nobody waits for the end of that write: it is seen with the next message. */
  #isLeft: boolean = false;
  #finishing: boolean = false;
  #dropping: boolean = false;
  /** When the device will have played all it was given. */
  #endMs = 0;
  /** Until the device has played all. */
  #drain: NodeJS.Timeout | null = null;

  constructor(binding: Binding, device: string, written: () => void) {
    this.#binding = binding;
    this.#device = device;
    this.#written = written;
  }

  get doing(): Doing {
    if (!this.#writing) return this.#drain === null ? "rests" : "waits";
    if (this.#writeBytes === SHORT_BYTES) return "waits";
    const behind = this.#queue.length - 1;
    if (!this.#isLeft) return behind > 0 ? "waits" : "writes";
    if (behind > 1) return "waits";
    return behind === 1 || this.#finishing || this.#dropping ? "writes" : "rests";
  }

  /** So many have begun. */
  get writes(): number {
    return this.#writes;
  }

  /** With an empty write, after which the device is set up; sound then starts without that delay. */
  open(): void {
    const { open, MPG123_ENC_SIGNED_16 } = this.#binding;
    try {
      this.#handle = open(1, SAMPLE_RATE_HZ, MPG123_ENC_SIGNED_16, this.#device);
    } catch (error) {
      fail(thrownText(error));
      return;
    }
    this.#endMs = 0;
    this.#write(this.#handle, new Uint8Array(0), () => report({ tag: "ready" }));
  }

  /** The sound is copied. */
  play(sound: Uint8Array, isAsked: boolean): void {
    if (this.#queue.length >= QUEUE_MAX_CHUNKS) {
      fail("too many chunks at once");
      return;
    }
    this.#queue.push(this.#memory.keep(sound, isAsked));
    this.#pump();
  }

  finish(): void {
    this.#finishing = true;
    this.#pump();
  }

  drop(): void {
    if (this.#drain !== null) clearTimeout(this.#drain);
    this.#drain = null;
    this.#queue.length = 0;
    this.#finishing = false;
    this.#dropping = true;
    this.#pump();
  }

  #write(handle: object, bytes: Uint8Array, then: () => void): void {
    this.#writing = true;
    this.#writes += 1;
    const taken = (count: number): void => {
      if (count !== bytes.length) {
        fail("write() failed");
        return;
      }
      this.#writing = false;
      then();
      this.#pump();
      this.#written();
    };
    this.#binding.write(handle, bytes).then(taken, (error: unknown) => fail(thrownText(error)));
  }

  /** Takes one step when no write is in flight; every write ends in another call. */
  #pump(): void {
    const handle = this.#handle;
    if (this.#writing || handle === null) return;
    if (this.#dropping) {
      this.#reopen(handle);
      return;
    }
    const chunk = this.#queue[0];
    if (chunk !== undefined) {
      this.#give(handle, chunk);
      return;
    }
    if (this.#finishing) this.#playOut(handle);
  }

  /** Gives a chunk, or its beginning, to the device. */
  #give(handle: object, chunk: Chunk): void {
    const end = Math.min(chunk.to, chunk.from + this.#writeBytes);
    const bytes = chunk.memory.subarray(chunk.from, end);
    const beganMs = monotonicMs();
    const isLeft = !chunk.isAsked && end === chunk.to && this.#writes >= KNOWN_WRITES;
    this.#isLeft = isLeft;
    this.#write(handle, bytes, () => {
      this.#isLeft = false;
      const nowMs = isLeft ? beganMs : monotonicMs();
      if (nowMs - beganMs > BLOCKED_MS) this.#writeBytes = SHORT_BYTES;
      const atMs = this.#took(bytes, nowMs);
      this.#startMs ??= atMs;
      chunk.from = end;
      if (end < chunk.to) return;
      // Dropped meanwhile, it is not in the queue any more.
      if (this.#queue[0] === chunk) this.#queue.shift();
      this.#memory.release(chunk);
      if (chunk.isAsked) report({ tag: "accepted", atMs: this.#startMs });
      this.#startMs = null;
      this.#tidy();
    });
  }

  /** Counts a chunk; now and then, what those before it have left behind is collected. */
  #tidy(): void {
    this.#sinceCollected += 1;
    if (this.#sinceCollected < COLLECT_CHUNKS) return;
    this.#sinceCollected = 0;
    globalThis.gc?.({ type: "minor" });
  }

  /** Counts bytes as given to the device; returns when they begin to sound. */
  #took(bytes: Uint8Array, nowMs: number): number {
    const startMs = Math.max(nowMs, this.#endMs);
    this.#endMs = startMs + samplesToMs(bytes.length / SAMPLE_BYTES);
    return startMs;
  }

  #playOut(handle: object): void {
    this.#finishing = false;
    const waitMs = Math.max(0, this.#endMs - monotonicMs());
    this.#drain = setTimeout(() => {
      this.#drain = null;
      report({ tag: "drained" });
      report({ tag: "ready" });
    }, waitMs);
    const tail = new Uint8Array(TAIL_FRAMES * FRAME_SAMPLES * SAMPLE_BYTES);
    this.#write(handle, tail, () => this.#took(tail, monotonicMs()));
  }

  #reopen(handle: object): void {
    this.#dropping = false;
    try {
      this.#binding.flush(handle);
      this.#binding.close(handle);
    } catch (error) {
      fail(thrownText(error));
      return;
    }
    this.#startMs = null;
    report({ tag: "dropped" });
    this.open();
  }
}

/**
 * Hands over what comes in by stdin; ends the process when that has ended. While the player rests, the
 * whole process waits for the next message: a thread that waits instead costs two more wake-ups for
 * each. While it waits for something else, a thread does. The end of a write of which nobody is to be
 * told is seen with the next message, which saves a third wake-up.
 */
class Orders {
  readonly #bytes = Buffer.alloc(MESSAGES_MAX_BYTES);
  #kept = 0;
  readonly #player: Player;
  /** A thread waits, or will. */
  #isBeside: boolean = false;
  /** Writes, when it was last looked whether one hangs. */
  #writes = 0;

  constructor(player: Player) {
    this.#player = player;
  }

  /** To be called whenever what the player does may have changed. */
  goOn(): void {
    while (!this.#isBeside && this.#player.doing === "rests") this.#read();
    if (!this.#isBeside && this.#player.doing === "waits") this.#readBeside();
  }

  /** The daemon may be gone, with a write that never ends. Costs nothing while the process waits. */
  watch(): void {
    setInterval(() => {
      const { doing, writes } = this.#player;
      const hangs = doing === "writes" && writes === this.#writes;
      if (hangs && !this.#isBeside) this.#readBeside();
      this.#writes = writes;
    }, HANG_MS);
  }

  #read(): void {
    const bytes = this.#bytes;
    let count: number;
    try {
      count = readSync(STDIN, bytes, this.#kept, bytes.length - this.#kept, null);
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#hand(count);
  }

  #readBeside(): void {
    const bytes = this.#bytes;
    this.#isBeside = true;
    read(STDIN, bytes, this.#kept, bytes.length - this.#kept, null, (error, count) => {
      this.#isBeside = false;
      if (error === null) this.#hand(count);
      else this.#failed(error);
      this.goOn();
    });
  }

  /** Where stdin says that nothing is there yet, later. */
  #failed(error: unknown): void {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code !== "EAGAIN") end();
    this.#isBeside = true;
    setTimeout(() => {
      this.#isBeside = false;
      this.goOn();
    }, AGAIN_MS);
  }

  #hand(count: number): void {
    if (count === 0) end();
    const length = this.#kept + count;
    const done = readMessages(this.#bytes.subarray(0, length), this.#player);
    if (done < length) this.#bytes.copyWithin(0, done, length);
    this.#kept = length - done;
  }
}

function serve(binding: Binding, device: string): void {
  const player: Player = new Player(binding, device, () => orders.goOn());
  keepInspectorShut();
  // What Node would do then, exit(), does not end us; see `end`.
  process.on("uncaughtException", (error) => fail(thrownText(error)));
  const orders = new Orders(player);
  orders.watch();
  player.open();
}

function main(): void {
  const [path = "", conf = "", device = "default"] = process.argv.slice(2);
  let binding: Binding;
  try {
    binding = loadPackage(path, conf);
  } catch (error) {
    process.stderr.write(`${thrownText(error)}\n`);
    process.exit(EXIT_NO_PACKAGE);
  }
  if (device === PROBE_ARGUMENT) process.exit(0);
  serve(binding, device);
}

main();
