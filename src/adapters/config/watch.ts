/**
 * Says when the configuration file may have changed: saved in place, replaced by rename, removed and
 * made again, or reached through another link.
 *
 * Invariants: what is watched is the folder (and the one a link leads to), for a watched file is
 * lost with its first rename; at most two watches and one timer; the file is only looked at, never
 * read; a change that the watch misses is found by a slow look; nothing keeps the process alive
 * after `close`.
 */

import { type FSWatcher, realpathSync, statSync, watch } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Clock, ConfigWatch, ConfigWatchSink } from "../../ports.ts";
import { errorCode } from "../os/files.ts";

/** Events come in swarms; one look answers them all. */
export const SWARM_MS = 50;
/** For what a watch cannot see: a folder made anew, a disk mounted over it. */
export const LOOK_EVERY_MS = 30_000;
/** Where nothing can be watched. */
export const BLIND_LOOK_EVERY_MS = 5_000;

/** As much of fs.watch as is used; another one in tests. */
export type WatchFolder = (
  folder: string,
  options: { readonly persistent: false },
  listener: () => void,
) => FSWatcher;

export interface FolderWatchOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly watchFolder?: WatchFolder;
}

interface Watched {
  readonly watcher: FSWatcher;
  readonly identity: string;
}

export class FolderWatch implements ConfigWatch {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #watchFolder: WatchFolder;
  readonly #watched = new Map<string, Watched>();
  #sink: ConfigWatchSink | null = null;
  #seen = "";
  #isBlindLogged: boolean = false;
  #cancelSwarm: (() => void) | null = null;
  #cancelLook: () => void = () => {};

  constructor({ path, clock, watchFolder = watch }: FolderWatchOptions) {
    this.#path = resolve(path);
    this.#clock = clock;
    this.#watchFolder = watchFolder;
  }

  start(sink: ConfigWatchSink): void {
    this.#sink = sink;
    this.#seen = signature(this.#path);
    this.#arm();
    this.#lookLater();
  }

  async close(): Promise<void> {
    this.#sink = null;
    this.#cancelSwarm?.();
    this.#cancelLook();
    for (const folder of [...this.#watched.keys()]) this.#drop(folder);
  }

  #lookLater(): void {
    const everyMs = this.#watched.size > 0 ? LOOK_EVERY_MS : BLIND_LOOK_EVERY_MS;
    this.#cancelLook = this.#clock.after(everyMs, () => {
      this.#look();
      this.#lookLater();
    });
  }

  #swarm(): void {
    if (this.#sink === null || this.#cancelSwarm !== null) return;
    this.#cancelSwarm = this.#clock.after(SWARM_MS, () => {
      this.#cancelSwarm = null;
      this.#look();
    });
  }

  #look(): void {
    this.#arm();
    const now = signature(this.#path);
    if (now === this.#seen) return;
    this.#seen = now;
    this.#sink?.changed();
  }

  /** Watches the folders that matter now, and no others. */
  #arm(): void {
    const wanted = folders(this.#path);
    for (const [folder, { identity }] of this.#watched) {
      if (!wanted.includes(folder) || identity !== identityOf(folder)) this.#drop(folder);
    }
    for (const folder of wanted) {
      if (!this.#watched.has(folder)) this.#add(folder);
    }
  }

  #add(folder: string): void {
    try {
      const watcher = this.#watchFolder(folder, { persistent: false }, () => this.#swarm());
      this.#watched.set(folder, { watcher, identity: identityOf(folder) });
      watcher.on("error", (error) => {
        this.#drop(folder);
        this.#blind(folder, errorCode(error));
      });
    } catch (error) {
      this.#blind(folder, errorCode(error));
    }
  }

  #drop(folder: string): void {
    this.#watched.get(folder)?.watcher.close();
    this.#watched.delete(folder);
  }

  /** Once: the slow look goes on, and SIGHUP works anyway. */
  #blind(folder: string, code: string): void {
    if (this.#isBlindLogged || code === "ENOENT") return;
    this.#isBlindLogged = true;
    const how =
      "changes of the configuration may be noticed late. To apply them at once: systemctl reload pipit";
    this.#sink?.blind(`${folder} cannot be watched (${code || "unknown error"}): ${how}`);
  }
}

/** The folder of the file, and that of the file which a link leads to. */
function folders(path: string): readonly string[] {
  const own = dirname(path);
  try {
    return [...new Set([own, dirname(realpathSync(path))])];
  } catch {
    return [own]; // the file is missing just now
  }
}

function identityOf(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return "";
  }
}

/** Differs whenever the file behind the path, its content, its owner or its mode was changed. */
function signature(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(":");
  } catch (error) {
    return errorCode(error);
  }
}
