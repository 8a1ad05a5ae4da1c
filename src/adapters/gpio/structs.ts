/**
 * The kernel's GPIO interface, version 2 (linux/gpio.h since 5.10), byte by byte: ioctl numbers and
 * the structures that go with them. Little-endian, as all 64-bit boards are.
 *
 * Numbers: _IOR/_IOWR of type 0xB4; tried on a 6.12 kernel.
 */

/** struct gpiochip_info: name[32], label[32], lines. */
export const GET_CHIPINFO = 0x8044_b401;
/** struct gpio_v2_line_info: name[32], consumer[32], offset, … */
export const GET_LINEINFO = 0xc100_b405;
/** struct gpio_v2_line_request; the kernel puts the line's file descriptor into it. */
export const GET_LINE = 0xc250_b407;
/** struct gpio_v2_line_values: bits, mask. */
export const SET_VALUES = 0xc010_b40f;

export const CHIPINFO_BYTES = 68;
export const LINEINFO_BYTES = 256;
export const REQUEST_BYTES = 592;
export const VALUES_BYTES = 16;
export const EVENT_BYTES = 48;

const FLAG = {
  activeLow: 2n,
  input: 4n,
  output: 8n,
  edgeRising: 16n,
  edgeFalling: 32n,
  pullUp: 256n,
  pullDown: 512n,
} as const;

const ATTRIBUTE_OUTPUT_VALUES = 2;
const ATTRIBUTE_DEBOUNCE = 3;
const AT = { consumer: 256, flags: 288, attributeCount: 296, attributes: 320 } as const;
const LINE_COUNT_AT = 560;
const DESCRIPTOR_AT = 588;

/** Shown by gpioinfo; the field holds 31 characters. */
const CONSUMER = "pipit";

export function chipInfo(bytes: Buffer): { label: string; lines: number } {
  return { label: text(bytes, 32), lines: bytes.readUInt32LE(64) };
}

/** Asks for the state of one line. */
export function lineInfoRequest(pin: number): Buffer {
  const bytes = Buffer.alloc(LINEINFO_BYTES);
  bytes.writeUInt32LE(pin, 64);
  return bytes;
}

export function consumerOf(lineInfo: Buffer): string {
  return text(lineInfo, 32);
}

function text(bytes: Buffer, at: number): string {
  const field = bytes.subarray(at, at + 32);
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? 32 : end).toString("latin1");
}

/** An output that is dark from its first instant. */
export function outputRequest(pin: number, activeLow: boolean): Buffer {
  const bytes = request(pin, FLAG.output | (activeLow ? FLAG.activeLow : 0n));
  attribute(bytes, ATTRIBUTE_OUTPUT_VALUES, 0n);
  return bytes;
}

/**
 * An input that tells of both edges, debounced by the kernel. A rising edge is a press: the button
 * goes to ground unless the pull is down. Without a pull, the pin's own stays as it was set.
 */
export function inputRequest(
  pin: number,
  pull: "up" | "down" | "none",
  debounceMs: number,
): Buffer {
  const bias = { up: FLAG.pullUp, down: FLAG.pullDown, none: 0n }[pull];
  const polarity = pull === "down" ? 0n : FLAG.activeLow;
  const edges = FLAG.edgeRising | FLAG.edgeFalling;
  const bytes = request(pin, FLAG.input | edges | bias | polarity);
  if (debounceMs > 0) attribute(bytes, ATTRIBUTE_DEBOUNCE, BigInt(Math.round(debounceMs * 1000)));
  return bytes;
}

function request(pin: number, flags: bigint): Buffer {
  const bytes = Buffer.alloc(REQUEST_BYTES);
  bytes.writeUInt32LE(pin, 0);
  bytes.write(CONSUMER, AT.consumer, "latin1");
  bytes.writeBigUInt64LE(flags, AT.flags);
  bytes.writeUInt32LE(1, LINE_COUNT_AT);
  return bytes;
}

/** The one attribute, for the one line. */
function attribute(bytes: Buffer, id: number, value: bigint): void {
  bytes.writeUInt32LE(1, AT.attributeCount);
  bytes.writeUInt32LE(id, AT.attributes);
  bytes.writeBigUInt64LE(value, AT.attributes + 8);
  bytes.writeBigUInt64LE(1n, AT.attributes + 16);
}

export function lineDescriptor(answered: Buffer): number {
  return answered.readInt32LE(DESCRIPTOR_AT);
}

export function lineValue(on: boolean): Buffer {
  const bytes = Buffer.alloc(VALUES_BYTES);
  bytes.writeBigUInt64LE(on ? 1n : 0n, 0);
  bytes.writeBigUInt64LE(1n, 8);
  return bytes;
}

/** `atMs`: the kernel's monotonic clock, milliseconds. */
export interface LineEvent {
  readonly rising: boolean;
  readonly atMs: number;
}

const EVENT_RISING = 1;

/** The events in what was read of a line. */
export function lineEvents(bytes: Buffer): readonly LineEvent[] {
  const events: LineEvent[] = [];
  for (let at = 0; at + EVENT_BYTES <= bytes.length; at += EVENT_BYTES) {
    const atMs = Number(bytes.readBigUInt64LE(at)) / 1e6;
    events.push({ rising: bytes.readUInt32LE(at + 8) === EVENT_RISING, atMs });
  }
  return events;
}
