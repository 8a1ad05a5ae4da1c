/**
 * Types for speaker 0.5.5: only what we use. The package's own lack `device` and `samplesPerFrame`,
 * and it is optional: types must be there where it could not be built.
 */
declare module "speaker" {
  import type { Writable } from "node:stream";

  interface SpeakerOptions {
    /** Whole numbers: anything else aborts the process in native code. */
    readonly channels: number;
    readonly bitDepth: number;
    readonly sampleRate: number;
    readonly signed: boolean;
    /** Samples in one native write. */
    readonly samplesPerFrame: number;
    readonly device: string;
  }
  interface Speaker extends Writable {
    /** `true` drops what the device holds, at once; `false` blocks until it has played. */
    close(drop: boolean): void;
  }
  const Speaker: new (options: SpeakerOptions) => Speaker;
  // biome-ignore lint/style/noDefaultExport: the package is CommonJS; this is its module.exports.
  export default Speaker;
}
