/** A camera's picture, looked at before it leaves the house. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkJpeg, PICTURE_MAX_BYTES } from "../../../src/core/camera/jpeg.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { greyJpeg } from "../../helpers/jpeg.ts";

function why(bytes: Uint8Array): string {
  const checked = checkJpeg(bytes);
  return checked.ok ? "fine" : checked.why;
}

test("a whole picture passes as it is; what stands around it is cut off", () => {
  const whole = greyJpeg();
  for (const found of [whole, Buffer.concat([Buffer.of(0, 0xff), whole, Buffer.alloc(4_096)])]) {
    const checked = checkJpeg(found);
    assert.ok(checked.ok);
    assert.deepEqual([checked.jpeg.width, checked.jpeg.height], [1024, 768]);
    assert.ok(whole.equals(checked.jpeg.bytes));
  }
});

test("a frame of motion JPEG gets the standard's Huffman tables, just before the scan", () => {
  const bare = greyJpeg({ tables: false });
  const checked = checkJpeg(bare);
  assert.ok(checked.ok);
  const bytes = Buffer.from(checked.jpeg.bytes);
  const at = bytes.indexOf(Buffer.of(0xff, 0xc4));
  const length = bytes.readUInt16BE(at + 2);
  assert.equal(bytes.length, bare.length + 2 + length);
  assert.equal(bytes.readUInt16BE(at + 2 + length), 0xffda);
  assert.deepEqual(tablesIn(bytes.subarray(at + 4, at + 2 + length)), {
    0: { values: 12, spare: 1 },
    16: { values: 162, spare: 1 },
    1: { values: 12, spare: 1 },
    17: { values: 162, spare: 1 },
  });
  assert.equal(why(bytes), "fine", "and is whole then");
});

/** Of each table: how many values, all different, and how many of the longest codes are left. */
function tablesIn(body: Buffer): Record<number, { values: number; spare: number }> {
  const found: Record<number, { values: number; spare: number }> = {};
  for (let at = 0; at < body.length; ) {
    const counts = [...body.subarray(at + 1, at + 17)];
    const values = counts.reduce((sum, count) => sum + count, 0);
    const seen = new Set(body.subarray(at + 17, at + 17 + values));
    // Kraft's sum, of codes of at most 16 bits: the code of ones alone must stay free.
    const used = counts.reduce((sum, count, n) => sum + count * 2 ** (15 - n), 0);
    const last = counts.findLastIndex((count) => count > 0);
    found[body[at] ?? -1] = { values: seen.size, spare: (65_536 - used) / 2 ** (15 - last) };
    at += 17 + values;
  }
  return found;
}

test("what is no picture, half of one, or too large, is told as that", () => {
  const whole = greyJpeg();
  assert.equal(why(Buffer.alloc(0)), "is empty");
  assert.equal(why(Buffer.alloc(4_096, 0x80)), "is no JPEG");
  assert.equal(why(whole.subarray(0, whole.length / 2)), "is cut short");
  assert.equal(why(whole.subarray(0, 30)), "is cut short");
  // The end of a thumbnail is not the end of the picture.
  assert.equal(why(greyJpeg({ maker: 64 }).subarray(0, -2)), "is cut short");
  assert.match(why(greyJpeg({ width: 1280, height: 720 })), /^has 1280 × 720 pixels; at most 1024/);
  assert.match(why(greyJpeg({ width: 600, height: 2000 })), /^has 600 × 2000 pixels/);
  const heavy = Buffer.concat([
    whole.subarray(0, 2),
    ...Array.from({ length: 8 }, () => segmentOf(60_000)),
    whole.subarray(2),
  ]);
  assert.ok(heavy.length > PICTURE_MAX_BYTES);
  assert.match(why(heavy), /^has 490 kB; at most 394 are sent/);
});

function segmentOf(bytes: number): Buffer {
  const head = Buffer.of(0xff, 0xe1, bytes >> 8, bytes & 0xff);
  return Buffer.concat([head, Buffer.alloc(bytes - 2)]);
}

test("bytes changed at random are refused or cut, and never throw or go round", () => {
  const dice = new SimDice(5);
  const whole = greyJpeg({ width: 64, height: 64, tables: false, maker: 20 });
  for (let n = 0; n < 20_000; n++) {
    const bytes = Buffer.from(whole);
    for (let change = 0; change < 1 + (n % 4); change++) {
      bytes[Math.floor(dice.unit() * bytes.length)] = Math.floor(dice.unit() * 256);
    }
    const checked = checkJpeg(bytes.subarray(0, Math.floor(dice.unit() * (bytes.length + 1))));
    if (checked.ok) assert.ok(Math.max(checked.jpeg.width, checked.jpeg.height) <= 1024);
  }
});
