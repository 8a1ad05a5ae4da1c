/**
 * The binding to Porcupine 1.9, the keyless wake-word engine: a WebAssembly file and eleven keyword
 * files inside the npm package bumblebee-hotword-node, from 2020-21, Apache-2.0.
 *
 * Only the data of that package is used; none of its JavaScript runs. Its own loader fetches a file
 * path (fatal on Node 18 and later), takes over the process's uncaughtException and
 * unhandledRejection, and never copies the sensitivities. Here the module is instantiated directly
 * and the keywords are read as text. Invariant: every file's SHA-256 is known, so the one-letter
 * names and addresses below mean what they meant when they were read.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { WAKE_FRAME_SAMPLES, WAKE_RATE_HZ } from "../../core/audio/downsampler.ts";
import { type Fault, FaultError, fault, thrownText } from "../../core/fault.ts";
import type { WakeWord } from "../../core/wake/plan.ts";
import { wordKey } from "../../core/wake/sensitivity.ts";

const WASM_SHA256 = "84bc7d0209be6c73c15e7ebacf826afad5cff23b406541a8424703cbb159509e";

/** The eleven keywords there are, and the SHA-256 of the file of each (bumblebee-hotword-node 0.2.1). */
const KEYWORD_SHA256: ReadonlyMap<string, string> = new Map([
  ["alexa", "e699a3fb93f085aad7e121aa6e2fa05cdcaf06ebc9199e1f2eebd33113221a01"],
  ["bumblebee", "885a65bb98cbea82a06214a5b81ee79f86bb2f3d44def03942e310688a187edc"],
  ["computer", "56adbd27a2d1d7ecbc83fc06cdb2274d33afcd785e13280c199b16f23057c613"],
  ["grasshopper", "1160d3846ae9394eb3dcdc5c054f5c864b6d29fd8867b211493ba2614b1a4048"],
  ["hey_edison", "cb4d226caf3818bb1a016810c72dcb033aad09953af5129cd660665583264aa6"],
  ["hey_google", "81dcace10c323426fbd5c24cd9314b59e66853e75a2dee65cb35e3a78dad46bd"],
  ["hey_siri", "3d2266d8269ee299af9782f8a02c3165108754bddf6144286a4023522eed777e"],
  ["jarvis", "9f87e6a96f79d1f71bc67dcbd98e94ac060265897b4259f2976469beca36ae85"],
  ["ok_google", "d72d4c320f6023b5558c3616484f28474818cb3108a9e55cd8f60339bcb270c9"],
  ["porcupine", "9f42cb4f7928a6169d2f71025dfcd52f1381ed8195b94d87fbff260825a9b4d3"],
  ["terminator", "5d49168fff2a1d5aa76175b811053830a30d34c7fe561353fcad847690050606"],
]);

export const KEYLESS_KEYWORDS: readonly string[] = [...KEYWORD_SHA256.keys()];

/** Digital silence makes this engine deaf; noise of this many LSB either way cures it. */
const DITHER_LSB = 30;
/** Any number but 0: the dither is the same on every run. */
const DITHER_SEED = 0x9e3779b9;
/** Pages of 64 KiB that the module asks for; only those touched are really taken. */
const MEMORY_PAGES = 4096;
const TABLE_SIZE = 6;
/** Address of the word that holds the end of the heap, and its first value. */
const HEAP_END_ADDRESS = 995_616;
const HEAP_START = 6_238_656;
/** What the module's `process` returns for no keyword. */
const NONE = -1;

type WasmFunction = (...values: number[]) => number;

/** As much of WebAssembly's interface as is used: the types come with the browser's library only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { initial: number; maximum: number }) => { buffer: ArrayBuffer };
  readonly Table: new (shape: { initial: number; maximum: number; element: "anyfunc" }) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
};

/** The fault of the first keyword that this engine does not have, or null. */
export function keylessKeywordFault(keywords: readonly string[]): Fault | null {
  const unknown = keywords.find((keyword) => !KEYWORD_SHA256.has(wordKey(keyword)));
  if (unknown === undefined && keywords.length > 0) return null;
  return fault(
    "config",
    "exit",
    unknown === undefined
      ? "No wake word is set"
      : `The keyless wake-word engine does not know '${unknown}'`,
    `It knows: ${KEYLESS_KEYWORDS.join(", ")}`,
  );
}

/** Reads a file of the package, and refuses one that is not the one this binding was made for. */
function readVerified(path: string, sha256: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (thrown) {
    const message = `The keyless wake-word engine is incomplete: ${thrownText(thrown)}`;
    throw new FaultError(fault("wake-word-failed", "report", message, REINSTALL), {
      cause: thrown,
    });
  }
  if (createHash("sha256").update(bytes).digest("hex") === sha256) return bytes;
  const message = `${path} is not the file that the keyless wake-word engine was made for`;
  throw new FaultError(fault("wake-word-failed", "report", message, REINSTALL));
}

const REINSTALL = "Reinstall the packages: npm ci";

function packageDirectory(): string {
  try {
    const manifest = createRequire(import.meta.url).resolve("bumblebee-hotword-node/package.json");
    return join(dirname(manifest), "lib", "porcupine-v1.9");
  } catch (thrown) {
    const message = "The package bumblebee-hotword-node is not installed";
    throw new FaultError(fault("wake-word-failed", "report", message, REINSTALL), {
      cause: thrown,
    });
  }
}

/** The bytes listed in a keyword file, which is a JavaScript array of two-digit hex numbers. */
function keywordBytes(text: string): Uint8Array {
  const numbers = text.match(/\b0x[0-9a-f]{2}\b/g) ?? [];
  return Uint8Array.from(numbers, (number) => Number(number));
}

/** The engine with its keywords. All of it lives in the module's memory; there is no release. */
export class PorcupineWasm {
  readonly #keywords: readonly string[];
  readonly #memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES });
  readonly #exports: Readonly<Record<string, unknown>>;
  readonly #process: WasmFunction;
  readonly #handle: number;
  readonly #pcm: Int16Array;
  readonly #pcmAddress: number;
  #dither = DITHER_SEED;

  /**
   * Loads the engine; takes some 30 ms. Throws a FaultError when a keyword is unknown or a file is
   * missing or altered. `directory`: where the files are.
   */
  constructor(words: readonly WakeWord[], directory = packageDirectory()) {
    const keywords = words.map(({ keyword }) => keyword);
    const unknown = keylessKeywordFault(keywords);
    if (unknown !== null) throw new FaultError(unknown);
    this.#keywords = keywords;
    const wasm = readVerified(join(directory, "pv_porcupine.wasm"), WASM_SHA256);
    this.#exports = this.#instantiate(wasm);
    this.#checkFormat();
    this.#process = this.#function("j");
    this.#handle = this.#open(
      keywords.map((keyword) => readKeyword(directory, keyword)),
      words.map(({ sensitivity }) => sensitivity),
    );
    this.#pcmAddress = this.#put(new Uint8Array(2 * WAKE_FRAME_SAMPLES));
    this.#pcm = new Int16Array(this.#memory.buffer, this.#pcmAddress, WAKE_FRAME_SAMPLES);
  }

  /** The keyword, as it was given, that ends in this frame of 512 samples at 16 kHz, or null. */
  process(frame: Int16Array): string | null {
    if (frame.length !== WAKE_FRAME_SAMPLES) {
      throw new RangeError(`a wake-word frame has ${WAKE_FRAME_SAMPLES} samples`);
    }
    for (let i = 0; i < WAKE_FRAME_SAMPLES; i++) {
      const sample = (frame[i] ?? 0) + this.#noise();
      this.#pcm[i] = Math.max(-32_768, Math.min(32_767, sample));
    }
    const index = this.#process(this.#handle, this.#pcmAddress);
    if (index === NONE) return null;
    const keyword = this.#keywords[index];
    if (keyword !== undefined) return keyword;
    const message = `The keyless wake-word engine failed on a frame (${index})`;
    throw new FaultError(fault("wake-word-failed", "retry", message));
  }

  /** Uniform within ±DITHER_LSB, from a xorshift generator. */
  #noise(): number {
    let x = this.#dither;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#dither = x;
    return ((x >>> 0) % (2 * DITHER_LSB + 1)) - DITHER_LSB;
  }

  #instantiate(wasm: Uint8Array): Readonly<Record<string, unknown>> {
    const { buffer } = this.#memory;
    const env = {
      a: (to: number, from: number, count: number): void => {
        new Uint8Array(buffer).copyWithin(to, from, from + count);
      },
      b: () => {
        throw new Error("the keyless wake-word engine ran out of memory");
      },
      c: (_fd: number, list: number, count: number, written: number) =>
        swallow(new Uint32Array(buffer), list, count, written),
      d: (address: number) => timeCall(new Int32Array(buffer), address),
      memory: this.#memory,
      table: new WebAssembly.Table({
        initial: TABLE_SIZE,
        maximum: TABLE_SIZE,
        element: "anyfunc",
      }),
    };
    new Int32Array(buffer)[HEAP_END_ADDRESS >> 2] = HEAP_START;
    const module = new WebAssembly.Module(wasm);
    return new WebAssembly.Instance(module, { env, wasi_snapshot_preview1: env }).exports;
  }

  #function(name: string): WasmFunction {
    const found = this.#exports[name];
    if (typeof found !== "function") throw new Error(`the module exports no function ${name}`);
    return (...values) => Number(Reflect.apply(found, undefined, values));
  }

  #checkFormat(): void {
    this.#function("e")(); // Its constructors, once, before anything else.
    const frameSamples = this.#function("l")();
    const rateHz = this.#function("m")();
    if (frameSamples === WAKE_FRAME_SAMPLES && rateHz === WAKE_RATE_HZ) return;
    const message = `The keyless wake-word engine needs ${frameSamples} samples at ${rateHz} Hz`;
    throw new FaultError(fault("wake-word-failed", "report", message, REINSTALL));
  }

  /** Copies bytes into the module's heap; returns their address. */
  #put(bytes: Uint8Array): number {
    const address = this.#function("f")(bytes.length);
    if (address === 0) throw new Error("the keyless wake-word engine is out of memory");
    new Uint8Array(this.#memory.buffer, address, bytes.length).set(bytes);
    return address;
  }

  #open(keywords: readonly Uint8Array[], sensitivity: readonly number[]): number {
    const sizes = Int32Array.from(keywords, (bytes) => bytes.length);
    const addresses = Uint32Array.from(keywords, (bytes) => this.#put(bytes));
    const sensitivities = Float32Array.from(sensitivity);
    const handle = this.#function("h")(
      keywords.length,
      this.#put(new Uint8Array(sizes.buffer)),
      this.#put(new Uint8Array(addresses.buffer)),
      this.#put(new Uint8Array(sensitivities.buffer)),
    );
    if (handle !== 0) return handle;
    const message = `The keyless wake-word engine refused its set-up (sensitivity ${sensitivity.join(", ")})`;
    throw new FaultError(fault("wake-word-failed", "report", message));
  }
}

function readKeyword(directory: string, keyword: string): Uint8Array {
  const name = wordKey(keyword);
  const path = join(directory, "hotwords", `${name}.js`);
  return keywordBytes(readVerified(path, KEYWORD_SHA256.get(name) ?? "").toString("latin1"));
}

/** The module's fd_write: takes all, prints nothing. */
function swallow(words: Uint32Array, list: number, count: number, written: number): number {
  let bytes = 0;
  for (let i = 0; i < count; i++) bytes += words[(list >> 2) + 2 * i + 1] ?? 0;
  words[written >> 2] = bytes;
  return 0;
}

/** The module's time: seconds since 1970, also stored when an address is given. */
function timeCall(words: Int32Array, address: number): number {
  const seconds = Math.trunc(Date.now() / 1000);
  if (address !== 0) words[address >> 2] = seconds;
  return seconds;
}
