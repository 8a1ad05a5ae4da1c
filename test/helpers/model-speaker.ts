/**
 * A small model of the speaker and the downlink before it, for property tests: what was heard of
 * each item, by the clock; which responses are not to be played. It says what it would tell the loop.
 */

import assert from "node:assert/strict";
import type { HeardItem } from "../../src/core/audio/playhead.ts";

interface Piece {
  readonly itemId: string | null;
  leftMs: number;
}

interface Item {
  heardMs: number;
  receivedMs: number;
}

export class ModelSpeaker {
  /** Given up: never to be heard again. */
  readonly dead = new Set<string>();
  /** What it has to tell, in order. */
  readonly says: ({ tag: "drained" } | { tag: "underrun" } | Flushed)[] = [];
  #queue: Piece[] = [];
  #items = new Map<string, Item>();
  #finishing: boolean = false;
  #dry: boolean = true;
  /** The response whose sound was announced. */
  announced: string | null = null;

  /** How much of an item was heard when it was last cut. */
  readonly cutAt = new Map<string, Item>();

  play(itemId: string | null, ms: number): void {
    this.#dry = false;
    this.#queue.push({ itemId, leftMs: ms });
    if (itemId === null) return;
    const item = this.#items.get(itemId) ?? { heardMs: 0, receivedMs: 0 };
    item.receivedMs += ms;
    this.#items.set(itemId, item);
  }

  finish(): void {
    this.#finishing = true;
    this.pass(0);
  }

  flush(attempt: number): void {
    this.#queue = [];
    this.#finishing = false;
    this.announced = null;
    const items = [...this.#items].map(([itemId, item]) => {
      this.cutAt.set(itemId, item);
      return { itemId, contentIndex: 0, ...item };
    });
    this.#items = new Map();
    this.says.push({ tag: "flushed", attempt, items });
  }

  /** A cut that the model is told of must be of something that was heard, as far as it was. */
  checkCut(itemId: string, endMs: number): void {
    const cut = this.cutAt.get(itemId);
    assert.ok(cut, `a cut of ${itemId}, which nobody heard`);
    assert.ok(Number.isInteger(endMs) && endMs > 0);
    assert.ok(endMs <= cut.heardMs && cut.heardMs <= cut.receivedMs);
  }

  /** Time passes at the ear. */
  pass(ms: number): void {
    let leftMs = ms;
    for (let piece = this.#queue[0]; piece !== undefined && leftMs > 0; piece = this.#queue[0]) {
      const heard = Math.min(piece.leftMs, leftMs);
      piece.leftMs -= heard;
      leftMs -= heard;
      const item = this.#items.get(piece.itemId ?? "");
      if (item !== undefined) item.heardMs += heard;
      if (piece.leftMs === 0) this.#queue.shift();
    }
    if (this.#queue.length > 0) return;
    if (this.#finishing) this.#drained();
    else if (!this.#dry) this.#ranDry();
  }

  #drained(): void {
    this.#finishing = false;
    this.#dry = true;
    this.#items = new Map();
    this.announced = null;
    this.says.push({ tag: "drained" });
  }

  #ranDry(): void {
    this.#dry = true;
    this.announced = null;
    this.says.push({ tag: "underrun" });
  }
}

type Flushed = {
  readonly tag: "flushed";
  readonly attempt: number;
  readonly items: readonly HeardItem[];
};
