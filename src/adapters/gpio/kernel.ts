/**
 * The system calls that the character device wants: ioctl through koffi, readiness through epoll
 * (the package that onoff brings). Everything native about GPIO is here, so that tests may do without.
 */

import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { errorCode } from "../os/files.ts";
import { loadKoffi } from "../os/koffi.ts";
import { monotonicMs } from "../os/monotonic.ts";

export interface GpioKernel {
  /** Paths of all GPIO chips. */
  chips(): readonly string[];
  /** Opens a chip; throws the system's error. */
  open(path: string): number;
  close(descriptor: number): void;
  ioctl: Ioctl;
  /** Bytes read; throws the system's error. */
  read(descriptor: number, into: Buffer): number;
  /** Calls back whenever there is something to read; the result ends that. */
  watch(descriptor: number, readable: () => void): () => void;
  /** The clock of the events' times, milliseconds. */
  nowMs(): number;
}

const CHIP = /^gpiochip\d+$/;
const require = createRequire(import.meta.url);

/** `argument` is read and written. Empty where it went well, else the error's name (EBUSY …). */
export type Ioctl = (descriptor: number, request: number, argument: Buffer) => string;

interface Poller {
  add(descriptor: number, events: number): unknown;
  remove(descriptor: number): unknown;
  close(): unknown;
}

interface Epoll {
  new (callback: (error: unknown) => void): Poller;
  readonly EPOLLIN: number;
}

/** Null where koffi is not installed, or was not built for this machine. */
export function loadIoctl(): Ioctl | null {
  try {
    const koffi = loadKoffi();
    if (koffi === null) return null;
    const ioctl = koffi.load(null).func("int ioctl(int, unsigned long, void *)");
    return (descriptor, request, argument) =>
      Number(ioctl(descriptor, request, argument)) < 0 ? errnoName(koffi.errno()) : "";
  } catch {
    return null;
  }
}

/** Null where koffi or epoll is not installed, or was not built for this machine. */
export function loadGpioKernel(): GpioKernel | null {
  try {
    const ioctl = loadIoctl();
    const epoll: unknown = require("epoll");
    if (ioctl === null || !isEpollPackage(epoll)) return null;
    return {
      chips,
      open: (path) => openSync(path, "r+"),
      close: (descriptor) => closeSync(descriptor),
      ioctl,
      read: (descriptor, into) => readSync(descriptor, into, 0, into.length, null),
      watch: (descriptor, readable) => watch(epoll.Epoll, descriptor, readable),
      nowMs: monotonicMs,
    };
  } catch {
    return null; // Not installed, or no binary for this machine: onoff is the other way.
  }
}

function chips(): readonly string[] {
  try {
    return readdirSync("/dev")
      .filter((name) => CHIP.test(name))
      .map((name) => `/dev/${name}`);
  } catch (error) {
    if (errorCode(error) === "") throw error;
    return [];
  }
}

function watch(epoll: Epoll, descriptor: number, readable: () => void): () => void {
  const poller = new epoll((error) => {
    if (error === null || error === undefined) readable();
  });
  poller.add(descriptor, epoll.EPOLLIN);
  return () => {
    poller.remove(descriptor);
    poller.close();
  };
}

function errnoName(number: unknown): string {
  const known = Object.entries(constants.errno).find(([, value]) => value === number);
  return known?.[0] ?? `errno ${String(number)}`;
}

function isEpollPackage(found: unknown): found is { Epoll: Epoll } {
  if (typeof found !== "object" || found === null || !("Epoll" in found)) return false;
  return typeof found.Epoll === "function" && "EPOLLIN" in found.Epoll;
}
