/**
 * A microphone that ALSA's library opens in this process, called through koffi. What may wait (opening,
 * closing: a sound server may be asked) runs on a thread of koffi's; reading never waits.
 */

import { constants } from "node:os";
import { thrownText } from "../../core/fault.ts";
import { type CFunction, type Koffi, loadKoffi } from "../os/koffi.ts";

/** An open device: 24 kHz, s16le, channels interleaved. */
export interface CaptureDevice {
  /** What has come since, as far as there is room; how many samples (of all channels) it is. Throws. */
  read(into: Int16Array): number;
  /** Never rejects. */
  close(): Promise<void>;
}

export interface CaptureShape {
  readonly channels: number;
  readonly rateHz: number;
  readonly periodMs: number;
  readonly bufferMs: number;
}

export interface CaptureLibrary {
  /** Rejects with an Error whose text is what arecord would say. */
  open(device: string, shape: CaptureShape): Promise<CaptureDevice>;
}

const LIBRARY = "libasound.so.2";
/** Of <alsa/pcm.h>. */
const CAPTURE = 1;
const NONBLOCK = 1;
const S16_LE = 2;
const INTERLEAVED = 3;

/** Each as C has it, with the names that ALSA gives them. */
const FUNCTIONS = {
  open: "int snd_pcm_open(_Out_ void **pcm, const char *name, int stream, int mode)",
  close: "int snd_pcm_close(void *pcm)",
  drop: "int snd_pcm_drop(void *pcm)",
  prepare: "int snd_pcm_prepare(void *pcm)",
  start: "int snd_pcm_start(void *pcm)",
  read: "long snd_pcm_readi(void *pcm, void *into, unsigned long frames)",
  paramsNew: "int snd_pcm_hw_params_malloc(_Out_ void **params)",
  paramsFree: "void snd_pcm_hw_params_free(void *params)",
  paramsAny: "int snd_pcm_hw_params_any(void *pcm, void *params)",
  setAccess: "int snd_pcm_hw_params_set_access(void *pcm, void *params, int access)",
  setFormat: "int snd_pcm_hw_params_set_format(void *pcm, void *params, int format)",
  setChannels: "int snd_pcm_hw_params_set_channels(void *pcm, void *params, unsigned int count)",
  setRate: "int snd_pcm_hw_params_set_rate(void *pcm, void *params, unsigned int hz, int dir)",
  setBuffer:
    "int snd_pcm_hw_params_set_buffer_time_near(void *pcm, void *params, _Inout_ unsigned int *us, _Inout_ int *dir)",
  setPeriod:
    "int snd_pcm_hw_params_set_period_time_near(void *pcm, void *params, _Inout_ unsigned int *us, _Inout_ int *dir)",
  install: "int snd_pcm_hw_params(void *pcm, void *params)",
  text: "const char *snd_strerror(int code)",
  onError: "int snd_lib_error_set_handler(void *handler)",
} as const;

type Functions = Readonly<Record<keyof typeof FUNCTIONS, CFunction>>;

/** Null where koffi or the library is not installed, or does not fit this machine. */
export function loadCapture(koffi: Koffi | null = loadKoffi()): CaptureLibrary | null {
  if (koffi === null) return null;
  try {
    const library = koffi.load(LIBRARY);
    const entries = Object.entries(FUNCTIONS).map(([name, as]) => [name, library.func(as)]);
    const functions: Functions = Object.fromEntries(entries);
    // ALSA writes its complaints to our stderr, each at each attempt. This one takes no notice of them.
    functions.onError(koffi.load(null).symbol("getppid"));
    return { open: (device, shape) => open(functions, device, shape) };
  } catch {
    return null;
  }
}

async function open(
  functions: Functions,
  device: string,
  shape: CaptureShape,
): Promise<CaptureDevice> {
  const out: unknown[] = [null];
  await done(functions, "audio open error", functions.open, out, device, CAPTURE, NONBLOCK);
  const pcm = out[0];
  try {
    await setUp(functions, pcm, shape);
  } catch (thrown) {
    await quietly(functions.close, pcm);
    throw thrown;
  }
  return new Capture(functions, pcm, shape.channels);
}

async function setUp(functions: Functions, pcm: unknown, shape: CaptureShape): Promise<void> {
  const out: unknown[] = [null];
  await done(functions, "audio open error", functions.paramsNew, out);
  const params = out[0];
  const us = (ms: number): [number] => [ms * 1000];
  const said = "Channels count, format or rate not available";
  try {
    await done(functions, "cannot set", functions.paramsAny, pcm, params);
    await done(functions, said, functions.setAccess, pcm, params, INTERLEAVED);
    await done(functions, said, functions.setFormat, pcm, params, S16_LE);
    await done(functions, said, functions.setChannels, pcm, params, shape.channels);
    const rate = `rate ${shape.rateHz} not available`;
    await done(functions, rate, functions.setRate, pcm, params, shape.rateHz, 0);
    await done(functions, said, functions.setBuffer, pcm, params, us(shape.bufferMs), [0]);
    await done(functions, said, functions.setPeriod, pcm, params, us(shape.periodMs), [0]);
    await done(functions, "cannot set", functions.install, pcm, params);
  } finally {
    functions.paramsFree(params);
  }
  await done(functions, "audio open error", functions.start, pcm);
}

/** Calls on another thread. Rejects with `what` and ALSA's own words for the number. */
async function done(
  { text }: Functions,
  what: string,
  call: CFunction,
  ...values: unknown[]
): Promise<void> {
  const code = await elsewhere(call, values);
  if (code < 0) throw new Error(`${what}: ${String(text(code))}`);
}

function elsewhere(call: CFunction, values: readonly unknown[]): Promise<number> {
  return new Promise((resolve, reject) => {
    call.async(...values, (error: unknown, result: unknown) => {
      if (error === null || error === undefined) resolve(Number(result));
      else reject(new Error(thrownText(error)));
    });
  });
}

async function quietly(call: CFunction, pcm: unknown): Promise<void> {
  await elsewhere(call, [pcm]).catch(() => undefined);
}

class Capture implements CaptureDevice {
  readonly #functions: Functions;
  readonly #pcm: unknown;
  readonly #channels: number;

  constructor(functions: Functions, pcm: unknown, channels: number) {
    this.#functions = functions;
    this.#pcm = pcm;
    this.#channels = channels;
  }

  read(into: Int16Array): number {
    const { read, text } = this.#functions;
    const frames = Math.floor(into.length / this.#channels);
    const count = Number(read(this.#pcm, into, frames));
    if (count >= 0) return count * this.#channels;
    if (count === -constants.errno.EAGAIN) return 0;
    if (count === -constants.errno.EPIPE && this.#restart()) return 0;
    throw new Error(`read error: ${String(text(count))}`);
  }

  async close(): Promise<void> {
    await quietly(this.#functions.drop, this.#pcm);
    await quietly(this.#functions.close, this.#pcm);
  }

  /** After an overrun: what comes next is heard. */
  #restart(): boolean {
    const { prepare, start } = this.#functions;
    return Number(prepare(this.#pcm)) >= 0 && Number(start(this.#pcm)) >= 0;
  }
}
