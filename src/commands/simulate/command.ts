/**
 * `pipit simulate`: the simulated Realtime API as a program of its own, for the demo, for people who
 * write scenarios and for other clients of the protocol.
 *
 * Invariant: it listens on this machine only; it ends with 1 when a client broke the protocol.
 */

import { appendFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { errorCode } from "../../adapters/os/files.ts";
import { readOrdinary } from "../../adapters/os/ordinary-file.ts";
import { folderTrouble, isForeign, outputTrouble } from "../../adapters/os/own-file.ts";
import { WAV_FILE_MAX_BYTES } from "../../adapters/os/wav-file.ts";
import { FaultError, faultLine, oneLine, thrownText } from "../../core/fault.ts";
import { record } from "../../core/json.ts";
import { type Peer, startPeer, type Violation } from "../../sim/peer/peer.ts";
import type { LogEntry } from "../../sim/peer/records.ts";
import { type Scenario, speaking } from "../../sim/peer/scenario.ts";
import { parseScenario, ScenarioError } from "../../sim/peer/scenario-file.ts";
import {
  type CommandLine,
  type CommandSpec,
  EXIT_FAILED,
  EXIT_FINE,
  EXIT_USAGE,
  readCommandLine,
  usageError,
} from "../args.ts";

/** The longest that was written by hand is a hundredth of it. */
const SCENARIO_MAX_BYTES = 4_194_304;

export const SPEC: CommandSpec = {
  name: "simulate",
  summary: "runs a simulated Realtime API on this machine",
  json: true,
  options: {
    port: { value: "PORT", doc: "port on 127.0.0.1; any free one when absent" },
    scenario: {
      value: "FILE",
      doc: "what the server says and which faults it makes (YAML or JSON)",
    },
    beta: { doc: "speak the removed beta protocol (OpenAI-Beta: realtime=v1)" },
    "voice-file": { value: "WAV", doc: "the sound of replies that the scenario does not script" },
    speed: { value: "FACTOR", doc: "how many times faster than it plays reply audio is sent" },
    log: {
      value: "FILE",
      doc: "write every event, with time and direction, one JSON object a line",
    },
    "dump-audio": { value: "DIR", doc: "write all sound as raw 24 kHz mono s16le files" },
  },
};

/** Runs until SIGINT or SIGTERM. 0: fine; 1: a client broke the protocol; 2: bad usage. */
export async function simulate(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const port = numberOption(line, "port", 0, 0, 65_535);
  const pace = numberOption(line, "speed", null, 0.1, 1000);
  if (Number.isNaN(port)) return usageError(SPEC.name, "--port needs a number from 0 to 65535");
  if (Number.isNaN(pace)) return usageError(SPEC.name, "--speed needs a number from 0.1 to 1000");
  const trouble = outputProblem(line);
  if (trouble !== null) return usageError(SPEC.name, trouble);
  const scenario = readScenario(line, pace);
  if (typeof scenario === "number") return scenario;
  return await serve(line, scenario, port);
}

/** What is wrong with the places that it is to write to. */
function outputProblem(line: CommandLine): string | null {
  const [log, dump] = [line.option("log"), line.option("dump-audio")];
  const ofLog = log === undefined ? null : outputTrouble(log);
  if (ofLog !== null) return `--log ${log} ${ofLog}`;
  const ofDump = dump === undefined ? null : folderTrouble(dump);
  return ofDump === null ? null : `--dump-audio ${dump} ${ofDump}`;
}

/** NaN when what is given is no such number. */
function numberOption<A>(
  line: CommandLine,
  name: string,
  absent: A,
  least: number,
  most: number,
): number | A {
  const said = line.option(name);
  if (said === undefined) return absent;
  const value = Number(said);
  return value >= least && value <= most ? value : Number.NaN;
}

/** The scenario with what the command line adds; a number is the exit code. */
function readScenario(line: CommandLine, pace: number | null): Scenario | number {
  const file = line.option("scenario");
  let source = "";
  try {
    source = file === undefined ? "" : readOrdinary(file, SCENARIO_MAX_BYTES).toString("utf8");
  } catch (error) {
    const why = error instanceof Error ? inPlainWords(error) : thrownText(error);
    return usageError(SPEC.name, `cannot read the scenario: ${why}`);
  }
  try {
    const read = parseScenario(source, file ?? "scenario");
    const paced = pace === null ? read : { ...read, pace };
    return withVoice(line.flag("beta") ? speaking(paced, "beta") : paced, line);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    process.stderr.write(`${error.problems.join("\n")}\n`);
    return EXIT_USAGE;
  }
}

function withVoice(scenario: Scenario, line: CommandLine): Scenario {
  const wav = line.option("voice-file");
  if (wav === undefined) return scenario;
  const sound = { tag: "wav", file: resolve(wav) } as const;
  const item = { tag: "sound", sound, transcript: null, phase: null } as const;
  return { ...scenario, otherwise: { ...scenario.otherwise, items: [item] } };
}

async function serve(line: CommandLine, scenario: Scenario, port: number): Promise<number> {
  const log = line.option("log");
  const dump = line.option("dump-audio");
  const file = line.option("scenario");
  const ended = untilSignal();
  let peer: Peer;
  try {
    if (log !== undefined && isForeign(log, isOurLog)) {
      return usageError(SPEC.name, `--log ${log}: exists and is not a log of pipit simulate`);
    }
    if (log !== undefined) writeFileSync(log, "");
    peer = await startPeer({
      parsed: scenario,
      port,
      ...(file === undefined ? {} : { folder: dirname(file) }),
      readFile: (path) => readOrdinary(path, WAV_FILE_MAX_BYTES),
      ...(log === undefined ? {} : { onLog: (entry: LogEntry) => logEntry(log, entry) }),
      ...(dump === undefined ? {} : { onAudio: dumper(dump) }),
      onViolation: reportViolation,
    });
  } catch (error) {
    return refused(error);
  }
  if (line.json) process.stdout.write(`${JSON.stringify({ url: peer.url })}\n`);
  else process.stdout.write(greeting(peer));
  await ended;
  await peer.close();
  return report(peer);
}

function greeting(peer: Peer): string {
  const lines = [`The simulated Realtime API is ready: OPENAI_BASE_URL=${peer.url}`];
  if (peer.unspoken() > 0) lines.push("espeak-ng is not installed: sentences are tones.");
  lines.push("Ctrl-C ends it.");
  return `${lines.join("\n")}\n`;
}

/** Why it cannot start, in one line. Only what the system says is expected; the rest is a bug. */
function refused(error: unknown): number {
  const known = error instanceof Error && ("code" in error || error instanceof FaultError);
  // A working folder that is gone is told in the same words by every command.
  if (!known || record(error)?.["syscall"] === "uv_cwd") throw error;
  const why = error instanceof FaultError ? faultLine(error.fault) : inPlainWords(error);
  process.stderr.write(`pipit simulate: ${oneLine(why)}\n`);
  return error instanceof FaultError ? EXIT_USAGE : EXIT_FAILED;
}

/** What the system says most often, as an owner would say it. */
function inPlainWords(error: Error): string {
  const { port, path } = record(error) ?? {};
  switch (errorCode(error)) {
    case "EADDRINUSE":
      return `port ${String(port)} is taken by another program; choose another: --port`;
    case "EACCES":
      return port === undefined
        ? `no permission for ${String(path)}`
        : `ports below 1024 are for root; choose another: --port`;
    case "EEXIST":
    case "ENOTDIR":
      return `${String(path)} is a file, and a folder is wanted`;
    case "EISDIR":
      return "it is a folder, and a file is wanted";
    case "ENOENT":
      return `there is no ${String(path)}`;
    default:
      return error.message;
  }
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      process.off("SIGINT", end);
      process.off("SIGTERM", end);
      resolve();
    };
    process.on("SIGINT", end);
    process.on("SIGTERM", end);
  });
}

function reportViolation({ connection, error, event }: Violation): void {
  const type = typeof event?.["type"] === "string" ? event["type"] : "(unreadable)";
  const line = `PROTOCOL VIOLATION, connection ${connection}, ${type}: ${error.message}`;
  process.stderr.write(`${oneLine(line)}\n`);
}

function report(peer: Peer): number {
  for (const where of peer.unusedFaults()) {
    process.stderr.write(`${oneLine(`this fault never occurred: ${where}`)}\n`);
  }
  if (peer.violations.length === 0) return EXIT_FINE;
  process.stderr.write(`${peer.violations.length} violations of the protocol\n`);
  return EXIT_FAILED;
}

/** As `logEntry` writes it. */
function isOurLog(head: string): boolean {
  return head.startsWith('{"at":"');
}

function logEntry(path: string, entry: LogEntry): void {
  const { ms, connection, from, event, note } = entry;
  const at = new Date().toISOString();
  const what = event === null ? { note } : { event };
  const line = { at, ms: Math.round(ms * 10) / 10, connection, from, ...what };
  appendFileSync(path, `${JSON.stringify(line)}\n`);
}

/** Writes each direction of each connection into a file of its own, anew in each run. */
function dumper(folder: string) {
  const begun = new Set<string>();
  return (connection: number, from: "client" | "peer", pcm: Int16Array): void => {
    const path = join(folder, `connection-${connection}-${from}.s16le`);
    const bytes = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    if (begun.has(path)) appendFileSync(path, bytes);
    else writeFileSync(path, bytes);
    begun.add(path);
  };
}
