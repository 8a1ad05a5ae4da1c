/** Which engine listens for which word, and how eagerly. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Model, planWakeWords, type WakeSettings } from "../../../src/core/wake/plan.ts";
import { cutoffAt, sensitivityOf } from "../../../src/core/wake/sensitivity.ts";

const USUAL: WakeSettings = {
  engine: "porcupine-keyless",
  keywords: ["computer"],
  sensitivity: "auto",
  isDefault: true,
  mayOnlyStop: false,
};
const HEY_JARVIS: Model = { path: "/m/hey_jarvis.json", word: "Hey Jarvis" };
const STOP: Model = { path: "/m/stop.json", word: "Stop" };

/** As `engine: word at sensitivity`, or the refusal. */
function planned(wanted: Partial<WakeSettings>, ...models: readonly Model[]): readonly string[] {
  const result = planWakeWords({ ...USUAL, ...wanted }, models);
  if (!result.ok) return [`refused: ${result.fault.message}`];
  return Object.entries(result.plan).flatMap(([engine, words]) =>
    words.map(({ keyword, sensitivity }) => `${engine}: ${keyword} at ${sensitivity}`),
  );
}

test("each word has its own default, and one number is for all", () => {
  assert.deepEqual(planned({}), ["porcupine-keyless: computer at 0.9"]);
  const both = { keywords: ["Computer", "jarvis"], isDefault: false };
  assert.deepEqual(planned(both), [
    "porcupine-keyless: Computer at 0.9",
    "porcupine-keyless: jarvis at 0.7",
  ]);
  assert.deepEqual(planned({ ...both, sensitivity: 0.4 }), [
    "porcupine-keyless: Computer at 0.4",
    "porcupine-keyless: jarvis at 0.4",
  ]);
  assert.equal(sensitivityOf("micro", "Alexa", "auto"), 0.97);
  assert.equal(sensitivityOf("micro", "constructor", "auto"), 0.7);
});

test("micro: the words of its models, and not the keyless default that nobody asked for", () => {
  assert.deepEqual(planned({ engine: "micro" }, HEY_JARVIS, STOP), [
    "micro: hey_jarvis at 0.7",
    "micro: stop at 0.7",
  ]);
});

test("words of both engines: each goes to the one that knows it", () => {
  const both = { keywords: ["hey jarvis", "computer"], isDefault: false };
  for (const engine of ["micro", "porcupine-keyless"] as const) {
    assert.deepEqual(planned({ ...both, engine }, HEY_JARVIS), [
      "porcupine-keyless: computer at 0.9",
      "micro: hey_jarvis at 0.7",
    ]);
  }
  assert.deepEqual(planned({}, HEY_JARVIS), [
    "porcupine-keyless: computer at 0.9",
    "micro: hey_jarvis at 0.7",
  ]);
});

test("what cannot work is refused in words", () => {
  const foo = { engine: "micro", keywords: ["hey jarvs"], isDefault: false } as const;
  assert.match(planned(foo, HEY_JARVIS)[0] ?? "", /'hey jarvs'.*know hey_jarvis; did you mean/);
  assert.match(planned({ engine: "micro" }, STOP)[0] ?? "", /stop.*starts no conversation/);
  assert.deepEqual(planned({ engine: "micro", mayOnlyStop: true }, STOP), ["micro: stop at 0.7"]);
  assert.match(planned({}, HEY_JARVIS, HEY_JARVIS)[0] ?? "", /two models of 'hey_jarvis'/);
});

test("the cutoff of a model: its author's at 0.7, half at 1, nearly certain at 0; always falling", () => {
  assert.equal(cutoffAt(0.7, 0.9), 0.9);
  assert.ok(Math.abs(cutoffAt(1, 0.9) - 0.45) < 1e-9);
  assert.ok(Math.abs(cutoffAt(0, 0.9) - 0.99) < 1e-9);
  assert.ok(Math.abs(cutoffAt(0.97, 0.9) - 0.5) < 0.01, "alexa's default");
  for (const own of [0.3, 0.5, 0.97, 0.995]) {
    for (let step = 1; step <= 20; step++) {
      assert.ok(cutoffAt(step / 20, own) <= cutoffAt((step - 1) / 20, own), `${own} at ${step}`);
    }
  }
});
