/** Runs the built program as a child process, as an owner would, in an environment that is given. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

/** A child that says nothing for this long is killed, milliseconds; generous for a loaded machine. */
const RUN_MAX_MS = 60_000;

export const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `pipit ARGS` to its end. Nothing of our own environment is passed on but PATH. */
export function runPipit(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: RUN_MAX_MS,
    killSignal: "SIGKILL",
  });
  return outputOf(child);
}

/** How a child ended, with all that it wrote. Rejects when it could not be started. */
export function outputOf(
  child: ChildProcessByStdio<Writable | null, Readable, Readable>,
): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
