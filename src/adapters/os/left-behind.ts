/**
 * Programs that must not outlive this process: who starts one says so here, and what still runs when
 * the process ends is killed by it. A stop of the appliance has no time for those that want none.
 *
 * Invariant: whatever the way out (the end of the work, process.exit, a bug), but a signal that
 * nobody can catch: there systemd ends the whole unit.
 */

/** Process numbers; negative: of a whole group. */
const running = new Set<number>();
let isWatching = false;

/** `pid`: negative for a group. Returns what lets go of it, to be called when it has ended. */
export function endWithUs(pid: number): () => void {
  if (!isWatching) process.once("exit", killLeftBehind);
  isWatching = true;
  running.add(pid);
  return () => {
    running.delete(pid);
  };
}

/** Kills what still runs. */
export function killLeftBehind(): void {
  for (const pid of running) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  }
  running.clear();
}
