/** Who can answer: selections × dates × voices, the remedies tried, the slips in names told. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultLine } from "../../../src/core/fault.ts";
import { CATALOGUE_ONLY, type Knowledge, prospectOf } from "../../../src/core/models/prospect.ts";
import { retirements } from "../../../src/core/models/retirement.ts";
import { DEFAULTS, isSettingKey, type Settings } from "../../../src/core/settings/table.ts";

const NOW = Date.UTC(2026, 10, 28);
const AFTER = Date.UTC(2027, 0, 20);
const BEFORE = Date.UTC(2026, 4, 1);

const AT_OPENAI = { "openai.base_url": "https://api.openai.com/v1" } as const;

function of(changes: Partial<Settings>, wallMs = NOW, known: Knowledge = CATALOGUE_ONLY) {
  return prospectOf({ ...DEFAULTS, ...AT_OPENAI, ...changes }, known, wallMs);
}

test("who answers: every snippet of the migration guide, today and after the ends of models", () => {
  const cedar = { "openai.voice": "cedar" } as const;
  const marin = { "openai.voice": "marin", "openai.auto_select_voice": false } as const;
  const legacy = { "openai.model_selection": "legacy" } as const;
  const only = { "openai.model_selection": "new" } as const;
  const rows: readonly (readonly [string, Partial<Settings>, number, string | null])[] = [
    ["option 1, auto", {}, NOW, "gpt-realtime"],
    ["option 1, auto", {}, AFTER, "gpt-realtime-2.1"],
    ["option 1, the day before", {}, AFTER - 1, "gpt-realtime"],
    ["option 2, new with cedar", { ...only, ...cedar }, NOW, "gpt-realtime"],
    ["option 2, new with cedar", { ...only, ...cedar }, AFTER, null],
    ["option 3, legacy", legacy, BEFORE, "gpt-4o-realtime-preview"],
    ["option 3, legacy", legacy, NOW, null],
    ["option 3, legacy", legacy, AFTER, null],
    ["new voice with fallback", cedar, NOW, "gpt-realtime"],
    ["new voice with fallback", cedar, AFTER, "gpt-realtime-2.1"],
    ["force a specific voice", marin, NOW, "gpt-realtime"],
    ["force a specific voice", marin, AFTER, "gpt-realtime-2.1"],
    ["a forced voice and no more than the preview model", { ...marin, ...legacy }, BEFORE, null],
    ["the older dialect", { "openai.protocol": "beta" }, BEFORE, "gpt-realtime"],
    ["the older dialect", { "openai.protocol": "beta" }, NOW, null],
  ];
  for (const [name, settings, wallMs, expected] of rows) {
    const { answers, nobody } = of(settings, wallMs);
    assert.equal(answers, expected, `${name} at ${wallMs}`);
    assert.equal(nobody === null, expected !== null, `${name}: one clear error, or none`);
  }
});

test("a remedy leads to an answer and names only what is read", () => {
  const choices = ["auto", "new", "legacy"] as const;
  let troubles = 0;
  for (const selection of choices)
    for (const wallMs of [BEFORE, NOW, AFTER])
      for (const voice of ["alloy", "marin", "cedar"] as const)
        for (const any of [true, false])
          for (const protocol of ["ga", "beta"] as const)
            for (const fallback of [[], ["gpt-realtime-mini"], ["gpt-realtime-2.1"]]) {
              const settings = {
                "openai.model_selection": selection,
                "openai.voice": voice,
                "openai.auto_select_voice": any,
                "openai.protocol": protocol,
                "openai.fallback_models": fallback,
              } as const;
              const { nobody } = of(settings, wallMs);
              if (nobody === null) continue;
              troubles += 1;
              const first = /^Set (.*?)(, or .*)?$/.exec(nobody.remedy)?.[1] ?? "";
              const patched = { ...settings, ...changesOf(first) };
              assert.notEqual(of(patched, wallMs).answers, null, `${faultLine(nobody)}`);
              if (selection === "legacy") assert.doesNotMatch(nobody.remedy, /openai\.model:/);
              else assert.doesNotMatch(nobody.remedy, /legacy_model|fallback_models/);
            }
  assert.ok(troubles > 50, String(troubles));
});

/** `key: value with key: value` as settings. */
function changesOf(text: string): Partial<Settings> {
  const pairs = text.split(" with ").map((part) => {
    const [key = "", value = ""] = part.split(": ");
    assert.ok(isSettingKey(key), text);
    return [key, value === "true" ? true : value];
  });
  return Object.fromEntries(pairs);
}

test("legacy today: the error says what is asked, why it cannot be, and what to set", () => {
  const { nobody, nobodyKey } = of({ "openai.model_selection": "legacy" });
  assert.equal(
    nobody && faultLine(nobody),
    "No model can answer: openai.model_selection: legacy asks only gpt-4o-realtime-preview; gpt-4o-realtime-preview was shut down on 2026-05-07. Set openai.model_selection: auto, or openai.legacy_model: gpt-realtime-2.1",
  );
  assert.equal(nobodyKey, "openai.model_selection");
  const elsewhere = {
    "openai.model_selection": "legacy",
    "openai.base_url": "http://h/v1",
  } as const;
  assert.match(of(elsewhere).nobody?.message ?? "", /, unless the server of openai\.base_url has/);
});

test("the account's own list wins over the catalogue, both ways", () => {
  const legacy = { "openai.model_selection": "legacy" } as const;
  const has = { dates: {}, offered: ["gpt-4o-realtime-preview"] };
  assert.equal(of(legacy, NOW, has).answers, "gpt-4o-realtime-preview");
  const lacks = { dates: {}, offered: ["gpt-realtime-1.5"] };
  assert.equal(of({}, NOW, lacks).answers, "gpt-realtime-1.5");
  assert.equal(of({}, NOW, { dates: {}, offered: [] }).answers, null);
  const early = { dates: { "gpt-realtime": "2026-11-01" }, offered: null };
  assert.equal(of({}, NOW, early).answers, "gpt-realtime-2.1");
});

test("a model named like a property that every object has is a name like another", () => {
  for (const name of ["constructor", "toString", "hasOwnProperty"]) {
    const { candidates, answers, notes } = of({ "openai.model": name });
    assert.deepEqual(candidates[0], { model: name, obstacle: null });
    assert.equal(answers, name);
    assert.equal(notes[0]?.message, `${name} is not a model known to this version of Pipit`);
    const settings = { ...DEFAULTS, "openai.model": name };
    assert.ok(!retirements(settings, {}, NOW).some(({ model }) => model === name));
  }
});

test("misspelt model names are reported at their place; other servers' names are not", () => {
  const adviceFor = (changes: Partial<Settings>) =>
    of(changes).notes.map(({ key, message }) => `${key}: ${message}`);
  assert.deepEqual(adviceFor({}), []);
  assert.deepEqual(adviceFor({ "openai.model": "gpt-realtime-2025-08-28" }), []);
  assert.deepEqual(adviceFor({ "openai.model": "gpt-realtme" }), [
    'openai.model: gpt-realtme is not a model known to this version of Pipit; did you mean "gpt-realtime"?',
  ]);
  assert.deepEqual(adviceFor({ "openai.fallback_models": ["gpt-realtime-3"] }).length, 1);
  assert.deepEqual(adviceFor({ "openai.legacy_model": "nova" }), [
    "openai.legacy_model: nova is not a model known to this version of Pipit",
  ]);
  const unread = { "openai.legacy_model": "nova", "openai.model_selection": "new" } as const;
  assert.deepEqual(adviceFor(unread), [], "not asked, not told");
  const other = { "openai.base_url": "https://my.azure.com/openai/v1" } as const;
  assert.deepEqual(adviceFor({ ...other, "openai.model": "kitchen" }), []);
  assert.equal(adviceFor({ ...other, "openai.model": "gpt-realtim" }).length, 1);
});

test("what is asked for and the model that answers does not have is told before the first wake", () => {
  const keysFor = (changes: Partial<Settings>, wallMs = NOW) =>
    of(changes, wallMs).notes.map(({ key }) => key);
  const effort = { "openai.reasoning_effort": "low" } as const;
  assert.deepEqual(keysFor(effort), ["openai.reasoning_effort"]);
  assert.deepEqual(keysFor(effort, AFTER), [], "gpt-realtime-2.1 answers then");
  assert.match(of(effort).notes[0]?.message ?? "", /gpt-realtime will answer, .* no reasoning$/);
  const camera = { "camera.source": "usb" } as const;
  assert.deepEqual(keysFor(camera), []);
  const legacy = { "openai.model_selection": "legacy" } as const;
  assert.deepEqual(keysFor({ ...camera, ...legacy }, BEFORE), ["camera.source"]);
  const beta = { "openai.protocol": "beta" } as const;
  assert.deepEqual(keysFor({ ...camera, ...effort, ...beta }, BEFORE), [
    "openai.reasoning_effort",
    "camera.source",
  ]);
});

test("the model for the end of the budget must be able to answer, too", () => {
  const mini = { "budget.action": "mini", "budget.daily_usd": 1 } as const;
  assert.deepEqual(of(mini, AFTER).notes, []);
  const gone = { ...mini, "budget.mini_model": "gpt-realtime-mini" } as const;
  assert.match(of(gone, AFTER).notes[0]?.message ?? "", /^gpt-realtime-mini was shut down on 2027/);
  assert.deepEqual(of({ ...gone, "budget.daily_usd": 0 }, AFTER).notes, [], "no budget, no mini");
});
