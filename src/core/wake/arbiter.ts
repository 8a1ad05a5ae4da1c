/**
 * Several Pipits hear one call, one answers: who does, decided by each for itself from what the others
 * say within WAIT_MS.
 *
 * A device that has heard the word claims the call with its level, and waits. It gives way to a louder
 * claim (the same level: to the greater id), to one whose wait is over, and to whoever says that it
 * answers; then it has nothing more to say. The loudest of those that claim gives way to nobody but one
 * that answers: so somebody always does, and two do only where datagrams were lost.
 *
 * Trust: whoever can send to the group (where there is a secret: who knows it, too) can keep those
 * that hear a call silent, one call with each datagram. Nobody can make one answer, or hold a call back
 * beyond WAIT_MS. A datagram said again counts once, as long as its sender is known here.
 */

import { number, parseJson, record, text } from "../json.ts";

/** How long a call may be held back, milliseconds. */
export const WAIT_MS = 150;
/**
 * Engines hear the same word at different times: microWakeWord up to 180 ms before Porcupine, and a
 * device that looks back catches up within 100 ms. What was heard so long before is the same call.
 */
export const SAME_CALL_MS = 600;
/** A house has fewer. Of more, the one that was heard longest ago is forgotten. */
export const PEERS_MAX = 32;
/** Longest text of a claim, in characters: with the longest word it has some 170. */
export const CLAIM_CHARS_MAX = 256;
const KEYWORD_CHARS_MAX = 64;
/** Between full scale and what no microphone hears. */
const LEVEL_MIN_DBFS = -120;

export interface Claim {
  /** `answers`: it does not ask any more. */
  readonly kind: "claims" | "answers";
  /** Sixteen hexadecimal digits by chance, new with each start. */
  readonly device: string;
  /** Counts what a device has said, from 1; the same thing said again has the same number. */
  readonly serial: number;
  readonly keyword: string;
  /** How loud the word was here, dBFS. */
  readonly level: number;
}

/** What is known of another device: the last that it said. */
interface Peer extends Claim {
  readonly heardMs: number;
  /** It has kept this device silent already, or was too late for that. */
  readonly isSpent: boolean;
}

interface Call {
  readonly keyword: string;
  readonly level: number;
}

export interface ArbiterCounts {
  /** Datagrams that were no claims. */
  malformed: number;
  /** Said again, or older than what was heard since; our own among them. */
  repeated: number;
  /** Devices forgotten because there were too many. */
  forgotten: number;
}

const DEVICE = /^[0-9a-f]{16}$/;

export function claimText(claim: Claim): string {
  const { kind, device, serial, keyword, level } = claim;
  return JSON.stringify({ pipit: 1, kind, device, serial, keyword, level });
}

/** Null: it is none. */
export function readClaim(datagram: string): Claim | null {
  if (datagram.length > CLAIM_CHARS_MAX) return null;
  const of = record(parseJson(datagram));
  if (of === null || number(of, "pipit") !== 1) return null;
  const [kind, device, keyword] = [text(of, "kind"), text(of, "device"), text(of, "keyword")];
  const [serial, level] = [number(of, "serial"), number(of, "level")];
  if (kind !== "claims" && kind !== "answers") return null;
  if (device === null || !DEVICE.test(device)) return null;
  if (keyword === null || keyword === "" || keyword.length > KEYWORD_CHARS_MAX) return null;
  if (serial === null || !Number.isSafeInteger(serial) || serial < 1) return null;
  if (level === null || level < LEVEL_MIN_DBFS || level > 0) return null;
  return { kind, device, serial, keyword, level };
}

export class Arbiter {
  readonly counts: ArbiterCounts = { malformed: 0, repeated: 0, forgotten: 0 };
  readonly #device: string;
  /** By device, the one that was heard longest ago first. */
  readonly #peers = new Map<string, Peer>();
  #serial = 0;
  #call: Call | null = null;

  /** `device`: as in a claim. */
  constructor(device: string) {
    this.#device = device;
  }

  /** Whether a call waits. */
  get isWaiting(): boolean {
    return this.#call !== null;
  }

  /**
   * The word was heard here, at this level (dBFS). What to say, if it has to wait; null: another
   * has answered already, or is louder.
   */
  heard(keyword: string, level: number, nowMs: number): Claim | null {
    const call: Call = { keyword: keyword.slice(0, KEYWORD_CHARS_MAX).toLowerCase(), level };
    const isLost = [...this.#peers.values()].some((peer) => this.#yields(call, peer, nowMs));
    if (isLost) {
      this.#spend();
      return null;
    }
    this.#call = call;
    return this.#says("claims", call);
  }

  /** Somebody has sent something. True: the call that waits is another's. */
  received(datagram: string, nowMs: number): boolean {
    const claim = readClaim(datagram);
    if (claim === null) {
      this.counts.malformed += 1;
      return false;
    }
    const known = this.#peers.get(claim.device);
    if (claim.device === this.#device || (known !== undefined && claim.serial <= known.serial)) {
      this.counts.repeated += 1;
      return false;
    }
    const peer: Peer = { ...claim, heardMs: nowMs, isSpent: false };
    this.#keep(peer);
    if (this.#call === null || !this.#yields(this.#call, peer, nowMs)) return false;
    this.#call = null;
    this.#spend();
    return true;
  }

  /** The wait is over, or needs none: what to say, while the call is answered here. */
  answers(keyword: string, level: number): Claim {
    const call = this.#call ?? {
      keyword: keyword.slice(0, KEYWORD_CHARS_MAX).toLowerCase(),
      level,
    };
    this.#call = null;
    this.#spend();
    return this.#says("answers", call);
  }

  #says(kind: Claim["kind"], { keyword, level }: Call): Claim {
    this.#serial += 1;
    return { kind, device: this.#device, serial: this.#serial, keyword, level };
  }

  #yields(call: Call, peer: Peer, nowMs: number): boolean {
    const ageMs = nowMs - peer.heardMs;
    if (peer.isSpent || peer.keyword.toLowerCase() !== call.keyword || ageMs > SAME_CALL_MS) {
      return false;
    }
    if (peer.kind === "answers" || ageMs >= WAIT_MS) return true;
    if (peer.level !== call.level) return peer.level > call.level;
    return peer.device > this.#device;
  }

  #keep(peer: Peer): void {
    this.#peers.delete(peer.device);
    this.#peers.set(peer.device, peer);
    if (this.#peers.size <= PEERS_MAX) return;
    const [oldest = ""] = this.#peers.keys();
    this.#peers.delete(oldest);
    this.counts.forgotten += 1;
  }

  /** This call is decided: what was said about it decides no other. */
  #spend(): void {
    for (const [device, peer] of this.#peers) this.#peers.set(device, { ...peer, isSpent: true });
  }
}
