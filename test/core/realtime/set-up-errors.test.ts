/** Errors about a set-up: which part they name, and what the owner is told when none can go. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { refusedPart, setUpFault } from "../../../src/core/realtime/set-up-errors.ts";

function error(param: string | null, message = "no") {
  return { type: "invalid_request_error", code: "x", message, param, eventId: null };
}

test("the part is found by the server's path, or by its words where it names no path", () => {
  assert.equal(refusedPart(error("session.audio.input.noise_reduction")), "noise-reduction");
  assert.equal(refusedPart(error("session.parallel_tool_calls")), "reasoning");
  assert.equal(refusedPart(error("session.audio.output.voice")), "voice");
  assert.equal(refusedPart(error(null, "Unknown parameter: 'session.truncation'")), "truncation");
  assert.equal(refusedPart(error("session.instructions")), null);
  const words = "Noise reduction is not supported by this model.";
  assert.equal(refusedPart(error(null, words)), "noise-reduction");
  assert.equal(refusedPart(error(null, "Turn-detection: no")), "turn-detection");
});

test("a voice is not found in words that only contain it", () => {
  assert.equal(refusedPart(error("session.invoice")), null);
});

test("the remedy names the setting, or the other dialect of the protocol", () => {
  const setting = setUpFault(error("session.instructions"), "m");
  assert.match(setting.remedy, /^Check openai\.instructions, /);
  const idle = error("session.audio.input.turn_detection.silence_duration_ms");
  const turns = setUpFault({ ...idle, code: "integer_below_min_value" }, "m");
  assert.equal(turns.remedy, "Check openai.turn_detection");
  assert.equal(
    setUpFault(error("session.tracing"), "m").remedy,
    "Check the setting behind session.tracing",
  );
  assert.match(setting.message, /refused the set-up: no \(x\)/);
  const unnamed = setUpFault(error(null, "Not so."), "m").remedy;
  assert.match(unnamed, /^Take what it names out of the section openai/);
  assert.equal(setUpFault(error("session.type"), "m").remedy, "Set openai.protocol: beta");
});
