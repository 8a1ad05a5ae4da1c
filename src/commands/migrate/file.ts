/** `pipit migrate-config [FILE]`: older keys to today's, and a persona.ini into the instructions. */

import { type CommandLine, EXIT_FINE } from "../args.ts";
import { warnOfOtherConfig } from "../load-settings.ts";
import { olderEnvironment, readPersona } from "./io-older-files.ts";
import {
  type ConfigText,
  carryOut,
  print,
  problemLines,
  readConfig,
  refuse,
  today,
} from "./output.ts";
import { environmentLines, listed, listLines } from "./report.ts";
import { hideSecrets } from "./secrets.ts";
import { keysIn, type Migrated, type MoreEdits, migrateText } from "./text.ts";

/** Returns the exit code. */
export async function migrateFile(named: string | undefined, line: CommandLine): Promise<number> {
  const config = await readConfig(named);
  warnOfOtherConfig("migrate-config", named, config.path);
  const output = { json: line.json, path: config.path };
  if (!config.ok) return refuse(output, config.problems);
  const persona = line.option("persona");
  const block = persona === undefined ? null : await readPersona(persona);
  if (block !== null && !block.ok) return refuse(output, block.problems);

  const environment = await olderEnvironment(config.path);
  const names = environment?.names ?? [];
  const known = [...names, ...Object.keys(process.env)];
  const facts = { today: today(), hasAccessKey: hasAccessKey(config, known) };
  const more = block === null ? undefined : instructions(block.instructions);
  const migrated = migrateText(config.text, facts, process.env, more);
  const list = listed(migrated.plan, migrated.place, migrated.secrets);
  const advice = environmentLines(names, environment?.file ?? "");
  if (migrated.problems.length > 0) {
    const lines = problemLines(config.path, migrated.problems, migrated.secrets);
    return refuse(output, lines, { ...list });
  }
  if (migrated.text === config.text) {
    print(output, { ok: true, written: false, ...list, advice }, [
      `${config.path}: nothing to do`,
      ...remarks(list.kept),
    ]);
    return EXIT_FINE;
  }
  return carryOut(output, {
    config,
    text: migrated.text,
    secrets: migrated.secrets,
    dryRun: line.flag("dry-run"),
    data: { ...list, instructions: shownBlock(block?.instructions, migrated), advice },
    lines: [
      ...listLines(list),
      ...(persona === undefined ? [] : [`Put into openai.instructions: ${persona}`]),
      ...advice,
    ],
  });
}

function hasAccessKey(config: ConfigText, names: readonly string[]): boolean {
  const inFile = /^\s*(?:porcupine_)?access_key\s*:\s*\S/m.test(config.text);
  return inFile || names.includes("PICOVOICE_ACCESS_KEY");
}

/** Puts a persona where there is none yet. */
function instructions(text: string): MoreEdits {
  return (tree, place) => {
    const inTheWay = [
      ...(keysIn(tree).has("openai.instructions") ? [["openai", "instructions"]] : []),
      ...(hasPersona(tree) ? [["persona"]] : []),
    ];
    const message = "is in the file already; remove it to use --persona, or join the two by hand";
    return {
      edits: [{ tag: "put", key: "openai.instructions", value: text }],
      problems: inTheWay.map((path) => ({ ...place(path), key: path.join("."), message })),
    };
  };
}

function hasPersona(tree: unknown): boolean {
  return typeof tree === "object" && tree !== null && Object.hasOwn(tree, "persona");
}

function shownBlock(text: string | undefined, migrated: Migrated): string | null {
  if (text === undefined) return null;
  return text
    .split("\n")
    .map((line) => hideSecrets(line, migrated.secrets))
    .join("\n");
}

/** What is worth knowing of a file that is good as it is. */
function remarks(
  kept: readonly { readonly key: string; readonly remark: string }[],
): readonly string[] {
  return kept.filter(({ remark }) => remark !== "").map(({ key, remark }) => `  ${key}: ${remark}`);
}
