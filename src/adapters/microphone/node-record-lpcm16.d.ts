/** Types for node-record-lpcm16 1.0.1, which brings none: only what we use. */
declare module "node-record-lpcm16" {
  import type { ChildProcess } from "node:child_process";
  import type { Readable } from "node:stream";

  interface Recording {
    readonly process: ChildProcess;
    /** Emits 'error' with a string at every end with another code than 0. */
    stream(): Readable;
  }
  /** The package resolves `recorder` as a path and hands all options on to that file. */
  interface RecordOptions {
    readonly recorder: string;
    readonly sampleRate: number;
    readonly channels: number;
    readonly audioType: "raw";
    readonly device: string;
    readonly program: string;
    readonly periodTimeUs: number;
    readonly bufferTimeUs: number;
    readonly env: NodeJS.ProcessEnv;
  }
  const lpcm16: { record(options: RecordOptions): Recording };
  // biome-ignore lint/style/noDefaultExport: the package is CommonJS; this is its module.exports.
  export default lpcm16;
}
