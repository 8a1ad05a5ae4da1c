/** The WebSocket adapter against real peers, good, bad and silent. Long waits are simulated. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CLOSE_MAX_MS,
  FRAME_MAX_BYTES,
  HANDSHAKE_MAX_MS,
  PING_EVERY_MS,
  PONG_MAX_MS,
  RealtimeDialer,
} from "../../../src/adapters/realtime/dialer.ts";
import type { Link } from "../../../src/ports.ts";
import { SimClock, settle } from "../../../src/sim/clock.ts";
import { eventually } from "../../helpers/host.ts";
import { avoids } from "../../helpers/traps.ts";
import { type KeptSink, keptSink, tcpPeer, upgradeByHand, wsPeer } from "../../helpers/ws-peers.ts";

interface Call {
  readonly link: Link;
  readonly sink: KeptSink;
  readonly clock: SimClock;
}

function dial(url: string, headers: Readonly<Record<string, string>> = {}): Call {
  const clock = new SimClock();
  const sink = keptSink();
  return { link: new RealtimeDialer(clock).dial({ url, headers }, sink), sink, clock };
}

/** The end was said once, nothing came after it, and no alarm is left. */
async function assertOver({ sink, clock }: Call): Promise<void> {
  await settle();
  assert.equal(sink.ends.length, 1);
  assert.equal(clock.pending(), 0);
}

test("text goes both ways with the headers given; closing is a hang-up", async (t) => {
  const seen: unknown[] = [];
  const codes: number[] = [];
  const url = await wsPeer(t, (socket, headers) => {
    seen.push(headers["authorization"], headers["sec-websocket-extensions"]);
    socket.on("message", (data) => socket.send(`echo ${data}`));
    socket.on("close", (code) => codes.push(code));
  });
  const call = dial(url, { Authorization: "Bearer k" });
  call.link.send("too early"); // silently nothing
  await call.sink.hears("opened");
  call.link.send("größe");
  await call.sink.hears("echo größe");
  assert.equal(call.link.bufferedBytes(), 0);
  call.link.close();
  call.link.close();
  assert.deepEqual(await call.sink.end(), { tag: "hung-up" });
  call.link.send("too late");
  await eventually("the peer saw the close", () => codes.length > 0);
  assert.deepEqual(seen, ["Bearer k", undefined]);
  assert.deepEqual(codes, [1000]);
  assert.deepEqual(call.sink.said, ["opened", "echo größe"]);
  await assertOver(call);
});

test("bytes are a text frame, and may be overwritten at once, however slow the peer", async (t) => {
  const heard: string[] = [];
  const url = await wsPeer(t, (socket) => {
    socket.pause();
    setTimeout(() => socket.resume(), 50);
    socket.on("message", (data, isBinary) => void heard.push(isBinary ? "binary" : String(data)));
  });
  const call = dial(url);
  await call.sink.hears("opened");
  const bytes = Buffer.alloc(64_000);
  const wanted = Array.from({ length: 300 }, (_, nth) => String.fromCharCode(48 + (nth % 60)));
  for (const letter of wanted) call.link.send(bytes.fill(letter));
  assert.ok(call.link.bufferedBytes() > 0, "more than the operating system takes");
  bytes.fill("!");
  await eventually("all has come", () => heard.length === wanted.length);
  assert.deepEqual(
    heard.map((text) => text.at(0)),
    wanted,
  );
  assert.ok(heard.every((text) => text === text.charAt(0).repeat(bytes.length)));
  call.link.close();
  await call.sink.end();
});

for (const [code, reason] of [
  [1001, "Your session hit the maximum duration of 60 minutes."],
  [4000, "invalid_request_error.beta_api_shape_disabled"],
] as const) {
  test(`the peer closes with ${code}: code and reason arrive`, async (t) => {
    const url = await wsPeer(t, (socket) => socket.close(code, reason));
    const call = dial(url);
    assert.deepEqual(await call.sink.end(), { tag: "close", code, reason });
    await assertOver(call);
  });
}

test("a reset connection is a close with 1006", async (t) => {
  const url = await tcpPeer(t, (socket) => upgradeByHand(socket, () => socket.resetAndDestroy()));
  const call = dial(url);
  assert.deepEqual(await call.sink.end(), { tag: "close", code: 1006, reason: "" });
  await assertOver(call);
});

test("a frame beyond the limit, and a binary frame, are bad frames", async (t) => {
  const big = await wsPeer(t, (socket) => socket.send("x".repeat(FRAME_MAX_BYTES + 1)));
  const tooBig = dial(big);
  const code = "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";
  assert.deepEqual(await tooBig.sink.end(), { tag: "bad-frame", code });
  await assertOver(tooBig);

  const binary = await wsPeer(t, (socket) => {
    socket.send(Buffer.from([1, 2, 3]));
    socket.send("after");
  });
  const call = dial(binary);
  assert.deepEqual(await call.sink.end(), { tag: "bad-frame", code: "BINARY_FRAME" });
  assert.deepEqual(call.sink.said, ["opened"]);
  await assertOver(call);
});

test("a server that takes the connection and says nothing: handshake time-out", async (t) => {
  const events: string[] = [];
  const url = await tcpPeer(t, (socket) => {
    socket.once("data", () => events.push("asked"));
    socket.on("close", () => events.push("gone"));
  });
  const call = dial(url);
  await eventually("the request came", () => events.length > 0);
  call.clock.advance(HANDSHAKE_MAX_MS - 1);
  await settle();
  assert.deepEqual(call.sink.ends, []);
  call.clock.advance(1);
  assert.deepEqual(await call.sink.end(), { tag: "timeout", what: "handshake" });
  await assertOver(call);
  await eventually("the connection is gone", () => events.includes("gone"));
});

test("hanging up while connecting ends at once", async (t) => {
  const url = await tcpPeer(t, (socket) => socket.resume());
  const call = dial(url);
  call.link.close();
  assert.deepEqual(call.sink.ends, [], "never from within close");
  assert.deepEqual(await call.sink.end(), { tag: "hung-up" });
  await assertOver(call);
});

test("pongs keep the link; one that fails to come within its time ends it", async (t) => {
  let pings = 0;
  const url = await wsPeer(
    t,
    (socket) => {
      socket.on("ping", (data) => {
        pings++;
        if (pings > 3) return;
        socket.pong(data);
        socket.send(`ponged ${pings}`); // behind the pong: when it is heard, so was the pong
      });
    },
    { autoPong: false },
  );
  const call = dial(url);
  await call.sink.hears("opened");
  for (let round = 1; round <= 3; round++) {
    call.clock.advance(PING_EVERY_MS);
    await call.sink.hears(`ponged ${round}`);
  }
  call.clock.advance(PING_EVERY_MS + PONG_MAX_MS - 1);
  await eventually("the fourth ping", () => pings === 4);
  assert.deepEqual(call.sink.ends, []);
  call.clock.advance(1);
  assert.deepEqual(call.sink.ends, [{ tag: "timeout", what: "pong" }]);
  await assertOver(call);
  assert.equal(pings, 4, "no second ping before the pong");
});

test("sound that arrives instead of the pong is a sign of life", async (t) => {
  const url = await wsPeer(
    t,
    (socket) => void socket.on("message", (data) => socket.send(String(data))),
    { autoPong: false },
  );
  const call = dial(url);
  await call.sink.hears("opened");
  call.clock.advance(PING_EVERY_MS + PONG_MAX_MS - 1);
  call.link.send("delta");
  await call.sink.hears("delta");
  call.clock.advance(PONG_MAX_MS - 1);
  assert.deepEqual(call.sink.ends, []);
  call.clock.advance(1);
  assert.deepEqual(await call.sink.end(), { tag: "timeout", what: "pong" });
  await assertOver(call);
});

/** A peer that upgrades and then neither reads nor answers, as behind a dead router. */
async function deadPeer(t: Parameters<typeof tcpPeer>[0]): Promise<string> {
  return tcpPeer(t, (socket) => upgradeByHand(socket, () => socket.pause()));
}

test("a peer that stopped reading is found within 10 s, whatever was sent to it", async (t) => {
  const call = dial(await deadPeer(t));
  await call.sink.hears("opened");
  for (let i = 0; i < 200; i++) call.link.send("x".repeat(100_000));
  await eventually("the kernel takes no more", () => call.link.bufferedBytes() > 0);
  call.clock.advance(10_000);
  assert.deepEqual(await call.sink.end(), { tag: "timeout", what: "pong" });
  await assertOver(call);
  avoids(12);
});

test("hanging up on a peer that never answers is over in bounded time", async (t) => {
  const call = dial(await deadPeer(t));
  await call.sink.hears("opened");
  call.link.close();
  call.clock.advance(CLOSE_MAX_MS);
  assert.deepEqual(await call.sink.end(), { tag: "hung-up" });
  await assertOver(call);
});
