/** Packets pass whole or not at all, however the bytes are cut. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameGuard, PACKET_MAX_BYTES } from "../../../src/adapters/mqtt/frame-guard.ts";

function packet(first: number, bytes: number): Buffer {
  const head = [first];
  let left = bytes;
  do {
    const digit = left % 128;
    left = Math.floor(left / 128);
    head.push(left > 0 ? digit | 128 : digit);
  } while (left > 0);
  return Buffer.concat([Buffer.from(head), Buffer.alloc(bytes, first)]);
}

function passed(guard: FrameGuard, bytes: Buffer, chunkBytes: number): Buffer {
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const pieces = guard.take(bytes.subarray(at, at + chunkBytes));
    assert.ok(pieces !== null);
    out.push(...pieces);
  }
  return Buffer.concat(out);
}

test("what is too long is taken out, the rest is as it came, in chunks of any size", () => {
  const kept = [packet(0x20, 2), packet(0x30, 127), packet(0x31, 128), packet(0xd0, 0)];
  const edge = packet(0x32, PACKET_MAX_BYTES);
  const long = [packet(0x33, PACKET_MAX_BYTES + 1), packet(0x34, 300_000)];
  const [a, b, c, d] = kept.map((one) => one);
  const all = [a, long[0], b, edge, long[1], c, d].map((one) => one ?? Buffer.alloc(0));
  for (const chunkBytes of [1, 2, 3, 7, 1000, 65_536, 1_000_000]) {
    const guard = new FrameGuard();
    const out = passed(guard, Buffer.concat(all), chunkBytes);
    const wanted = [a, b, edge, c, d].map((one) => one ?? Buffer.alloc(0));
    assert.ok(out.equals(Buffer.concat(wanted)), `chunks of ${chunkBytes}`);
    assert.equal(guard.dropped, 2);
  }
});

test("a length without an end is no MQTT", () => {
  assert.equal(new FrameGuard().take(Uint8Array.of(0x30, 255, 255, 255, 255, 1)), null);
  assert.equal(
    new FrameGuard().take(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n\xff\xff\xff\xff", "latin1"))
      ?.length === 0,
    false,
  );
});
