/**
 * Numbers as text for Prometheus, to be read by node_exporter's textfile collector.
 *
 * The text is OpenMetrics with one departure. That collector reads the older text format, in which
 * `# TYPE` carries the sample's whole name; OpenMetrics leaves `_total` out there. Written the
 * OpenMetrics way, every counter would arrive untyped, so `_total` stands in the TYPE line. `# UNIT`
 * and `# EOF` are comments to the collector. Invariants: no time stamps (it refuses them); families
 * and label sets come in a fixed order; each label's values are from a closed set of ours.
 */

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

interface About {
  /** Whole, with its unit, and `_total` for a counter. */
  readonly name: string;
  /** As in the name; empty for a plain number. */
  readonly unit: string;
  readonly help: string;
}

export type Family =
  | (About & { readonly type: "counter" | "gauge"; readonly samples: readonly Sample[] })
  | (About & { readonly type: "histogram"; readonly histogram: Histogram });

/** Observations by size; `bounds` grow, and a last bucket has no bound. */
export interface Histogram {
  readonly bounds: readonly number[];
  /** One more than bounds; not cumulated. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export function emptyHistogram(bounds: readonly number[]): Histogram {
  return { bounds, counts: [...bounds.map(() => 0), 0], sum: 0 };
}

/** With one more observation; a value on a bound belongs below it. */
export function observe(histogram: Histogram, value: number): Histogram {
  const { bounds, counts, sum } = histogram;
  const found = bounds.findIndex((bound) => value <= bound);
  const at = found === -1 ? bounds.length : found;
  return { bounds, counts: counts.map((n, i) => (i === at ? n + 1 : n)), sum: sum + value };
}

/** The whole text. */
export function exposition(families: readonly Family[]): string {
  return `${families.flatMap(lines).join("\n")}\n# EOF\n`;
}

function lines(family: Family): readonly string[] {
  const { name, unit, help, type } = family;
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...(unit === "" ? [] : [`# UNIT ${name} ${unit}`]),
    ...(family.type === "histogram" ? buckets(name, family.histogram) : samples(family)),
  ];
}

function samples({ name, samples: all }: { name: string; samples: readonly Sample[] }) {
  return all.map(({ labels, value }) => `${name}${braces(labels)} ${number(value)}`);
}

function buckets(name: string, { bounds, counts, sum }: Histogram): readonly string[] {
  let below = 0;
  const rows = counts.map((count, index) => {
    below += count;
    const bound = bounds[index];
    const le = bound === undefined ? "+Inf" : float(bound);
    return `${name}_bucket${braces({ le })} ${below}`;
  });
  return [...rows, `${name}_sum ${number(sum)}`, `${name}_count ${below}`];
}

function braces(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** A bound is a float in OpenMetrics: `1.0`. */
function float(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** To a millionth: sums of binary fractions have noise below it. */
function number(value: number): string {
  return String(Math.round(value * 1e6) / 1e6);
}
