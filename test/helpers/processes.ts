import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Whatever runs on this machine; `line`: its words with blanks between them. */
export function running(): { readonly pid: number; readonly line: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const line = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        return [{ pid: Number(name), line }];
      } catch {
        return []; // It has just ended.
      }
    });
}

/** Whose command line has these words. */
export function pidsOf(words: string): number[] {
  return running()
    .filter(({ line }) => line.includes(words))
    .map(({ pid }) => pid);
}

/** The same of this process's own children. */
export function childrenOf(words: string): number[] {
  const list = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)]).toString();
  return list
    .split("\n")
    .filter((line) => line.includes(words))
    .map((line) => Number.parseInt(line, 10));
}

/**
 * Signals one process. `pid` may come from a file or a list that has nothing in it yet. That would
 * be 0, which is to the kernel the whole group of the caller (kill(2)), and so the run of the tests.
 */
export function sendSignal(pid: unknown, signal: NodeJS.Signals): void {
  const one = Number(pid);
  assert.ok(Number.isInteger(one) && one > 1, `no process: ${String(pid)}`);
  process.kill(one, signal);
}
