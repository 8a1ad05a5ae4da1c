/**
 * The verbs of the rig, the virtual appliance, as bounded child processes: `verb("led", ["read"])`.
 *
 * Invariant: no verb outlives its limit, and none is found guilty of its slowness: the machine is
 * emulated, so limits are far beyond what a verb takes.
 */

import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of this checkout; the compiled file is three folders below it. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** Where the rig is: beside the clone unless PIPIT_RIG says otherwise. */
export const RIG = process.env["PIPIT_RIG"] ?? join(ROOT, "..", "shared", "rig");

/** For a verb whose caller gives no limit. */
const VERB_MAX_MS = 120_000;
/** More than any verb prints here; what prints more is a mistake. */
const OUTPUT_MAX_CHARS = 4_000_000;

/** The machine of these tests is theirs alone, and has one processor, as a slow Pi would. */
const ENV: NodeJS.ProcessEnv = {
  ...process.env,
  RIG_NAME: process.env["RIG_NAME"] ?? "pipit",
  RIG_CPUS: process.env["RIG_CPUS"] ?? "1",
};

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface VerbOptions {
  readonly maxMs?: number;
  /** What its standard input holds; nothing when absent. */
  readonly input?: string;
  /** A file as its standard input, instead. */
  readonly inputFile?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs one verb to its end, whatever its exit code. Rejects when it takes longer than `maxMs`. */
export async function attempt(
  name: string,
  args: readonly string[],
  options: VerbOptions = {},
): Promise<Ended> {
  const { maxMs = VERB_MAX_MS, input = "", inputFile } = options;
  const from = inputFile === undefined ? "pipe" : openSync(inputFile, "r");
  const child = spawn(join(RIG, name), args, {
    env: { ...ENV, ...options.env },
    stdio: [from, "pipe", "pipe"],
    // A group of its own, so that all of it can be killed.
    detached: true,
  });
  if (typeof from === "number") closeSync(from);
  child.stdin?.on("error", () => undefined); // It may end without having read everything.
  child.stdin?.end(input);
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      if (said[stream].length < OUTPUT_MAX_CHARS) said[stream] += text;
    });
  }
  return await new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      reject(new Error(`rig: ${name} ${args.join(" ")}: not done after ${maxMs / 1000} s`));
    }, maxMs);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(limit);
      resolve({ code, ...said });
    });
  });
}

/** Runs one verb that must succeed; what it printed. */
export async function verb(
  name: string,
  args: readonly string[],
  options: VerbOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await attempt(name, args, options);
  if (code === 0) return stdout;
  throw new Error(`rig: ${name} ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
}
