/**
 * `pipit check-config [FILE]`: reads the configuration as the daemon would, says what is wrong, and
 * whether anybody could answer with it.
 *
 * Invariant: no secret is shown; at most one line for each problem.
 */

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { withCredentials } from "../../adapters/config/credentials.ts";
import { type LoadedConfig, loadConfig, SYSTEM_CONFIG } from "../../adapters/config/file.ts";
import { schemaTrouble } from "../../adapters/functions/schema-check.ts";
import { loadWav } from "../../adapters/os/wav-file.ts";
import { HELPER_SOCKET } from "../../adapters/programs/local-programs.ts";
import { wakeSound } from "../../adapters/speaker/fault-sounds.ts";
import { recordable } from "../../adapters/speaker/file.ts";
import { tryWakeModels } from "../../adapters/wake/open.ts";
import { FaultError, faultLine } from "../../core/fault.ts";
import { customFunctions } from "../../core/functions/custom.ts";
import { CATALOGUE_ONLY, isOpenAi, prospectOf } from "../../core/models/prospect.ts";
import { retirementLevel, retirementLine, retirements } from "../../core/models/retirement.ts";
import { hiddenPaths } from "../../core/settings/hidden-paths.ts";
import {
  publicSettings,
  type SettingKey,
  type Settings,
  secretValues,
} from "../../core/settings/table.ts";
import { formatProblem, type Problem } from "../../core/settings/validate.ts";
import {
  type CommandSpec,
  EXIT_FAILED,
  EXIT_FINE,
  EXIT_USAGE,
  readCommandLine,
  usageError,
} from "../args.ts";
import { warnOfOtherConfig } from "../load-settings.ts";
import { learnFrom, secrets } from "../outward.ts";
import { startsPrograms } from "../own-programs.ts";
import { wordsTrouble } from "./words.ts";

export const SPEC: CommandSpec = {
  name: "check-config",
  summary: "checks the configuration and lists every problem in it",
  operands: "[FILE]",
  operandsMax: 1,
  json: true,
  config: true,
};

const FILE_DEVICE = "file:";

type Good = Extract<LoadedConfig, { ok: true }>;

/** What a valid file still says about today. */
interface Outlook {
  /** With these, `pipit run` would not start. */
  readonly problems: readonly Problem[];
  /** With these it would, and nobody could answer. */
  readonly nobody: readonly Problem[];
  readonly notes: readonly Problem[];
}

/** Exit code 0 when the configuration is good, 1 when nobody could answer with it, 2 when it is not. */
export async function checkConfig(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const [operand] = line.operands;
  if (operand !== undefined && line.config !== undefined) {
    return usageError(SPEC.name, "name the file once: FILE, or --config FILE");
  }
  const env = withCredentials(process.env);
  learnFrom(env);
  const loaded = loadConfig({ path: line.config ?? operand, env });
  warnOfOtherConfig(SPEC.name, line.config ?? operand, loaded.path);
  if (!loaded.ok) return refused(loaded, line.json);
  secrets.learn(secretValues(loaded.settings));
  const outlook = outlookOf(loaded, Date.now(), await functionNotes(loaded.settings));
  if (line.json) process.stdout.write(`${JSON.stringify(jsonOf(loaded, outlook), null, 2)}\n`);
  else show(loaded, outlook);
  if (outlook.problems.length > 0) return EXIT_USAGE;
  return outlook.nobody.length > 0 ? EXIT_FAILED : EXIT_FINE;
}

function refused(loaded: Extract<LoadedConfig, { ok: false }>, json: boolean): number {
  const { path: file, problems, details } = loaded;
  if (json) {
    process.stdout.write(`${JSON.stringify({ ok: false, file, problems, details }, null, 2)}\n`);
  } else process.stderr.write(`${problems.join("\n")}\n`);
  return EXIT_USAGE;
}

function outlookOf(loaded: Good, nowMs: number, functions: readonly Note[]): Outlook {
  const { settings, placeOf } = loaded;
  const at = (key: SettingKey, message: string): Problem => ({ ...placeOf(key), key, message });
  const { nobody, nobodyKey, notes } = prospectOf(settings, CATALOGUE_ONLY, nowMs);
  const ends = retirements(settings, {}, nowMs).filter(
    (one) => nobody === null && retirementLevel(one) === "warning",
  );
  const unreachable = nobody === null ? [] : [at(nobodyKey, faultLine(nobody))];
  // Another server may have what OpenAI has shut down: that is worth a line, but no refusal.
  const isCertain = isOpenAi(settings);
  // What the owner's shell sees, the service may not.
  const isOfService = loaded.path === SYSTEM_CONFIG;
  const hidden = isOfService ? hiddenPaths(settings) : [];
  return {
    problems: missingFiles(loaded).map(([key, message]) => at(key, message)),
    nobody: isCertain ? unreachable : [],
    notes: [
      ...(isCertain ? [] : unreachable),
      ...ends.map((one) => at(one.key, retirementLine(one))),
      ...[...notes, ...functions, ...hidden].map(({ key, message }) => at(key, message)),
    ],
  };
}

interface Note {
  readonly key: SettingKey;
  readonly message: string;
}

/** What would keep a function of the owner's own from its work, and the rest goes on. */
async function functionNotes(settings: Settings): Promise<readonly Note[]> {
  const { functions } = customFunctions(settings["tools.custom"]);
  const notes: Note[] = [];
  for (const { row, run } of functions) {
    const trouble = await schemaTrouble(row.parameters);
    const [program = ""] = run.kind === "command" ? run.argv : [];
    if (trouble !== null) {
      notes.push({
        key: "tools.custom",
        message: `${row.name}: its parameters are no JSON Schema: ${trouble}`,
      });
    }
    if (program !== "" && !existsSync(program)) {
      notes.push({ key: "tools.custom", message: `${row.name}: there is no program ${program}` });
    }
  }
  const isIsolated = settings["tools.sandbox"] === "auto";
  if (startsPrograms(settings) && isIsolated && !existsSync(HELPER_SOCKET)) notes.push(NO_HELPER);
  const tooLong = wordsTrouble(settings);
  if (tooLong !== null) notes.push({ key: "openai.instructions", message: tooLong });
  const sound = settings["audio.wake_sound"];
  if (sound !== "off" && wakeSound(sound) === null) {
    notes.push({
      key: "audio.wake_sound",
      message: "the file cannot be read as a sound; no sound is played",
    });
  }
  return notes;
}

const NO_HELPER: Note = {
  key: "tools.sandbox",
  message:
    "auto runs programs through pipit-tools.socket, which is not here: scripts/install brings it",
};

/** Files that the configuration names and that are not there, or not what they should be. */
function missingFiles({ settings }: Good): readonly (readonly [SettingKey, string])[] {
  const found: (readonly [SettingKey, string])[] = [];
  const input = settings["audio.input_device"];
  if (input.startsWith(FILE_DEVICE)) {
    const problem = problemOf(() => loadWav(input.slice(FILE_DEVICE.length)));
    if (problem !== null) found.push(["audio.input_device", problem]);
  }
  const output = settings["audio.output_device"];
  if (output.startsWith(FILE_DEVICE)) {
    const path = output.slice(FILE_DEVICE.length);
    const folder = dirname(path);
    const problem = existsSync(folder)
      ? problemOf(() => recordable(path))
      : `there is no folder ${folder}`;
    if (problem !== null) found.push(["audio.output_device", problem]);
  }
  if (settings["wake_word.enabled"]) found.push(...wakeModels(settings));
  return found;
}

/** Models that are not there, or that cannot be used. */
function wakeModels(settings: Settings): readonly (readonly [SettingKey, string])[] {
  const key = "wake_word.model_path";
  const missing = settings[key].filter((path) => !existsSync(path));
  if (missing.length > 0) return missing.map((path) => [key, `there is no file ${path}`]);
  const problem = problemOf(() => tryWakeModels(settings));
  return problem === null ? [] : [[key, problem]];
}

function problemOf(attempt: () => unknown): string | null {
  try {
    attempt();
    return null;
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return faultLine(error.fault);
  }
}

function show({ path }: Good, { problems, nobody, notes }: Outlook): void {
  for (const one of [...problems, ...nobody, ...notes]) {
    process.stderr.write(`${formatProblem(path, one)}\n`);
  }
  if (problems.length + nobody.length > 0) return;
  process.stdout.write(`${path}: ok${notes.length > 0 ? ", with the notes above" : ""}\n`);
}

function jsonOf({ path, settings }: Good, { problems, nobody, notes }: Outlook) {
  return {
    ok: problems.length === 0,
    can_answer: nobody.length === 0,
    file: path,
    ...(problems.length > 0
      ? { problems: problems.map((one) => formatProblem(path, one)), details: problems }
      : { settings: publicSettings(settings) }),
    nobody,
    notes,
  };
}
