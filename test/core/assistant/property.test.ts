/**
 * The state machine against the dice. First in a world where everybody keeps to the protocol but
 * anything may happen at any time; then with inputs that make no sense. Seeded: a failure repeats.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { TABLES } from "../../../src/core/assistant/describe.ts";
import type { Effect, Fact, Input } from "../../../src/core/assistant/inputs.ts";
import type { State } from "../../../src/core/assistant/state.ts";
import { INITIAL, step } from "../../../src/core/assistant/step.ts";
import { deadlineMs, phase } from "../../../src/core/assistant/views.ts";
import { isRefused } from "../../../src/core/money/budget.ts";
import { DEFAULTS, type Settings, withoutSecrets } from "../../../src/core/settings/table.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { anyInput } from "../../helpers/any-input.ts";
import { STORIES } from "../../helpers/assistant-stories.ts";
import { assertBounded } from "../../helpers/bounded.ts";
import { ModelWorld } from "../../helpers/model-world.ts";
import { moves, seen } from "../../helpers/moves.ts";
import { avoids } from "../../helpers/traps.ts";

const STEPS = 100_000;
/** Left alone after so many steps, on average. */
const ALONE_EVERY = 400;
/** Alarms that ring one after the other before the appliance rests. */
const ALARMS_MAX = 12;

/** Each with how many phases it has. */
const MODES: readonly (readonly [string, number, Settings])[] = [
  ["half duplex", 8, DEFAULTS],
  ["responses by the client", 8, { ...DEFAULTS, "session.response_by": "client" }],
  ["responses by the server", 8, { ...DEFAULTS, "session.response_by": "server" }],
  ["full duplex", 8, { ...DEFAULTS, "audio.duplex": "full" }],
  ["kept warm", 8, { ...DEFAULTS, "session.response_by": "client", "session.keep_warm_s": 60 }],
  [
    "one question, kept warm",
    7,
    { ...DEFAULTS, "session.mode": "single_turn", "session.keep_warm_s": 60 },
  ],
  ["budget refuse", 8, { ...DEFAULTS, "budget.daily_usd": 1 }],
  [
    "budget mini, kept warm",
    8,
    {
      ...DEFAULTS,
      "budget.daily_usd": 1,
      "budget.action": "mini",
      "session.keep_warm_s": 60,
      "audio.duplex": "full",
    },
  ],
  ["budget warn", 8, { ...DEFAULTS, "budget.daily_usd": 1, "budget.action": "warn" }],
];

for (const [index, [name, phases, settings]] of MODES.entries()) {
  test(`${STEPS} steps of a faithful world, ${name}`, () => {
    const dice = new SimDice(11 + index);
    const world = new ModelWorld(dice, settings);
    for (let n = 0; n < STEPS; n++) {
      try {
        world.happen();
        if (dice.unit() < 1 / ALONE_EVERY) world.leaveAlone();
      } catch (error) {
        throw new Error(`step ${n}: ${String(error)}`, { cause: error });
      }
    }
    world.leaveAlone();
    const levels = settings["budget.daily_usd"] === 0 ? 1 : 3;
    assert.equal(world.purse.seen.size, levels, [...world.purse.seen].join(" "));
    assert.equal(world.visited.size, phases, [...world.visited].join(" "));
    avoids(1, 6, 9);
  });

  test(`${STEPS} steps with an owner who is never quiet, ${name}`, () => {
    const dice = new SimDice(37 + index);
    const world = new ModelWorld(dice, settings, true);
    for (let n = 0; n < STEPS; n++) world.happen();
    world.leaveAlone();
  });

  test(`${STEPS} inputs that make no sense, ${name}`, () => {
    const dice = new SimDice(23 + index);
    const world = new Witness();
    for (let n = 0; n < STEPS; n++) {
      const input = anyInput(world.state.memory.dials, dice);
      world.take(input, n * 137, settings, dice.unit());
      if (dice.unit() < 1 / ALONE_EVERY) world.leaveAlone(n * 137, settings);
    }
  });
}

test("the stories, for the moves that dice find seldom", () => {
  for (const [, play] of STORIES) play();
});

test("the tables have every move that was seen, and no other", () => {
  const known = Object.entries(TABLES).flatMap(([machine, table]) =>
    Object.entries(table).flatMap(([state, events]) =>
      Object.entries(events).flatMap(([event, targets]) =>
        targets.map((target) => `${machine} ${state} ${event} ${target}`),
      ),
    ),
  );
  const missing = [...moves].filter((move) => !known.includes(move));
  const surplus = known.filter((move) => !moves.has(move));
  assert.deepEqual({ missing, surplus }, { missing: [], surplus: [] });
});

/** Watches the machine while nonsense is said to it. */
class Witness {
  state: State = INITIAL;
  #conversing: boolean = false;
  /** A response was asked for, and nothing has been heard that could have ended it. */
  #asked: boolean = false;
  #input: Input = { tag: "tick" };
  #spentMicroUsd = 0;

  take(input: Input, nowMs: number, settings: Settings, chance: number): void {
    this.#input = input;
    const event = input.tag === "server" ? input.event.tag : input.tag;
    if (event === "response-done" || event === "error") this.#asked = false;
    const wallMs = 1_767_225_600_000 + nowMs;
    // Money comes and goes at any time here.
    if (chance < 0.01) this.#spentMicroUsd = chance < 0.002 ? 0 : this.#spentMicroUsd + 200_000;
    const spentMicroUsd = this.#spentMicroUsd;
    const at = { nowMs, headSample: nowMs * 24, wallMs, chance, spentMicroUsd, account: "a" };
    const context = { ...at, settings: withoutSecrets(settings) };
    const { state, sends, facts } = seen(step(this.state, input, context));
    this.state = state;
    for (const fact of facts) this.#observe(fact);
    sends.forEach((effect) => {
      this.#perform(effect);
      if (effect.tag !== "send" || effect.event.tag !== "create-response") return;
      assert.ok(!isRefused(settings, spentMicroUsd), "asked for beyond the budget");
    });
    assert.equal(state.conversation !== null, this.#conversing);
    assertBounded(state, settings);
  }

  leaveAlone(fromMs: number, settings: Settings): void {
    let nowMs = fromMs;
    for (let rung = 0; deadlineMs(this.state) !== null; rung++) {
      assert.ok(rung < ALARMS_MAX, `stuck in ${phase(this.state)}`);
      nowMs = Math.max(nowMs, deadlineMs(this.state) ?? 0);
      this.take({ tag: "tick" }, nowMs, settings, 0.5);
    }
    assert.ok(["idle", "muted"].includes(phase(this.state)), phase(this.state));
    this.take({ tag: "command", command: "unmute" }, nowMs, settings, 0.5);
  }

  #observe(fact: Fact): void {
    if (fact.tag === "conversation-began") this.#conversing = true;
    if (fact.tag === "conversation-ended") this.#conversing = false;
  }

  #perform(effect: Effect): void {
    if (effect.tag === "dial") this.#asked = false;
    if (effect.tag !== "send") return;
    const { event } = effect;
    if (event.tag === "create-response") {
      assert.ok(!this.#asked, "a second response.create, and nothing came in between");
      this.#asked = true;
    }
    if (event.tag !== "truncate") return;
    assert.ok(this.#input.tag === "flushed");
    const item = this.#input.items.find(({ itemId }) => itemId === event.itemId);
    assert.ok(item && event.audioEndMs === item.heardMs && item.heardMs < item.receivedMs);
  }
}
