/**
 * What a sound device takes: from the USB driver's own list (/proc/asound/card*\/stream*), or from
 * what arecord and aplay print with --dump-hw-params.
 *
 * Invariant: any text gives a result; what is not understood is left out.
 */

import type { Role } from "./cards.ts";

export interface Formats {
  /** Ascending; of a range, its ends. */
  readonly ratesHz: readonly number[];
  /** True: every rate between the first and the last. */
  readonly anyRate: boolean;
  /** Ascending; of a range, its ends. */
  readonly channels: readonly number[];
  readonly anyChannels: boolean;
  /** ALSA's names: S16_LE … */
  readonly formats: readonly string[];
}

/** Texts of this length and more are cut: the real ones have some kilobytes. */
const TEXT_MAX_CHARS = 65_536;

/** One direction of a USB device; null when it has none. */
export function parseStream(text: string, role: Role): Formats | null {
  const found = new Gatherer();
  let inRole = false;
  for (const line of text.slice(0, TEXT_MAX_CHARS).split("\n")) {
    const section = /^(Playback|Capture):/.exec(line)?.[1]?.toLowerCase();
    if (section !== undefined) inRole = section === role;
    const [, key, value = ""] = /^\s+(Format|Channels|Rates): (.*)$/.exec(line) ?? [];
    if (inRole && key !== undefined) found.take(key, value);
  }
  return found.result();
}

/** Some drivers say `CHANNELS: 2`, some `CHANNELS: [1 2]`, some `RATE: [8000 192000]`. */
const KEYS: Readonly<Record<string, string>> = {
  FORMAT: "Format",
  CHANNELS: "Channels",
  RATE: "Rates",
};

/** What --dump-hw-params printed; null when there is nothing of it. */
export function parseHwParams(text: string): Formats | null {
  const found = new Gatherer();
  for (const line of text.slice(0, TEXT_MAX_CHARS).split("\n")) {
    const [, key = "", value = ""] = /^(FORMAT|CHANNELS|RATE):\s+(.*)$/.exec(line) ?? [];
    const name = KEYS[key];
    if (name === undefined) continue;
    const [, from, to] = /^[[(](\d+) (\d+)[\])]$/.exec(value) ?? [];
    found.take(name, from === undefined ? value : `${from} - ${to} (continuous)`);
  }
  return found.result();
}

class Gatherer {
  readonly #rates = new Set<number>();
  readonly #channels = new Set<number>();
  readonly #formats = new Set<string>();
  #anyRate: boolean = false;
  #anyChannels: boolean = false;

  take(key: string, value: string): void {
    const numbers = (value.match(/\d+/g) ?? []).map(Number);
    if (key === "Format") {
      for (const name of value.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? []) this.#formats.add(name);
    } else if (key === "Channels") {
      for (const number of numbers) this.#channels.add(number);
      if (value.includes("continuous")) this.#anyChannels = true;
    } else {
      for (const number of numbers) this.#rates.add(number);
      if (value.includes("continuous")) this.#anyRate = true;
    }
  }

  result(): Formats | null {
    if (this.#formats.size === 0 && this.#rates.size === 0) return null;
    return {
      ratesHz: [...this.#rates].sort((a, b) => a - b),
      anyRate: this.#anyRate,
      channels: [...this.#channels].sort((a, b) => a - b),
      anyChannels: this.#anyChannels,
      formats: [...this.#formats],
    };
  }
}

/** So many formats are named; sound cards of the kernel's own making have dozens. */
const NAMED_MAX = 4;

/** `44100, 48000 Hz; 1 channel; S16_LE`. */
export function formatsText(found: Formats): string {
  const { ratesHz, anyRate, channels, anyChannels, formats } = found;
  const plural = channels.length === 1 && channels[0] === 1 ? "" : "s";
  const more = formats.length - NAMED_MAX;
  const rest = more > 0 ? ` and ${more} more` : "";
  const names = formats.slice(0, NAMED_MAX).join(", ") + rest;
  return `${list(ratesHz, anyRate)} Hz; ${list(channels, anyChannels)} channel${plural}; ${names}`;
}

function list(numbers: readonly number[], isRange: boolean): string {
  return isRange ? `${numbers[0]} to ${numbers.at(-1)}` : numbers.join(", ");
}

/** Process that holds a substream, from its `status` file; null when it is closed. */
export function parseOwner(status: string): number | null {
  if (!status.startsWith("state:")) return null;
  const pid = /^owner_pid\s*:\s*(\d+)/m.exec(status)?.[1];
  return pid === undefined ? 0 : Number(pid);
}

/**
 * What ALSA's `default` is, from the list that `arecord -L` or `aplay -L` prints: the name of a
 * sound server, or null where it is the hardware itself.
 */
export function soundServerOf(list: string): "PulseAudio" | "PipeWire" | null {
  const lines = list.split("\n");
  const at = lines.indexOf("default");
  const about = at < 0 ? "" : lines.slice(at + 1, at + 3).join(" ");
  if (/pipewire/i.test(about)) return "PipeWire";
  return /pulse/i.test(about) ? "PulseAudio" : null;
}
