/** Keeps the service manager's status line true. Invariant: it is told of changes only. */

import type { State } from "../core/assistant-types.ts";
import { READY_LINE, statusLine } from "../core/status-line.ts";
import type { Notifier } from "../ports.ts";

export class StatusLine {
  readonly #notifier: Notifier;
  #view = READY_LINE;
  #refusal: string | null = null;
  #said = READY_LINE;

  constructor(notifier: Notifier) {
    this.#notifier = notifier;
  }

  get text(): string {
    return this.#refusal ?? this.#view;
  }

  /** The state of the appliance, after each step. */
  show(state: Pick<State, "tag" | "troubles">): void {
    this.#view = statusLine(state);
    this.#say();
  }

  /** Why the configuration on the disk is not in force; null once it is. */
  refused(why: string | null): void {
    this.#refusal = why === null ? null : `Reload refused: ${why}`;
    this.#say();
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
