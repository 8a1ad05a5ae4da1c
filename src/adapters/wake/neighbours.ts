/**
 * The Pipits in this network, by UDP multicast: what one says all others hear, in no order, or not at
 * all. It stays within the local network (TTL 1); there is no port that anybody could connect to.
 *
 * Limits: a datagram of DATAGRAM_BYTES_MAX, RATE_MAX of them a second; what is beyond is dropped and
 * counted. Where a secret is set, what is not signed with it is dropped as well.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:dgram";
import { type Fault, fault, thrownText } from "../../core/fault.ts";
import type { Clock, NeighbourSink, Neighbours } from "../../ports.ts";

/** Of the range for use within one site (RFC 2365), and a port that IANA has given to nobody. */
export const GROUP = "239.255.112.73";
export const PORT = 47_373;
/** A claim has at most 256 characters, nearly always of one byte; the signature has 32 bytes. */
const DATAGRAM_BYTES_MAX = 512;
const SIGNATURE_BYTES = 32;
/** Thirty devices that say three things three times each, at once. */
const RATE_MAX = 300;
/** Between attempts to join: the network may come late, or change. */
const RETRY_MS = 10_000;
/** Failures in a row before it is told: after the start of the machine the network is late. */
const TOLD_AFTER = 3;
/** Said to the switches again and again: they forget members, and the way out may be another by now. */
const REJOIN_MS = 60_000;
/** For the kernel's queue; a flood is lost there and not in our memory. */
const QUEUE_BYTES = 65_536;

export interface LanOptions {
  readonly clock: Clock;
  /** Empty: nothing is signed, and everybody believed. */
  readonly secret: string;
}

export class LanNeighbours implements Neighbours {
  readonly #options: LanOptions;
  readonly #counts = { tooLong: 0, tooMany: 0, unsigned: 0 };
  #sink: NeighbourSink | null = null;
  #socket: Socket | null = null;
  #takeBack: () => void = () => {};
  #failures = 0;
  #secondMs = 0;
  #thisSecond = 0;

  constructor(options: LanOptions) {
    this.#options = options;
  }

  counts() {
    return { ...this.#counts };
  }

  start(sink: NeighbourSink): void {
    this.#sink = sink;
    void this.#open();
  }

  tell(text: string): void {
    const payload = Buffer.from(text);
    const datagram =
      this.#options.secret === "" ? payload : Buffer.concat([this.#signature(payload), payload]);
    try {
      // Lost is lost: the others decide without it.
      this.#socket?.send(datagram, PORT, GROUP, () => {});
    } catch {
      // Not bound yet, or closed meanwhile: the same.
    }
  }

  async close(): Promise<void> {
    this.#sink = null;
    this.#leave();
  }

  async #open(): Promise<void> {
    const { createSocket } = await import("node:dgram");
    if (this.#sink === null) return;
    try {
      const options = { type: "udp4", reuseAddr: true, recvBufferSize: QUEUE_BYTES } as const;
      const socket = createSocket(options);
      this.#socket = socket;
      socket.on("error", (error) => this.#failed(error));
      socket.on("message", (datagram) => this.#took(datagram));
      // Bound to the group: what is sent to this machine alone does not come in.
      socket.bind({ port: PORT, address: GROUP }, () => this.#join(socket));
    } catch (error) {
      this.#failed(error);
    }
  }

  #join(socket: Socket): void {
    try {
      socket.setMulticastTTL(1);
      socket.addMembership(GROUP);
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#failures = 0;
    this.#sink?.joined();
    this.#takeBack = this.#options.clock.after(REJOIN_MS, () => this.#again());
  }

  /** Leaves and joins, by another socket. */
  #again(): void {
    this.#leave();
    void this.#open();
  }

  #leave(): void {
    this.#takeBack();
    this.#socket?.removeAllListeners();
    this.#socket?.on("error", () => {});
    this.#socket?.close();
    this.#socket = null;
  }

  #failed(error: unknown): void {
    this.#leave();
    if (this.#sink === null) return;
    this.#failures += 1;
    if (this.#failures === TOLD_AFTER) this.#sink.lost(unreachable(error));
    this.#takeBack = this.#options.clock.after(RETRY_MS, () => void this.#open());
  }

  #took(datagram: Buffer): void {
    if (datagram.length > DATAGRAM_BYTES_MAX) this.#counts.tooLong += 1;
    else if (this.#isTooMany()) this.#counts.tooMany += 1;
    else {
      const text = this.#opened(datagram);
      if (text === null) this.#counts.unsigned += 1;
      else this.#sink?.received(text);
    }
  }

  #isTooMany(): boolean {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#secondMs >= 1_000) [this.#secondMs, this.#thisSecond] = [nowMs, 0];
    this.#thisSecond += 1;
    return this.#thisSecond > RATE_MAX;
  }

  /** What a datagram says; null: it is not signed by our secret. */
  #opened(datagram: Buffer): string | null {
    if (this.#options.secret === "") return datagram.toString("utf8");
    const payload = datagram.subarray(SIGNATURE_BYTES);
    const given = datagram.subarray(0, SIGNATURE_BYTES);
    if (given.length !== SIGNATURE_BYTES) return null;
    return timingSafeEqual(given, this.#signature(payload)) ? payload.toString("utf8") : null;
  }

  #signature(payload: Buffer): Buffer {
    return createHmac("sha256", this.#options.secret).update(payload).digest();
  }
}

function unreachable(error: unknown): Fault {
  const message = `The other Pipits cannot be reached (${thrownText(error)}): each answers by itself`;
  return fault("network", "retry", message, "It is tried again every ten seconds");
}
