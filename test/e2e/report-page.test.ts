/**
 * The page of `pipit metrics --html` in a real browser: nothing is asked for, no error is
 * reported, every figure has its mark, no label lies on another, on a phone and on a desk. With
 * PIPIT_PICTURES=DIR the pictures are kept there.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { pathToFileURL } from "node:url";
import { fields } from "../../src/core/json.ts";
import { Chromium, findChromium } from "../helpers/chromium.ts";
import { runPipit } from "../helpers/pipit.ts";
import { test } from "../helpers/real-time.ts";
import { type RecordedFile, recorded, writeRecorded } from "../helpers/recorded.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const HOUR_MS = 3_600_000;
/** Before now, because the page leaves out what a wrong clock has dated into the future. */
const startMs = Date.UTC(2026, 8, 1, 6);
const SCREENS = [
  [375, 812, "light"],
  [1280, 900, "light"],
  [1280, 900, "dark"],
] as const;
/** As in plots.ts. */
const P95_ANSWERS_MIN = 8;
const PAGE_MAX_BYTES = 1_000_000;
const program = findChromium();
const skip = "missing" in program ? program.missing : false;
let browser: Chromium | null = null;
after(() => browser?.close());

const SCENES: Readonly<Record<string, readonly RecordedFile[]>> = {
  month: [
    ...recorded({ count: 80, startMs, everyMs: 4 * HOUR_MS, seed: 1, schema: 1 }),
    ...recorded({ count: 200, startMs: startMs + 400 * HOUR_MS, everyMs: 3 * HOUR_MS, seed: 2 }),
    ...recorded({ count: 3, startMs: startMs + 9e8, everyMs: HOUR_MS, seed: 3, model: "<b>x" }),
  ],
  empty: [],
  one: recorded({ count: 1, startMs, everyMs: 1, seed: 5 }),
  many: recorded({ count: 10_000, startMs: Date.UTC(2025, 1, 1), everyMs: HOUR_MS, seed: 6 }),
};

/** Marks that the data ask for, counted from the files: by local day, in UTC. */
function expectedMarks(files: readonly RecordedFile[]): Record<string, number> {
  const days = new Map<string, Record<string, unknown>[]>();
  for (const { data } of files) {
    const day = String(data["started_at"]).slice(0, 10);
    days.set(day, [...(days.get(day) ?? []), data]);
  }
  const count = (has: (of: Record<string, unknown>) => boolean): number =>
    [...days.values()].filter((of) => of.some(has)).length;
  const answers = (of: Record<string, unknown>): number => {
    const all = fields(of, "response_latency_ms")["all"];
    return Array.isArray(all) ? all.length : 0;
  };
  const enough = [...days.values()].filter(
    (of) => of.reduce((sum, one) => sum + answers(one), 0) >= P95_ANSWERS_MIN,
  );
  const filled = (name: string) => (of: Record<string, unknown>) =>
    Array.isArray(of[name]) && of[name].length > 0;
  return {
    // Nineteen in twenty want some answers.
    latency: days.size + enough.length,
    turns: 2 * days.size,
    interruptions: count(filled("interruptions")),
    // Text and sound, in and out, and cached.
    tokens: 5 * days.size,
    faults:
      count(filled("errors")) +
      count((of) => JSON.stringify(of["function_calls"]).includes("false")),
  };
}

const MARKS = `Object.fromEntries([...document.querySelectorAll("figure")].map((figure) =>
  [figure.id, figure.querySelectorAll("svg .m").length]))`;
const PLOTS = `[...document.querySelectorAll("svg")].map((svg) => {
  const { width, height } = svg.getBoundingClientRect();
  return { width, height, rows: svg.parentElement.querySelectorAll("tbody tr").length };
})`;
/** Pairs of labels of one plot that lie on each other, and labels that leave their figure. */
const CLASHES = `[...document.querySelectorAll("figure")].flatMap((figure) => {
  const frame = figure.getBoundingClientRect();
  const texts = [...figure.querySelectorAll("svg text")];
  const boxes = texts.map((text) => text.getBoundingClientRect());
  const out = texts.filter((_, i) => boxes[i].left < frame.left || boxes[i].right > frame.right);
  const on = texts.filter((_, i) => boxes.some((b, j) => j > i && b.left < boxes[i].right &&
    boxes[i].left < b.right && b.top < boxes[i].bottom && boxes[i].top < b.bottom));
  return [...out, ...on].map((text) => figure.id + ": " + text.textContent);
})`;
const WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth";

for (const [name, files] of Object.entries(SCENES)) {
  test(`the page of ${name}`, { skip }, async (t) => {
    if ("missing" in program) return;
    const dir = tempFolder(t);
    const page = join(dir, "page.html");
    writeRecorded(join(dir, "metrics"), files);
    const made = await runPipit(["metrics", "--dir", join(dir, "metrics"), "--html", page], {
      TZ: "UTC",
    });
    assert.equal(made.code, 0, made.stderr);
    const html = readFileSync(page);
    assert.ok(html.length <= PAGE_MAX_BYTES, `${html.length} bytes`);
    browser ??= await Chromium.start(program.path);
    const url = pathToFileURL(page).href;
    for (const [width, height, scheme] of SCREENS) {
      await browser.screen(width, height, scheme);
      await browser.open(url);
      assert.deepEqual(browser.errors, []);
      assert.deepEqual(browser.requests, [url]);
      assert.equal(await browser.evaluate(WIDER), false, `${width}: scrolls sideways`);
      assert.deepEqual(await browser.evaluate(CLASHES), [], `${width}: labels`);
      const plots = await browser.evaluate(PLOTS);
      assert.ok(Array.isArray(plots));
      assert.equal(plots.length, files.length === 0 ? 0 : 9);
      for (const plot of plots) {
        assert.ok(plot.width > 250 && plot.height > 120 && plot.rows > 0, JSON.stringify(plot));
      }
      const picture = await browser.picture();
      assert.ok(picture.length > 5_000, "a picture");
      const folder = process.env["PIPIT_PICTURES"];
      if (folder !== undefined)
        writeFileSync(join(folder, `${name}-${width}-${scheme}.png`), picture);
    }
    const marks = await browser.evaluate(MARKS);
    assert.ok(typeof marks === "object" && marks !== null);
    if (name === "many") return; // By week: counted by the others.
    for (const [id, count] of Object.entries(files.length === 0 ? {} : expectedMarks(files))) {
      assert.equal(Reflect.get(marks, id), count, id);
    }
  });
}
