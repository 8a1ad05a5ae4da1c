/** What a session is told, within the room that there is: who gives way, in which order, and how far. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Briefing,
  briefingOf,
  type Material,
  roomFor,
  SESSION_MAX_TOKENS,
} from "../../../src/core/functions/briefing.ts";
import type { Around } from "../../../src/core/functions/context.ts";
import { FACT_MAX_CHARS, FACTS_MAX } from "../../../src/core/functions/memory.ts";
import {
  BYTES_PER_TOKEN,
  OFFER_MAX_TOKENS,
  tokensOf,
} from "../../../src/core/functions/registry.ts";
import { homeWriter } from "../../../src/core/home/entities.ts";

const AROUND: Around = {
  now: { wallMs: Date.UTC(2026, 10, 28, 17, 45), zone: "Europe/Berlin" },
  location: "the kitchen",
  facts: [],
  missed: ['timer "eggs"'],
  rang: [],
  news: [],
};
const AWAY = ["Not to be reached at the moment: shop."];
const DATE = /This conversation begins on Saturday, 2026-11-28 at 18:45/;

/** The longest that the owner, a house and the memory can be, beside all the functions there may be. */
const OWN_MAX = "Be brief. ".repeat(3_200);
const HOUSE_MAX = "- names: Küchenlampe\n  domain: light\n".repeat(2_000);
const FACTS_ALL = Array.from({ length: FACTS_MAX }, (_, n) =>
  `${n} `.padEnd(FACT_MAX_CHARS, "fact "),
);
const NEWS_ALL = Array.from({ length: 8 }, (_, n) => `News ${n}. `.padEnd(2_000, "word "));
const FUNCTIONS_ALL = functionsOf(OFFER_MAX_TOKENS);

function functionsOf(tokens: number) {
  const bare = { name: "f", description: "", parameters: {} };
  const letters = tokens * BYTES_PER_TOKEN - tokensOf(bare) * BYTES_PER_TOKEN;
  return [{ ...bare, description: "x".repeat(letters) }];
}

function told(changes: Partial<Omit<Material, "around" | "house">>, house = "", around = {}) {
  const briefing = briefingOf({
    instructions: "You are in a kitchen.",
    away: AWAY,
    functions: [],
    ...changes,
    house: house === "" ? () => [] : homeWriter(house, "Kitchen"),
    around: { ...AROUND, ...around },
  });
  return { ...briefing, text: [briefing.instructions, ...briefing.lines].join("\n") };
}

function assertFits({ tokens, tokensMax, text }: Briefing & { readonly text: string }): void {
  assert.ok(tokens <= tokensMax, `${tokens} of ${tokensMax}`);
  assert.ok(Buffer.byteLength(text) <= tokens * BYTES_PER_TOKEN);
}

const facts = (text: string): number => text.match(/^- \d+ fact/gm)?.length ?? 0;

test("what fits is told whole, and nothing has given way", () => {
  const some = { facts: FACTS_ALL.slice(0, 5), news: NEWS_ALL.slice(0, 1) };
  const all = told({}, "- names: Lamp\n  domain: light\n", some);
  assert.deepEqual(all.short, []);
  assert.equal(facts(all.text), 5);
  assert.match(all.text, /names: Lamp/);
  assert.match(all.text, /News 0/);
  assertFits(all);
});

test("all at their longest: within the room; date, place, what was missed and our sentences stay", () => {
  const around = { facts: FACTS_ALL, news: NEWS_ALL };
  for (const functions of [[], FUNCTIONS_ALL]) {
    const all = told({ instructions: `OURS. ${OWN_MAX}`, functions }, HOUSE_MAX, around);
    assertFits(all);
    const offered = functions.reduce((sum, one) => sum + tokensOf(one), 0);
    assert.ok(all.tokens + offered <= SESSION_MAX_TOKENS);
    for (const kept of [/^OURS\./, DATE, /You are in: the kitchen/, /eggs/, /shop/, /area Kitchen/])
      assert.match(all.text, kept);
    assert.doesNotMatch(all.text, /News/);
  }
});

test("news gives way first: it is told in the conversation", () => {
  const functions = functionsOf(7_500);
  const all = told({ functions }, "", { facts: FACTS_ALL.slice(0, 50), news: NEWS_ALL });
  assert.deepEqual(all.short, []);
  assert.equal(facts(all.text), 50);
  const news = all.text.match(/News \d/g) ?? [];
  assert.ok(news.length < NEWS_ALL.length, news.join());
  assert.deepEqual(news, ["News 0", "News 1", "News 2", "News 3"].slice(0, news.length));
  assertFits(all);
});

test("house and memory share: neither below its half, what one does not need is the other's", () => {
  const functions = functionsOf(6_000);
  const both = told({ functions }, HOUSE_MAX, { facts: FACTS_ALL });
  assertFits(both);
  assert.deepEqual(both.short, [
    "a part of what the house says of itself",
    `the oldest ${FACTS_MAX - facts(both.text)} of ${FACTS_MAX} memories`,
  ]);
  assert.match(both.text, /^- 99 fact/m, "the newest is kept");
  assert.doesNotMatch(both.text, /^- 0 fact/m);
  const house = both.text.match(/Küchenlampe/g)?.length ?? 0;
  assert.ok(house > 200 && facts(both.text) > 30, `${house} lamps, ${facts(both.text)} facts`);

  const small = told({ functions }, "- names: Lamp\n  domain: light\n", { facts: FACTS_ALL });
  assert.match(small.text, /names: Lamp/);
  assert.ok(facts(small.text) > facts(both.text));
  const few = told({ functions }, HOUSE_MAX, { facts: FACTS_ALL.slice(0, 3) });
  assert.equal(facts(few.text), 3);
  assertFits(small);
  assertFits(few);
});

test("the owner's words give way last, at their end", () => {
  const room = roomFor(FUNCTIONS_ALL);
  const almost = "a".repeat((room - 400) * BYTES_PER_TOKEN);
  const kept = told({ instructions: almost, functions: FUNCTIONS_ALL }, HOUSE_MAX, {
    facts: FACTS_ALL,
  });
  assert.ok(kept.text.startsWith(almost));
  assert.ok(!kept.short.includes("the end of openai.instructions"));
  const long = told({ instructions: OWN_MAX, functions: FUNCTIONS_ALL });
  assert.deepEqual(long.short, ["the end of openai.instructions"]);
  assert.match(long.instructions, /cut: the whole has 32000 bytes/);
  assertFits(long);
});
