/**
 * What went in at one end and came out at the other, compared sample by sample: the microphone's
 * recording with what the peer received, the speaker's recording with what the peer sent.
 */

import assert from "node:assert/strict";
import { FRAME_SAMPLES, msToSamples, samplesToMs } from "../../src/core/audio/pcm.ts";
import { numberAt, textAt } from "../../src/sim/peer/json.ts";
import type { Peer } from "../../src/sim/peer/peer.ts";
import { indexOfSamples } from "./sound.ts";
import { joined } from "./speech.ts";

/** Samples [from, to). */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Silence that a file microphone gives after its end. */
const SILENCE_AFTER_MS = 60_000;
/** `openai.turn_detection.silence_ms`, as it is by default. */
const TURN_SILENCE_MS = 500;

/**
 * The received sound as stretches of the source and the silence after it, in the order in which they
 * came. Fails for a block of 20 ms that is nowhere in the source, sample by sample.
 */
export function piecesOf(source: Int16Array, received: Int16Array): Stretch[] {
  const whole = joined(source, new Int16Array(msToSamples(SILENCE_AFTER_MS)));
  const pieces: { from: number; to: number }[] = [];
  for (let at = 0; at < received.length; at += FRAME_SAMPLES) {
    const block = received.subarray(at, at + FRAME_SAMPLES);
    const last = pieces.at(-1);
    if (last !== undefined && same(whole.subarray(last.to, last.to + block.length), block)) {
      last.to += block.length;
      continue;
    }
    const from = indexOfSamples(whole, block);
    assert.ok(from >= 0, `what was received at ${samplesToMs(at)} ms was never said`);
    pieces.push({ from, to: from + block.length });
  }
  return pieces;
}

function same(a: Int16Array, b: Int16Array): boolean {
  return a.length === b.length && a.every((sample, index) => sample === b[index]);
}

/** Where each reply is in what was played: complete, once, in order; silence everywhere else. */
export function repliesIn(played: Int16Array, peer: Peer): Stretch[] {
  const rest = played.slice();
  let after = 0;
  const found = peer.replies.map(({ pcm, sentSamples }, nth) => {
    assert.equal(sentSamples, pcm.length, "the peer has sent all of it");
    const at = indexOfSamples(played.subarray(after), pcm);
    assert.ok(at >= 0, `reply ${nth + 1} was played, sample by sample`);
    const from = after + at;
    after = from + pcm.length;
    rest.fill(0, from, after);
    return { from, to: after };
  });
  const stray = rest.findIndex((sample) => sample !== 0);
  assert.equal(stray, -1, "silence before, between and after the replies");
  return found;
}

/** The stretch that was played of a reply which was cut off: its beginning, and silence after it. */
export function beginningIn(played: Int16Array, reply: Int16Array): Stretch {
  const from = indexOfSamples(played, reply.subarray(0, FRAME_SAMPLES));
  assert.ok(from >= 0, "the reply begins in the recording");
  const heard = played.subarray(from);
  const cut = heard.findIndex((sample, index) => sample !== reply[index]);
  const to = cut < 0 ? played.length : from + cut;
  const stray = played.subarray(to).findIndex((sample) => sample !== 0);
  assert.equal(stray, -1, "silence after it");
  return { from, to };
}

/**
 * From where the user fell silent, as the peer heard it, to the first sample of the answer, for each
 * turn. Taken from the two recordings: both begin with the daemon.
 */
export function latenciesMs(
  peer: Peer,
  pieces: readonly Stretch[],
  replies: readonly Stretch[],
): number[] {
  const type = "input_audio_buffer.speech_stopped";
  const stops = peer.events.filter(({ event }) => textAt(event, "type") === type);
  return stops.map(({ event }, turn) => {
    const heardMs = (numberAt(event, "audio_end_ms") ?? 0) - TURN_SILENCE_MS;
    const said = sourceOf(pieces, msToSamples(heardMs));
    return samplesToMs((replies[turn]?.from ?? 0) - said);
  });
}

/** Where in the source the sample is that was received as number `index`. */
function sourceOf(pieces: readonly Stretch[], index: number): number {
  let left = index;
  for (const { from, to } of pieces) {
    if (left < to - from) return from + left;
    left -= to - from;
  }
  throw new Error("more than was received");
}
