/**
 * What Porcupine 4 throws, as one sentence for the owner with the right recovery.
 *
 * Invariant: the AccessKey is in no fault. The engine writes it in clear into its messages, so
 * sentences are ours wherever the trouble is known; only for unknown trouble are the engine's own
 * words given, with the key cut out.
 */

import { type Fault, FaultError, fault, type Recovery } from "../../core/fault.ts";
import type { WakeSetup } from "./protocol.ts";

const KEYLESS = "or set wake_word.engine to porcupine-keyless";
const CONSOLE = `Copy the AccessKey from the Picovoice Console to wake_word.access_key, ${KEYLESS}`;

interface Known {
  /** Found in the class name and messages of what was thrown. */
  readonly sign: RegExp;
  readonly recovery: Recovery;
  readonly message: string;
  readonly remedy: string;
}

/** In order: the first sign that is found counts. Class names are those of porcupine-node 4.0.2. */
const KNOWN: readonly Known[] = [
  {
    sign: /No AccessKey provided/,
    recovery: "report",
    message: "The wake-word engine porcupine needs an AccessKey, and none is set",
    remedy: CONSOLE,
  },
  {
    sign: /ActivationLimitReached/,
    recovery: "report",
    message: "The Picovoice account has reached its limit of devices or users",
    remedy: `Raise or reset the limit in the Picovoice Console, ${KEYLESS}`,
  },
  {
    sign: /ActivationThrottled/,
    recovery: "retry",
    message: "Picovoice limits how often this AccessKey is checked",
    remedy: "",
  },
  {
    sign: /ActivationRefused|AccessKey is invalid|PorcupineKeyError/,
    recovery: "report",
    message: "Picovoice does not accept the AccessKey of porcupine: invalid, disabled or expired",
    remedy: CONSOLE,
  },
  // Where the length is right, the engine says both: invalid, and not to be parsed.
  {
    sign: /Failed to parse AccessKey/,
    recovery: "report",
    message: "The AccessKey of porcupine is malformed; it may be cut off or have extra characters",
    remedy: CONSOLE,
  },
  {
    sign: /ActivationError/,
    recovery: "retry",
    message: "The AccessKey of porcupine could not be checked with Picovoice",
    remedy: "porcupine needs the Internet at its first start and from time to time",
  },
  {
    sign: /Unsupported CPU|is not supported by this library/,
    recovery: "report",
    message: "The wake-word engine porcupine does not run on this processor",
    remedy: "Set wake_word.engine to porcupine-keyless",
  },
  {
    sign: /Cannot find (?:module|package) '@picovoice/,
    recovery: "report",
    message: "The package @picovoice/porcupine-node is not installed",
    remedy: `Reinstall the packages: npm ci, ${KEYLESS}`,
  },
  {
    sign: /OutOfMemory/,
    recovery: "retry",
    message: "The wake-word engine porcupine ran out of memory",
    remedy: "",
  },
];

const MISSING_FILE = /File not found (?:in 'keywords'|at 'modelPath'): (\S+)/;

/** Shortest key that is cut out of foreign words; a shorter one would tear them to pieces. */
const KEY_CHARS_MIN = 8;

/** Foreign words without the key. Where the key is too short to be told apart: no words at all. */
export function redacted(text: string, accessKey: string): string {
  const key = accessKey.trim();
  if (key === "") return text;
  return key.length < KEY_CHARS_MIN ? "" : text.replaceAll(key, "[AccessKey]");
}

/** Everything that the thrown thing says, its class and its message stack included. */
function allWords(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const stack: unknown = Reflect.get(thrown, "messageStack");
  const more = Array.isArray(stack) ? stack.map(String) : [];
  return [thrown.constructor.name, thrown.message, ...more].join(" ");
}

/** The fault for whatever was thrown while the engine was opened or fed. */
export function porcupineFault(thrown: unknown, setup: WakeSetup): Fault {
  if (thrown instanceof FaultError) return thrown.fault;
  const words = allWords(thrown);
  const known = KNOWN.find(({ sign }) => sign.test(words));
  if (known !== undefined) {
    return fault("wake-word-failed", known.recovery, known.message, known.remedy);
  }
  const [, path] = MISSING_FILE.exec(words) ?? [];
  if (path !== undefined) {
    const message = `The wake-word engine porcupine cannot find ${redacted(path, setup.accessKey)}`;
    return fault("wake-word-failed", "report", message, "Check wake_word.model_path");
  }
  // A wrong argument or file stays wrong; what else goes wrong may go right next time.
  const recovery = /InvalidArgument|IOError/.test(words) ? "report" : "retry";
  const said = redacted(words, setup.accessKey);
  return fault("wake-word-failed", recovery, `The wake-word engine porcupine failed: ${said}`);
}
