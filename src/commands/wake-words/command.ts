/**
 * `pipit wake-words`: lists the words there are, installs the model of one, tries them live, and runs
 * recordings through the daemon's own path.
 */

import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { withCredentials } from "../../adapters/config/credentials.ts";
import { chooseConfig, loadConfig } from "../../adapters/config/file.ts";
import { SystemClock, SystemDice } from "../../adapters/os/clock.ts";
import { loadWav } from "../../adapters/os/wav-file.ts";
import { WakeGroup } from "../../adapters/wake/group.ts";
import { MicroDetector } from "../../adapters/wake/micro-detector.ts";
import { readManifest } from "../../adapters/wake/micro-models.ts";
import { openPlanned, wakePlan } from "../../adapters/wake/open.ts";
import { composeParts } from "../../compose.ts";
import { samplesToMs } from "../../core/audio/pcm.ts";
import { type Fault, FaultError, fault, faultLine } from "../../core/fault.ts";
import { DEFAULTS, type Settings } from "../../core/settings/table.ts";
import { didYouMean } from "../../core/suggest.ts";
import { OFFICIAL_LICENCE, OFFICIAL_MODELS, type OfficialModel } from "../../core/wake/official.ts";
import type { WakePlan } from "../../core/wake/plan.ts";
import { wordKey } from "../../core/wake/sensitivity.ts";
import {
  type CommandLine,
  type CommandSpec,
  EXIT_FAILED,
  EXIT_FINE,
  EXIT_USAGE,
  readCommandLine,
  reportError,
  usageError,
} from "../args.ts";
import {
  type Checked,
  fetched,
  isManifestPath,
  manifestFrom,
  modelBytes,
  officialFrom,
  written,
} from "./io-install.ts";
import { recordingsIn } from "./io-recordings.ts";
import { kilobytes, listedWords, listingText } from "./listing.ts";
import { Scorer } from "./score.ts";
import { type ScoredFile, scoreData, scoreText } from "./score-text.ts";
import { ScoreScreen } from "./screen.ts";
import { TrialEngine, tryWords } from "./trial.ts";
import { planFrom, settingsFrom, WORD_OPTIONS } from "./word-options.ts";

const NAME = "wake-words";
const PATHS_MAX = 10_000;
const TRY_DEFAULT_S = 60;
const TRY_MAX_S = 3600;

export const SPEC: CommandSpec = {
  name: NAME,
  summary:
    "lists wake words; install adds a model, try listens live, score runs recordings through the daemon's own path",
  operands: "[list | install NAME | try | score FILE|DIR ...]",
  operandsMax: PATHS_MAX,
  json: true,
  config: true,
  options: {
    ...WORD_OPTIONS,
    from: {
      value: "FILE",
      doc: "install: a model (.tflite) or manifest (.json) that was downloaded before",
    },
    dir: {
      value: "DIR",
      doc: "install: into this folder; else wake-words beside the configuration",
    },
    yes: { doc: "install: download without asking" },
    seconds: { value: "N", doc: `try: how long it listens; else ${TRY_DEFAULT_S}` },
  },
};

/** Exit code 0; 1 where something failed, 2 for what cannot be. */
export async function wakeWords(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const [action = "list", ...rest] = line.operands;
  try {
    const settings = settingsFor(line);
    switch (action) {
      case "list":
        return list(settings, line, rest);
      case "install":
        return await install(line, rest);
      case "try":
        return await tryLive(settings, line, rest);
      case "score":
        return await score(settings, line, rest);
      default:
        return usageError(NAME, `expected list, install, try or score, found "${action}"`);
    }
  } catch (thrown) {
    if (!(thrown instanceof FaultError)) throw thrown;
    reportError(`pipit ${NAME}: ${faultLine(thrown.fault)}`);
    return thrown.fault.code === "config" ? EXIT_USAGE : EXIT_FAILED;
  }
}

/** A configuration that is named must be good; without one, the defaults do. */
function settingsFor(line: CommandLine): Settings {
  const options = { path: line.config, env: withCredentials(process.env) };
  const loaded = loadConfig({ ...options, missingVariables: "default", rules: false });
  if (!loaded.ok && line.config !== undefined) {
    throw new FaultError(fault("config", "report", loaded.problems.join("; ")));
  }
  return settingsFrom(loaded.ok ? loaded.settings : DEFAULTS, line);
}

function list(settings: Settings, line: CommandLine, rest: readonly string[]): number {
  if (rest.length > 0) return usageError(NAME, "list takes no operand");
  const words = listedWords(wakePlan(settings, true), settings["wake_word.sensitivity"], sizeOf);
  process.stdout.write(line.json ? `${JSON.stringify({ words }, null, 2)}\n` : listingText(words));
  return EXIT_FINE;
}

/** Kilobytes of the model of a manifest; null when it is not there. */
function sizeOf(manifest: string): number | null {
  const path = join(dirname(manifest), readManifest(manifest).modelFile);
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts === undefined ? null : kilobytes(facts.size);
}

async function install(line: CommandLine, rest: readonly string[]): Promise<number> {
  const [name, ...more] = rest;
  if (more.length > 0) return usageError(NAME, "install takes one name");
  const from = line.option("from");
  const checked = await chosen(name, from, line);
  if (checked === null) return EXIT_FAILED;
  const { path: config } = chooseConfig({ path: line.config, env: process.env });
  const path = written(checked, line.option("dir") ?? join(dirname(config), "wake-words"));
  const data = { word: checked.name, manifest: path };
  process.stdout.write(
    line.json
      ? `${JSON.stringify(data, null, 2)}\n`
      : `Installed. In ${config}:\nwake_word:\n  engine: micro\n  model_path: ${path}\n`,
  );
  return EXIT_FINE;
}

/** The model that is to be installed; null when the owner said no. */
async function chosen(
  name: string | undefined,
  from: string | undefined,
  line: CommandLine,
): Promise<Checked | null> {
  if (from !== undefined && isManifestPath(from)) return manifestFrom(from);
  const known = OFFICIAL_MODELS.map((model) => model.name);
  const official = OFFICIAL_MODELS.find((model) => model.name === wordKey(name ?? ""));
  if (official === undefined) {
    const hint = didYouMean(wordKey(name ?? ""), known);
    const what =
      name === undefined ? "Name a model" : `There is no official model "${name}"${hint}`;
    const remedy = `There are ${known.join(", ")}; any other by its manifest: --from FILE.json`;
    throw new FaultError(fault("config", "report", what, remedy));
  }
  if (from !== undefined) return officialFrom(official, modelBytes(from), from);
  if (!(await agreed(official, line))) return null;
  return officialFrom(official, await fetched(official), official.url);
}

async function agreed({ name, url, bytes }: OfficialModel, line: CommandLine): Promise<boolean> {
  const what = `${name}: ${kilobytes(bytes)} KB, licence ${OFFICIAL_LICENCE}, from ${url}`;
  if (line.flag("yes")) return true;
  if (process.stdin.isTTY !== true) {
    throw new FaultError(
      fault("config", "report", what, "Not a terminal: --yes downloads it without asking"),
    );
  }
  process.stderr.write(`${what}\n`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question("Download it? [y/N] ");
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function score(
  settings: Settings,
  line: CommandLine,
  rest: readonly string[],
): Promise<number> {
  if (rest.length === 0) return usageError(NAME, "score needs files or folders");
  const paths = recordingsIn(rest);
  const plan = planFrom(settings, line);
  const clock = new SystemClock();
  const lost: Fault[] = [];
  const onPartial = (why: Fault): unknown => lost.push(why);
  const engine = openPlanned(plan, settings, { clock, dice: new SystemDice(), onPartial });
  const scorer = new Scorer({ engine, clock, cooldownMs: settings["wake_word.cooldown_s"] * 1000 });
  const files: ScoredFile[] = [];
  try {
    await scorer.start();
    for (const path of paths) {
      const file = await scored(scorer, path);
      files.push(file);
      if (!line.json) process.stdout.write(scoreText(file));
    }
  } finally {
    await scorer.close();
  }
  const [fault] = [...lost, ...files.flatMap(({ damage }) => damage ?? [])];
  if (lost.length > 0 || files.every(({ damage }) => damage !== null)) {
    if (fault !== undefined) throw new FaultError(fault);
  }
  const data = scoreData(plan, files, engine.framesDropped);
  process.stdout.write(line.json ? `${JSON.stringify(data, null, 2)}\n` : `${data.summary}\n`);
  return fault === undefined ? EXIT_FINE : EXIT_FAILED;
}

/** A file that is no recording is told, and the others go on. */
async function scored(scorer: Scorer, path: string): Promise<ScoredFile> {
  let pcm: Int16Array;
  try {
    pcm = loadWav(path);
  } catch (thrown) {
    if (!(thrown instanceof FaultError)) throw thrown;
    return { path, seconds: 0, detections: [], damage: thrown.fault };
  }
  const detections = await scorer.score(pcm);
  return { path, seconds: samplesToMs(pcm.length) / 1000, detections, damage: null };
}

async function tryLive(
  settings: Settings,
  line: CommandLine,
  rest: readonly string[],
): Promise<number> {
  if (rest.length > 0) return usageError(NAME, "try takes no operand");
  const seconds = Number(line.option("seconds") ?? TRY_DEFAULT_S);
  if (!(seconds > 0 && seconds <= TRY_MAX_S)) {
    return usageError(NAME, `--seconds takes 1 to ${TRY_MAX_S}`);
  }
  const clock = new SystemClock();
  const plan = planFrom(settings, line);
  const screen = new ScoreScreen(plan.micro.map(({ keyword }) => keyword));
  const scored = plan.micro.length === 0 ? null : new TrialEngine(new MicroDetector(plan.micro));
  await tryWords({
    clock,
    microphone: composeParts(settings, process.env, { log: () => undefined }).microphone(),
    engine: engineFor(settings, plan, scored, clock),
    scored,
    cooldownMs: settings["wake_word.cooldown_s"] * 1000,
    maxMs: seconds * 1000,
    onReady: () => screen.ready(wordsOf(plan)),
    onHeard: (keyword, atMs) => screen.heard(keyword, atMs),
    onScores: (scores) => screen.scores(scores),
  });
  screen.end();
  return EXIT_FINE;
}

function wordsOf(plan: WakePlan): readonly string[] {
  return Object.values(plan).flatMap((words) => words.map(({ keyword }) => keyword));
}

/** The models so that their scores can be seen, the other engines as ever. */
function engineFor(
  settings: Settings,
  plan: WakePlan,
  scored: TrialEngine | null,
  clock: SystemClock,
): WakeGroup {
  const onPartial = (why: Fault): void => reportError(`pipit ${NAME}: ${faultLine(why)}`);
  const others = { ...plan, micro: [] };
  const hasOthers = wordsOf(others).length > 0;
  const open = { clock, dice: new SystemDice(), onPartial };
  const engines = [
    ...(scored === null ? [] : [scored]),
    ...(hasOthers ? [openPlanned(others, settings, open)] : []),
  ];
  return new WakeGroup({ engines, clock, onPartial });
}
