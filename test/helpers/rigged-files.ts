/** The real file system with somebody in between at every call: to count, to fail, to kill. */

import { type Files, type OpenFile, realFiles } from "../../src/adapters/os/files.ts";

export interface FileCall {
  readonly name: keyof Files | keyof OpenFile;
  readonly path: string;
  /** What is to be written. */
  readonly text: string;
  /** Where a rename leads. */
  readonly to: string;
}

/** `go` does it; `half` does what a call has done when it fails: half a write, a whole close. */
export type Meddler = <T>(
  call: FileCall,
  go: () => Promise<T>,
  half: () => Promise<void>,
) => Promise<T>;

const nothing = async (): Promise<void> => undefined;

export function riggedFiles(meddle: Meddler): Files {
  const of = (name: FileCall["name"], path: string, more: Partial<FileCall> = {}): FileCall => ({
    name,
    path,
    text: "",
    to: "",
    ...more,
  });
  const opened = (file: OpenFile, path: string): OpenFile => ({
    write: (text) =>
      meddle(
        of("write", path, { text }),
        () => file.write(text),
        () => file.write(text.slice(0, text.length / 2)),
      ),
    sync: () => meddle(of("sync", path), () => file.sync(), nothing),
    // A failed close has closed all the same, as close(2) on Linux.
    close: () =>
      meddle(
        of("close", path),
        () => file.close(),
        () => file.close(),
      ),
  });
  const open = (name: "create" | "append") => (path: string) =>
    meddle(of(name, path), async () => opened(await realFiles[name](path), path), nothing);
  return {
    makeFolder: (path) => meddle(of("makeFolder", path), () => realFiles.makeFolder(path), nothing),
    create: open("create"),
    append: open("append"),
    rename: (path, to) =>
      meddle(of("rename", path, { to }), () => realFiles.rename(path, to), nothing),
    syncFolder: (path) => meddle(of("syncFolder", path), () => realFiles.syncFolder(path), nothing),
    list: (path) => meddle(of("list", path), () => realFiles.list(path), nothing),
    remove: (path) => meddle(of("remove", path), () => realFiles.remove(path), nothing),
    read: (path, maxBytes) =>
      meddle(of("read", path), () => realFiles.read(path, maxBytes), nothing),
    facts: (path) => meddle(of("facts", path), () => realFiles.facts(path), nothing),
  };
}

/** Call number `failAt` (counted from 1) to `last` fails with `code`. */
export function failingFiles(
  failAt: number,
  code: string,
  last = failAt,
): { files: Files; calls: () => number } {
  let count = 0;
  const files = riggedFiles(async (_call, go, half) => {
    count++;
    if (count < failAt || count > last) return go();
    await half();
    throw Object.assign(new Error(`rigged ${code}`), { code });
  });
  return { files, calls: () => count };
}

/** Call number `hangAt` does not answer before it is let go; `hung` resolves when it is made. */
export function hangingFiles(hangAt: number) {
  let count = 0;
  const [hung, reportHung] = signal();
  const [released, release] = signal();
  const files = riggedFiles(async (_call, go) => {
    count++;
    if (count === hangAt) {
      reportHung();
      await released;
    }
    return go();
  });
  return { files, calls: () => count, hung, release };
}

function signal(): [Promise<void>, () => void] {
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return [finished, finish];
}
