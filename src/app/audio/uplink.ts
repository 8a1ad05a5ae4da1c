/**
 * The microphone's way to the server: frame → ring → wake path, and (gate open) ring → wire.
 *
 * Invariant: from the opened position on, every sample is sent exactly once and in order. The ring
 * is the only queue: while the socket is slow or still being dialled, sound waits there, and only
 * what the ring forgets is lost, and counted. No `if` about the state of the conversation in here.
 */

import { WORD_NAP_MS } from "../../core/assistant/views.ts";
import { msToSamples, SAMPLE_BYTES } from "../../core/audio/pcm.ts";
import type { Ring } from "../../core/audio/ring.ts";
import { AUDIO_HEAD, AUDIO_TAIL } from "../../core/realtime/encode.ts";

/** Sound in one event while keeping up: 40 ms, a compromise between delay and events a second. */
const LIVE_CHUNK_SAMPLES = msToSamples(40);
/** Where nobody waits for it: two of these, so that none is half full when somebody does. */
const PATIENT_CHUNK_SAMPLES = msToSamples(WORD_NAP_MS);
/** Sound in one event at most: while catching up with the ring. */
const CHUNK_MAX_SAMPLES = msToSamples(100);
/** Text waiting in the socket beyond which sound stays in the ring: 4 s of it. */
const SEND_BUFFER_MAX_BYTES = 256 * 1024;
/** Base64 of the longest chunk. */
const BASE64_MAX_CHARS = Math.ceil((CHUNK_MAX_SAMPLES * SAMPLE_BYTES) / 3) * 4;
/** Pieces of the map from the server's clock to ours; one for each opening or loss. */
const SEGMENTS_MAX = 256;

/** What the uplink needs of a connection. */
export interface SoundWire {
  send(text: string | Uint8Array): void;
  bufferedBytes(): number;
}

interface Segment {
  /** Samples sent on this connection before it. */
  readonly sent: number;
  /** Capture position of its first sample. */
  readonly from: number;
}

export interface UplinkCounts {
  readonly sentSamples: number;
  readonly droppedSamples: number;
}

export class Uplink {
  readonly #ring: Ring;
  readonly #chunk = new Int16Array(CHUNK_MAX_SAMPLES);
  readonly #bytes = Buffer.from(this.#chunk.buffer);
  /** An event, written anew for each chunk behind its head. */
  readonly #event = Buffer.alloc(AUDIO_HEAD.length + BASE64_MAX_CHARS + AUDIO_TAIL.length);
  #wire: SoundWire | null = null;
  #open: boolean = false;
  #cursor = 0;
  /** On this connection: the server's clock. */
  #sent = 0;
  #counts = { sentSamples: 0, droppedSamples: 0 };
  #segments: Segment[] = [];
  /** Where a flush ends; null while there is none. */
  #upTo: number | null = null;
  readonly #onFlushed: () => void;

  /** `onFlushed`: all that `flush` was to send has been given to the wire. */
  constructor(ring: Ring, onFlushed: () => void = () => {}) {
    this.#ring = ring;
    this.#event.write(AUDIO_HEAD, "latin1");
    this.#onFlushed = onFlushed;
  }

  /** Since `begin`. */
  get counts(): UplinkCounts {
    return { ...this.#counts };
  }

  /** A new conversation: counting starts anew. */
  begin(): void {
    this.#counts = { sentSamples: 0, droppedSamples: 0 };
  }

  /** A new connection: its clock begins at 0. */
  connect(wire: SoundWire): void {
    this.#wire = wire;
    this.close();
    this.#sent = 0;
    this.#segments = [];
  }

  disconnect(): void {
    this.#wire = null;
    this.close();
  }

  /** Sends from capture position `from` on, first what the ring holds. */
  open(from: number): void {
    this.#upTo = null;
    if (this.#open) return;
    this.#open = true;
    this.#moveTo(from); // A position still to come is waited for.
    this.pump();
  }

  close(): void {
    this.#open = false;
    this.#upTo = null;
  }

  /**
   * Sends, to the last sample, what lies before position `upTo`, then closes and reports. `from`:
   * where a closed uplink begins.
   */
  flush(from: number | null, upTo: number): void {
    if (from !== null && !this.#open) {
      this.#open = true;
      this.#moveTo(from);
    }
    if (!this.#open) return;
    this.#upTo = Math.min(upTo, this.#ring.head);
    this.pump();
  }

  /**
   * Sends what is due; called after each frame, and when the gate opens. `isPatient`: nobody waits for
   * this sound, the middle of a word or silence, so it goes in fewer events. Where a word begins or ends,
   * the server is to know soon.
   */
  pump(isPatient = false): void {
    const wire = this.#wire;
    if (!this.#open || wire === null) return;
    if (this.#cursor < this.#ring.tail) {
      this.#counts.droppedSamples += this.#ring.tail - this.#cursor;
      this.#moveTo(this.#ring.tail);
    }
    const end = this.#upTo ?? this.#ring.head;
    const live = isPatient ? PATIENT_CHUNK_SAMPLES : LIVE_CHUNK_SAMPLES;
    const least = this.#upTo === null ? live : 1;
    while (end - this.#cursor >= least) {
      if (wire.bufferedBytes() > SEND_BUFFER_MAX_BYTES) return;
      this.#sendChunk(wire, end - this.#cursor, live);
    }
    if (this.#upTo === null) return;
    this.close();
    this.#onFlushed();
  }

  /** Capture position of a time on the connection's clock; null before anything was sent. */
  capturedAt(serverMs: number): number | null {
    const sent = msToSamples(serverMs);
    const segment = this.#segments.findLast((one) => one.sent <= sent);
    return segment === undefined ? null : segment.from + (sent - segment.sent);
  }

  #sendChunk(wire: SoundWire, waiting: number, live: number): void {
    const usual = waiting >= CHUNK_MAX_SAMPLES ? CHUNK_MAX_SAMPLES : live;
    const wanted = Math.min(usual, waiting);
    const chunk = this.#chunk.subarray(0, wanted);
    const count = this.#ring.read(this.#cursor, chunk);
    wire.send(this.#eventOf(count));
    this.#cursor += count;
    this.#sent += count;
    this.#counts.sentSamples += count;
  }

  /** The first samples of the chunk as an event; overwritten by the next one. */
  #eventOf(count: number): Uint8Array {
    const event = this.#event;
    const base64 = this.#bytes.toString("base64", 0, count * SAMPLE_BYTES);
    let at = AUDIO_HEAD.length;
    at += event.write(base64, at, "latin1");
    at += event.write(AUDIO_TAIL, at, "latin1");
    return event.subarray(0, at);
  }

  #moveTo(position: number): void {
    this.#cursor = Math.max(0, position);
    this.#segments.push({ sent: this.#sent, from: this.#cursor });
    if (this.#segments.length > SEGMENTS_MAX) this.#segments.shift();
  }
}
