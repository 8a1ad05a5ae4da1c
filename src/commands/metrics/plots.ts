/** The plots of the page: what each shows, from the steps of time. */

import type { Usage } from "../../core/realtime/usage.ts";
import type { Buckets, Unit } from "./buckets.ts";
import { countText, usdText } from "./figures.ts";
import type { Plot, Series } from "./plot.ts";
import { countsTogether, type Summary } from "./summary.ts";
import type { CostParts } from "./view.ts";
import { MONTH_DAYS } from "./when.ts";

/** Colours by meaning, the same in every plot: the tones of page-style.ts. */
const TONE = {
  main: 0,
  second: 1,
  textIn: 2,
  soundIn: 3,
  cached: 4,
  textOut: 5,
  soundOut: 6,
  other: 7,
  bad: 8,
  images: 9,
  transcription: 10,
} as const;

const PER: Readonly<Record<Unit, string>> = {
  day: "a day",
  week: "a week",
  month: "a month",
};

const DAYS: Readonly<Record<Unit, number>> = { day: 1, week: 7, month: MONTH_DAYS };
/** Fewer answers have no nineteen in twenty: one slow one would be all there is to see. */
const P95_ANSWERS_MIN = 8;
/** Models with a colour of their own; the rest shares one. */
const MODEL_TONES = [TONE.main, TONE.second, TONE.textOut, TONE.transcription, TONE.images];

/** All plots over time, in the order of the page; `dailyUsd`: the budget of a day, 0 for none. */
export function plotsOf({ unit, buckets }: Buckets, dailyUsd = 0): readonly Plot[] {
  const of = buckets.map(({ summary }) => summary);
  const per = PER[unit];
  return [
    cost(of, per, dailyUsd * DAYS[unit]),
    latency(of, unit),
    timeGoes(of, unit),
    models(of, per),
    turns(of, per),
    interruptions(of, per),
    tokens(of, per),
    faults(of, per),
  ];
}

function latency(of: readonly Summary[], unit: Unit): Plot {
  return {
    id: "latency",
    title: "Response latency",
    unit: `milliseconds, by ${unit}`,
    series: [
      series("p50: half are faster", TONE.main, of, (one) => one.latencyP50Ms, "line"),
      series(
        "p95: nineteen in twenty are faster",
        TONE.second,
        of,
        (one) => (one.answers < P95_ANSWERS_MIN ? null : one.latencyP95Ms),
        "dashes",
      ),
    ],
    tick: (value) => String(Math.round(value)),
    cell: (value) => String(Math.round(value)),
    isCount: true,
  };
}

/** Micro-dollars of the parts that one colour stands for. */
type OfParts = (parts: CostParts) => number;

const COST_SERIES: readonly (readonly [string, number, OfParts])[] = [
  ["text in", TONE.textIn, (parts) => parts.input_text],
  ["sound in", TONE.soundIn, (parts) => parts.input_audio],
  ["images in", TONE.images, (parts) => parts.input_image],
  [
    "cached in",
    TONE.cached,
    (parts) => parts.cached_text + parts.cached_audio + parts.cached_image,
  ],
  ["text out", TONE.textOut, (parts) => parts.output_text],
  ["sound out", TONE.soundOut, (parts) => parts.output_audio],
  ["transcription", TONE.transcription, (parts) => parts.transcription],
];

/** Of one answer: the silence that ends your turn, the model, and what comes after it here. */
function timeGoes(of: readonly Summary[], unit: Unit): Plot {
  const turn = ({ latencyP50Ms: all, modelP50Ms: model, oursP50Ms: ours }: Summary) =>
    all === null || model === null ? null : Math.max(0, all - model - (ours ?? 0));
  return {
    id: "time",
    title: "Where the time goes",
    unit: `milliseconds, medians by ${unit}`,
    series: [
      series("until your turn is over", TONE.cached, of, turn),
      series("the model, and the way to it", TONE.main, of, (one) => one.modelP50Ms),
      series("this appliance", TONE.second, of, (one) => one.oursP50Ms),
      series(
        "connecting, once a conversation",
        TONE.other,
        of,
        (one) => one.connectP50Ms,
        "dashes",
      ),
    ],
    tick: (value) => String(Math.round(value)),
    cell: (value) => String(Math.round(value)),
    isCount: true,
  };
}

function models(of: readonly Summary[], per: string): Plot {
  const totals = countsTogether(of.map(({ byModel }) => byModel));
  const names = [...totals].sort(([, a], [, b]) => b - a).map(([name]) => name);
  const shown = names.slice(0, MODEL_TONES.length);
  const all = shown.map((name, index) =>
    series(name, MODEL_TONES[index] ?? TONE.other, of, (one) => one.byModel.get(name) ?? null),
  );
  const others = (one: Summary): number | null =>
    [...one.byModel].reduce(
      (sum, [name, count]) => (shown.includes(name) ? sum : sum + count),
      0,
    ) || null;
  const rest = names.length > shown.length ? [series("others", TONE.other, of, others)] : [];
  return counts("models", "Which model answered", `conversations ${per}`, [...all, ...rest]);
}

/** Conversations by the hour of the day at which they began; 24 steps of their own. */
export function hoursPlot(hours: readonly number[], withoutSpeech: readonly number[]): Plot {
  const plot = counts("hours", "Hour of day", "conversations of the whole time", []);
  return {
    ...plot,
    series: [
      { name: "conversations", tone: TONE.main, kind: "bar", values: hours },
      {
        name: "wakes without speech (false alarms)",
        tone: TONE.bad,
        kind: "bar",
        values: withoutSpeech,
      },
    ],
  };
}

function cost(of: readonly Summary[], per: string, budgetUsd: number): Plot {
  const itemised = COST_SERIES.map(([name, tone, pick]) =>
    series(name, tone, of, ({ parts }) => (parts === null ? null : pick(parts) / 1_000_000)),
  );
  const rest = series("not itemised", TONE.other, of, notItemised);
  return {
    id: "cost",
    title: "Cost",
    unit: `US dollars ${per}`,
    series: [
      ...used([...itemised, rest]),
      ...(budgetUsd > 0 ? [series("budget", TONE.bad, of, () => budgetUsd, "rule")] : []),
    ],
    tick: usdTick,
    cell: (value) => usdText(value * 1_000_000),
    isCount: false,
  };
}

/** As many places as the distance of two ticks needs, whole cents at least. */
function usdTick(value: number, step: number): string {
  if (value === 0) return "$0";
  const places = Math.ceil(-Math.log10(step) - 1e-9);
  return `$${value.toFixed(step >= 1 ? 0 : Math.min(6, Math.max(2, places)))}`;
}

/** Files of schema 1 have the sum alone. */
function notItemised({ costMicroUsd, parts }: Summary): number | null {
  if (costMicroUsd === null) return null;
  const itemised = parts === null ? 0 : Object.values(parts).reduce((sum, part) => sum + part, 0);
  return Math.max(0, costMicroUsd - itemised) / 1_000_000;
}

function turns(of: readonly Summary[], per: string): Plot {
  return counts("turns", "Turns and conversations", per, [
    series("turns", TONE.main, of, (one) => one.turns),
    series("conversations", TONE.second, of, (one) => one.conversations || null, "line"),
  ]);
}

function interruptions(of: readonly Summary[], per: string): Plot {
  const one = series("answers cut short", TONE.second, of, (summary) => summary.interruptions);
  return counts("interruptions", "Interruptions", per, [one]);
}

function tokens(of: readonly Summary[], per: string): Plot {
  const of_ = (pick: (usage: Usage) => number) => (one: Summary) =>
    one.usage === null ? null : pick(one.usage);
  const all = [
    series(
      "text in",
      TONE.textIn,
      of,
      of_((usage) => usage.inputText - usage.cachedText),
    ),
    series(
      "sound in",
      TONE.soundIn,
      of,
      of_((usage) => usage.inputAudio - usage.cachedAudio),
    ),
    series(
      "images in",
      TONE.images,
      of,
      of_((usage) => usage.inputImage - usage.cachedImage),
    ),
    series(
      "cached in",
      TONE.cached,
      of,
      of_((usage) => usage.cachedText + usage.cachedAudio + usage.cachedImage),
    ),
    series(
      "text out",
      TONE.textOut,
      of,
      of_((usage) => usage.outputText),
    ),
    series(
      "sound out",
      TONE.soundOut,
      of,
      of_((usage) => usage.outputAudio),
    ),
  ];
  const plot = counts("tokens", "Tokens", per, used(all));
  return { ...plot, tick: (value) => countText(value).replace(/\.0+(?=\D)/, "") };
}

function faults(of: readonly Summary[], per: string): Plot {
  return counts("faults", "Faults", per, [
    series("errors", TONE.bad, of, (one) => one.errors),
    series("function calls that failed", TONE.other, of, (one) =>
      one.calls === null ? null : one.calls - (one.callsOk ?? 0),
    ),
  ]);
}

function counts(id: string, title: string, per: string, all: readonly Series[]): Plot {
  return {
    id,
    title,
    unit: per,
    series: all,
    tick: (value) => countText(value).replace(/\.0+(?=\D|$)/, ""),
    cell: (value) => String(value),
    isCount: true,
  };
}

function series(
  name: string,
  tone: number,
  of: readonly Summary[],
  value: (one: Summary) => number | null,
  kind: Series["kind"] = "bar",
): Series {
  return { name, tone, kind, values: of.map(value) };
}

/** Kinds that never occurred would only fill the legend; one stays, so that there is a plot. */
function used(all: readonly Series[]): readonly Series[] {
  const some = all.filter(({ values }) => values.some((value) => (value ?? 0) > 0));
  return some.length > 0 ? some : all.slice(0, 1);
}
