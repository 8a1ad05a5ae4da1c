/** Whole JPEGs made by hand: grey, of any size; with what a camera may do to them. */

export interface JpegOptions {
  readonly width?: number;
  readonly height?: number;
  /** False: without Huffman tables, as frames of motion JPEG are. */
  readonly tables?: boolean;
  /** Bytes of a segment of the maker's own, such as a thumbnail. */
  readonly maker?: number;
}

/**
 * A grey picture: of each block of 8 × 8 the code of "no difference" (00) and of "nothing else"
 * (1010), by the tables of ITU-T T.81, K.3.
 */
export function greyJpeg(options: JpegOptions = {}): Buffer {
  const { width = 1024, height = 768, tables = true, maker = 0 } = options;
  const size = [height >> 8, height & 0xff, width >> 8, width & 0xff];
  return Buffer.concat([
    Buffer.of(0xff, 0xd8),
    segment(0xe0, Buffer.from("JFIF\0\x01\x01\0\0\x01\0\x01\0\0", "latin1")),
    maker > 0 ? segment(0xe1, Buffer.alloc(maker, 0xd9)) : Buffer.alloc(0),
    segment(0xdb, Buffer.concat([Buffer.of(0), Buffer.alloc(64, 16)])),
    segment(0xc0, Buffer.of(8, ...size, 1, 1, 0x11, 0)),
    tables ? HUFFMAN : Buffer.alloc(0),
    segment(0xda, Buffer.of(1, 1, 0, 0, 63, 0)),
    scan(Math.ceil(width / 8) * Math.ceil(height / 8)),
    Buffer.of(0xff, 0xd9),
  ]);
}

function segment(mark: number, body: Buffer): Buffer {
  const length = body.length + 2;
  return Buffer.concat([Buffer.of(0xff, mark, length >> 8, length & 0xff), body]);
}

/** The fewest tables with which it can be read: DC code 00 for 0, AC code 1010 for the end. */
const HUFFMAN = Buffer.concat([
  segment(0xc4, Buffer.of(0, 0, 1, 0, ...new Array(13).fill(0), 0)),
  segment(0xc4, Buffer.of(0x10, 0, 2, 1, 1, ...new Array(12).fill(0), 1, 2, 3, 0)),
]);

function scan(blocks: number): Buffer {
  const bits = "001010".repeat(blocks);
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return Buffer.from((whole.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
