/**
 * Which part of the reply has been heard. The speaker counts samples over everything it plays; this
 * remembers which of them belong to which item of the conversation, so that an interruption can be
 * reported as "this item, up to here". Invariant: spans are in playing order and do not overlap.
 */

import { samplesToMs } from "./pcm.ts";

interface Span {
  readonly itemId: string;
  readonly contentIndex: number;
  /** Position of its first sample at the speaker. */
  readonly from: number;
  samples: number;
}

/** How much of one item was heard when the speaker fell silent. */
export interface HeardItem {
  readonly itemId: string;
  readonly contentIndex: number;
  /** Whole milliseconds, rounded down: never more than was heard. */
  readonly heardMs: number;
  /** Whole milliseconds the server has sent of it, rounded down. */
  readonly receivedMs: number;
}

/** Items of one conversation kept; a reply has two or three, so this is never reached in practice. */
const SPANS_MAX = 64;

export class Playhead {
  readonly #spans: Span[] = [];

  /** `samples` of an item were queued at the speaker, the first of them at position `from`. */
  wrote(itemId: string, contentIndex: number, from: number, samples: number): void {
    const last = this.#spans.at(-1);
    if (last?.itemId === itemId && last.contentIndex === contentIndex) {
      last.samples += samples;
      return;
    }
    this.#spans.push({ itemId, contentIndex, from, samples });
    if (this.#spans.length > SPANS_MAX) this.#spans.shift();
  }

  /** For each item still known, in playing order: how much lies before the position `heard`. */
  heardAt(heard: number): HeardItem[] {
    const items = new Map<string, { contentIndex: number; heard: number; received: number }>();
    for (const { itemId, contentIndex, from, samples } of this.#spans) {
      const item = items.get(itemId) ?? { contentIndex, heard: 0, received: 0 };
      item.heard += Math.min(Math.max(heard - from, 0), samples);
      item.received += samples;
      items.set(itemId, item);
    }
    return [...items].map(([itemId, item]) => ({
      itemId,
      contentIndex: item.contentIndex,
      heardMs: Math.floor(samplesToMs(item.heard)),
      receivedMs: Math.floor(samplesToMs(item.received)),
    }));
  }

  /** Samples of all items known that lie before the speaker's position `heard`. */
  samplesHeardAt(heard: number): number {
    return this.#spans.reduce(
      (sum, { from, samples }) => sum + Math.min(Math.max(heard - from, 0), samples),
      0,
    );
  }

  /** Forgets all items: the reply has been heard to its end, or cut. */
  clear(): void {
    this.#spans.length = 0;
  }
}
