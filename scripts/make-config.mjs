// Writes what is derived from the settings table: config/config.yaml, config/config.schema.json and
// the reference, the older keys and the fields of the metrics file between their marks in README.md.
// Usage: node scripts/make-config.mjs [OUTDIR] (after a build into OUTDIR, by default dist)
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const built = `${root}${process.argv[2] ?? "dist"}/src/core`;
const { exampleYaml, withReference } = await import(`${built}/settings/docs.js`);
const { withOlderKeys } = await import(`${built}/../commands/migrate/older-keys.js`);
const { withMetricsFields } = await import(`${built}/metrics/fields.js`);
const { jsonSchema } = await import(`${built}/settings/schema.js`);

mkdirSync(`${root}config`, { recursive: true });
writeFileSync(`${root}config/config.yaml`, exampleYaml());
writeFileSync(`${root}config/config.schema.json`, `${JSON.stringify(jsonSchema(), null, 2)}\n`);
console.log("wrote config/config.yaml and config/config.schema.json");

const readme = `${root}README.md`;
const reference = existsSync(readme) ? withReference(readFileSync(readme, "utf8")) : null;
const older = reference === null ? null : withOlderKeys(reference);
const text = older === null ? null : withMetricsFields(older);
if (text === null) {
  console.log(
    "README.md lacks the marks of the settings, the older keys or the metrics fields: left alone",
  );
} else {
  writeFileSync(readme, text);
  console.log("wrote the reference, the older keys and the metrics fields in README.md");
}
