/** Scenario files: read strictly, every problem with its place; and a conversation without a socket. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { base64Of } from "../../src/sim/peer/base64.ts";
import { Conversation } from "../../src/sim/peer/conversation.ts";
import { offer } from "../../src/sim/peer/scenario.ts";
import { parseScenario, ScenarioError } from "../../src/sim/peer/scenario-file.ts";
import { Script } from "../../src/sim/peer/script.ts";
import { Sounds } from "../../src/sim/peer/sounds.ts";
import type { Out } from "../../src/sim/peer/wire.ts";
import { joined, room, syllables } from "../helpers/speech.ts";

const GOOD = `
key: sk-test          # only this one
models: [gpt-realtime, { id: old, gone: response, shutdown_date: 2026-05-07, voices: [alloy] }]
created_ms: 300
turns:
  - say: Hello.
  - items:
      - { tone: { hz: 440, ms: 500 }, phase: commentary }
      - call: { name: lamp, arguments: { on: true } }
    first_delta_ms: 900
connections:
  - {}
  - { updated_ms: 2000, turns: [{ text: again }] }
faults:
  - { at: "delta:3", do: close, code: 1011, reason: gone, turn: 2 }
`;

test("a scenario in YAML becomes what it says, with good manners for the rest", () => {
  const scenario = parseScenario(GOOD, "good.yaml");
  assert.equal(scenario.models[1]?.gone, "response");
  assert.deepEqual(scenario.models[1]?.voices, ["alloy"]);
  assert.equal(scenario.turns[1]?.items?.length, 2);
  assert.equal(scenario.turns[1]?.firstDeltaMs, 900);
  assert.equal(scenario.connections[1]?.updatedMs, 2000);
  assert.equal(scenario.connections[1]?.turns?.length, 1);
  const at = { tag: "server", type: "response.output_audio.delta", nth: 3 };
  assert.deepEqual(scenario.faults[0]?.at, at);
  assert.equal(scenario.strict, true);
  assert.deepEqual(parseScenario("", "empty.yaml").turns, []);
  assert.deepEqual(parseScenario('{"turns": [{"say": "Hi"}]}', "x.json").turns.length, 1);
});

const BAD = `key: sk
modles: []
pace: fast
turns:
  - { say: a, pace: 5, then: b }
  - items: [{}]
faults:
  - { at: delta, do: clsoe }
  - { at: response.dnoe, do: drop }
  - { at: created, do: refuse, status: 404 }
  - { at: created, do: close, code: 1006 }
  - { at: handshake, do: refuse, times: 0 }
`;

test("all problems of a scenario at once, each with line and column", () => {
  const problems = ((): readonly string[] => {
    try {
      parseScenario(BAD, "bad.yaml");
    } catch (error) {
      if (error instanceof ScenarioError) return error.problems;
    }
    return [];
  })();
  assert.deepEqual(
    problems.map((problem) => problem.split(" ", 2).join(" ")),
    [
      "bad.yaml:2:1 modles:",
      "bad.yaml:3:7 pace:",
      "bad.yaml:5:24 turns[0].then:",
      "bad.yaml:6:13 turns[1].items[0]:",
      "bad.yaml:8:5 faults[0]:",
      "bad.yaml:9:5 faults[1]:",
      "bad.yaml:10:5 faults[2]:",
      "bad.yaml:11:5 faults[3]:",
      "bad.yaml:12:5 faults[4]:",
    ],
  );
  assert.match(problems[0] ?? "", /did you mean "models"\?/);
  assert.match(problems[4] ?? "", /did you mean "close"\?/);
  assert.match(problems[5] ?? "", /did you mean "response.done"\?/);
  assert.throws(() => parseScenario("turns: [", "cut.yaml"), /cut\.yaml:1:9/);
});

function conversation(yaml: string): Conversation {
  const scenario = parseScenario(yaml, "scenario");
  const setup = {
    scope: "t",
    scenario,
    plan: null,
    model: offer("gpt-realtime", null),
    beta: false,
    prompter: new Script(scenario, new Sounds()).prompter(null),
    received: () => undefined,
    sent: () => undefined,
  };
  return new Conversation(setup, 0);
}

const typesOf = (outs: readonly Out[]): string[] =>
  outs.map((out) => (out.tag === "event" ? out.event.type : out.tag));

test("without a socket and a clock: the same events at the same times, the same answers", () => {
  const detection = { type: "server_vad", create_response: false, idle_timeout_ms: 5000 };
  const session = { type: "realtime", audio: { input: { turn_detection: detection } } };
  const run = (): string => {
    const talk = conversation("{ pace: 4, otherwise: { tone: { ms: 2000 } }, expires_in_s: 60 }");
    const outs: Out[] = [...talk.open(0)];
    outs.push(...talk.receive({ type: "session.update", session }, 10));
    const audio = base64Of(joined(room(300), syllables(4), room(500)));
    outs.push(...talk.receive({ type: "input_audio_buffer.append", audio }, 20));
    outs.push(...talk.receive({ type: "response.create" }, 30));
    for (let nowMs = 30; nowMs < 61_000; nowMs += 7) outs.push(...talk.advance(nowMs));
    return JSON.stringify(outs);
  };
  assert.equal(run(), run());
});

test("idle_timeout: the peer speaks after the reply has played; the session expires after 60 s", () => {
  const talk = conversation("{ pace: 4, otherwise: { tone: { ms: 2000 } }, expires_in_s: 60 }");
  const detection = { type: "server_vad", idle_timeout_ms: 5000 };
  const session = { type: "realtime", audio: { input: { turn_detection: detection } } };
  talk.open(0);
  talk.receive({ type: "session.update", session }, 0);
  talk.receive({ type: "response.create" }, 0);
  assert.ok(typesOf(talk.advance(1000)).includes("response.done"));
  // 30 ms of thought, 200 ms to the first delta, then 2 s of sound: it plays until 2230 ms.
  assert.deepEqual(typesOf(talk.advance(7229)), []);
  const spoken = typesOf(talk.advance(7231));
  assert.ok(spoken.includes("input_audio_buffer.timeout_triggered"), spoken.join(" "));
  const over = talk.advance(60_000);
  assert.deepEqual(typesOf(over).slice(-2), ["error", "close"]);
});
