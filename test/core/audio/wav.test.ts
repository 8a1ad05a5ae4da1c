import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseWav,
  WAV_HEADER_BYTES,
  type WavInfo,
  wavHeader,
  wavToMono,
} from "../../../src/core/audio/wav.ts";

interface Shape {
  readonly code?: number;
  readonly channels?: number;
  readonly bits?: number;
  readonly rateHz?: number;
  readonly extensible?: boolean;
  /** Chunks before the data: name and body. */
  readonly before?: readonly (readonly [string, Buffer])[];
  readonly dataSize?: number;
  readonly after?: Buffer;
}

function chunk(name: string, body: Buffer, size = body.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 0, "latin1");
  head.writeUInt32LE(size, 4);
  return Buffer.concat([head, body, Buffer.alloc(size === body.length ? body.length % 2 : 0)]);
}

function wav(data: Buffer, shape: Shape = {}): Buffer {
  const { code = 1, channels = 1, bits = 16, rateHz = 24_000, extensible = false } = shape;
  const format = Buffer.alloc(extensible ? 40 : 16);
  format.writeUInt16LE(extensible ? 0xfffe : code, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(rateHz, 4);
  format.writeUInt16LE(bits, 14);
  if (extensible) format.writeUInt16LE(code, 24);
  const before = (shape.before ?? []).map(([name, body]) => chunk(name, body));
  const body = Buffer.concat([
    Buffer.from("WAVE"),
    ...before,
    chunk("fmt ", format),
    chunk("data", data, shape.dataSize ?? data.length),
    shape.after ?? Buffer.alloc(0),
  ]);
  return chunk("RIFF", body);
}

function parsed(bytes: Uint8Array): WavInfo {
  const info = parseWav(bytes);
  if (info.tag === "problem") assert.fail(info.problem);
  return info;
}

function problem(bytes: Uint8Array): string {
  const info = parseWav(bytes);
  return info.tag === "problem" ? info.problem : "none";
}

const FOUR = Buffer.from(Int16Array.of(1, -2, 32_767, -32_768).buffer);

test("16-bit mono comes out bit for bit, with what we need to know about it", () => {
  const bytes = wav(FOUR, { rateHz: 16_000 });
  const info = parsed(bytes);
  assert.deepEqual([info.sampleRateHz, info.channels, info.bitsPerSample], [16_000, 1, 16]);
  assert.deepEqual([...wavToMono(bytes, info)], [1, -2, 32_767, -32_768]);
});

test("8, 24 and 32 bits and float are scaled to 16", () => {
  const float = Buffer.from(Float32Array.of(0.5, -1, 2, Number.NaN).buffer);
  const cases: readonly (readonly [Buffer, Shape, readonly number[]])[] = [
    [Buffer.of(0, 128, 255), { bits: 8 }, [-32_768, 0, 32_512]],
    [Buffer.of(0, 1, 0, 0, 0, 128), { bits: 24 }, [1, -32_768]],
    [Buffer.from(Int32Array.of(65_536, -131_072).buffer), { bits: 32 }, [1, -2]],
    [float, { bits: 32, code: 3 }, [16_384, -32_768, 32_767, 0]],
    [float, { bits: 32, code: 3, extensible: true }, [16_384, -32_768, 32_767, 0]],
  ];
  for (const [data, shape, expected] of cases) {
    const bytes = wav(data, shape);
    assert.deepEqual([...wavToMono(bytes, parsed(bytes))], expected);
  }
});

test("channels are averaged", () => {
  const bytes = wav(Buffer.from(Int16Array.of(100, 300, -50, 50).buffer), { channels: 2 });
  assert.deepEqual([...wavToMono(bytes, parsed(bytes))], [200, 0]);
});

test("odd chunks before and chunks after the sound are stepped over", () => {
  const before = [["LIST", Buffer.from("odd")]] as const;
  const bytes = wav(FOUR, { before, after: chunk("LIST", Buffer.from("tail")) });
  assert.equal(wavToMono(bytes, parsed(bytes)).length, 4);
});

test("sizes that cannot be true end with the file: cut off, 0xFFFFFFFF, 0", () => {
  for (const dataSize of [4_000, 0xffff_ffff, 0]) {
    const bytes = wav(FOUR, { dataSize });
    assert.equal(wavToMono(bytes, parsed(bytes)).length, 4, `size ${dataSize}`);
  }
  const whole = wav(FOUR);
  const cut = whole.subarray(0, whole.length - 3);
  assert.equal(wavToMono(cut, parsed(cut)).length, 2, "half a sample is not one");
});

test("a size of 0 that is meant gives no samples", () => {
  const bytes = wav(Buffer.alloc(0), { after: chunk("LIST", Buffer.from("tail")) });
  assert.equal(wavToMono(bytes, parsed(bytes)).length, 0);
});

test("what is not a usable WAV gets one clause that says why", () => {
  assert.equal(problem(Buffer.alloc(0)), "is empty");
  assert.equal(problem(Buffer.from("ID3 this is an mp3, not a wav")), "is not a WAV file");
  assert.equal(problem(Buffer.from("RIFF....AVI LIST....")), "is not a WAV file");
  assert.equal(problem(Buffer.from("RIFF\0\0\0\0WAVE")), "has no format chunk");
  assert.equal(problem(wav(FOUR, { code: 0x55 })), "has compressed sound (format 85)");
  assert.equal(problem(wav(FOUR, { channels: 0 })), "has 0 channels");
  assert.equal(problem(wav(FOUR, { rateHz: 0 })), "has a sample rate of 0 Hz");
  assert.equal(problem(wav(FOUR, { bits: 12 })), "has 12-bit integer samples");
  const noData = chunk("RIFF", Buffer.concat([Buffer.from("WAVE"), wav(FOUR).subarray(12, 36)]));
  assert.equal(problem(noData), "has no sound in it");
});

test("no prefix of a file, and no damaged byte of its header, makes the parser throw", () => {
  const bytes = wav(FOUR, { extensible: true, before: [["LIST", Buffer.from("abc")]] });
  for (let length = 0; length <= bytes.length; length++) parseWav(bytes.subarray(0, length));
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0, 1, 127, 128, 255]) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = value;
      const info = parseWav(damaged);
      if (info.tag === "problem") continue;
      assert.ok(info.dataStart <= info.dataEnd && info.dataEnd <= damaged.length);
      wavToMono(damaged, info);
    }
  }
});

test("the header we write is read back, and huge sizes are clamped", () => {
  const bytes = Buffer.concat([wavHeader(24_000, FOUR.length), FOUR]);
  assert.equal(wavHeader(24_000, 0).length, WAV_HEADER_BYTES);
  assert.deepEqual([...wavToMono(bytes, parsed(bytes))], [1, -2, 32_767, -32_768]);
  const huge = Buffer.from(wavHeader(24_000, 2 ** 40));
  assert.equal(huge.readUInt32LE(4), 0xffff_ffff - 8);
});
