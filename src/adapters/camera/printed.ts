/** What a program prints, as far as it may be a picture. */

import { CAMERA_OUTPUT_MAX_BYTES } from "../../core/camera/jpeg.ts";
import type { ProgramEnd, ProgramRequest, ProgramRunner } from "../../ports.ts";

/** The end of what it says: the beginning is about versions and modes. */
const ERRORS_MAX_CHARS = 4_096;

export interface Printed {
  readonly end: ProgramEnd;
  readonly output: Buffer;
  readonly errors: string;
  /** It printed more than any picture has, and was stopped. */
  readonly isCut: boolean;
}

/** Never rejects. Stopped when the signal comes, also where it has come already. */
export function printed(
  runner: Pick<ProgramRunner, "start">,
  request: ProgramRequest,
  signal: AbortSignal,
): Promise<Printed> {
  return new Promise((resolve) => {
    const pieces: Uint8Array[] = [];
    let [bytes, errors] = [0, ""];
    const program = runner.start(request, {
      output: (piece) => {
        if (bytes < CAMERA_OUTPUT_MAX_BYTES) pieces.push(piece);
        bytes += piece.length;
        if (bytes >= CAMERA_OUTPUT_MAX_BYTES) program.stop();
      },
      errors: (piece) => {
        errors = (errors + Buffer.from(piece).toString("utf8")).slice(-ERRORS_MAX_CHARS);
      },
      ended: (end) => {
        signal.removeEventListener("abort", stop);
        const isCut = bytes >= CAMERA_OUTPUT_MAX_BYTES;
        resolve({ end, output: Buffer.concat(pieces), errors, isCut });
      },
    });
    const stop = (): void => program.stop();
    program.endInput();
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
