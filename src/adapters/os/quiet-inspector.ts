/**
 * Keeps Node's inspector shut: by default, SIGUSR1 opens a port through which whoever can log in
 * runs code as this process and reads its memory. With a listener the signal does nothing.
 */
export function keepInspectorShut(): void {
  process.on("SIGUSR1", () => undefined);
}
