/**
 * Tells systemd that the appliance is ready, what it does, that it lives, that it stops.
 *
 * Invariants: silent where there is no $NOTIFY_SOCKET; never throws; one message under way at a
 * time, at most one of each kind waiting (the newest wins), so that nothing piles up when the
 * manager is slow; whoever waits, waits at most NOTIFY_MAX_MS a message.
 */

import { oneLine } from "../../core/fault.ts";
import { Redactor } from "../../core/redact.ts";
import type { Env } from "../../core/settings/expand-env.ts";
import { within } from "../../core/timeout.ts";
import type { Clock, Notifier } from "../../ports.ts";
import {
  libsystemdBackend,
  type NotifyBackend,
  type NotifyMessage,
  toolBackend,
} from "./notify-backends.ts";

/** How long one message may take; a message that takes longer is counted as lost. */
export const NOTIFY_MAX_MS = 2_500;
/** systemctl shows the status on one line. */
export const STATUS_MAX_CHARS = 200;

export interface SystemdNotifierOptions {
  readonly clock: Clock;
  readonly env: Env;
  readonly pid: number;
  /** What must never be shown: every local user can read the status line. */
  readonly secrets?: Redactor;
  /** In order of preference; by default libsystemd, then the program. */
  readonly backends?: () => Promise<readonly NotifyBackend[]>;
}

interface Slot {
  message: NotifyMessage;
  readonly waiting: (() => void)[];
}

/** The Notifier for systemd; does nothing elsewhere. */
export class SystemdNotifier implements Notifier {
  readonly watchdogMs: number | null;
  readonly #clock: Clock;
  readonly #active: boolean;
  readonly #secrets: Redactor;
  readonly #find: () => Promise<readonly NotifyBackend[]>;
  readonly #slots = new Map<NotifyMessage["tag"], Slot>();
  #backends: Promise<readonly NotifyBackend[]> | null = null;
  #pumping: boolean = false;
  #stuck: boolean = false;
  #lost = 0;
  /** READY=1 that was not even begun: without it systemd ends the service, so it follows what held it up. */
  #owed: NotifyMessage | null = null;

  constructor(options: SystemdNotifierOptions) {
    this.#clock = options.clock;
    this.#secrets = options.secrets ?? new Redactor();
    this.#active = (options.env["NOTIFY_SOCKET"] ?? "") !== "";
    this.#find = options.backends ?? findBackends;
    this.watchdogMs = this.#active ? watchdogEveryMs(options.env, options.pid) : null;
  }

  /** Messages that did not go out. */
  lost(): number {
    return this.#lost;
  }

  ready(status: string): Promise<void> {
    return this.#post({ tag: "ready", status: this.#line(status) });
  }

  reloading(): Promise<void> {
    return this.#post({ tag: "reloading", monotonicUs: process.hrtime.bigint() / 1_000n });
  }

  status(text: string): void {
    void this.#post({ tag: "status", status: this.#line(text) });
  }

  stopping(): Promise<void> {
    this.#owed = null;
    return this.#post({ tag: "stopping" });
  }

  watchdog(): void {
    if (this.watchdogMs !== null) void this.#post({ tag: "watchdog" });
  }

  #line(text: string): string {
    return oneLine(this.#secrets.text(text), STATUS_MAX_CHARS);
  }

  #post(message: NotifyMessage): Promise<void> {
    if (!this.#active) return Promise.resolve();
    return new Promise((resolve) => {
      const slot = this.#slots.get(message.tag);
      if (slot === undefined) this.#slots.set(message.tag, { message, waiting: [resolve] });
      else {
        slot.message = message;
        slot.waiting.push(resolve);
      }
      if (!this.#pumping) void this.#pump();
    });
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    for (let slot = this.#next(); slot !== null; slot = this.#next()) {
      const begun = !this.#stuck;
      if (slot.message.tag === "ready") this.#owed = begun ? null : slot.message;
      if (!(begun && (await this.#bounded(this.#send(slot.message))))) this.#lost++;
      for (const resolve of slot.waiting) resolve();
    }
    this.#pumping = false;
  }

  #next(): Slot | null {
    for (const [tag, slot] of this.#slots) {
      this.#slots.delete(tag);
      return slot;
    }
    return null;
  }

  async #send(message: NotifyMessage): Promise<boolean> {
    this.#backends ??= this.#find();
    for (const backend of await this.#backends) {
      if (await backend.send(message)) return true;
    }
    return false;
  }

  /** While a message that came too late is still under way, no other is begun. */
  #bounded(sent: Promise<boolean>): Promise<boolean> {
    const settled = sent
      .catch(() => false)
      .finally(() => {
        this.#stuck = false;
        if (this.#owed !== null) void this.#post(this.#owed);
      });
    return within(this.#clock, NOTIFY_MAX_MS, settled, () => {
      this.#stuck = true;
      return false;
    });
  }
}

async function findBackends(): Promise<readonly NotifyBackend[]> {
  const library = await libsystemdBackend();
  return library === null ? [toolBackend] : [library, toolBackend];
}

/**
 * Half of $WATCHDOG_USEC in milliseconds, as sd_watchdog_enabled(3) advises; null when it is not
 * set or meant for another process.
 */
export function watchdogEveryMs(env: Env, pid: number): number | null {
  const wantedPid = env["WATCHDOG_PID"] ?? "";
  if (wantedPid !== "" && wantedPid !== String(pid)) return null;
  const periodUs = env["WATCHDOG_USEC"] ?? "";
  if (!/^[1-9]\d{0,15}$/.test(periodUs)) return null;
  return Number(periodUs) / 2_000;
}
