// Puts the program into few files: loading 200 modules costs 8 MB and half a second of a Pi's start.
// bundle(OUT): reads src, writes OUT/src/bundle, and makes the entries in OUT/src lead there. The
// modules beside them stay as the compiler wrote them: the tests look into those.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const src = join(root, "src");

/** What is started as a process of its own. */
const ENTRIES = ["main", "adapters/programs/helper-main", "adapters/wake/porcupine-child"];
/** A process of its own that is to stay small: one file, and no ES module, whose loader is 1.4 MB. */
const SMALL = "adapters/speaker/child";
/** Packages that every daemon loads and that are plain JavaScript; the others stay outside. */
const INSIDE = ["ws", "yaml"];

const posix = (path) => path.replaceAll("\\", "/");

const hex = (unit) => unit.toString(16).padStart(4, "0");

/** A module's own address leads to what lies beside it: sounds, schemas, programs. */
const ownPlace = {
  name: "own-place",
  setup(building) {
    building.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      const place = posix(relative(src, path)).replace(/\.ts$/, ".js");
      const address = `new URL("../${place}", import.meta.url).href`;
      const own = text.replaceAll("import.meta.url", address);
      // esbuild escapes them in strings, but not in regular expressions.
      const latin = own.replaceAll(/[^\0-\xff]/g, (unit) => `\\u${hex(unit.charCodeAt(0))}`);
      return { contents: latin, loader: "ts" };
    });
  },
};

function outside() {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const names = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
  return [...names, "bufferutil", "utf-8-validate"].filter((name) => !INSIDE.includes(name));
}

function leadsTo(out, entry) {
  const file = join(out, "src", `${entry}.js`);
  const target = posix(relative(dirname(file), join(out, "src/bundle", basename(entry))));
  // A command that reads ten thousand files makes much garbage: 27 MB less, and no slower.
  const first = entry === "main" ? "#!/usr/bin/env -S node --max-semi-space-size=2\n" : "";
  writeFileSync(
    file,
    `${first}export * from "${target.startsWith(".") ? "" : "./"}${target}.js";\n`,
  );
}

const COMMON = {
  bundle: true,
  platform: "node",
  target: "node20",
  sourcemap: "linked",
  sourcesContent: false,
  legalComments: "none",
  // V8 keeps the text of all it has loaded, with two bytes for each character where one is beyond
  // Latin-1, be it in a comment: 1.1 MB less without spaces and comments. Names stay, for stacks.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: "warning",
};

export async function bundle(out) {
  const external = outside();
  await build({
    ...COMMON,
    entryPoints: ENTRIES.map((entry) => ({ in: join(src, `${entry}.ts`), out: basename(entry) })),
    outdir: join(out, "src/bundle"),
    chunkNames: "[name]-[hash]",
    splitting: true,
    format: "esm",
    external,
    plugins: [ownPlace],
    // ws is CommonJS: inside an ES module it needs a require of its own.
    banner: {
      js: 'import { createRequire as ownRequire } from "node:module"; const require = ownRequire(import.meta.url);',
    },
  });
  for (const entry of ENTRIES) leadsTo(out, entry);
  await build({
    ...COMMON,
    entryPoints: [join(src, `${SMALL}.ts`)],
    outfile: join(out, "src", `${SMALL}.cjs`),
    format: "cjs",
    external,
  });
}
