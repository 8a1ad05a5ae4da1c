/** Moves to another model: the chain that is left, and what the owner is told. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { livingSuccessor } from "../../../src/commands/migrate/model-life.ts";
import { behaviour, differences, planModelMove } from "../../../src/commands/migrate/model-move.ts";
import { MODELS } from "../../../src/core/models/catalogue.ts";
import { DEFAULTS, type Settings } from "../../../src/core/settings/table.ts";

const TODAY = "2026-11-26";

const request = (name: string, force = false) => ({ name, force, today: TODAY });

function moved(settings: Partial<Settings>, name: string, force = false) {
  const before: Settings = { ...DEFAULTS, ...settings };
  const plan = planModelMove(before, request(name, force));
  assert.ok(plan.ok, JSON.stringify(plan));
  const after = { ...before, ...Object.fromEntries(plan.move.values.map((v) => [v.key, v.value])) };
  return { move: plan.move, before, after };
}

test("auto moves the guide's pair to its living successor, and the chain lives", () => {
  const { move, before, after } = moved({}, "auto");
  assert.equal(after["openai.model"], "gpt-realtime-2.1");
  assert.equal(after["openai.legacy_model"], "gpt-realtime-1.5");
  assert.deepEqual(after["openai.fallback_models"], ["gpt-realtime-2.1-mini"]);
  const rows = new Map(differences(move, before).map((row) => [row.what, row]));
  const row = (what: string) => [rows.get(what)?.from, rows.get(what)?.to];
  assert.deepEqual(row("text out, per 1M tokens"), ["$16.00", "$24.00"]);
  assert.deepEqual(row("a minute of your speech"), ["$0.0192", "$0.0192"]);
  assert.deepEqual(row("a minute of answer"), ["$0.0768", "$0.0768"]);
  assert.deepEqual(row("will be shut down"), ["2027-01-20", "no date known"]);
  assert.match(
    behaviour(move, before).join("\n"),
    /preambles[\s\S]*two pieces[\s\S]*128000 tokens/,
  );
});

test("from every model to every other: no dead candidate, none twice, one left to ask", () => {
  for (const from of MODELS) {
    for (const to of MODELS) {
      const before: Settings = { ...DEFAULTS, "openai.model": from.name };
      const plan = planModelMove(before, request(to.name));
      if (to.shutdown !== null && to.shutdown <= TODAY) {
        assert.ok(!plan.ok && plan.message.includes(to.shutdown), to.name);
        continue;
      }
      assert.ok(plan.ok, `${from.name} → ${to.name}`);
      const { values } = plan.move;
      const after: Settings = {
        ...before,
        ...Object.fromEntries(values.map((v) => [v.key, v.value])),
      };
      const chain = [
        after["openai.model"],
        after["openai.legacy_model"],
        ...after["openai.fallback_models"],
      ];
      assert.equal(new Set(chain).size, chain.length, chain.join());
      assert.ok(chain.length >= 2);
      for (const name of chain)
        assert.ok(!MODELS.some((m) => m.name === name && m.shutdown && m.shutdown <= TODAY));
      assert.deepEqual(
        planModelMove(after, request(to.name)).ok,
        false,
        "a second run does nothing",
      );
    }
  }
});

test("what cannot be: unknown names without --force, a voice that may not be replaced", () => {
  const unknown = planModelMove(DEFAULTS, request("gpt-realtme-2.1"));
  assert.ok(!unknown.ok && !unknown.idle);
  assert.match(unknown.message, /did you mean "gpt-realtime-2.1"\? --force accepts it/);
  assert.equal(moved({}, "gpt-realtime-9", true).after["openai.model"], "gpt-realtime-9");
  assert.ok(!planModelMove({ ...DEFAULTS, "openai.model": "other" }, request("auto")).ok);
  const idle = planModelMove(moved({}, "gpt-realtime-1.5").after, request("auto"));
  assert.ok(!idle.ok && idle.idle);
  assert.match(idle.message, /No end of gpt-realtime-1.5 is announced; the one after it is/);
});

test("a forced legacy model stays a forced choice", () => {
  const { after } = moved({ "openai.model_selection": "legacy" }, "gpt-realtime-2.1");
  assert.equal(after["openai.model_selection"], "new");
});

test("the line of successors ends at one that lives", () => {
  assert.equal(livingSuccessor("gpt-4o-realtime-preview-2024-12-17", TODAY), "gpt-realtime-1.5");
  assert.equal(livingSuccessor("gpt-4o-mini-realtime-preview", TODAY), "gpt-realtime-2.1-mini");
  assert.equal(livingSuccessor("gpt-realtime-2.1", TODAY), null);
  assert.equal(livingSuccessor("nobody", TODAY), null);
});

test("a forced choice asks nobody else: no fallbacks are written that nobody reads", () => {
  const { move, after } = moved({ "openai.model_selection": "legacy" }, "auto");
  assert.deepEqual(
    move.values.map(({ key }) => key),
    ["openai.model", "openai.model_selection"],
  );
  assert.equal(after["openai.model_selection"], "new");
});

test("the mini at the end of the chain is explained", () => {
  const { move, before } = moved({}, "auto");
  assert.match(
    behaviour(move, before).join("\n"),
    /gpt-realtime-2\.1-mini is the last resort: smaller/,
  );
});
