/**
 * Keeps Node's inspector shut: by default, SIGUSR1 opens a port through which whoever can log in
 * runs code as this process and reads its memory. With a listener the signal does nothing. Its
 * neighbour, sent by mistake, would end the process in mid-sentence, with the LEDs on.
 */
export function keepInspectorShut(): void {
  for (const signal of ["SIGUSR1", "SIGUSR2"] as const) process.on(signal, () => undefined);
}
