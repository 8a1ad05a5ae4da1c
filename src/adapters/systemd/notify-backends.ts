/**
 * Two ways to tell systemd something: a call into libsystemd, or the program `systemd-notify`.
 *
 * Invariant: a backend never throws and never blocks the event loop; it answers whether the message
 * went out. Each call ends by itself or is killed (TOOL_MAX_MS).
 */

import { execFile } from "node:child_process";
import notifyPackage from "systemd-notify";

/** What systemd is told, in the words of sd_notify(3). */
export type NotifyMessage =
  | { readonly tag: "ready"; readonly status: string }
  | { readonly tag: "status"; readonly status: string }
  /** `monotonicUs`: CLOCK_MONOTONIC when the reload began. */
  | { readonly tag: "reloading"; readonly monotonicUs: bigint }
  | { readonly tag: "stopping" }
  | { readonly tag: "watchdog" };

export interface NotifyBackend {
  readonly name: string;
  /** True when the message was handed over. */
  send(message: NotifyMessage): Promise<boolean>;
}

/** A call of the program takes about 10 ms here; it waits up to 5 s for a manager that is stuck. */
export const TOOL_MAX_MS = 2_000;

/** By name through a variable: koffi is optional, and the compiler must not insist on it. */
const KOFFI: string = "koffi";
const LIBSYSTEMD = "libsystemd.so.0";

/**
 * `sd_notify` by koffi: 0.1 ms, and the sender is this very process, so that any NotifyAccess will
 * do. Null where koffi or the library is missing. It reads the process's own $NOTIFY_SOCKET.
 */
export async function libsystemdBackend(): Promise<NotifyBackend | null> {
  try {
    const koffi: unknown = await import(KOFFI);
    if (!isKoffi(koffi)) return null;
    const sdNotify = koffi.default.load(LIBSYSTEMD).func("int sd_notify(int, const char *)");
    return { name: "libsystemd", send: (message) => callLibrary(sdNotify, stateText(message)) };
  } catch {
    return null; // not installed, no binary for this machine, no such library: there is the other way
  }
}

/** The npm package for what it can say, the program itself for the rest. Wants NotifyAccess=all. */
export const toolBackend: NotifyBackend = {
  name: "systemd-notify",
  send(message) {
    switch (message.tag) {
      case "ready":
        return callPackage({ ready: true, status: message.status, pid: process.pid });
      case "status":
        return callPackage({ status: message.status, pid: process.pid });
      case "reloading":
      case "stopping":
      case "watchdog":
        return callTool(stateText(message));
    }
  },
};

function stateText(message: NotifyMessage): string {
  switch (message.tag) {
    case "ready":
      return `READY=1\nSTATUS=${message.status}`;
    case "status":
      return `STATUS=${message.status}`;
    case "reloading":
      return `RELOADING=1\nMONOTONIC_USEC=${message.monotonicUs}`;
    case "stopping":
      return "STOPPING=1";
    case "watchdog":
      return "WATCHDOG=1";
  }
}

interface NativeFunction {
  /** On a thread of the pool: a full socket of the manager must not stop the loop. */
  async(...args: [...unknown[], (error: unknown, result: unknown) => void]): void;
}

interface Koffi {
  readonly default: {
    load(library: string): { func(definition: string): NativeFunction };
  };
}

function isKoffi(module: unknown): module is Koffi {
  if (typeof module !== "object" || module === null || !("default" in module)) return false;
  const koffi = module.default;
  if (typeof koffi !== "object" || koffi === null || !("load" in koffi)) return false;
  return typeof koffi.load === "function";
}

function callLibrary(sdNotify: NativeFunction, state: string): Promise<boolean> {
  return new Promise((resolve) => {
    // 1 sent, 0 no socket, negative an errno.
    sdNotify.async(0, state, (error, sent) => {
      resolve(error === null && typeof sent === "number" && sent > 0);
    });
  });
}

async function callPackage(fields: Parameters<typeof notifyPackage>[0]): Promise<boolean> {
  try {
    await notifyPackage(fields);
    return true;
  } catch {
    return false; // it rejects with a string when the program fails, with ENOENT when there is none
  }
}

function callTool(assignments: string): Promise<boolean> {
  return new Promise((resolve) => {
    const limits = { timeout: TOOL_MAX_MS, killSignal: "SIGKILL" } as const;
    execFile("systemd-notify", assignments.split("\n"), limits, (error) => resolve(error === null));
  });
}
