/**
 * What the peer remembers for whoever asks afterwards: a log of events, the sound it received and
 * the replies it gave. Each of them is bounded and counts what it had to forget.
 */

import { SAMPLE_RATE_HZ } from "../../core/audio/pcm.ts";
import { type JsonObject, textAt, without } from "./json.ts";
import type { SentSound } from "./reply.ts";

/** Entries of the log; the oldest go first. */
const LOG_MAX = 100_000;
/** Sound kept of one connection, samples; what comes later is counted, not kept. */
const RECEIVED_MAX_SAMPLES = 600 * SAMPLE_RATE_HZ;
/** Replies kept; the oldest go first. */
const REPLIES_MAX = 1000;

export interface LogEntry {
  /** Monotonic milliseconds of the peer's clock. */
  readonly ms: number;
  /** Number of the connection attempt, from 1; 0 for the peer itself. */
  readonly connection: number;
  readonly from: "client" | "peer" | "note";
  /** Sound in it is replaced by `audio_bytes`; null for notes and frames that are no events. */
  readonly event: JsonObject | null;
  readonly note: string | null;
}

export interface ReplyRecord {
  readonly connection: number;
  readonly turn: number;
  readonly responseId: string;
  readonly itemId: string;
  readonly transcript: string;
  /** The whole sound of the item, 24 kHz mono. */
  readonly pcm: Int16Array;
  /** How much of it has been sent. */
  sentSamples: number;
}

export class Records {
  readonly events: LogEntry[] = [];
  readonly replies: ReplyRecord[] = [];
  readonly #received = new Map<number, { chunks: Int16Array[]; samples: number }>();
  readonly #watchers = new Set<(entry: LogEntry) => void>();
  /** Log entries, samples and replies that did not fit. */
  forgotten = 0;

  log(entry: Omit<LogEntry, "event" | "note">, what: JsonObject | string): void {
    const event = typeof what === "string" ? null : soundless(what);
    const full = { ...entry, event, note: typeof what === "string" ? what : null };
    this.events.push(full);
    if (this.events.length > LOG_MAX) {
      this.events.splice(0, LOG_MAX / 10);
      this.forgotten += LOG_MAX / 10;
    }
    for (const watcher of this.#watchers) watcher(full);
  }

  /** Calls `watcher` for each entry from now on; the result ends it. */
  watch(watcher: (entry: LogEntry) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  heard(connection: number, pcm: Int16Array): void {
    const kept = this.#received.get(connection) ?? { chunks: [], samples: 0 };
    this.#received.set(connection, kept);
    const room = Math.max(0, RECEIVED_MAX_SAMPLES - kept.samples);
    if (room > 0) kept.chunks.push(pcm.subarray(0, room));
    kept.samples += Math.min(room, pcm.length);
    this.forgotten += pcm.length - Math.min(room, pcm.length);
  }

  /** Everything one connection sent as input audio, in order. */
  received(connection: number): Int16Array {
    const kept = this.#received.get(connection) ?? { chunks: [], samples: 0 };
    const all = new Int16Array(kept.samples);
    let at = 0;
    for (const chunk of kept.chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  said(connection: number, sound: SentSound): void {
    const known = this.replies.findLast((record) => record.itemId === sound.itemId);
    if (known !== undefined) {
      known.sentSamples += sound.pcm.length;
      return;
    }
    const { turn, responseId, itemId, transcript, whole } = sound;
    const sentSamples = sound.pcm.length;
    this.replies.push({
      connection,
      turn,
      responseId,
      itemId,
      transcript,
      pcm: whole,
      sentSamples,
    });
    if (this.replies.length > REPLIES_MAX) {
      this.replies.shift();
      this.forgotten += 1;
    }
  }
}

/** An event as the log keeps it: sound as a number of bytes. */
export function soundless(event: JsonObject): JsonObject {
  const type = String(event["type"]);
  const key =
    type === "input_audio_buffer.append" ? "audio" : type.endsWith("audio.delta") ? "delta" : "";
  const sound = textAt(event, key);
  if (key === "" || sound === null) return event;
  return { ...without(event, key), audio_bytes: Math.floor((sound.length / 4) * 3) };
}
