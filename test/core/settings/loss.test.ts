/** What a file may lose in one save, and what it may not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { lossesOf, writtenIn } from "../../../src/core/settings/loss.ts";

const FULL = {
  openai: { api_key: "sk-x", model: "m", voice: "cedar", language: "de", instructions: "x" },
  audio: { volume: 0.4 },
  budget: { daily_usd: 0.5, warn_at: 0.5 },
};

function losses(after: unknown, before: unknown = FULL): readonly string[] {
  return lossesOf(writtenIn(before), writtenIn(after));
}

test("a lost section or key is reported with the way to confirm it", () => {
  const { audio, budget, openai } = FULL;
  const { api_key: _, ...keyless } = openai;
  const rows: readonly (readonly [unknown, readonly RegExp[]])[] = [
    [null, [/^is empty now.* write \{\} into it/]],
    [{ openai, audio, budget }, []],
    [
      { openai, budget },
      [/^the section audio was removed; if that is intended, write "audio: \{\}"$/],
    ],
    [{ openai, audio: null, budget }, []],
    [{ openai, audio: {}, budget }, []],
    [
      { openai, audio, budget: { warn_at: 0.5 } },
      [/^budget\.daily_usd was removed \(it was 0\.5\)/],
    ],
    [{ openai, audio, budget: { daily_usd: 0 } }, []],
    [{ openai, audio }, [/^budget\.daily_usd was removed/]],
    [
      { openai: keyless, audio, budget },
      [/^openai\.api_key was removed; write "api_key: \$\{NAME\}"/],
    ],
    // Cut off in the middle of its only section.
    [
      { openai: { api_key: "sk-x" }, audio, budget: { daily_usd: 1 } },
      [/^5 of 8 keys were removed/],
    ],
    [{ openai: { ...openai, voice: "marin" }, audio, budget: { daily_usd: 1 } }, []],
    [{}, []],
  ];
  for (const [after, expected] of rows) {
    const found = losses(after);
    assert.equal(found.length, expected.length, `${JSON.stringify(after)}: ${found.join(" | ")}`);
    for (const [index, line] of expected.entries()) assert.match(found[index] ?? "", line);
  }
});

test("a file without keys has nothing to lose; a budget from the environment is one", () => {
  assert.deepEqual(losses(null, null), []);
  assert.deepEqual(losses(null, { audio: null }), []);
  const env = { budget: { daily_usd: `\${CAP}`, warn_at: 0.1 } };
  assert.match(
    losses({ budget: { warn_at: 0.1 } }, env)[0] ?? "",
    /^budget\.daily_usd was removed; /,
  );
});

test("any tree is answered", () => {
  for (const tree of [1, "x", [], [[]], { budget: [] }, { budget: 1 }, { a: { b: [] } }, true]) {
    assert.deepEqual(lossesOf(writtenIn(tree), writtenIn(tree)), []);
  }
});
