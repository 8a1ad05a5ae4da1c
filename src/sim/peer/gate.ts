/**
 * The door of the peer: the HTTP server on the loopback interface, the list of models, the upgrade
 * to WebSocket, and what a scenario lets go wrong before it. Who is through belongs to the house.
 */

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../../ports.ts";
import type { Action, FaultDesk, Strike } from "./fault-desk.ts";
import {
  type Admission,
  admit,
  answerHttp,
  errorReply,
  type HttpReply,
  jsonReply,
  type Visit,
  visitOf,
} from "./handshake.ts";
import type { Scenario } from "./scenario.ts";
import { invalid } from "./wire.ts";

/** Largest client event: an append of 15 MiB in base64, with room for the rest. */
const PAYLOAD_MAX_BYTES = 32 * 1024 * 1024;
/** Sockets at one time; the next upgrade is refused with 503. */
const SOCKETS_MAX = 128;

export interface Guest {
  /** Number of the connection attempt, from 1. */
  readonly index: number;
  readonly admission: Extract<Admission, { tag: "admit" }>;
  readonly ws: WebSocket;
  readonly socket: Socket;
}

export interface GateSetup {
  readonly scenario: Scenario;
  readonly desk: FaultDesk;
  readonly clock: Clock;
  /** Number of the turn that comes next. */
  readonly turn: () => number;
  readonly note: (connection: number, note: string) => void;
  readonly enter: (guest: Guest) => void;
}

export class Gate {
  readonly #setup: GateSetup;
  /** Raw sockets, also those that are kept waiting in a handshake. */
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer();
  readonly #upgrader = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: PAYLOAD_MAX_BYTES,
    clientTracking: false,
    handleProtocols: (protocols) => (protocols.has("realtime") ? "realtime" : false),
  });
  #closed: boolean = false;
  /** Upgrade requests so far. */
  attempts = 0;
  port = 0;

  constructor(setup: GateSetup) {
    this.#setup = setup;
  }

  /** Listens on 127.0.0.1; port 0 is any. Rejects when that is not possible. */
  async start(port: number): Promise<void> {
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => socket.destroy());
    });
    this.#server.on("request", (request, response) => {
      const { scenario, clock, note } = this.#setup;
      const method = request.method ?? "GET";
      const visit = visitOf(request.url ?? "/", request.headers);
      const reply = answerHttp(method, visit, scenario);
      note(0, `${method} ${visit.path}: ${reply.status}`);
      clock.after(scenario.modelsReply?.delayMs ?? 0, () => {
        response.writeHead(reply.status, reply.headers).end(reply.body);
      });
    });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
      this.#upgrade(request, socket, head);
    });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", resolve);
    });
    const address = this.#server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { scenario, desk, clock, turn, note } = this.#setup;
    this.attempts += 1;
    const index = this.attempts;
    const visit = visitOf(request.url ?? "/", request.headers);
    note(index, `connects, model ${visit.model ?? "none"}`);
    const situation = { connection: index, model: visit.model ?? "", turn: turn() };
    const strikes = desk.strikes("handshake", "", 1, situation);
    const faultMs = strikes.reduce((most, { afterMs }) => Math.max(most, afterMs), 0);
    const ownMs = scenario.connections[index - 1]?.handshakeMs ?? scenario.handshakeMs;
    clock.after(ownMs + faultMs, () => {
      if (socket.destroyed || this.#closed) return;
      if (this.#obstructed(strikes, socket, index)) return;
      const admission = this.#judge(visit);
      if (admission.tag === "refuse") return this.#refuse(socket, admission.reply, index);
      this.#upgrader.handleUpgrade(request, socket, head, (ws) => {
        this.#setup.enter({ index, admission, ws, socket });
      });
    });
  }

  #judge(visit: Visit): Admission {
    if (this.#sockets.size <= SOCKETS_MAX) return admit(visit, this.#setup.scenario);
    const error = { ...invalid("server_is_overloaded", "Too many."), type: "server_error" };
    return { tag: "refuse", reply: errorReply(503, error) };
  }

  /** Lets the scripted faults happen. True when the upgrade goes no further. */
  #obstructed(strikes: readonly Strike[], socket: Socket, index: number): boolean {
    for (const { action } of strikes) {
      this.#setup.note(index, `handshake: ${action.do}`);
      this.#obstruct(action, socket, index);
    }
    return strikes.length > 0;
  }

  #obstruct(action: Action, socket: Socket, index: number): void {
    if (action.do === "refuse") {
      const { status, error, body, retryAfterS } = action;
      const usual = errorReply(status, error, retryAfterS);
      const reply = body === undefined ? usual : jsonReply(status, body, retryAfterS);
      this.#refuse(socket, reply, index);
    }
    if (action.do === "reset") socket.resetAndDestroy();
    if (action.do === "drop") socket.destroySoon();
  }

  #refuse(socket: Socket, reply: HttpReply, index: number): void {
    this.#setup.note(index, `refused, HTTP ${reply.status}`);
    const body = Buffer.from(reply.body);
    const length = String(body.length);
    const headers = { ...reply.headers, "content-length": length, connection: "close" };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `HTTP/1.1 ${reply.status} Refused\r\n${lines.join("")}\r\n`;
    socket.end(Buffer.concat([Buffer.from(head), body]));
  }
}
