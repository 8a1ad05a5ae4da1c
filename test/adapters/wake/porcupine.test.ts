/**
 * Porcupine 4 in its real child process, offline and without a genuine AccessKey: what the owner is
 * told, that nothing hammers, and that the key is nowhere.
 */

import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SystemClock, SystemDice } from "../../../src/adapters/os/clock.ts";
import { siblingProgram } from "../../../src/adapters/os/sibling-program.ts";
import { PorcupineWakeEngine } from "../../../src/adapters/wake/porcupine.ts";
import { porcupineFault } from "../../../src/adapters/wake/porcupine-errors.ts";
import { parseReply } from "../../../src/adapters/wake/protocol.ts";
import { type Fault, faultLine } from "../../../src/core/fault.ts";
import type { WakeWord } from "../../../src/core/wake/plan.ts";
import { eventually } from "../../helpers/host.ts";
import { sendSignal } from "../../helpers/processes.ts";
import { wordsAt } from "../../helpers/wake-words.ts";

const KEY = "sK3cretLookingKey0123456789abcdefghijklmnopqrstuvwxyz+/==";
const ADAPTER = new URL("../../../src/adapters/wake/porcupine.ts", import.meta.url).href;
const installed = ((): boolean => {
  try {
    createRequire(import.meta.url).resolve("@picovoice/porcupine-node");
    return true;
  } catch {
    return false;
  }
})();
/** The package's library for ARM looks for a Pi's processor; on others it does not get to the key. */
const skip = !installed || process.arch !== "x64" ? "needs porcupine-node on x64" : false;

interface Setting {
  readonly accessKey?: string;
  readonly modelPath?: string;
  readonly words?: readonly WakeWord[];
}

/** What the owner is told by a real start. */
async function faultOf(setting: Setting): Promise<Fault> {
  const faults: Fault[] = [];
  let flowing = false;
  const engine = new PorcupineWakeEngine({
    words: wordsAt(0.7, "computer"),
    clock: new SystemClock(),
    dice: new SystemDice(),
    ...setting,
  });
  engine.start({
    detected: () => undefined,
    lost: (fault) => faults.push(fault),
    flowing: () => {
      flowing = true;
    },
  });
  await eventually("a recovery", () => faults.length > 0 || flowing);
  await engine.close();
  const [fault] = faults;
  assert.ok(fault !== undefined && faults.length === 1 && engine.restarts === 0);
  return fault;
}

const SENTENCES: readonly (readonly [string, Setting, RegExp])[] = [
  ["no key", {}, /needs an AccessKey, and none is set\. Copy the AccessKey from/],
  ["a blank key", { accessKey: "  " }, /needs an AccessKey, and none is set/],
  ["a wrong key", { accessKey: KEY }, /does not accept the AccessKey|is malformed/],
  ["a malformed key", { accessKey: "abc" }, /AccessKey of porcupine is malformed/],
  ["an invalid key", { accessKey: "A".repeat(56) }, /does not accept the AccessKey/],
  [
    "an unknown word",
    { accessKey: KEY, words: wordsAt(0.7, "foo") },
    /not know 'foo'\. It knows: alexa,/,
  ],
  ["a missing .ppn", { accessKey: KEY, modelPath: "/x/y.ppn" }, /cannot find \/x\/y\.ppn/],
  ["a missing .pv", { accessKey: KEY, modelPath: "/x/y.pv" }, /cannot find \/x\/y\.pv/],
];

for (const [name, setting, sentence] of SENTENCES) {
  test(`${name}: one clear sentence, reported and not retried`, { skip }, async () => {
    const fault = await faultOf(setting);
    assert.match(faultLine(fault), sentence);
    assert.equal(fault.recovery, "report");
    assert.ok(!faultLine(fault).includes(KEY.slice(0, 12)));
  });
}

/** The child by itself, with an argument for Node; everything it says in any way. */
async function bareChild(execArgv: string[]): Promise<{ said: string; reply: unknown }> {
  const program = fileURLToPath(siblingProgram(adapterUrl(), "porcupine-child"));
  const child = fork(program, [], { serialization: "advanced", execArgv, silent: true });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  const setup = { words: wordsAt(0.7, "computer"), accessKey: KEY, modelPath: "" };
  child.send({ tag: "start", setup });
  const [reply]: unknown[] = await once(child, "message");
  said += JSON.stringify(reply);
  said += readFileSync(`/proc/${child.pid}/cmdline`, "utf8");
  said += readFileSync(`/proc/${child.pid}/environ`, "utf8");
  await ended(child);
  return { said, reply };
}

function adapterUrl(): string {
  return import.meta.url.endsWith(".ts") ? ADAPTER : ADAPTER.replace(/\.ts$/, ".js");
}

/** Its channel closed, the child ends by itself. */
async function ended(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.disconnect();
  await gone;
}

test("the key is in no message, output, argument or environment of the child", {
  skip,
}, async () => {
  const { said, reply } = await bareChild([]);
  assert.equal(parseReply(reply)?.tag, "failed");
  assert.ok(!said.includes(KEY) && !said.includes(KEY.slice(0, 16)));
});

test("a processor that it does not know is told in one sentence", { skip }, async () => {
  const lie = "Object.defineProperty(process, 'arch', { value: 'arm64' })";
  const { reply } = await bareChild(["--import", `data:text/javascript,${lie}`]);
  const parsed = parseReply(reply);
  assert.ok(parsed?.tag === "failed");
  assert.match(
    faultLine(parsed.fault),
    /does not run on this processor\. Set wake_word\.engine to/,
  );
  assert.equal(parsed.fault.recovery, "report");
});

/** Processes started by this one and still there. */
function children(): number[] {
  return readdirSync("/proc/self/task").flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
}

interface Started {
  readonly engine: PorcupineWakeEngine;
  readonly faults: Fault[];
}

function started(): Started {
  const faults: Fault[] = [];
  const engine = new PorcupineWakeEngine({
    words: wordsAt(0.7, "computer"),
    accessKey: KEY,
    clock: new SystemClock(),
    dice: new SystemDice(),
  });
  const nothing = (): void => undefined;
  engine.start({ detected: nothing, lost: (fault) => faults.push(fault), flowing: nothing });
  return { engine, faults };
}

test("a close while the engine opens leaves no process behind", { skip }, async () => {
  const { engine, faults } = started();
  assert.equal(children().length, 1);
  await engine.close();
  assert.deepEqual(children(), []);
  assert.deepEqual(faults, []);
});

test("a child that is killed is reported and started again", { skip }, async () => {
  const { engine, faults } = started();
  for (const pid of children()) sendSignal(pid, "SIGKILL");
  await eventually("the loss is told", () => faults.length === 1);
  assert.equal(faults[0]?.recovery, "retry");
  assert.match(faults[0]?.message ?? "", /ended with SIGKILL/);
  await eventually("the second one gives its recovery", () => faults.length === 2);
  assert.equal(engine.restarts, 1);
  await engine.close();
});

/** Errors that only a genuine key brings, made as the package makes them. */
class PackageError extends Error {
  readonly messageStack: readonly string[];
  constructor(message: string, messageStack: readonly string[]) {
    super(message);
    this.messageStack = messageStack;
  }
}
class PorcupineActivationError extends PackageError {}
class PorcupineActivationLimitReachedError extends PackageError {}
class PorcupineActivationThrottledError extends PackageError {}
class PorcupineActivationRefusedError extends PackageError {}
class PorcupineIOError extends PackageError {}
class PorcupineRuntimeError extends PackageError {}

test("account fault: reported; network fault: retried with back-off", () => {
  const setup = { words: wordsAt(0.7, "computer"), accessKey: KEY, modelPath: "" };
  const words = ["Porcupine failed to initialize", [`[0] key \`${KEY}\` said no`]] as const;
  const cases = [
    [new PorcupineActivationLimitReachedError(...words), "report", /limit of devices or users/],
    [new PorcupineActivationRefusedError(...words), "report", /does not accept the AccessKey/],
    [new PorcupineActivationThrottledError(...words), "retry", /limits how often/],
    [new PorcupineActivationError(...words), "retry", /could not be checked/],
    [new PorcupineIOError(...words), "report", /failed: .*\[AccessKey\]/],
    [new PorcupineRuntimeError(...words), "retry", /failed: .*\[AccessKey\]/],
    [`plain words with ${KEY}`, "retry", /plain words with \[AccessKey\]/],
  ] as const;
  for (const [thrown, recovery, sentence] of cases) {
    const fault = porcupineFault(thrown, setup);
    assert.equal(fault.recovery, recovery);
    assert.match(fault.message, sentence);
    assert.ok(!faultLine(fault).includes(KEY));
  }
});
