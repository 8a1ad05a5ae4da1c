/** Peers for the WebSocket tests, good and bad, on real sockets, and a sink that keeps all. */

import { createHash } from "node:crypto";
import { createServer as createHttp, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import type { LinkFailure } from "../../src/core/realtime/failure.ts";
import type { LinkSink } from "../../src/ports.ts";
import { eventually } from "./host.ts";

interface Cleanup {
  after(clean: () => void | Promise<void>): void;
}

/** Keeps what a link says, in order. */
export interface KeptSink extends LinkSink {
  readonly said: string[];
  readonly ends: LinkFailure[];
  /** Resolves with the end. */
  end(): Promise<LinkFailure>;
  hears(said: string): Promise<void>;
}

export function keptSink(): KeptSink {
  const said: string[] = [];
  const ends: LinkFailure[] = [];
  return {
    said,
    ends,
    opened: () => void said.push("opened"),
    text: (text) => void said.push(text),
    closed: (failure) => void ends.push(failure),
    async end() {
      await eventually("the link said its end", () => ends.length > 0);
      const [first] = ends;
      if (first === undefined) throw new Error("no end");
      return first;
    },
    hears: (wanted) => eventually(`heard ${wanted}`, () => said.includes(wanted)),
  };
}

function urlOf(address: AddressInfo | string | null): string {
  if (typeof address !== "object" || address === null) throw new Error("not listening");
  return `ws://127.0.0.1:${address.port}/v1/realtime?model=m`;
}

/** A polite WebSocket server; `meet` gets each connection. */
export async function wsPeer(
  test: Cleanup,
  meet: (socket: WebSocket, headers: Readonly<Record<string, unknown>>) => void,
  options: ServerOptions = {},
): Promise<string> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, ...options });
  server.on("connection", (socket, request) => {
    socket.on("error", () => undefined);
    meet(socket, request.headers);
  });
  await new Promise((resolve) => server.once("listening", resolve));
  test.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return urlOf(server.address());
}

/** A web server that answers the upgrade as it likes. */
export async function httpPeer(test: Cleanup, answer: RequestListener): Promise<string> {
  const server = createHttp(answer);
  return listening(test, server);
}

/** A bare TCP server. */
export function tcpPeer(test: Cleanup, meet: (socket: Socket) => void): Promise<string> {
  return listening(test, createServer(meet));
}

async function listening(test: Cleanup, server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return urlOf(server.address());
}

/** Does the upgrade by hand, and then leaves the socket to the test. */
export function upgradeByHand(socket: Socket, then: () => void): void {
  let request = "";
  socket.on("data", function read(chunk: Buffer) {
    request += chunk.toString("latin1");
    if (!request.includes("\r\n\r\n")) return;
    socket.off("data", read);
    const key = /sec-websocket-key: (\S+)/i.exec(request)?.[1] ?? "";
    const accept = createHash("sha1")
      .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`) // the GUID of RFC 6455 §1.3
      .digest("base64");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.write(`${lines.join("\r\n")}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`, then);
  });
}
