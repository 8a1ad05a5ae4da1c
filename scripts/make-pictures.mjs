// Makes metrics/page.png, which the README shows: the top of the page of `pipit metrics --html`, of
// made-up conversations, as Chromium shows it. Run it when the page changes.
// Usage: node scripts/make-pictures.mjs [OUTDIR] (after a build into OUTDIR, by default dist)
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { helpIfAsked } from "./help.mjs";

helpIfAsked(import.meta.url);

const [out = "dist"] = process.argv.slice(2);
const root = fileURLToPath(new URL("..", import.meta.url));
const built = async (path) => await import(`${root}${out}/${path}`);
const { recorded } = await built("test/helpers/recorded.js");
const { Chromium, findChromium } = await built("test/helpers/chromium.js");
const { metricsPage } = await built("src/commands/metrics/page.js");
const { readSession } = await built("src/commands/metrics/view.js");

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 10, 26, 18);
// A household that moved from the preview model to gpt-realtime in October.
const shapes = [
  { count: 80, startMs: Date.UTC(2026, 9, 3, 6), everyMs: 5 * HOUR_MS, seed: 1, latencyMs: 1_150 },
  { count: 210, startMs: Date.UTC(2026, 9, 20, 5), everyMs: 4.2 * HOUR_MS, seed: 2 },
];
const files = [
  ...recorded({ ...shapes[0], model: "gpt-4o-realtime-preview" }),
  ...recorded(shapes[1]),
];
const sessions = files
  .map(({ data }) => readSession(JSON.parse(JSON.stringify(data))))
  .filter((one) => typeof one === "object" && one.startedMs <= NOW)
  // Nobody talks to a kitchen at night.
  .filter(({ startedMs }) => new Date(startedMs).getUTCHours() >= 6);
const scope = {
  dir: "/var/lib/pipit/metrics",
  sinceMs: null,
  untilMs: null,
  broken: 0,
  newer: 0,
  leftOut: 0,
};
const html = metricsPage(sessions, scope, {
  zone: () => 0,
  nowMs: NOW,
  host: "kitchen",
  dailyUsd: 1,
});

const program = findChromium();
if ("missing" in program) {
  console.error(program.missing);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), "pipit-picture-"));
const page = join(folder, "page.html");
writeFileSync(page, html);
const browser = await Chromium.start(program.path);
try {
  await browser.screen(1200, 1100, "light");
  await browser.open(pathToFileURL(page).href);
  // The top of the page: what does it cost, how fast is it, who answered.
  await browser.evaluate(
    `for (const gone of [...document.querySelectorAll(".words"), ...[...document.querySelectorAll("figure")].slice(4)]) gone.remove()`,
  );
  writeFileSync(`${root}metrics/page.png`, await browser.picture());
  console.log("wrote metrics/page.png");
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
