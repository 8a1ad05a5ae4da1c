/**
 * The server's way to the speaker: wire text → decoded once → sound to the speaker and playhead,
 * everything else to the loop. No `if` about the state of the conversation in here: only a list of
 * responses whose late sound is not played.
 */

import type { Input } from "../../core/assistant/inputs.ts";
import { AUDIBLE_SAMPLES, msToSamples, samplesToMs } from "../../core/audio/pcm.ts";
import { type HeardItem, Playhead } from "../../core/audio/playhead.ts";
import { RepeatedEvents } from "../../core/realtime/repeated-events.ts";
import { read, type ServerEvent } from "../../core/realtime/server-events.ts";
import type { Clock, Speaker } from "../../ports.ts";

type Sound = Extract<ServerEvent, { tag: "audio" }>;
interface Piece {
  readonly sound: Sound;
  readonly pcm: Int16Array;
}

/** What is kept of the last reply, to be played again: its first two minutes, 5.8 MB. */
const REPEAT_MAX_SAMPLES = msToSamples(120_000);
/** How loud an answer goes on while somebody makes a sound: 12 dB softer. */
const DUCKED = 0.25;
/** Given-up responses remembered, the latest: a server may send of one even after its `response.done`. */
const DISCARDED_MAX = 16;

export interface DownlinkCounts {
  readonly receivedSamples: number;
  /** What was really heard; complete once `flush` has resolved. */
  readonly playedSamples: number;
  /** Late sound of responses that had been given up. */
  readonly discardedSamples: number;
  /** What the speaker's playback queue had no room for. */
  readonly overflowSamples: number;
  readonly underruns: number;
  /** Events that the server sent twice. */
  readonly repeatedEvents: number;
}

/** Pieces of a held reply: a cough is decided within two seconds, in which this never comes. */
const HELD_MAX = 2_000;

/** After the last sample was due, before the speaker counts as dry: its clock is not quite ours. */
const DRY_GRACE_MS = 50;

export interface DownlinkOptions {
  readonly clock: Clock;
  readonly speaker: Speaker;
  readonly post: (input: Input) => void;
  /** Linear, 0 to 1; asked for each piece, so that a reload is heard at once. */
  readonly volume: () => number;
  /** Where in the captured sound the server heard something. */
  readonly capturedAt: (serverMs: number) => number | null;
}

const NO_COUNTS = {
  receivedSamples: 0,
  playedSamples: 0,
  discardedSamples: 0,
  overflowSamples: 0,
  underruns: 0,
  repeatedEvents: 0,
};

interface KeptReply {
  readonly responseId: string;
  pieces: Int16Array[];
  samples: number;
}

export class Downlink {
  readonly #options: DownlinkOptions;
  readonly #playhead = new Playhead();
  #counts = { ...NO_COUNTS };
  readonly #repeats = new RepeatedEvents();
  #discarded: string[] = [];
  /** The response whose sound was announced to the loop. */
  #announced: string | null = null;
  /** Samples given to the speaker since it was started: the position of the next one. */
  #position = 0;
  /** Half a sample, where a delta ended in the middle of one. */
  #odd: Uint8Array = new Uint8Array(0);
  /** The item it belongs to: half a sample of one is nothing to another. */
  #oddOf = "";
  #flushing: Promise<readonly HeardItem[]> = Promise.resolve([]);
  #cancelDry: () => void = () => {};
  /** The last reply as it came, before the volume. */
  #last: KeptReply | null = null;
  /** The one before: the last may be a word or two before a call. */
  #before: KeptReply | null = null;
  /** As loud as it is to be, but for somebody who makes a sound. */
  #gain = 1;
  #ducked: boolean = false;
  /** A sound of our own may still be heard. */
  #ownSounds: boolean = false;
  /** Sound that waits until it is known whether the user speaks; null: it is played as it comes. */
  #held: Piece[] | null = null;
  /** The beginning of a reply, while there is too little of it to be heard. */
  #early: readonly Piece[] = [];
  /** `finish` was asked for while sound was held. */
  #finishHeld: boolean = false;

  constructor(options: DownlinkOptions) {
    this.#options = options;
  }

  /** Whether what plays is a sound of our own, and no reply. */
  get saysItsOwn(): boolean {
    return this.#ownSounds;
  }

  /** Since `begin`. */
  get counts(): DownlinkCounts {
    return this.#counts;
  }

  /** A new conversation: counting starts anew; what we say ourselves must not disturb it. */
  begin(): void {
    this.quiet();
    this.#counts = { ...NO_COUNTS };
  }

  /** A new connection: its responses have names of their own. */
  connect(): void {
    this.#repeats.begin();
    this.#discarded = [];
    this.#announced = null;
    this.#odd = new Uint8Array(0);
    this.#early = [];
  }

  /** One text frame of connection `attempt`. */
  text(attempt: number, frame: string): void {
    const { event, eventId } = read(frame);
    if (eventId !== null && this.#repeats.isRepeat(eventId, event.tag, frame.length)) {
      this.#counts.repeatedEvents += 1;
      return;
    }
    if (event.tag === "audio") {
      this.#play(event);
      return;
    }
    const serverMs =
      event.tag === "speech-started"
        ? event.startMs
        : event.tag === "speech-stopped"
          ? event.endMs
          : null;
    const capturedAt = serverMs === null ? null : this.#options.capturedAt(serverMs);
    this.#options.post({ tag: "server", attempt, event, capturedAt });
  }

  /** Late sound of this response is dropped from now on. */
  discard(responseId: string): void {
    this.#discarded.push(responseId);
    if (this.#discarded.length > DISCARDED_MAX) this.#discarded.shift();
  }

  /** No more sound of this reply will come; after what is held, where some is. */
  finish(): void {
    if (this.#held !== null) {
      this.#finishHeld = true;
      return;
    }
    this.#cancelDry();
    this.#options.speaker.finish();
  }

  /** Keeps the sound of a reply back (true), or plays what was kept (false). */
  hold(wanted: boolean): void {
    if (wanted === (this.#held !== null)) return;
    const held = this.#held ?? [];
    this.#held = wanted ? [] : null;
    if (wanted) return;
    for (const { sound, pcm } of held) this.#toSpeaker(sound, pcm);
    if (this.#finishHeld) this.finish();
    this.#finishHeld = false;
  }

  /** Plays a sound of our own, as loud as the answers or by `gain`; the server does not learn of it. */
  playSound(sound: Int16Array, gain = this.#options.volume()): void {
    this.#playOwn(sound, gain);
    this.finish();
  }

  /** The volume has changed: what is queued is heard by it, too, unless it has a loudness of its own. */
  volumeChanged(): void {
    if (!this.#ownSounds) this.#loudness(this.#options.volume());
  }

  /** Somebody makes a sound: what plays is softer until it is known whether he means it. */
  duck(on: boolean): void {
    if (on === this.#ducked) return;
    this.#ducked = on;
    this.#setSpeakerGain();
  }

  /** Ends a sound of our own at once; a reply is left alone. */
  quiet(): void {
    if (this.#ownSounds) void this.#options.speaker.flush();
    this.#ownSounds = false;
  }

  /** Is there a reply that could be played again? */
  get canRepeat(): boolean {
    return this.#last !== null;
  }

  /**
   * Plays the last reply again, or the one before where that is of the response `but`; `drained`
   * follows, at once when there is none.
   */
  repeat(but: string | null): void {
    const last = this.#last?.responseId === but ? this.#before : this.#last;
    for (const piece of last?.pieces ?? []) this.#playOwn(piece, this.#options.volume());
    this.finish();
  }

  /** Silence; the loop is told how much of the reply on connection `attempt` was heard. */
  flush(attempt: number): void {
    this.#cancelDry();
    this.#ownSounds = false;
    this.#announced = null;
    this.#odd = new Uint8Array(0);
    this.#early = [];
    const unheard = itemsOf(this.#held ?? []);
    if (this.#held !== null) this.#held = [];
    this.#finishHeld = false;
    const counts = this.#counts;
    const before = this.#flushing;
    const mine = this.#options.speaker.flush().then(async (heard) => {
      const items = [...this.#playhead.heardAt(heard), ...unheard];
      counts.playedSamples += this.#playhead.samplesHeardAt(heard);
      this.#playhead.clear();
      if (this.#flushing === mine) this.#flushing = Promise.resolve([]);
      this.#options.post({ tag: "flushed", attempt, items });
      return [...(await before), ...items];
    });
    this.#flushing = mine;
  }

  /** Resolves when a flush under way has had its effect, with what it cut; at once without one. */
  flushed(): Promise<readonly HeardItem[]> {
    return this.#flushing;
  }

  /** From the speaker: all of the reply has been heard. */
  drained(): void {
    this.#ownSounds = false;
    this.#heardAll();
    this.#announced = null;
    this.#options.post({ tag: "drained" });
  }

  /** From the speaker: it stopped, and dropped what was queued. */
  lost(): void {
    this.#heardAll();
  }

  /** From the speaker: the reply goes on after a gap. */
  underrun(): void {
    this.#counts.underruns += 1;
  }

  close(): void {
    this.#cancelDry();
  }

  #play(sound: Sound): void {
    const pcm = this.#samples(sound);
    const known = this.#discarded.includes(sound.responseId);
    const isBegun = known || this.#announced === sound.responseId;
    const pieces = isBegun ? [{ sound, pcm }] : this.#begun({ sound, pcm });
    for (const piece of pieces) this.#playPiece(piece);
  }

  /** Announces the reply with what there is of it; nothing, while that cannot be heard. */
  #begun(piece: Piece): readonly Piece[] {
    const { responseId } = piece.sound;
    const before = this.#early.filter(({ sound }) => sound.responseId === responseId);
    const pieces = [...before, piece].filter(({ pcm }) => pcm.length > 0);
    const samples = pieces.reduce((sum, { pcm }) => sum + pcm.length, 0);
    // An answer of nothing but this is one that nobody hears.
    const isAudible = samples >= AUDIBLE_SAMPLES;
    this.#early = isAudible ? [] : pieces;
    if (!isAudible) return [];
    this.#announced = responseId;
    this.#options.post({ tag: "reply-audio", responseId });
    return pieces;
  }

  #playPiece({ sound, pcm }: Piece): void {
    // The loop may just have decided that this response is not to be heard.
    if (this.#discarded.includes(sound.responseId)) {
      this.#counts.discardedSamples += pcm.length;
      return;
    }
    this.#counts.receivedSamples += pcm.length;
    if (this.#held === null) this.#toSpeaker(sound, pcm);
    else if (this.#held.length < HELD_MAX) this.#held.push({ sound, pcm });
    else this.#counts.overflowSamples += pcm.length;
  }

  #toSpeaker(sound: Sound, pcm: Int16Array): void {
    this.#keep(sound.responseId, pcm);
    this.#loudness(this.#options.volume());
    const taken = this.#options.speaker.play(pcm);
    this.#counts.overflowSamples += pcm.length - taken;
    this.#playhead.wrote(sound.itemId, sound.contentIndex, this.#position, taken);
    this.#position += taken;
    this.#watchDry();
  }

  /** When all that has come is heard and the reply is not at its end, the loop is told. */
  #watchDry(): void {
    const { clock, speaker, post } = this.#options;
    this.#cancelDry();
    const leftMs = samplesToMs(this.#position - speaker.heard());
    this.#cancelDry = clock.after(leftMs + DRY_GRACE_MS, () => {
      this.#announced = null; // The next sound is announced again.
      post({ tag: "underrun" });
    });
  }

  #playOwn(sound: Int16Array, gain: number): void {
    this.#loudness(gain);
    this.#ownSounds = true;
    this.#position += this.#options.speaker.play(sound);
  }

  #loudness(gain: number): void {
    if (gain === this.#gain) return;
    this.#gain = gain;
    this.#setSpeakerGain();
  }

  #setSpeakerGain(): void {
    this.#options.speaker.gain(this.#ducked ? this.#gain * DUCKED : this.#gain);
  }

  /** For `repeat`, as it came; beyond its bound the end of a reply is not kept. */
  #keep(responseId: string, pcm: Int16Array): void {
    if (this.#last?.responseId !== responseId) {
      this.#before = this.#last;
      this.#last = { responseId, pieces: [], samples: 0 };
    }
    if (this.#last.samples + pcm.length > REPEAT_MAX_SAMPLES) return;
    this.#last.pieces.push(pcm);
    this.#last.samples += pcm.length;
  }

  /** Base64 of s16le to samples. A new array each time: the speaker may take its time. */
  #samples({ responseId, itemId, contentIndex, base64 }: Sound): Int16Array {
    const fresh = Buffer.from(base64, "base64");
    const of = `${responseId} ${itemId} ${contentIndex}`;
    const goesOn = of === this.#oddOf && this.#odd.length > 0;
    this.#oddOf = of;
    const bytes = !goesOn ? fresh : Buffer.concat([this.#odd, fresh]);
    const pcm = new Int16Array(bytes.length >> 1);
    // As every supported host is little-endian, the bytes are the samples.
    bytes.copy(new Uint8Array(pcm.buffer));
    this.#odd = bytes.subarray(pcm.length * 2);
    return pcm;
  }

  #heardAll(): void {
    this.#cancelDry();
    this.#counts.playedSamples += this.#playhead.samplesHeardAt(this.#options.speaker.heard());
    this.#playhead.clear();
  }
}

/** What was held and is dropped: nothing of it was heard. */
function itemsOf(held: readonly Piece[]): readonly HeardItem[] {
  const playhead = new Playhead();
  let position = 0;
  for (const { sound, pcm } of held) {
    playhead.wrote(sound.itemId, sound.contentIndex, position, pcm.length);
    position += pcm.length;
  }
  return playhead.heardAt(0);
}
