/**
 * Looks whether a client answers the model's calls: each once, and, where the scenario sets a limit,
 * in time. A call whose connection is gone is nobody's debt.
 */

import type { Items } from "./items.ts";
import type { Schedule } from "./schedule.ts";
import { invalid, type Outbox } from "./wire.ts";

export class Settling {
  readonly #items: Items;
  readonly #schedule: Schedule;
  readonly #out: Outbox;
  /** Milliseconds from the end of the response; null: any time will do. */
  readonly #limitMs: number | null;
  readonly #watched = new Set<string>();

  constructor(items: Items, schedule: Schedule, out: Outbox, limitMs: number | null) {
    this.#items = items;
    this.#schedule = schedule;
    this.#out = out;
    this.#limitMs = limitMs;
  }

  /** A response was completed: its calls are to be answered. */
  completed(): void {
    const limitMs = this.#limitMs;
    if (limitMs === null) return;
    for (const callId of this.#items.openCalls()) {
      if (this.#watched.has(callId)) continue;
      this.#watched.add(callId);
      this.#schedule.after(limitMs, () => this.#due(callId, limitMs));
    }
  }

  /** Before an output is taken: a second one for the same call breaks the rules. */
  answered(callId: string): void {
    if (!this.#items.isAnswered(callId)) return;
    const message = `Tool call ID '${callId}' was answered already.`;
    this.#out.violation(invalid("invalid_tool_call_id", message, "item.call_id"));
  }

  #due(callId: string, limitMs: number): void {
    if (!this.#items.openCalls().includes(callId)) return;
    const message = `Tool call ID '${callId}' was not answered within ${limitMs} ms.`;
    this.#out.violation(invalid("tool_call_not_answered", message));
  }
}
