/**
 * Pins through the GPIO character device: pulls, debouncing and first values are the kernel's.
 *
 * Invariant: the chip is found by its label, never by its number; a line is held through its own
 * descriptor, so that the kernel takes it back however the process ends.
 */

import type { Clock } from "../../ports.ts";
import { errorCode } from "../os/files.ts";
import {
  type Bank,
  type InputLine,
  type InputOptions,
  isHeader,
  type OutputLine,
  type OutputOptions,
  pinFault,
} from "./bank.ts";
import type { GpioKernel } from "./kernel.ts";
import {
  CHIPINFO_BYTES,
  chipInfo,
  consumerOf,
  EVENT_BYTES,
  GET_CHIPINFO,
  GET_LINE,
  GET_LINEINFO,
  inputRequest,
  lineDescriptor,
  lineEvents,
  lineInfoRequest,
  lineValue,
  outputRequest,
  SET_VALUES,
} from "./structs.ts";

/** Events taken in one go; the kernel keeps 16 for a line. */
const EVENTS_MAX = 16;
/** An event is not older than this, whatever the clocks say. */
const EVENT_AGE_MAX_MS = 5_000;

/** Where the header's chip is, or why not: "" where there is none, else the error's name. */
export type FoundChip =
  | { readonly found: true; readonly path: string }
  | { readonly found: false; readonly code: string };

export function findChip(kernel: GpioKernel): FoundChip {
  let code = "";
  for (const path of kernel.chips()) {
    try {
      const descriptor = kernel.open(path);
      const bytes = Buffer.alloc(CHIPINFO_BYTES);
      const trouble = kernel.ioctl(descriptor, GET_CHIPINFO, bytes);
      kernel.close(descriptor);
      const { label, lines } = chipInfo(bytes);
      if (trouble === "" && isHeader(label, lines)) return { found: true, path };
    } catch (error) {
      code = errorCode(error);
      if (code === "") throw error;
    }
  }
  return { found: false, code };
}

export class ChipBank implements Bank {
  readonly name = "gpiochip";
  readonly #kernel: GpioKernel;
  readonly #path: string;
  readonly #clock: Clock;

  constructor(kernel: GpioKernel, path: string, clock: Clock) {
    this.#kernel = kernel;
    this.#path = path;
    this.#clock = clock;
  }

  async output({ pin, activeLow }: OutputOptions): Promise<OutputLine> {
    const kernel = this.#kernel;
    const line = this.#line(pin, outputRequest(pin, activeLow));
    let isHeld = true;
    const write = (level: number): void => {
      if (isHeld) kernel.ioctl(line, SET_VALUES, lineValue(level >= 0.5));
    };
    const release = (): void => {
      write(0);
      if (isHeld) kernel.close(line);
      isHeld = false;
    };
    return { dimmable: false, write, release };
  }

  async input({ pin, pull, debounceMs, edge }: InputOptions): Promise<InputLine> {
    const kernel = this.#kernel;
    const line = this.#line(pin, inputRequest(pin, pull, debounceMs));
    const bytes = Buffer.alloc(EVENT_BYTES * EVENTS_MAX);
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      stop();
      kernel.close(line);
    };
    const stop = kernel.watch(line, () => {
      const count = this.#read(line, bytes);
      if (count === null) release(); // The chip is gone: nothing will ever come.
      for (const { rising, atMs } of lineEvents(bytes.subarray(0, count ?? 0))) {
        edge(rising, this.#whenChanged(atMs, debounceMs));
      }
    });
    return { release };
  }

  #read(line: number, into: Buffer): number | null {
    try {
      return this.#kernel.read(line, into);
    } catch (error) {
      if (errorCode(error) === "") throw error;
      return null;
    }
  }

  /** The kernel dates a debounced edge when it has lasted; the level changed before. */
  #whenChanged(eventMs: number, debounceMs: number): number {
    const ageMs = this.#kernel.nowMs() - eventMs;
    const bounded = Math.min(Math.max(0, ageMs), EVENT_AGE_MAX_MS);
    return this.#clock.nowMs() - bounded - debounceMs;
  }

  /** The descriptor of a line. */
  #line(pin: number, request: Buffer): number {
    let chip: number;
    try {
      chip = this.#kernel.open(this.#path);
    } catch (error) {
      throw pinFault(pin, errorCode(error));
    }
    try {
      const trouble = this.#kernel.ioctl(chip, GET_LINE, request);
      if (trouble !== "") throw pinFault(pin, trouble, this.#holder(chip, pin));
      return lineDescriptor(request);
    } finally {
      this.#kernel.close(chip);
    }
  }

  /** Who has the line; empty where nobody says. */
  #holder(chip: number, pin: number): string {
    const info = lineInfoRequest(pin);
    return this.#kernel.ioctl(chip, GET_LINEINFO, info) === "" ? consumerOf(info) : "";
  }
}
