/**
 * Production against preview models on the owner's own usage: what was measured, how sure that is,
 * what the vendor had led one to expect, and what the same tokens cost at either price.
 *
 * Invariant: nothing is made up for a side without data; its latency and function calls are null, and
 * its cost comes from tokens that were really used.
 */

import { modelNamed } from "../../core/models/catalogue.ts";
import type { Usage } from "../../core/realtime/usage.ts";
import { type Side, sidesOf } from "./sides.ts";
import {
  changes,
  FEWEST_CALLS,
  FEWEST_CONVERSATIONS,
  type Interval,
  middle,
  rateDifference,
  ratio,
  resampled,
  type Share,
  wilson,
} from "./statistics.ts";
import { lengthMs, tokensOf } from "./summary.ts";
import { localDay, type Zone } from "./time.ts";
import { isConversation, type SessionView } from "./view.ts";
import { MONTH_DAYS } from "./when.ts";

/**
 * Of gpt-realtime against gpt-4o-realtime-preview, as shares: the figures of the migration guide.
 * The prices are OpenAI's of August 2025 (32 instead of 40 dollars a million audio tokens); the
 * function calls are its benchmark's (49.7 to 66.5 %), which no appliance repeats.
 */
const EXPECTED = { latency: -0.2, cost: -0.2, success: 0.34 };

export interface CompareOptions {
  /** Families (`production`, `preview`) or models; null: production against preview. */
  readonly sides: readonly [string, string] | null;
  /** Micro-dollars of a usage at a model's prices; null: not known. */
  readonly price: (usage: Usage, model: string) => number | null;
  readonly zone: Zone;
}

export interface Estimate {
  readonly value: number;
  /** 95 %; null: too few. */
  readonly interval: Interval | null;
  /** What the value rests on. */
  readonly conversations: number;
  /** Answers, conversations, turns, minutes or calls, by the measure. */
  readonly units: number;
}

/** How the change lies to what was expected; null: nothing was expected, or too few to tell. */
export type Judgement = "as expected" | "better" | "worse" | null;

export interface Measure {
  readonly name: string;
  readonly unit: "ms" | "usd" | "share";
  /** What `units` counts. */
  readonly per: string;
  /** The least that an interval is given for, and of what. */
  readonly fewest: { readonly count: number; readonly of: "conversations" | "calls" };
  readonly a: Estimate | null;
  readonly b: Estimate | null;
  /** From b to a, as a share of b. */
  readonly change: { readonly value: number; readonly interval: Interval | null } | null;
  readonly expected: number | null;
  readonly judgement: Judgement;
}

export interface Repriced {
  readonly conversations: number;
  readonly tokens: number;
  /** From the first to the last local day, both included. */
  readonly days: number;
  /** Null: the prices of that model are not known. */
  readonly aMicroUsd: number | null;
  readonly bMicroUsd: number | null;
  readonly aMonthMicroUsd: number | null;
  readonly bMonthMicroUsd: number | null;
  /** What a instead of b saves in a month; below 0: costs more. */
  readonly savedMonthMicroUsd: number | null;
  readonly change: number | null;
}

export interface SideData {
  readonly name: string;
  readonly models: readonly string[];
  readonly price_model: string;
  /** When that model stops or stopped answering. */
  readonly shutdown: string | null;
  readonly conversations: number;
}

export interface Comparison {
  readonly a: SideData;
  readonly b: SideData;
  readonly others: number;
  readonly otherModels: readonly string[];
  readonly measures: readonly Measure[];
  /** Null where no conversation of the two has tokens. */
  readonly repriced: Repriced | null;
}

export function compare(sessions: readonly SessionView[], options: CompareOptions): Comparison {
  const names = options.sides ?? (["production", "preview"] as const);
  const { a, b, others, otherModels } = sidesOf(sessions.filter(isConversation), names);
  const isGuides = names[0] === "production" && names[1] === "preview";
  const cost = isGuides ? EXPECTED.cost : null;
  const measures = [
    ratioMeasure("average_response_latency", "ms", "answers", a, b, latencyShare, {
      expected: isGuides ? EXPECTED.latency : null,
    }),
    ...COSTS.map(([per, share]) =>
      ratioMeasure(`estimated_cost per ${per}`, "usd", `${per}s`, a, b, share, { expected: cost }),
    ),
    successMeasure(a, b, isGuides ? EXPECTED.success : null),
  ];
  const repriced = repricedOf(a, b, options);
  return { a: sideData(a), b: sideData(b), others, otherModels, measures, repriced };
}

function sideData({ name, models, priceModel, sessions }: Side): SideData {
  const shutdown = modelNamed(priceModel)?.shutdown ?? null;
  return { name, models, price_model: priceModel, shutdown, conversations: sessions.length };
}

type ToShare = (session: SessionView) => Share | null;

function latencyShare({ responseMs }: SessionView): Share | null {
  const over = responseMs.reduce((sum, ms) => sum + ms, 0);
  return responseMs.length === 0 ? null : { over, under: responseMs.length };
}

/** Only where the whole cost is known: a part of it would look like a saving. */
const costShare =
  (under: (session: SessionView) => number | null): ToShare =>
  (session) => {
    const { knownMicroUsd, isWhole } = session.cost;
    const per = under(session);
    if (knownMicroUsd === null || !isWhole || per === null || per <= 0) return null;
    return { over: knownMicroUsd / 1_000_000, under: per };
  };

const COSTS: readonly (readonly [string, ToShare])[] = [
  ["conversation", costShare(() => 1)],
  ["turn", costShare(({ turns }) => turns)],
  [
    "minute",
    costShare((session) => {
      const ms = lengthMs(session);
      return ms === null ? null : ms / 60_000;
    }),
  ],
];

function ratioMeasure(
  name: string,
  unit: Measure["unit"],
  per: string,
  sideA: Side,
  sideB: Side,
  share: ToShare,
  { expected }: { readonly expected: number | null },
): Measure {
  const [ofA, ofB] = [sharesOf(sideA, share), sharesOf(sideB, share)];
  const [drawsA, drawsB] = [drawsOf(ofA, 1), drawsOf(ofB, 2)];
  const [a, b] = [ratioEstimate(ofA, drawsA), ratioEstimate(ofB, drawsB)];
  const both = drawsA !== null && drawsB !== null;
  const interval = both ? middle(changes(drawsA, drawsB)) : null;
  const change = changeOf(a, b, interval);
  const fewest = { count: FEWEST_CONVERSATIONS, of: "conversations" } as const;
  const judgement = judge(change?.interval ?? null, expected, -1);
  return { name, unit, per, fewest, a, b, change, expected, judgement };
}

function sharesOf({ sessions }: Side, share: ToShare): readonly Share[] {
  return sessions.map(share).filter((found) => found !== null);
}

function drawsOf(shares: readonly Share[], seed: number): Float64Array | null {
  return shares.length < FEWEST_CONVERSATIONS ? null : resampled(shares, seed);
}

function ratioEstimate(shares: readonly Share[], draws: Float64Array | null): Estimate | null {
  const value = ratio(shares);
  if (value === null) return null;
  const interval = draws === null ? null : middle(draws);
  const units = shares.reduce((sum, { under }) => sum + under, 0);
  return { value, interval, conversations: shares.length, units };
}

function changeOf(
  a: Estimate | null,
  b: Estimate | null,
  interval: Interval | null,
): Measure["change"] {
  if (a === null || b === null || b.value === 0) return null;
  // A resample of free conversations alone would divide by 0.
  const isSound = interval !== null && Number.isFinite(interval.low + interval.high);
  return { value: a.value / b.value - 1, interval: isSound ? interval : null };
}

function successMeasure(sideA: Side, sideB: Side, expected: number | null): Measure {
  const [ofA, ofB] = [callsOf(sideA), callsOf(sideB)];
  const [a, b] = [rateEstimate(ofA), rateEstimate(ofB)];
  const enough = Math.min(ofA.count, ofB.count) >= FEWEST_CALLS;
  const points = enough ? rateDifference(ofA, ofB) : null;
  const rate = b?.value ?? 0;
  // The rate of b as the yardstick is taken as it was measured.
  const interval =
    points === null || rate === 0 ? null : { low: points.low / rate, high: points.high / rate };
  const change = changeOf(a, b, interval);
  const fewest = { count: FEWEST_CALLS, of: "calls" } as const;
  const judgement = judge(change?.interval ?? null, expected, 1);
  const about = { name: "function_success_rate", unit: "share", per: "calls", fewest } as const;
  return { ...about, a, b, change, expected, judgement };
}

interface Calls {
  readonly successes: number;
  readonly count: number;
  readonly conversations: number;
}

function callsOf({ sessions }: Side): Calls {
  const having = sessions.filter(({ calls }) => (calls ?? 0) > 0);
  const sum = (of: (session: SessionView) => number | null): number =>
    having.reduce((total, session) => total + (of(session) ?? 0), 0);
  const [successes, count] = [sum(({ callsOk }) => callsOk), sum(({ calls }) => calls)];
  return { successes, count, conversations: having.length };
}

function rateEstimate({ successes, count, conversations }: Calls): Estimate | null {
  if (count === 0) return null;
  const interval = count < FEWEST_CALLS ? null : wilson(successes, count);
  return { value: successes / count, interval, conversations, units: count };
}

/** `good` is the direction that an owner wants: −1 less, 1 more. */
function judge(interval: Interval | null, expected: number | null, good: 1 | -1): Judgement {
  if (interval === null || expected === null) return null;
  if (interval.low <= expected && expected <= interval.high) return "as expected";
  const isMore = interval.low > expected;
  return isMore === (good === 1) ? "better" : "worse";
}

function repricedOf(a: Side, b: Side, { price, zone }: CompareOptions): Repriced | null {
  const used = [...a.sessions, ...b.sessions].flatMap(({ usage, startedMs }) =>
    usage === null || tokensOf(usage) === 0 ? [] : [{ usage, startedMs }],
  );
  if (used.length === 0) return null;
  const cost = (model: string): number | null =>
    used.reduce((sum: number | null, { usage }) => {
      const one = price(usage, model);
      return sum === null || one === null ? null : sum + one;
    }, 0);
  const dayNumbers = used.map(({ startedMs }) => localDay(startedMs, zone));
  const [first, last] = dayNumbers.reduce(
    ([least, most], day) => [Math.min(least, day), Math.max(most, day)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  const days = last - first + 1;
  const month = (microUsd: number | null): number | null =>
    microUsd === null ? null : Math.round((microUsd / days) * MONTH_DAYS);
  const [ofA, ofB] = [cost(a.priceModel), cost(b.priceModel)];
  const known = ofA !== null && ofB !== null;
  return {
    conversations: used.length,
    tokens: used.reduce((sum, { usage }) => sum + tokensOf(usage), 0),
    days,
    aMicroUsd: ofA,
    bMicroUsd: ofB,
    aMonthMicroUsd: month(ofA),
    bMonthMicroUsd: month(ofB),
    savedMonthMicroUsd: known ? month(ofB - ofA) : null,
    change: known && ofB > 0 ? ofA / ofB - 1 : null,
  };
}
