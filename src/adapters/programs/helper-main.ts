/**
 * The program of pipit-tools.service: serves the socket that systemd hands over (sd_listen_fds(3)), as a
 * user that can read neither keys nor configuration. When nothing has run for a while it ends: systemd
 * starts it again with the next connection, and clears away what programs may have left behind.
 */

import { createServer } from "node:net";
import { SystemClock } from "../os/clock.ts";
import { Helper } from "./helper.ts";

/** The first descriptor that systemd hands over. */
const LISTEN_FD = 3;
const IDLE_EXIT_MS = 60_000;
const USAGE = 2;

function serve(): void {
  if (process.env["LISTEN_FDS"] !== "1") {
    process.stderr.write("this is run by systemd: pipit-tools.socket\n");
    process.exitCode = USAGE;
    return;
  }
  const clock = new SystemClock();
  const exit = (): void => process.exit(0);
  let cancelExit = clock.after(IDLE_EXIT_MS, exit);
  const changed = (running: number): void => {
    cancelExit();
    if (running === 0) cancelExit = clock.after(IDLE_EXIT_MS, exit);
  };
  const home = process.env["STATE_DIRECTORY"] ?? "/nonexistent";
  const helper = new Helper({ clock, home, changed });
  createServer((socket) => helper.take(socket)).listen({ fd: LISTEN_FD });
  process.on("SIGTERM", exit);
}

serve();
