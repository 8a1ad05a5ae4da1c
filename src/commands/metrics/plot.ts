/**
 * One plot as SVG, with the same figures as a table below it. Bars of one step are stacked; lines
 * break where there is nothing.
 *
 * Invariant: a mark (class `m`) for each figure that is there, and for each bar that has a height;
 * labels never overlap, because there are never more than fit.
 */

export interface Series {
  readonly name: string;
  /** A colour of the page's style: `t0` to `t10`. */
  readonly tone: number;
  /** A rule is a level without a mark of its own, such as a limit. */
  readonly kind: "bar" | "line" | "dashes" | "rule";
  /** One for each step; null: nothing there. */
  readonly values: readonly (number | null)[];
}

export interface Plot {
  readonly id: string;
  readonly title: string;
  /** Of the figures, behind the title. */
  readonly unit: string;
  readonly series: readonly Series[];
  /** A figure on the axis; `step` is the distance of two. */
  readonly tick: (value: number, step: number) => string;
  /** A figure in the table. */
  readonly cell: (value: number) => string;
  /** Counts have no half ticks. */
  readonly isCount: boolean;
}

export interface Steps {
  /** Of the axis. */
  readonly labels: readonly string[];
  /** Of the table. */
  readonly names: readonly string[];
}

const WIDTH = 480;
const HEIGHT = 240;
const LEFT = 58;
const RIGHT = 26;
const TOP = 10;
const BOTTOM = 30;
const INNER_WIDTH = WIDTH - LEFT - RIGHT;
const INNER_HEIGHT = HEIGHT - TOP - BOTTOM;
/** The widest character of a label in the type of a phone, and the gap of two labels. */
const CHARACTER_WIDTH = 8;
const LABEL_GAP = 14;
const TICKS = 4;
const BAR_SHARE = 0.72;
const BAR_MAX = 34;
const DOT = 3;

/** Round figures from 0 to at least `greatest`: 1, 2 or 5 times a power of ten apart. */
export function ticksFor(greatest: number, isCount: boolean): readonly number[] {
  const rough = (greatest > 0 ? greatest : 1) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const round = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.9999) ?? 10;
  const step = Math.max(isCount ? 1 : 0, round * power);
  const count = Math.max(1, Math.ceil((greatest / step) * 0.9999));
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

/** The figure element: title, legend, picture, table. */
export function plotHtml(plot: Plot, steps: Steps): string {
  const { id, title, unit, series } = plot;
  return [
    `<figure id="${id}" aria-labelledby="${id}-title">`,
    `<h2 id="${id}-title">${escaped(title)} <small>${escaped(unit)}</small></h2>`,
    legend(series),
    svg(plot, steps),
    table(plot, steps),
    "</figure>",
  ].join("\n");
}

function legend(series: readonly Series[]): string {
  const items = series.map(
    ({ name, tone, kind }) => `<li><i class="t${tone} ${kind}"></i>${escaped(name)}</li>`,
  );
  return `<ul class="legend">${items.join("")}</ul>`;
}

function svg(plot: Plot, { labels, names }: Steps): string {
  const ticks = ticksFor(greatestOf(plot.series, labels.length), plot.isCount);
  const top = ticks.at(-1) ?? 1;
  const y = (value: number): number => TOP + INNER_HEIGHT * (1 - value / top);
  const slot = INNER_WIDTH / Math.max(1, labels.length);
  const x = (index: number): number => LEFT + slot * (index + 0.5);
  const place = { x, y, slot, names, cell: plot.cell };
  const bars = plot.series.filter(({ kind }) => kind === "bar");
  const lines = plot.series.filter(({ kind }) => kind !== "bar");
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${plot.id}-title">`,
    grid(ticks, plot, y),
    axis(labels, x),
    stacked(bars, place),
    ...lines.map((series) => line(series, place)),
    "</svg>",
  ].join("");
}

interface Place {
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
  readonly slot: number;
  readonly names: readonly string[];
  readonly cell: (value: number) => string;
}

/** The highest point: of a line, or of all bars of one step. */
function greatestOf(series: readonly Series[], steps: number): number {
  let greatest = 0;
  for (let index = 0; index < steps; index++) {
    let height = 0;
    for (const { kind, values } of series) {
      const value = values[index] ?? 0;
      if (kind === "bar") height += value;
      else greatest = Math.max(greatest, value);
    }
    greatest = Math.max(greatest, height);
  }
  return greatest;
}

function grid(ticks: readonly number[], { tick }: Plot, y: (value: number) => number): string {
  const step = ticks[1] ?? 1;
  return ticks
    .map((value) => {
      const at = fixed(y(value));
      const line = `<path class="grid" d="M${LEFT} ${at}H${WIDTH - RIGHT}"/>`;
      const text = escaped(tick(value, step));
      return `${line}<text class="y" x="${LEFT - 6}" y="${fixed(y(value) + 4)}">${text}</text>`;
    })
    .join("");
}

function axis(labels: readonly string[], x: (index: number) => number): string {
  const longest = Math.max(1, ...labels.map((label) => label.length));
  const fitting = Math.floor(INNER_WIDTH / (longest * CHARACTER_WIDTH + LABEL_GAP));
  const every = Math.ceil(labels.length / Math.max(1, fitting));
  return labels
    .map((label, index) => {
      // From the newest backwards: what is last is what the owner looks for.
      if ((labels.length - 1 - index) % every !== 0) return "";
      return `<text class="x" x="${fixed(x(index))}" y="${HEIGHT - 8}">${escaped(label)}</text>`;
    })
    .join("");
}

function stacked(bars: readonly Series[], place: Place): string {
  const width = Math.min(BAR_MAX, place.slot * BAR_SHARE);
  return place.names
    .map((name, index) => {
      let below = 0;
      return bars
        .map((series) => {
          const value = series.values[index] ?? 0;
          if (value <= 0) return "";
          const [foot, head] = [place.y(below), place.y(below + value)];
          below += value;
          const box = `x="${fixed(place.x(index) - width / 2)}" y="${fixed(head)}" width="${fixed(width)}" height="${fixed(foot - head)}"`;
          return `<rect class="m t${series.tone}" ${box}>${hint(name, series, value, place)}</rect>`;
        })
        .join("");
    })
    .join("");
}

function line(series: Series, place: Place): string {
  const { values, tone, kind } = series;
  let path = "";
  let isOn = false;
  const dots = values.map((value, index) => {
    if (value === null) {
      isOn = false;
      return "";
    }
    const [x, y] = [fixed(place.x(index)), fixed(place.y(value))];
    path += `${isOn ? "L" : "M"}${x} ${y}`;
    isOn = true;
    if (kind === "rule") return "";
    const radius = Math.min(DOT, Math.max(1.5, place.slot / 3));
    const title = hint(place.names[index] ?? "", series, value, place);
    return `<circle class="m t${tone} ${kind}" cx="${x}" cy="${y}" r="${fixed(radius)}">${title}</circle>`;
  });
  const drawn = path === "" ? "" : `<path class="t${tone} ${kind}" d="${path}"/>`;
  return `${drawn}${dots.join("")}`;
}

function hint(name: string, series: Series, value: number, { cell }: Place): string {
  return `<title>${escaped(`${name}, ${series.name}: ${cell(value)}`)}</title>`;
}

/** Steps without any figure are left out. */
function table({ title, unit, series, cell }: Plot, { names }: Steps): string {
  const head = series.map(({ name }) => `<th scope="col">${escaped(name)}</th>`).join("");
  const rows = names.flatMap((name, index) => {
    const figures = series.map(({ values }) => values[index] ?? null);
    if (figures.every((figure) => figure === null)) return [];
    const cells = figures.map((of) => `<td>${of === null ? "–" : escaped(cell(of))}</td>`);
    return [`<tr><th scope="row">${escaped(name)}</th>${cells.join("")}</tr>`];
  });
  const caption = `<caption>${escaped(`${title}, ${unit}`)}</caption>`;
  return [
    "<details><summary>The figures</summary>",
    `<div class="wide" tabindex="0"><table>${caption}<thead><tr><td></td>${head}</tr></thead>`,
    `<tbody>${rows.join("\n")}</tbody></table></div></details>`,
  ].join("");
}

/** A tenth of a unit is finer than a screen. */
function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text made fit for HTML and SVG, in elements and in quoted attributes alike. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
