/**
 * A configuration's text as it would be after a migration, with everything that there is to tell.
 *
 * Invariant: nothing is written here, and a text is only called good after it has been parsed and
 * validated like any other configuration.
 */

import { parseYaml } from "../../adapters/config/yaml.ts";
import type { Env } from "../../core/settings/expand-env.ts";
import { ROWS, type SettingKey, type Settings } from "../../core/settings/table.ts";
import {
  type Locate,
  type Path,
  type Position,
  type Problem,
  validate,
} from "../../core/settings/validate.ts";
import { editYaml } from "./edit.ts";
import { type Edit, type Plan, type PlanFacts, planMigration } from "./plan.ts";
import { secretsIn } from "./secrets.ts";

export interface Migrated {
  readonly plan: Plan;
  /** The text after the migration; the same text where there was nothing to do. */
  readonly text: string;
  /** Everything in the way, at its place in the original; empty: the text is good. */
  readonly problems: readonly Problem[];
  /** The settings of the text after the migration, unset variables apart; null where it is not good. */
  readonly settings: Settings | null;
  readonly secrets: readonly string[];
  readonly place: (path: Path) => Position;
}

const NO_PLAN: Plan = { changed: [], gone: [], kept: [], problems: [], edits: [] };

/** More edits than the plan's: what the command line asked for. */
export type MoreEdits = (
  tree: unknown,
  place: (path: Path) => Position,
) => {
  readonly edits: readonly Edit[];
  readonly problems: readonly Problem[];
};

/** Plans, edits, parses and validates. Never throws. */
export function migrateText(
  text: string,
  facts: PlanFacts,
  env: Env,
  more: MoreEdits = () => ({ edits: [], problems: [] }),
): Migrated {
  const { document, problems } = parseYaml(text);
  if (document === null || problems.length > 0) {
    const place = (): Position => ({ line: 1, column: 1 });
    return { plan: NO_PLAN, text, problems, settings: null, secrets: [], place };
  }
  const { tree, locate } = document;
  const plan = planMigration(tree, facts);
  const place = (path: Path): Position => locate(path, "key");
  const common = { plan, secrets: secretsIn(tree), place };
  const fail = (found: readonly Problem[]): Migrated => {
    const sorted = found.toSorted((a, b) => a.line - b.line || a.column - b.column);
    return { ...common, text, problems: sorted, settings: null };
  };
  const asked = more(tree, place);
  const wrong: Problem[] = [
    ...asked.problems,
    ...plan.problems.map(({ path, message }) => ({
      ...locate(path, "value"),
      key: path.join("."),
      message,
    })),
  ];
  const edited = editYaml(text, [...plan.edits, ...asked.edits]);
  if (!edited.ok) {
    const { path, message } = edited;
    return fail([...wrong, { ...locate(path, "key"), key: path.join("."), message }]);
  }
  // What stays as it was would only be reported once more.
  if (asked.problems.length > 0) return fail(wrong);
  const checked = check(edited.text, env, inOriginal(plan, locate));
  if (!checked.ok) return fail([...wrong, ...checked.problems.filter((its) => !known(its, wrong))]);
  if (wrong.length > 0) return fail(wrong);
  return { ...common, text: edited.text, problems: [], settings: checked.settings };
}

/** An older key that could not be moved is still in the text; one message about it is enough. */
function known(problem: Problem, reported: readonly Problem[]): boolean {
  return reported.some(({ key }) => key === problem.key);
}

const NOT_BY_LINES =
  "cannot be edited line by line; write anchors, aliases and merged keys (&, *, <<) out first";

type Checked =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly Problem[] };

function check(text: string, env: Env, locate: Locate): Checked {
  const { document, problems } = parseYaml(text);
  if (document === null || problems.length > 0) {
    // The place is one of the new text, which nobody has seen.
    const reported = problems.map((its) => ({
      ...its,
      ...locate([], "value"),
      message: NOT_BY_LINES,
    }));
    return { ok: false, problems: reported.slice(0, 1) };
  }
  return validate(document.tree, { env, locate, missingVariables: "default" });
}

/** Where a path of the new text stands in the original: a key that was moved, or what is below it, at its older name. */
function inOriginal(plan: Plan, locate: Locate): Locate {
  const origins = new Map<string, Path>();
  for (const { path, now } of plan.changed) for (const { key } of now) origins.set(key, path);
  return (path, part) => {
    for (let depth = path.length; depth > 0; depth--) {
      const origin = origins.get(path.slice(0, depth).join("."));
      if (origin !== undefined) return locate([...origin, ...path.slice(depth)], part);
    }
    return locate(path, part);
  };
}

/** Is this text one that the daemon of today takes, variables apart, and what are its settings? */
export function settingsOf(text: string, env: Env): Checked {
  const { document, problems } = parseYaml(text);
  if (document === null || problems.length > 0) return { ok: false, problems };
  return validate(document.tree, { env, locate: document.locate, missingVariables: "default" });
}

/** The keys of today that the text sets itself. */
export function keysIn(tree: unknown): ReadonlySet<SettingKey> {
  const found = new Set<SettingKey>();
  for (const [key] of ROWS) {
    let node: unknown = tree;
    for (const name of key.split(".")) {
      node = typeof node === "object" && node !== null ? Reflect.get(node, name) : undefined;
    }
    if (node !== undefined) found.add(key);
  }
  return found;
}
