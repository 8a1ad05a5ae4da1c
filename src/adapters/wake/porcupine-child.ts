/**
 * The child process of the wake-word engine porcupine: opens it (a synchronous call that may go
 * out to the network), then hears frames. Invariant: the AccessKey comes with the first message
 * and leaves this process only inside the engine; the process ends when its parent does.
 */

import { createRequire } from "node:module";
import { basename } from "node:path";
import { WAKE_FRAME_SAMPLES, WAKE_RATE_HZ } from "../../core/audio/downsampler.ts";
import { FaultError, fault } from "../../core/fault.ts";
import { SENSITIVITY_DEFAULT } from "../../core/wake/sensitivity.ts";
import { keepInspectorShut } from "../os/quiet-inspector.ts";
import { porcupineFault } from "./porcupine-errors.ts";
import { type Detector, type HostReply, serveWake, type WakeSetup } from "./protocol.ts";

const KEYWORD_FILE = ".ppn";

/** The package has types, but it is optional: it is looked at as what it is found to be. */
interface Package {
  readonly construct: (values: readonly unknown[]) => object;
  readonly builtIn: readonly string[];
}

function loadPackage(): Package {
  const found: unknown = createRequire(import.meta.url)("@picovoice/porcupine-node");
  const members = new Map(typeof found === "object" && found !== null ? Object.entries(found) : []);
  const engine: unknown = members.get("Porcupine");
  const builtIn: unknown = members.get("BuiltinKeyword");
  if (typeof engine !== "function" || typeof builtIn !== "object" || builtIn === null) {
    throw new Error("@picovoice/porcupine-node has no Porcupine");
  }
  return {
    construct: (values) => Object(Reflect.construct(engine, values)),
    builtIn: Object.values(builtIn).map(String),
  };
}

interface Reported {
  readonly name: string;
  readonly sensitivity: number;
}

/** What the engine listens for, built-in words or files, and what we report for each. */
function wordsFor(setup: WakeSetup, builtIn: readonly string[]): ReadonlyMap<string, Reported> {
  const [first] = setup.words;
  if (setup.modelPath.endsWith(KEYWORD_FILE)) {
    const name = first?.keyword ?? basename(setup.modelPath, KEYWORD_FILE);
    const sensitivity = first?.sensitivity ?? SENSITIVITY_DEFAULT;
    return new Map([[setup.modelPath, { name, sensitivity }]]);
  }
  const words = new Map<string, Reported>();
  for (const { keyword, sensitivity } of setup.words) {
    const word = keyword
      .trim()
      .toLowerCase()
      .replaceAll(/[\s_-]+/g, " ");
    if (keyword.endsWith(KEYWORD_FILE)) {
      words.set(keyword, { name: basename(keyword, KEYWORD_FILE), sensitivity });
    } else if (builtIn.includes(word)) words.set(word, { name: keyword, sensitivity });
    else throw new FaultError(unknownWord(keyword, builtIn));
  }
  return words;
}

function unknownWord(keyword: string, builtIn: readonly string[]) {
  const known = `It knows: ${builtIn.join(", ")}; for others set wake_word.model_path to a .ppn file`;
  return fault(
    "config",
    "report",
    `The wake-word engine porcupine does not know '${keyword}'`,
    known,
  );
}

function openPorcupine(setup: WakeSetup): Detector {
  const { construct, builtIn } = loadPackage();
  const words = wordsFor(setup, builtIn);
  const reported = [...words.values()];
  const parameters = setup.modelPath !== "" && !setup.modelPath.endsWith(KEYWORD_FILE);
  const engine = construct([
    setup.accessKey.trim(),
    [...words.keys()],
    reported.map(({ sensitivity }) => sensitivity),
    parameters ? { modelPath: setup.modelPath } : {},
  ]);
  checkFormat(engine);
  const method: unknown = Reflect.get(engine, "process");
  if (typeof method !== "function") throw new Error("Porcupine has no process()");
  return {
    process: (frame) => {
      const index: unknown = Reflect.apply(method, engine, [frame]);
      return typeof index === "number" ? (reported[index]?.name ?? null) : null;
    },
  };
}

function checkFormat(engine: object): void {
  const samples: unknown = Reflect.get(engine, "frameLength");
  const rateHz: unknown = Reflect.get(engine, "sampleRate");
  if (samples === WAKE_FRAME_SAMPLES && rateHz === WAKE_RATE_HZ) return;
  const message = `The wake-word engine porcupine needs ${samples} samples at ${rateHz} Hz`;
  throw new FaultError(fault("wake-word-failed", "report", message));
}

/** Turns whatever is thrown into a fault without the key. */
function guarded<T>(setup: WakeSetup, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw new FaultError(porcupineFault(thrown, setup), { cause: thrown });
  }
}

function open(setup: WakeSetup): Detector {
  const detector = guarded(setup, () => openPorcupine(setup));
  return { process: (frame) => guarded(setup, () => detector.process(frame)) };
}

function post(reply: HostReply): void {
  if (process.connected) process.send?.(reply);
}

process.on("message", serveWake(open, post));
keepInspectorShut();
process.on("disconnect", () => process.exit(0));
