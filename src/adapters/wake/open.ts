/** From the settings of the wake word to the engine, or the engines, that they need. */

import { type Fault, FaultError } from "../../core/fault.ts";
import { DEFAULTS, type Settings } from "../../core/settings/table.ts";
import { MANIFEST_EXTENSION, planWakeWords, type WakePlan } from "../../core/wake/plan.ts";
import type { Clock, Dice } from "../../ports.ts";
import { type PacedEngine, WakeGroup } from "./group.ts";
import { KeylessWakeEngine } from "./keyless.ts";
import { MicroWakeEngine } from "./micro.ts";
import { readInterpreter, readManifest } from "./micro-models.ts";
import { PorcupineWakeEngine } from "./porcupine.ts";

export interface OpenOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  /** One of several engines stopped; the others go on. */
  readonly onPartial: (fault: Fault) => void;
}

/**
 * Which engine listens for which word. Reads the manifests; throws a FaultError (config), also where
 * there is only a stop word, unless that will do.
 */
export function wakePlan(settings: Settings, mayOnlyStop = false): WakePlan {
  const keywords = settings["wake_word.keyword"];
  const usual = DEFAULTS["wake_word.keyword"];
  const isDefault = keywords.length === usual.length && keywords.every((w, n) => w === usual[n]);
  const paths = settings["wake_word.model_path"].filter((path) =>
    path.endsWith(MANIFEST_EXTENSION),
  );
  const models = paths.map((path) => ({ path, word: readManifest(path).word }));
  const engine = settings["wake_word.engine"];
  const sensitivity = settings["wake_word.sensitivity"];
  const planned = planWakeWords({ engine, keywords, sensitivity, isDefault, mayOnlyStop }, models);
  if (planned.ok) return planned.plan;
  throw new FaultError(planned.fault);
}

/** Reads all models that the settings name, as the engine will; throws a FaultError (config). */
export function tryWakeModels(settings: Settings): void {
  for (const { manifest } of wakePlan(settings).micro) {
    readInterpreter(manifest, readManifest(manifest));
  }
}

/** Starts nothing; throws a FaultError (config) where the words cannot be divided. */
export function openWakeEngine(settings: Settings, options: OpenOptions): PacedEngine {
  return openPlanned(wakePlan(settings), settings, options);
}

/** The same for words that were divided already. */
export function openPlanned(plan: WakePlan, settings: Settings, options: OpenOptions): PacedEngine {
  const { clock, dice, onPartial } = options;
  const engines: PacedEngine[] = [];
  const porcupine = plan.porcupine;
  if (porcupine.length > 0) {
    const paths = settings["wake_word.model_path"];
    const modelPath = paths.find((path) => !path.endsWith(MANIFEST_EXTENSION)) ?? "";
    const accessKey = settings["wake_word.access_key"];
    engines.push(new PorcupineWakeEngine({ words: porcupine, accessKey, modelPath, clock, dice }));
  }
  const keyless = plan["porcupine-keyless"];
  if (keyless.length > 0) engines.push(new KeylessWakeEngine({ words: keyless, clock, dice }));
  if (plan.micro.length > 0) engines.push(new MicroWakeEngine({ words: plan.micro, clock, dice }));
  const [only, ...more] = engines;
  return only !== undefined && more.length === 0
    ? only
    : new WakeGroup({ engines, clock, onPartial });
}
