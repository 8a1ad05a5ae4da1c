/** What comes before the session is there waits for it, in order, as it does at the real one's. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { base64Of } from "../../src/sim/peer/base64.ts";
import { Conversation } from "../../src/sim/peer/conversation.ts";
import type { JsonObject } from "../../src/sim/peer/json.ts";
import { offer } from "../../src/sim/peer/scenario.ts";
import { scenarioOf } from "../../src/sim/peer/scenario-file.ts";
import { Script } from "../../src/sim/peer/script.ts";
import { Sounds, tone } from "../../src/sim/peer/sounds.ts";
import type { Out } from "../../src/sim/peer/wire.ts";

const UPDATE: JsonObject = { type: "session.update", session: { type: "realtime" } };
const SOUND: JsonObject = { type: "input_audio_buffer.append", audio: base64Of(tone(300, 200)) };

function peer(scenario: JsonObject, accepted = new Set<string>()): Conversation {
  const parsed = scenarioOf(scenario);
  const setup = {
    scope: "c1n",
    scenario: parsed,
    accepted,
    plan: null,
    model: offer("gpt-realtime", null),
    beta: false,
    prompter: new Script(parsed, new Sounds()).prompter(null),
    received: () => undefined,
    sent: () => undefined,
  };
  return new Conversation(setup, 0);
}

function words(outs: readonly Out[]): string[] {
  return outs.map((out) => (out.tag === "event" ? out.event.type : out.tag));
}

const HEARD = ["session.created", "session.updated", "input_audio_buffer.speech_started"];

/** A connection on which the set-up was taken, for those that follow. */
function taken(): Set<string> {
  const accepted = new Set<string>();
  const first = peer({}, accepted);
  first.open(0);
  first.receive(UPDATE, 10);
  return accepted;
}

test("taken before: set-up and sound before the session is there: hello, confirmed, heard", () => {
  const early = peer({ created_ms: 300 }, taken());
  assert.deepEqual(words([...early.open(0), ...early.receive(UPDATE, 10)]), []);
  assert.deepEqual(words(early.receive(SOUND, 20)), []);
  assert.deepEqual(words(early.advance(300)), HEARD);
});

test("taken before, and slow: what comes behind it is heard with it", () => {
  const slow = peer({ updated_ms: 300 }, taken());
  slow.open(0);
  slow.receive(UPDATE, 10);
  assert.deepEqual(words(slow.receive(SOUND, 20)), []);
  assert.deepEqual(words(slow.advance(310)), HEARD.slice(1));
});

test("never taken, another one, or none: sound before the confirmation breaks the rules", () => {
  const other: JsonObject = { type: "session.update", session: { type: "realtime", tools: [] } };
  for (const [update, known] of [
    [UPDATE, new Set<string>()],
    [other, taken()],
    [null, taken()],
  ] as const) {
    const strict = peer({ updated_ms: 300 }, known);
    strict.open(0);
    if (update !== null) strict.receive(update, 10);
    assert.ok(words(strict.receive(SOUND, 20)).includes("violation"));
  }
});

test("who talks on and on before there is a session is told so", () => {
  const never = peer({ created_ms: 60_000 }, taken());
  never.open(0);
  never.receive(UPDATE, 10);
  const said = Array.from({ length: 1_000 }, () => words(never.receive(SOUND, 10))).flat();
  assert.deepEqual(said, ["violation"]);
});
