/** Coloured LEDs in a row: every state's frames, byte by byte where bytes matter. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  colourOf,
  LED_COLOUR,
  loudnessOf,
  STEP_MS,
  STRIP_MAX,
  type StripScene,
  stripBytes,
  stripFrame,
} from "../../../src/core/panel/strip.ts";
import { INDICATIONS, type Indication } from "../../../src/core/phase.ts";

const REST = { own: [], loudness: null, timerMs: null } as const;

function scene(indication: Indication, count: number, more: Partial<StripScene> = {}): StripScene {
  return { indication, sinceMs: 0, count, ...REST, ...more };
}

/** Frames within `ms`, a line each: `#` full, `+` half, `-` faint, `.` dark. */
function play(indication: Indication, count: number, ms: number, more: Partial<StripScene> = {}) {
  const seen: string[] = [];
  for (let at = 0; at < ms; ) {
    const { levels, untilMs } = stripFrame(scene(indication, count, { ...more, sinceMs: at }));
    assert.equal(levels.length, count);
    const marks = levels.map((level) =>
      level > 0.9 ? "#" : level > 0.3 ? "+" : level > 0 ? "-" : ".",
    );
    seen.push(`${at} ${marks.join("")}`);
    if (untilMs === null) break;
    assert.ok(untilMs >= at + STEP_MS / 2, "twenty frames a second at most");
    at = untilMs;
  }
  return seen;
}

test("a frame, byte by byte: start, a word a LED in blue, green, red, and an end for all of them", () => {
  const orange = { red: 255, green: 128, blue: 1 };
  assert.deepEqual(
    [...stripBytes([1, 0.5, 0], orange, 1)],
    [0, 0, 0, 0, 0xff, 1, 128, 255, 0xff, 1, 64, 128, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0],
  );
  assert.equal(stripBytes([1], orange, 0.5)[4], 0xe0 | 16, "five bits of brightness");
  assert.equal(stripBytes([1], orange, 0.001)[4], 0xe1, "lit is never dark");
  for (const count of [1, 16, 17, STRIP_MAX]) {
    const bytes = stripBytes(new Array(count).fill(1), orange, 1);
    // 32 bits to reset, and half a bit of clock for each LED.
    const endBits = (bytes.length - 4 - 4 * count) * 8;
    assert.ok(endBits >= 32 + count / 2, `${count}: ${endBits}`);
    assert.ok(bytes.subarray(4 + 4 * count).every((byte) => byte === 0));
  }
});

test("listening opens from the middle and then stands still; connecting and thinking run round", () => {
  assert.deepEqual(play("listening", 3, 900), ["0 .#.", "100 ###"]);
  assert.deepEqual(play("listening", 12, 900), [
    "0 .....##.....",
    "100 ....####....",
    "200 ...######...",
    "300 ..########..",
    "400 .##########.",
    "500 ############",
  ]);
  assert.deepEqual(play("connecting", 3, 400), ["0 #..", "100 .#.", "200 ..#", "300 #.."]);
  assert.deepEqual(play("thinking", 4, 500), [
    "0 #.-+",
    "100 +#.-",
    "200 -+#.",
    "300 .-+#",
    "400 #.-+",
  ]);
});

test("speaking swells with the answer; where nobody says how loud, it stands", () => {
  assert.deepEqual(play("speaking", 5, 100), ["0 #####"]);
  assert.deepEqual(play("speaking", 5, 100, { loudness: 0 }), ["0 ..#.."]);
  assert.deepEqual(play("speaking", 5, 100, { loudness: 0.5 }), ["0 -###-"]);
  assert.deepEqual(play("speaking", 5, 100, { loudness: 1 }), ["0 #####"]);
  assert.equal(loudnessOf(new Int16Array(2_400)), 0);
  assert.equal(loudnessOf(new Int16Array(2_400).fill(16_000)), 1);
  const middle = loudnessOf(new Int16Array(2_400).fill(800));
  assert.ok(middle > 0.4 && middle < 0.6, `${middle}`);
});

test("the last minute of a timer goes out one by one; before that nothing is lit, nor looked at", () => {
  const far = stripFrame(scene("idle", 3, { timerMs: 600_000 }));
  assert.deepEqual(far, { levels: [0, 0, 0], untilMs: 540_000 });
  const left: [number, string][] = [
    [60_000, "---"],
    [40_001, "---"],
    [40_000, "--."],
    [1_000, "-.."],
  ];
  for (const [timerMs, marks] of left) {
    const { levels, untilMs } = stripFrame(scene("idle", 3, { timerMs }));
    assert.equal(levels.map((level) => (level > 0 ? "-" : ".")).join(""), marks, `${timerMs}`);
    assert.ok(untilMs !== null && untilMs > 0);
  }
  assert.deepEqual(stripFrame(scene("idle", 3, { timerMs: -5 })).untilMs, null);
  assert.deepEqual(stripFrame(scene("idle", 3)), { levels: [0, 0, 0], untilMs: null });
});

test("a yes is waited for: every second LED, in turn", () => {
  assert.deepEqual(play("awaiting-approval", 4, 1_200), ["0 #.#.", "500 .#.#", "1000 #.#."]);
});

test("fewer than three, and patterns of the owner's, are shown by all alike", () => {
  assert.deepEqual(play("thinking", 2, 900), ["0 ##", "500 .."]);
  const own = ["thinking=on"];
  assert.deepEqual(play("thinking", 5, 900, { own }), ["0 #####"]);
});

test("every state of any length begins lit, but rest; time goes on; colours are known", () => {
  for (const indication of INDICATIONS) {
    for (const count of [1, 2, 3, 4, 12, STRIP_MAX]) {
      const { levels } = stripFrame(scene(indication, count));
      assert.equal(
        levels.some((level) => level > 0),
        indication !== "idle",
        `${indication} ${count}`,
      );
      play(indication, count, 5_000, { loudness: 0.3 });
    }
  }
  assert.deepEqual(colourOf("fault", []), { red: 255, green: 0, blue: 0 });
  const own = ["fault=#010203", "fault=#0a0B0c", "idle=#ffffff"];
  assert.deepEqual(colourOf("fault", own), { red: 10, green: 11, blue: 12 });
  assert.ok(own.every((text) => LED_COLOUR.test(text)));
  for (const bad of ["fault=red", "fault=#12345", "sleep=#000000", "fault #000000"]) {
    assert.ok(!LED_COLOUR.test(bad), bad);
  }
});
