// Writes every document that is made from the code's own tables; with --check it writes nothing, and names
// those that are not up to date (exit code 1).
// Usage: node scripts/make-docs.mjs [OUTDIR] [--check] (after a build into OUTDIR, by default dist)
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { helpIfAsked } from "./help.mjs";

helpIfAsked(import.meta.url);

const root = fileURLToPath(new URL("..", import.meta.url));
const checkOnly = process.argv.includes("--check");
const [outDir = "dist"] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const built = `${root}${outDir}/src`;
const docs = `${built}/commands/docs`;

const { between } = await import(`${docs}/marks.js`);
const { exampleYaml, markdownReference } = await import(`${docs}/settings.js`);
const { jsonSchema } = await import(`${docs}/schema.js`);
const { metricsFieldsMarkdown } = await import(`${docs}/fields.js`);
const { manPage } = await import(`${docs}/man.js`);
const { bashCompletion } = await import(`${docs}/completion.js`);
const { wiringSvg } = await import(`${docs}/wiring.js`);
const { olderKeysMarkdown } = await import(`${built}/commands/migrate/older-keys.js`);
const { describe } = await import(`${built}/core/assistant/describe.js`);
const { DEFAULTS } = await import(`${built}/core/settings/table.js`);
const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

/** What systemd calls, and nobody types. */
const HIDDEN = ["post-stop"];

async function specs() {
  const all = [];
  for (const folder of readdirSync(`${built}/commands`, { withFileTypes: true })) {
    const file = `${built}/commands/${folder.name}/command.js`;
    if (!folder.isDirectory() || !existsSync(file)) continue;
    const { SPEC, SPECS } = await import(file);
    if (!SPEC && !SPECS) throw new Error(`${file} exports neither SPEC nor SPECS`);
    all.push(...(SPECS ?? [SPEC]));
  }
  const shown = all.filter(({ name }) => !HIDDEN.includes(name));
  return shown.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const commands = await specs();
const part = (name, content) => (text) => between(text, name, content);
const whole = (text) => () => text;
const DOCUMENTS = {
  "config/config.yaml": whole(exampleYaml()),
  "config/config.schema.json": whole(`${JSON.stringify(jsonSchema(), null, 2)}\n`),
  "config/README.md": part("settings", markdownReference()),
  "config/MIGRATING.md": part("older-keys", olderKeysMarkdown()),
  "config/wiring.svg": whole(wiringSvg(DEFAULTS)),
  "metrics/README.md": part("metrics-fields", metricsFieldsMarkdown()),
  "CONTRIBUTING.md": part("machine-tables", describe()),
  "systemd/pipit.1": whole(manPage(commands, version)),
  "systemd/pipit.bash": whole(bashCompletion(commands)),
};

const stale = [];
for (const [name, make] of Object.entries(DOCUMENTS)) {
  const path = `${root}${name}`;
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const after = make(before);
  if (after === before) continue;
  stale.push(name);
  if (checkOnly) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, after);
}
if (checkOnly && stale.length > 0) {
  console.error(`not up to date: ${stale.join(", ")} (npm run docs)`);
  process.exit(1);
}
console.log(stale.length === 0 ? "all documents are up to date" : `wrote ${stale.join(", ")}`);
