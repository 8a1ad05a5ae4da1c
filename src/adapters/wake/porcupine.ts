/**
 * The wake-word engine with an account: Porcupine 4 of Picovoice, in a child process, because it
 * is native code that may abort, and because its opening asks Picovoice's server about the AccessKey
 * while everything in its process stands still.
 *
 * Invariant: the AccessKey travels in one IPC message; it is in no argument, no environment, no
 * output and no fault. A key that is refused is told once and not tried again.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { within } from "../../core/timeout.ts";
import type { WakeWord } from "../../core/wake/plan.ts";
import type { Clock, Dice } from "../../ports.ts";
import { siblingProgram } from "../os/sibling-program.ts";
import { WakeHost, type WakeProcess, type WakeProcessSink } from "./host.ts";
import { redacted } from "./porcupine-errors.ts";
import { parseReply } from "./protocol.ts";

export interface PorcupineWakeOptions {
  /** Built-in words ("hey google" is as good as hey_google), or paths of .ppn files. */
  readonly words: readonly WakeWord[];
  /** From the Picovoice Console. */
  readonly accessKey?: string;
  /**
   * A .ppn file: the keyword, reported by the first name in `words`. Any other file: the
   * engine's parameters (.pv) for another language. Empty for the built-in ones.
   */
  readonly modelPath?: string;
  readonly clock: Clock;
  readonly dice: Dice;
}

/** Opening asks a server, and gives up by itself within half a minute. */
const START_MAX_MS = 60_000;
/** Longest wait for a killed process to be gone. */
const KILL_MAX_MS = 1000;
/** After the exit, the wait for the last of its stderr. */
const LAST_WORDS_MS = 200;
/** How much of the child's last words is kept. */
const STDERR_MAX_CHARS = 2000;
/** What the child gets of our environment: nothing that holds a secret of another service. */
const ENVIRONMENT: readonly string[] = [
  ...["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"],
];

export class PorcupineWakeEngine extends WakeHost {
  constructor(options: PorcupineWakeOptions) {
    const { words, accessKey = "", modelPath = "", clock, dice } = options;
    super({
      spawn: (sink) => spawnChild(sink, clock, accessKey),
      asks: true,
      setup: { words, accessKey, modelPath },
      startMaxMs: START_MAX_MS,
      clock,
      dice,
    });
  }

  /** It hears all its words always. */
  override listenFor(): void {}
}

function environment(): NodeJS.ProcessEnv {
  const kept = ENVIRONMENT.filter((name) => process.env[name] !== undefined);
  return Object.fromEntries(kept.map((name) => [name, process.env[name]]));
}

function spawnChild(sink: WakeProcessSink, clock: Clock, accessKey: string): WakeProcess {
  const child = fork(fileURLToPath(siblingProgram(import.meta.url, "porcupine-child")), [], {
    serialization: "advanced",
    execArgv: [],
    env: environment(),
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = redacted(said + text, accessKey).slice(-STDERR_MAX_CHARS);
  });
  child.on("message", (value: unknown) => {
    const reply = parseReply(value);
    if (reply !== null) sink.reply(reply);
  });
  child.on("error", (error) => sink.ended(`could not run: ${error.message}`));
  const report = (end: string): void => {
    const last = said.trim().split("\n").at(-1) ?? "";
    sink.ended(`ended with ${end}${last === "" ? "" : `: ${last}`}`);
  };
  child.on("exit", (code, signal) => {
    const end = signal ?? `code ${code}`;
    // Its last words may still be in the pipe; `close` does not always come.
    const closed = Promise.allSettled([once(child, "close")]);
    void within(clock, LAST_WORDS_MS, closed, () => undefined).then(() => report(end));
  });
  return {
    // A broken channel is told by the exit that follows it.
    post: (request) => child.connected && child.send(request, () => undefined),
    kill: () => kill(child, clock),
  };
}

async function kill(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await within(clock, KILL_MAX_MS, Promise.allSettled([gone]), () => undefined);
}
