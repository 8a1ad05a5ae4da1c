/** `pipit migrate-config --model NAME`: another model, a sound chain, and what will differ. */

import { parseYaml } from "../../adapters/config/yaml.ts";
import type { Settings } from "../../core/settings/table.ts";
import { type CommandLine, EXIT_FINE } from "../args.ts";
import { editYaml } from "./edit.ts";
import {
  behaviour,
  type Difference,
  differences,
  type ModelMove,
  planModelMove,
} from "./model-move.ts";
import { carryOut, print, problemLines, readConfig, refuse, today } from "./output.ts";
import { shownValue } from "./report.ts";
import { secretsIn } from "./secrets.ts";
import { settingsOf } from "./text.ts";

/** Returns the exit code. */
export async function moveModel(named: string | undefined, line: CommandLine): Promise<number> {
  const config = await readConfig(named);
  const output = { json: line.json, path: config.path };
  if (!config.ok) return refuse(output, config.problems);
  const secrets = secretsIn(parseYaml(config.text).document?.tree);
  const before = settingsOf(config.text, process.env);
  if (!before.ok) return refuse(output, problemLines(config.path, before.problems, secrets));
  const request = {
    name: line.option("model") ?? "auto",
    force: line.flag("force"),
    today: today(),
  };
  const plan = planModelMove(before.settings, request);
  if (!plan.ok && plan.idle) {
    print(output, { ok: true, written: false, message: plan.message }, [
      `${config.path}: nothing to do: ${plan.message}`,
    ]);
    return EXIT_FINE;
  }
  if (!plan.ok) return refuse(output, [`${config.path}: ${plan.message}`]);
  const { move } = plan;
  const edited = editYaml(
    config.text,
    move.values.map(({ key, value }) => ({ tag: "put", key, value })),
  );
  if (!edited.ok)
    return refuse(output, [`${config.path}: ${edited.path.join(".")} ${edited.message}`]);
  const after = settingsOf(edited.text, process.env);
  if (!after.ok) return refuse(output, problemLines(config.path, after.problems, secrets));
  return carryOut(output, {
    config,
    text: edited.text,
    secrets,
    dryRun: line.flag("dry-run"),
    ...words(move, before.settings),
  });
}

/** The move as data and as lines. */
function words(
  move: ModelMove,
  settings: Settings,
): { readonly data: Readonly<Record<string, unknown>>; readonly lines: readonly string[] } {
  const compared = differences(move, settings);
  const notes = behaviour(move, settings);
  const changed = move.values.map(({ key, value }) => ({
    key,
    was: shownValue(key, settings[key], []),
    now: shownValue(key, value, []),
  }));
  return {
    data: { from: move.from, to: move.to, changed, differences: compared, notes },
    lines: [
      "Changed:",
      ...changed.map(({ key, was, now }) => `  ${key}: ${was} → ${now}`),
      ...table(move, compared),
      ...(notes.length > 0 ? ["Note:", ...notes.map((note) => `  ${note}`)] : []),
    ],
  };
}

function table(move: ModelMove, compared: readonly Difference[]): readonly string[] {
  if (compared.length === 0) return [];
  const rows = [{ what: "", from: move.from, to: move.to }, ...compared];
  const [first, second] = (["what", "from"] as const).map((column) =>
    Math.max(...rows.map((row) => row[column].length)),
  );
  return [
    "What differs (prices in US dollars):",
    ...rows.map(({ what, from, to }) => {
      const cells = `  ${what.padEnd(first ?? 0)}  ${from.padEnd(second ?? 0)}  ${to}`;
      return from === to ? `${cells}  (the same)` : cells;
    }),
  ];
}
