/**
 * Round trips, with the API far away: the daemon as a child process, the simulated server behind a proxy that
 * takes half of RTT_MS each way. The server speaks plain TCP on this machine, so the round trips of
 * TCP and TLS 1.3 are the proxy's: what the client says first waits for one of each. A look-up of the
 * name is not in it.
 *
 * "Dial to sound": from the LED at the wake word to the first sound that leaves on the connection.
 * "A turn beyond the server's own": from the commit of a question to the response's beginning, both at
 * the server, which asks nothing of its own before it creates one.
 */

import { mkdirSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket, connect as tcp } from "node:net";
import { join } from "node:path";
import { type Peer, startPeer } from "../../src/sim/peer/peer.ts";
import type { LogEntry } from "../../src/sim/peer/records.ts";
import { MAIN } from "../helpers/pipit.ts";
import { Client } from "../helpers/realtime-client.ts";
import type { Findings, RowId } from "./findings.ts";
import { compose, recordVoice, type Scene, type SceneShape, writeRun } from "./material.ts";
import { Program } from "./program.ts";

export const TRIP_ROWS: readonly RowId[] = [
  "trips_first",
  "trips_again",
  "trips_preconnect",
  "trips_turn_first",
  "trips_turn",
];

const RTT_MS = 100;
/** What the server needs to make a session, round trips: as measured (facts/performance.md). */
const CREATED_MS = 0.4 * RTT_MS;
const START_MAX_MS = 30_000;
const GRACE_MS = 15_000;
const SHAPE: SceneShape = {
  wakes: 3,
  turns: 2,
  replyMs: 700,
  followUpMs: 1_200,
  settleMs: 0,
  idleMs: 0,
};

export async function roundTrips(findings: Findings, folder: string): Promise<void> {
  const scene = compose(recordVoice(folder), SHAPE);
  for (const preconnect of ["off", "gate"] as const) {
    const place = join(folder, `trips-${preconnect}`);
    mkdirSync(place, { recursive: true });
    await life(findings, place, scene, preconnect);
  }
}

async function life(
  findings: Findings,
  folder: string,
  scene: Scene,
  preconnect: "off" | "gate",
): Promise<void> {
  const reply = { tone: { hz: 440, ms: SHAPE.replyMs }, think_ms: 0 };
  const peer = await startPeer({ scenario: { otherwise: reply, created_ms: CREATED_MS } });
  await setUpOnce(peer);
  const far = await FarAway.before(new URL(peer.url));
  const { config } = writeRun(folder, scene, far.url, { preconnect });
  const daemon = new Program("the daemon", [MAIN, "run", "--config", config]);
  try {
    const patienceMs = scene.pcm.length / 24 + GRACE_MS;
    await daemon.line("Ready", START_MAX_MS);
    for (let wake = 0; wake < SHAPE.wakes; wake++) {
      const { atMs } = await daemon.line("led: connecting", patienceMs);
      await daemon.line("led: idle", patienceMs);
      const row = wake === 0 ? "trips_first" : "trips_again";
      const trips = (firstSoundMs(peer, atMs) - atMs) / RTT_MS;
      if (preconnect === "off") findings.add(row, trips);
      else if (wake > 0) findings.add("trips_preconnect", trips);
    }
    if (peer.violations.length > 0) throw new Error(peer.violations[0]?.error.message);
    if (preconnect === "off") turns(findings, peer);
  } finally {
    await daemon.stop();
    await far.close();
    await peer.close();
  }
}

/** The simulated server compiles what it checks a set-up by with its first one, which is no trip's. */
async function setUpOnce(peer: Peer): Promise<void> {
  const client = new Client(peer);
  await client.configure();
  client.close();
}

/** When the first sound after `atMs` left the client. */
function firstSoundMs({ events }: Peer, atMs: number): number {
  const isSound = ({ event }: LogEntry) => event?.["type"] === "input_audio_buffer.append";
  const first = events.find(
    (entry) => entry.ms >= atMs && entry.from === "client" && isSound(entry),
  );
  return (first?.ms ?? Number.NaN) - RTT_MS / 2;
}

/** Of each conversation, the first turn and the others. */
function turns(findings: Findings, peer: Peer): void {
  const seen = new Map<number, number>();
  let committedMs = 0;
  for (const { ms, connection, event } of peer.events) {
    if (event?.["type"] === "input_audio_buffer.committed") committedMs = ms;
    if (event?.["type"] !== "response.created") continue;
    const nth = seen.get(connection) ?? 0;
    seen.set(connection, nth + 1);
    findings.add(nth === 0 ? "trips_turn_first" : "trips_turn", (ms - committedMs) / RTT_MS);
  }
}

/** A proxy that is half a round trip away from both. */
class FarAway {
  readonly #server: Server;
  readonly #to: URL;
  readonly #sockets = new Set<Socket>();

  private constructor(to: URL) {
    this.#to = to;
    this.#server = createServer((client) => this.#meet(client));
  }

  static async before(to: URL): Promise<FarAway> {
    const far = new FarAway(to);
    await new Promise<void>((resolve) => far.#server.listen(0, "127.0.0.1", resolve));
    return far;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo; // It listens on TCP.
    return `http://127.0.0.1:${port}${this.#to.pathname}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #meet(client: Socket): void {
    const server = tcp(Number(this.#to.port), this.#to.hostname);
    const acceptedMs = performance.now();
    let isFirst = true;
    this.#pipe(client, server, () => {
      const nowMs = performance.now();
      const handshakesMs = isFirst ? Math.max(0, acceptedMs + 2 * RTT_MS - nowMs) : 0;
      isFirst = false;
      return handshakesMs + RTT_MS / 2;
    });
    this.#pipe(server, client, () => RTT_MS / 2);
  }

  /** In order: a later piece never overtakes one that still waits. */
  #pipe(from: Socket, to: Socket, delayMs: () => number): void {
    this.#sockets.add(from);
    let dueMs = 0;
    const later = (waitMs: number, work: () => void): void => {
      dueMs = Math.max(dueMs, performance.now() + waitMs);
      setTimeout(work, dueMs - performance.now());
    };
    from.setNoDelay(true);
    from.on("data", (bytes: Buffer) => later(delayMs(), () => to.writable && to.write(bytes)));
    from.on("end", () => later(RTT_MS / 2, () => to.end()));
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      later(RTT_MS / 2, () => to.destroy());
    });
  }
}
