/** Coloured LEDs at SPI, against a file that stands for the device; a clock that is moved by hand. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { makeLedsDark } from "../../../src/adapters/gpio/dark.ts";
import { openSpi, SET_SPEED, SPEED_HZ } from "../../../src/adapters/gpio/spi.ts";
import { darkBytes, StripLeds } from "../../../src/adapters/gpio/strip.ts";
import { FaultError, faultLine } from "../../../src/core/fault.ts";
import { DEFAULTS, type Settings } from "../../../src/core/settings/table.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { tempFile } from "../../helpers/temp-folder.ts";
import { settled } from "../../helpers/world.ts";

/** Of a row of three: 4 to begin, 12, and 5 to end. */
const FRAME_BYTES = 21;

class Row {
  readonly clock = new SimClock();
  readonly path: string;
  readonly faults: string[] = [];
  readonly pins: string[] = [];
  settings: Settings;
  readonly leds: StripLeds;

  constructor(t: TestContext, changes: Partial<Settings> = {}, path = tempFile(t, "spidev", "")) {
    this.path = path;
    this.settings = { ...DEFAULTS, "leds.backend": "apa102", "leds.device": path, ...changes };
    const bank = {
      output: async ({ pin }: { pin: number }) => ({
        dimmable: false,
        write: (level: number) => void this.pins.push(`${pin}=${level}`),
        release: () => void this.pins.push(`${pin} released`),
      }),
    };
    this.leds = new StripLeds({
      open: () => openSpi(path),
      bank,
      clock: this.clock,
      settings: () => this.settings,
      onFault: (why) => this.faults.push(faultLine(why)),
    });
  }

  /** The frames that were written, the words of their LEDs as hexadecimal digits. */
  get frames(): string[] {
    const bytes = readFileSync(this.path);
    assert.equal(bytes.length % FRAME_BYTES, 0);
    return Array.from({ length: bytes.length / FRAME_BYTES }, (_, n) => {
      const frame = bytes.subarray(n * FRAME_BYTES, (n + 1) * FRAME_BYTES);
      assert.equal(frame.readUInt32BE(0), 0);
      return [4, 8, 12].map((at) => frame.subarray(at, at + 4).toString("hex")).join(" ");
    });
  }
}

const DARK = "e0000000 e0000000 e0000000";

test("a conversation, frame by frame: nothing is written while nothing changes, and dark in the end", async (t) => {
  const row = new Row(t, { "leds.brightness": 0.5 });
  const lit: string[] = [];
  row.leds.show("idle", () => lit.push("idle"));
  await settled();
  row.leds.show("listening", () => lit.push("listening"));
  row.clock.advance(60_000);
  assert.deepEqual(row.frames, [DARK, "e0000000 f0ff8000 e0000000", "f0ff8000 f0ff8000 f0ff8000"]);
  row.leds.show("thinking");
  row.clock.advance(299);
  assert.deepEqual(row.frames.slice(3), [
    "f000a0ff f000101a f0003859",
    "f0003859 f000a0ff f000101a",
    "f000101a f0003859 f000a0ff",
  ]);
  const before = row.frames.length;
  row.leds.show("speaking");
  row.clock.advance(60_000);
  assert.deepEqual(row.frames.slice(before), ["f040ff00 f040ff00 f040ff00"]);
  assert.deepEqual(lit, ["listening"]);
  await row.leds.close();
  row.leds.show("fault");
  row.clock.advance(5_000);
  assert.deepEqual(row.frames.at(-1), DARK);
  assert.deepEqual(row.faults, []);
  assert.equal(row.clock.pending(), 0);
});

test("every state is dark again after a crash, by the command that systemd calls", async (t) => {
  const row = new Row(t);
  row.leds.show("fault");
  await settled();
  assert.notEqual(row.frames.at(-1), DARK);
  assert.equal(await makeLedsDark(row.settings, row.clock), `The LEDs are off (${row.path})`);
  // As a device takes it: the last frame counts. A file opened anew is written from its beginning.
  assert.deepEqual([...readFileSync(row.path).subarray(0, FRAME_BYTES)], [...darkBytes(3)]);
  const away = { ...row.settings, "leds.device": "/dev/spidev9.9" };
  assert.match(await makeLedsDark(away, row.clock), /left alone: There is no \/dev\/spidev9\.9/);
});

test("the answer's loudness is shown when it is heard, ten times a second at most", async (t) => {
  const row = new Row(t);
  row.leds.show("speaking");
  await settled();
  const before = row.frames.length;
  row.leds.loudness(0, 0);
  row.leds.loudness(1, 300);
  row.clock.advance(290);
  assert.deepEqual(row.frames.slice(before), ["e0000000 ff40ff00 e0000000"]);
  row.clock.advance(120);
  assert.equal(row.frames.at(-1), "ff40ff00 ff40ff00 ff40ff00");
  for (let n = 0; n < 100; n++) {
    row.leds.loudness(n % 2, row.clock.nowMs());
    row.clock.advance(20);
  }
  assert.ok(row.frames.length - before <= 2 + 21, `${row.frames.length - before} frames in 2 s`);
});

test("the last minute of a timer, and quiet hours that hide it", async (t) => {
  const row = new Row(t);
  row.leds.show("idle");
  row.leds.countdown(90_000);
  await settled();
  row.clock.advance(29_900);
  assert.equal(row.frames.length, 1);
  row.clock.advance(60_000);
  assert.deepEqual(
    row.frames.slice(1).map((frame) => frame.split("e0000000").length - 1),
    [0, 1, 2],
  );
  row.leds.countdown(null);
  assert.equal(row.frames.at(-1), DARK);
  row.settings = { ...row.settings, "leds.quiet_from": "00:00", "leds.quiet_to": "23:59" };
  row.leds.countdown(row.clock.nowMs() + 10_000);
  assert.equal(row.frames.at(-1), DARK);
});

test("colours and brightness of the owner's count at once", async (t) => {
  const row = new Row(t);
  row.leds.show("speaking");
  await settled();
  row.settings = { ...row.settings, "leds.colours": ["speaking=#010203"], "leds.brightness": 0.01 };
  row.leds.show("speaking");
  assert.equal(row.frames.at(-1), "e1030201 e1030201 e1030201");
});

test("a supply that a pin switches comes on first and goes with the LEDs", async (t) => {
  const row = new Row(t, { "leds.power_pin": 5 });
  row.leds.show("fault");
  await settled();
  assert.deepEqual(row.pins, ["5=1"]);
  assert.equal(row.frames.length, 1);
  await row.leds.close();
  assert.deepEqual(row.pins, ["5=1", "5 released"]);
});

test("no device: reported once with what to do, asked for again for a while; then it comes", async (t) => {
  const row = new Row(t, {}, "/nowhere/spidev0.0");
  row.leds.show("idle");
  await settled();
  for (let n = 0; n < 20; n++) await row.clock.advanceAsync(5_000);
  assert.equal(row.faults.length, 1);
  assert.match(
    row.faults[0] ?? "",
    /There is no .*without LEDs\. Switch SPI on: sudo raspi-config/,
  );
  assert.equal(row.clock.pending(), 0);
  await row.leds.close();
});

test("a real device gets its speed first; one that refuses it is no SPI device", () => {
  const asked: [number, number][] = [];
  const line = openSpi("/dev/null", (_, request, argument) => {
    asked.push([request, argument.readUInt32LE(0)]);
    return "";
  });
  assert.deepEqual(asked, [[SET_SPEED, SPEED_HZ]]);
  assert.ok(line.write(darkBytes(3)));
  line.release();
  assert.ok(!line.write(darkBytes(3)));
  const refused = (ioctl: Parameters<typeof openSpi>[1]): string => {
    try {
      openSpi("/dev/null", ioctl);
      return "opened";
    } catch (error) {
      return error instanceof FaultError ? error.message : "no fault";
    }
  };
  assert.match(
    refused(() => "ENOTTY"),
    /is no SPI device; .*ls \/dev\/spidev/,
  );
  assert.match(
    refused(() => "EPERM"),
    /no permission; .*scripts\/install/,
  );
  assert.match(refused(null), /needs koffi/);
});
