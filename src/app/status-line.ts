/** Keeps the service manager's status line true. Invariant: it is told of changes only. */

import type { State } from "../core/assistant/state.ts";
import { READY_LINE, statusLine } from "../core/status-line.ts";
import type { Notifier } from "../ports.ts";

/** How the file on the disk stands to what is in force. */
export interface ConfigState {
  /** Why the file is not in force; null when it is. */
  readonly refused: { readonly why: string; readonly atMs: number } | null;
  /** Keys that were changed and wait for a restart. */
  readonly waiting: readonly string[];
}

export class StatusLine {
  readonly #notifier: Notifier;
  #view = READY_LINE;
  #refused: ConfigState["refused"] = null;
  #waiting: readonly string[] = [];
  #said = READY_LINE;

  constructor(notifier: Notifier) {
    this.#notifier = notifier;
  }

  get text(): string {
    return this.#refused === null ? this.#view : `Reload refused: ${this.#refused.why}`;
  }

  get config(): ConfigState {
    return { refused: this.#refused, waiting: this.#waiting };
  }

  /** The state of the appliance, after each step. */
  show(state: Pick<State, "memory" | "rest">): void {
    this.#view = statusLine(state);
    this.#say();
  }

  /** Why the configuration on the disk is not in force, and since when (monotonic); null once it is. */
  refused(why: string | null, atMs = 0): void {
    this.#refused = why === null ? null : { why, atMs };
    this.#say();
  }

  /** Keys of the file that wait for a restart. */
  waiting(keys: readonly string[]): void {
    this.#waiting = keys;
  }

  /** The configuration is being read again, until `reloaded`. */
  reloading(): void {
    void this.#notifier.reloading();
  }

  reloaded(): void {
    void this.#notifier.ready(this.text);
  }

  #say(): void {
    if (this.text === this.#said) return;
    this.#said = this.text;
    this.#notifier.status(this.text);
  }
}
