/**
 * The WebSocket to the Realtime server: text in, text out, how much waits, how it ended. No meaning.
 *
 * Invariants: `closed` is said exactly once, never from within `dial` or `close`, and nothing is
 * said after it; every wait (handshake, pong, closing) has a deadline on our own clock; a peer that
 * fell silent is found within PING_EVERY_MS + PONG_MAX_MS of its last word; when it is over, the
 * socket is gone within CLOSE_MAX_MS.
 */

import type { IncomingMessage } from "node:http";
import type { LookupFunction } from "node:net";
import { type RawData, WebSocket } from "ws";
import type { LinkFailure } from "../../core/realtime/failure.ts";
import type { Clock, Dialer, DialTarget, Link, LinkSink } from "../../ports.ts";
import { errorCode } from "../os/files.ts";
import { connectFailure, readHandshakeError } from "./handshake-error.ts";
import { LastAddress } from "./last-address.ts";

/** From the name look-up to the upgrade; ws's own limit restarts with every byte that comes. */
export const HANDSHAKE_MAX_MS = 10_000;
/** Only a ping finds a half-open link: TCP swallows megabytes without an error. */
export const PING_EVERY_MS = 5_000;
/** Together with PING_EVERY_MS below the 10 s within which a dead peer must be found. */
export const PONG_MAX_MS = 4_000;
/** What a peer gets to answer our close frame, before the socket is cut. */
export const CLOSE_MAX_MS = 500;
/** The largest server event is a whole item with its audio: some megabytes of base64. */
export const FRAME_MAX_BYTES = 32 * 1024 * 1024;

const OPTIONS = {
  followRedirects: false, // a redirect would carry the key to somebody else
  perMessageDeflate: false, // costs three times the CPU on base64 sound (facts/packages.md)
  maxPayload: FRAME_MAX_BYTES,
  closeTimeout: CLOSE_MAX_MS,
};

const NORMAL_CLOSURE = 1000;
/** Of bytes, ws would make a binary frame. It copies them, for it masks what it sends. */
const AS_TEXT = { binary: false };
const NOTHING = (): void => undefined;

/** Opens links with the library ws. */
export class RealtimeDialer implements Dialer {
  readonly #clock: Clock;
  readonly #addresses: LastAddress;

  /** `lookup`: the system's way to a host's address, where it is not Node's own. */
  constructor(clock: Clock, lookup?: LookupFunction) {
    this.#clock = clock;
    this.#addresses = new LastAddress(clock, lookup);
  }

  dial(target: DialTarget, sink: LinkSink): Link {
    const addresses = this.#addresses;
    let socket: WebSocket;
    try {
      const { lookup } = addresses;
      socket = new WebSocket(target.url, { ...OPTIONS, lookup, headers: { ...target.headers } });
    } catch (error) {
      return stillborn(error, sink);
    }
    const { hostname } = new URL(target.url);
    socket.on("upgrade", ({ socket: { remoteAddress, remoteFamily } }) => {
      addresses.worked(hostname, remoteAddress, remoteFamily);
    });
    const unopened = (failure: LinkFailure): void => addresses.failed(hostname, failure);
    const link = new RealtimeLink(socket, this.#clock, sink, unopened);
    link.attend();
    return link;
  }
}

/** A URL or header that cannot be: said as any other end, after `dial` has returned. */
function stillborn(error: unknown, sink: LinkSink): Link {
  const code = errorCode(error) === "" ? "ERR_INVALID_URL" : errorCode(error);
  queueMicrotask(() => sink.closed({ tag: "network", stage: "tcp", code }));
  return { send: NOTHING, bufferedBytes: () => 0, close: NOTHING };
}

class RealtimeLink implements Link {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #sink: LinkSink;
  readonly #unopened: (failure: LinkFailure) => void;
  #over: boolean = false;
  #hungUp: boolean = false;
  #opened: boolean = false;
  #awaitingPong: boolean = false;
  #takeBack: () => void = NOTHING;

  /** `unopened`: it ended before it was open. */
  constructor(
    socket: WebSocket,
    clock: Clock,
    sink: LinkSink,
    unopened: (failure: LinkFailure) => void,
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.#sink = sink;
    this.#unopened = unopened;
  }

  attend(): void {
    const socket = this.#socket;
    socket.on("open", () => this.#open());
    socket.on("message", (data, isBinary) => this.#hear(data, isBinary));
    socket.on("pong", () => this.#pong());
    socket.on("unexpected-response", (_request, response) => this.#refused(response));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", (code, reason) => this.#closed(code, reason.toString("utf8")));
    this.#arm(HANDSHAKE_MAX_MS, () => this.#giveUp({ tag: "timeout", what: "handshake" }));
  }

  send(text: string | Uint8Array): void {
    if (this.#over || this.#hungUp || this.#socket.readyState !== WebSocket.OPEN) return;
    // Errors of the connection come as `close`; the callback only keeps ws from throwing them.
    this.#socket.send(text, AS_TEXT, NOTHING);
  }

  bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  close(): void {
    if (this.#over || this.#hungUp) return;
    this.#hungUp = true;
    this.#awaitingPong = false;
    this.#arm(CLOSE_MAX_MS, () => this.#giveUp({ tag: "hung-up" }));
    if (this.#opened) this.#socket.close(NORMAL_CLOSURE);
    else this.#socket.terminate();
  }

  #open(): void {
    if (this.#over || this.#hungUp) return;
    this.#opened = true;
    this.#armPing();
    this.#sink.opened();
  }

  #armPing(): void {
    this.#awaitingPong = false;
    this.#arm(PING_EVERY_MS, () => {
      if (this.#socket.readyState !== WebSocket.OPEN) return; // closing: `close` is on its way
      this.#awaitingPong = true;
      this.#armPong();
      this.#socket.ping(undefined, undefined, NOTHING);
    });
  }

  #armPong(): void {
    this.#arm(PONG_MAX_MS, () => this.#giveUp({ tag: "timeout", what: "pong" }));
  }

  #pong(): void {
    if (!this.#over && !this.#hungUp && this.#awaitingPong) this.#armPing();
  }

  #hear(data: RawData, isBinary: boolean): void {
    if (this.#over || this.#hungUp) return;
    if (isBinary) {
      // The protocol has none: whoever sends one is not the server we think it is.
      this.#giveUp({ tag: "bad-frame", code: "BINARY_FRAME" });
      return;
    }
    // On a slow network the pong queues behind the sound: sound is a sign of life as well.
    if (this.#awaitingPong) this.#armPong();
    this.#sink.text(textOf(data));
  }

  #refused(response: IncomingMessage): void {
    if (this.#over || this.#hungUp) {
      response.destroy();
      return;
    }
    this.#takeBack();
    readHandshakeError(response, this.#clock, (failure) => {
      this.#giveUp(this.#hungUp ? { tag: "hung-up" } : failure);
    });
  }

  #fail(error: Error): void {
    if (this.#hungUp || this.#over) return; // `close` follows, or was said
    if (!this.#opened) this.#giveUp(connectFailure(error));
    else this.#end({ tag: "bad-frame", code: errorCode(error) || "PROTOCOL" });
  }

  #closed(code: number, reason: string): void {
    this.#end(this.#hungUp ? { tag: "hung-up" } : { tag: "close", code, reason });
  }

  /** The end, without waiting for the peer. */
  #giveUp(failure: LinkFailure): void {
    const first = !this.#over;
    this.#end(failure);
    if (first) this.#socket.terminate();
  }

  #end(failure: LinkFailure): void {
    if (this.#over) return;
    this.#over = true;
    this.#takeBack();
    if (!this.#opened) this.#unopened(failure);
    this.#sink.closed(failure);
  }

  /** There is one alarm: what it waits for depends on how far the link is. */
  #arm(delayMs: number, ring: () => void): void {
    this.#takeBack();
    this.#takeBack = this.#clock.after(delayMs, ring);
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return Buffer.isBuffer(data) ? data.toString("utf8") : Buffer.from(data).toString("utf8");
}
