/** The demo's two processes: the simulated server, and the daemon as systemd would start it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { withCredentials } from "../../adapters/config/credentials.ts";
import { FaultError, fault } from "../../core/fault.ts";
import { loadSettings } from "../load-settings.ts";

/** A process of ours that starts takes a tenth of this on the smallest board. */
const START_MAX_MS = 20_000;
/** The daemon stops within 3 s; then it is killed. */
const STOP_MAX_MS = 5_000;
/** Lines of the daemon kept for the report. */
const LINES_MAX = 2_000;

export interface Said {
  /** Since the daemon was started. */
  readonly atMs: number;
  readonly line: string;
}

export interface Daemon {
  readonly timeline: readonly Said[];
  /** What it says, until `deadline` (epoch ms) or its end. */
  lines(deadline: number): AsyncIterable<Said>;
  /** A conversation has been held: it is summed up, and the LEDs are back at idle. */
  isOver(): boolean;
  /** Stops it in good order; resolves with its exit code, null when it had to be killed. */
  stop(): Promise<number | null>;
}

export interface Peer {
  readonly url: string;
  stop(): Promise<number | null>;
}

function pipit(args: readonly string[], stdio: "inherit" | "pipe"): ChildProcess {
  const main = process.argv[1] ?? "";
  return spawn(process.execPath, [main, ...args], { stdio: ["ignore", stdio, "inherit"] });
}

/** Starts the simulated server; resolves when it listens. */
export async function startPeer(scenario: string): Promise<Peer> {
  const child = pipit(["simulate", "--json", "--scenario", scenario], "pipe");
  const first = await firstLine(child);
  const { url } = JSON.parse(first) as { url: string };
  return { url, stop: () => stopped(child) };
}

/** The first line that a child prints; its end, or silence, is a fault. */
async function firstLine(child: ChildProcess): Promise<string> {
  for await (const { line } of linesOf(child, Date.now() + START_MAX_MS)) return line;
  child.kill("SIGKILL");
  throw new FaultError(fault("server", "exit", "the simulated server did not start"));
}

export async function startDaemon(config: string): Promise<Daemon> {
  const startedMs = Date.now();
  const child = pipit(["run", "--config", config], "pipe");
  const timeline: Said[] = [];
  const ledStates = (): string[] =>
    timeline.filter(({ line }) => line.startsWith("led: ")).map(({ line }) => line.slice(5));
  return {
    timeline,
    async *lines(deadline) {
      for await (const { atMs, line } of linesOf(child, deadline)) {
        const said = { atMs: atMs - startedMs, line };
        if (timeline.length < LINES_MAX) timeline.push(said);
        yield said;
      }
    },
    isOver: () =>
      ledStates().at(-1) === "idle" &&
      timeline.some(({ line }) => line.includes("Conversation over")),
    stop: () => stopped(child),
  };
}

/** The lines of a child's output, with the time at which each came. */
async function* linesOf(child: ChildProcess, deadline: number): AsyncGenerator<Said> {
  if (child.stdout === null) return;
  const reader = createInterface({ input: child.stdout });
  const timer = setTimeout(() => reader.close(), Math.max(0, deadline - Date.now()));
  try {
    for await (const line of reader) yield { atMs: Date.now(), line };
  } finally {
    clearTimeout(timer);
    child.stdout.resume(); // Nobody listens any more, and it must not block.
  }
}

async function stopped(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MAX_MS);
  await gone;
  clearTimeout(timer);
  return child.exitCode;
}

/** The real thing: the daemon in this terminal, with the owner's devices and key. */
export async function startLive(config: string | undefined): Promise<number> {
  // What would not start is told before anybody is invited.
  const loaded = loadSettings({ path: config, env: withCredentials(process.env) });
  if (typeof loaded === "number") return loaded;
  const { settings } = loaded;
  const words = settings["wake_word.keyword"].map((word) => `“${word}”`).join(" or ");
  const how = settings["wake_word.enabled"] ? `Say ${words} and a question, or press` : "Press";
  process.stdout.write(`${how} the space bar. Ctrl-C ends it.\n`);
  const args = config === undefined ? [] : ["--config", config];
  const child = spawn(process.execPath, [process.argv[1] ?? "", "run", ...args], {
    stdio: "inherit",
  });
  const ignore = (): void => {};
  process.on("SIGINT", ignore); // The terminal sends it to the child too, which stops in order.
  await once(child, "exit");
  process.off("SIGINT", ignore);
  return child.exitCode ?? 1;
}
