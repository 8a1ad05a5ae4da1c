// Makes metrics/page.png: the page of `pipit metrics --html`, of made-up conversations, as Chromium shows it.
// Usage: node scripts/make-pictures.mjs [OUTDIR] (after a build into OUTDIR, by default dist)
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { helpIfAsked } from "./help.mjs";

helpIfAsked(import.meta.url);

const root = fileURLToPath(new URL("..", import.meta.url));
const built = `${root}${process.argv[2] ?? "dist"}`;
const { recorded, writeRecorded } = await import(`${built}/test/helpers/recorded.js`);

const DAYS = 30;
const A_DAY = 8;
const START_MS = Date.parse("2026-10-20T05:00:00Z");
const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const browser = NAMES.find((name) => spawnSync(name, ["--version"]).status === 0);
if (browser === undefined) {
  console.error("the picture needs Chromium (apt install chromium)");
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), "pipit-pictures-"));
try {
  const shape = { count: DAYS * A_DAY, startMs: START_MS, everyMs: 86_400_000 / A_DAY, seed: 11 };
  writeRecorded(join(folder, "metrics"), recorded(shape));
  const page = join(folder, "page.html");
  const args = ["metrics", "--dir", join(folder, "metrics"), "--html", page];
  const env = { ...process.env, TZ: "UTC" };
  execFileSync("node", [`${built}/src/main.js`, ...args], { env, stdio: "ignore" });
  const where = readFileSync(page, "utf8").replaceAll(folder, "/var/lib/pipit");
  writeFileSync(page, where);
  execFileSync(
    browser,
    [
      ...["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
      `--user-data-dir=${join(folder, "profile")}`,
      ...["--window-size=1000,785", `--screenshot=${root}metrics/page.png`, `file://${page}`],
    ],
    { stdio: "ignore" },
  );
  console.log("wrote metrics/page.png");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
