/** Two network namespaces with a wire between them: two machines in one network, for those who are root. */

import { execFileSync } from "node:child_process";

interface Cleanup {
  after(clean: () => void | Promise<void>): void;
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

/** Names of two namespaces with a wire between them, or why they cannot be made. */
export function wired(t: Cleanup): readonly [string, string] | string {
  const [a, b] = [`pipit-a${process.pid}`, `pipit-b${process.pid}`] as const;
  t.after(() => {
    for (const name of [a, b]) {
      try {
        ip("netns", "del", name);
      } catch {
        // It was never made.
      }
    }
  });
  try {
    for (const name of [a, b]) ip("netns", "add", name);
    ip("link", "add", "eth0", "netns", a, "type", "veth", "peer", "name", "eth0", "netns", b);
    [a, b].forEach((name, i) => {
      ip("-n", name, "addr", "add", `10.73.0.${i + 1}/24`, "dev", "eth0");
      ip("-n", name, "link", "set", "eth0", "up");
      ip("-n", name, "route", "add", "default", "dev", "eth0");
    });
  } catch (error) {
    return `no network namespaces here: ${error instanceof Error ? error.message : error}`;
  }
  return [a, b];
}
