import assert from "node:assert/strict";

/**
 * Signals one process. `pid` may be read from a file or a list that has nothing in it yet: 0, which
 * nothing becomes as a number, is to the kernel the whole group of the caller (kill(2)), and with it
 * the run of the tests.
 */
export function kill(pid: unknown, signal: NodeJS.Signals): void {
  const one = Number(pid);
  assert.ok(Number.isInteger(one) && one > 1, `no process: ${String(pid)}`);
  process.kill(one, signal);
}
