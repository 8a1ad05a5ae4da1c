/**
 * The built daemon as a child process, as systemd would run it: its lines as they come, the signal
 * that ends it, its files. Every daemon started here is gone when its test ends.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadWav } from "../../src/adapters/os/wav-file.ts";
import { type Fields, record } from "../../src/core/json.ts";
import { eventually } from "./host.ts";
import { type Ended, MAIN, runPipit } from "./pipit.ts";
import { tempFolder } from "./temp-folder.ts";

/** The owner's key in these tests. It must never be seen. */
export const KEY = "sk-e2e-never-to-be-seen";

interface Cleanup {
  after(clean: () => void | Promise<void>): void;
}

/** Sections of the configuration file, by name. */
export type Config = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface Paths {
  readonly folder: string;
  readonly config: string;
  readonly socket: string;
  readonly metrics: string;
  /** What the microphone hears, with a file as the microphone. */
  readonly question: string;
  /** What the speaker played, with a file as the speaker. */
  readonly out: string;
}

export interface Exit {
  readonly code: number | null;
  /** From the signal to the end. */
  readonly ms: number;
}

/** A folder with a configuration: file devices, metrics and socket inside; `more` is laid over it. */
export function configure(test: Cleanup, more: Config = {}): Paths {
  const folder = tempFolder(test);
  const paths = {
    folder,
    config: join(folder, "config.yaml"),
    socket: join(folder, "control.sock"),
    metrics: join(folder, "metrics"),
    question: join(folder, "question.wav"),
    out: join(folder, "out.wav"),
  };
  mkdirSync(paths.metrics);
  const sections: Record<string, object> = {
    audio: { input_device: `file:${paths.question}`, output_device: `file:${paths.out}` },
    metrics: { dir: paths.metrics },
    system: { control_socket: paths.socket },
  };
  for (const [name, keys] of Object.entries(more)) sections[name] = { ...sections[name], ...keys };
  writeFileSync(paths.config, JSON.stringify(sections, null, 2)); // JSON is YAML.
  return paths;
}

/** The environment of a daemon: nothing of ours but PATH. Its clock is read by `wallMsOf`. */
export function daemonEnv(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], TZ: "UTC", OPENAI_API_KEY: KEY, ...more };
}

/** When a journal line was written, milliseconds since 1970. */
export function wallMsOf(line: string): number {
  return Date.parse(`${line.slice(0, 23).replace(" ", "T")}Z`);
}

export class Daemon {
  readonly paths: Paths;
  /** Everything it has printed, both streams. */
  output = "";
  readonly #child: ChildProcess;
  #ended: { readonly code: number | null; readonly atMs: number } | null = null;

  constructor(paths: Paths, child: ChildProcess) {
    this.paths = paths;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    }
    child.on("close", (code) => {
      this.#ended = { code, atMs: performance.now() };
    });
  }

  get lines(): string[] {
    return this.output.split("\n").slice(0, -1);
  }

  /** Lines of one level, without time and level. */
  said(level: string): string[] {
    const mark = ` ${level}: `;
    return this.lines
      .filter((line) => line.includes(mark))
      .map((line) => line.slice(line.indexOf(mark) + mark.length));
  }

  /** How many conversations a wake word has begun. */
  get wakes(): number {
    return this.said("info").filter((line) => line.startsWith("Wake word")).length;
  }

  get isAlive(): boolean {
    return this.#ended === null;
  }

  /** The first line with `part` in it, past or to come. */
  async says(part: string): Promise<string> {
    const find = (): string | undefined => this.lines.find((line) => line.includes(part));
    await eventually(`'${part}' from the daemon, which said:\n${this.output}`, () => {
      if (!this.isAlive && find() === undefined) throw new Error(`it ended, saying ${this.output}`);
      return find() !== undefined;
    }).catch((cause: unknown) => {
      throw new Error(`never said '${part}', but:\n${this.output}`, { cause });
    });
    return find() ?? "";
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Null while it runs, and when a signal ended it. */
  get code(): number | null {
    return this.#ended?.code ?? null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    const sentMs = performance.now();
    this.#child.kill(signal);
    await eventually("the end of the daemon", () => !this.isAlive);
    return { code: this.#ended?.code ?? null, ms: (this.#ended?.atMs ?? Infinity) - sentMs };
  }

  /** `pipit COMMAND ...` about this daemon, as the owner types it, without the key. */
  async command(...args: readonly string[]): Promise<Ended> {
    return await runPipit([...args, "--config", this.paths.config]);
  }

  /** `pipit status --json`, parsed. */
  async status(): Promise<Fields> {
    const { stdout } = await this.command("status", "--json");
    return record(JSON.parse(stdout)) ?? {};
  }

  /** Names of the metrics files there are. */
  metricsFiles(): string[] {
    return readdirSync(this.paths.metrics).filter((name) => name.startsWith("session_"));
  }

  /** The only metrics file, parsed; waits for it. */
  async metrics(): Promise<Fields> {
    await eventually("a metrics file", () => this.metricsFiles().length > 0);
    const [name = "", ...others] = this.metricsFiles();
    if (others.length > 0) throw new Error(`more than one metrics file: ${name}, ${others.join()}`);
    return record(JSON.parse(readFileSync(join(this.paths.metrics, name), "utf8"))) ?? {};
  }

  /** What the file speaker played so far. */
  played(): Int16Array {
    return loadWav(this.paths.out);
  }
}

/**
 * Starts a daemon; it is killed, if need be, when the test ends. `namespace`: of the network that it
 * is in; empty: ours. `before`: words before its own, which become it.
 */
export function launch(
  test: Cleanup,
  paths: Paths,
  env = daemonEnv(),
  namespace = "",
  before: readonly string[] = [],
): Daemon {
  const program = [process.execPath, MAIN, "run", "--config", paths.config];
  const network = namespace === "" ? [] : ["ip", "netns", "exec", namespace];
  const within = [...network, ...before];
  const [command = "", ...args] = [...within, ...program];
  const child = spawn(command, args, {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const daemon = new Daemon(paths, child);
  test.after(async () => {
    child.kill("SIGKILL");
    await eventually("the end of a killed daemon", () => !daemon.isAlive);
  });
  return daemon;
}
