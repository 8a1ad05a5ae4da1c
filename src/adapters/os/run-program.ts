/**
 * Runs a program to its end, for a question to the system.
 *
 * Invariant: it resolves within the time given, whatever the program does; of what it prints, at
 * most OUTPUT_MAX_BYTES are kept.
 */

import { spawn } from "node:child_process";
import { errorCode } from "./files.ts";

/** The longest answer looked at, `systemctl show`, has some kilobytes. */
export const OUTPUT_MAX_BYTES = 262_144;

export interface ProgramEnd {
  /** Null when it did not run, or was ended. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** "ENOENT" where there is no such program; "" when it ran. */
  readonly spawnError: string;
  /** It was ended because the time was over. */
  readonly late: boolean;
}

export interface ProgramOptions {
  readonly maxMs: number;
  /** Ends it as soon as this holds for what it has printed on stderr. */
  readonly enough?: (stderr: string) => boolean;
}

/** The output is in the C locale. Never rejects. */
export function runProgram(
  program: string,
  args: readonly string[],
  { maxMs, enough = () => false }: ProgramOptions,
): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    const child = spawn(program, [...args], {
      env: { ...process.env, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr, late] = ["", "", false];
    const end = (code: number | null, spawnError = ""): void => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr, spawnError, late });
    };
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
      end(null); // A process stuck in the kernel never says that it has ended.
    }, maxMs);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout = (stdout + text).slice(0, OUTPUT_MAX_BYTES);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(0, OUTPUT_MAX_BYTES);
      if (enough(stderr)) child.kill("SIGKILL");
    });
    child.on("error", (error) => end(null, errorCode(error) || "unknown"));
    child.on("close", (code) => end(code));
  });
}
