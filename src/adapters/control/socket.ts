/**
 * The daemon's end of the control socket: one JSON object a line in, one a line out.
 *
 * Invariants: the path always names a socket that is served, or the stale one it replaces, because
 * we bind beside it and rename; only our own file is ever removed at the end; each client, line,
 * wait and answer is bounded. Who may ask is decided by the file: mode 0660, user and group.
 */

import { chmodSync, lstatSync, renameSync, rmSync } from "node:fs";
import { lstat } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import {
  ANSWER_MAX_MS,
  answerMaxMs,
  type ControlReply,
  type ControlRequest,
} from "../../core/control.ts";
import { FaultError, fault } from "../../core/fault.ts";
import { Redactor } from "../../core/redact.ts";
import type { Clock, ControlServer, Journal } from "../../ports.ts";
import { errorCode, makeFoldersNow } from "../os/files.ts";
import { isLastResort, isPrivate } from "./path.ts";
import { ControlSession } from "./session.ts";

/** sun_path of unix(7) holds 108 bytes with the final zero; Node cuts longer ones in silence. */
export const PATH_MAX_BYTES = 107;
/** Commands are short: more clients than this at a time are not the owner's. */
export const CLIENTS_MAX = 8;
/** Of them, those that have a text read or a function tried: the others are for status and stop. */
export const LONG_MAX = 6;
const TOO_MANY = "too many commands at a time; try again";
/** With those that are being told so; beyond it a connection is cut without a word. */
const CONNECTIONS_MAX = 2 * CLIENTS_MAX;
/** What a live daemon gets to take a connection before its file counts as stale. */
export const PROBE_MAX_MS = 1_000;
/** What open clients get to read their last answer at the end. */
export const CLOSE_MAX_MS = 500;

/** How often it is looked whether the path still names our socket; one look at a file. */
export const WATCH_EVERY_MS = 20_000;

/** A disk that is full or read-only, a machine short of something: none of it is the owner's word. */
const PASSING: ReadonlySet<string> = new Set([
  "ENOSPC",
  "EROFS",
  "EDQUOT",
  "EIO",
  "ENOMEM",
  "ENFILE",
  "EMFILE",
]);

const SOCKET_MODE = 0o660;
const FOLDER_MODE = 0o750;
const PRIVATE_MODE = 0o700;

type Answer = (request: ControlRequest) => Promise<ControlReply>;

export interface ControlSocketOptions {
  /** Is told when the file vanished. */
  readonly journal?: Journal;
  /** What no answer may show. */
  readonly secrets?: Redactor;
  /** Makes the folder of a path, for tests of disks that fail. */
  readonly makeFolder?: (path: string) => void;
}

/** Serves commands on a Unix socket. */
export class ControlSocket implements ControlServer {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #journal: Journal | null;
  readonly #secrets: Redactor;
  readonly #clients = new Set<ControlSession>();
  #cancelWatch: () => void = () => undefined;
  #answer: Answer | null = null;
  readonly #makeFolder: (path: string) => void;
  #goneReported: boolean = false;
  /** At the last look, something that is not ours stood at the path. */
  #isTaken: boolean = false;
  #closed: boolean = false;
  #server: Server | null = null;
  #file: { readonly dev: bigint; readonly ino: bigint } | null = null;
  #refused = 0;
  /** Commands under way that may take minutes. */
  #long = 0;

  /** `path`: from `controlSocketPath(…, { role: "serve" })`. */
  constructor(path: string, clock: Clock, options: ControlSocketOptions = {}) {
    const { journal, secrets } = options;
    this.#makeFolder = options.makeFolder ?? makeFolder;
    this.#path = path;
    this.#clock = clock;
    this.#journal = journal ?? null;
    this.#secrets = secrets ?? new Redactor();
  }

  /** Clients sent away because there were CLIENTS_MAX already, the new one or the idlest. */
  refused(): number {
    return this.#refused;
  }

  async start(answer: Answer): Promise<void> {
    checkLength(this.#path);
    checkLength(this.#bindPath);
    const bounded: Answer = (request) => this.#bounded(request, answer);
    this.#answer = bounded;
    try {
      this.#makeFolder(this.#path);
      if (await isServed(this.#path, this.#clock)) throw alreadyServed(this.#path);
      await this.#listen(bounded);
    } catch (error) {
      if (PASSING.has(errorCode(error))) this.#reportLater(error);
      else {
        await this.close();
        throw error instanceof FaultError ? error : cannotServe(this.#path, error);
      }
    }
    this.#watch();
  }

  /** A row of texts to be read must not keep the owner from saying stop. */
  async #bounded(request: ControlRequest, answer: Answer): Promise<ControlReply> {
    if (answerMaxMs(request) <= ANSWER_MAX_MS) return await answer(request);
    if (this.#long >= LONG_MAX) {
      return { ok: false, error: "too many commands that take long; try again" };
    }
    this.#long += 1;
    try {
      return await answer(request);
    } finally {
      this.#long -= 1;
    }
  }

  get #bindPath(): string {
    return join(dirname(this.#path), `.c${process.pid}`);
  }

  async #listen(answer: Answer): Promise<void> {
    const bindPath = this.#bindPath;
    rmSync(bindPath, { force: true });
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#take(socket, answer));
    server.maxConnections = CONNECTIONS_MAX;
    await listen(server, bindPath);
    if (this.#closed) {
      server.close();
      rmSync(bindPath, { force: true });
      return;
    }
    this.#server = server;
    chmodSync(bindPath, SOCKET_MODE);
    const { dev, ino } = lstatSync(bindPath, { bigint: true });
    renameSync(bindPath, this.#path);
    this.#file = { dev, ino };
  }

  #watch(): void {
    this.#cancelWatch = this.#clock.after(WATCH_EVERY_MS, () => void this.#look());
  }

  /** A cleaner of folders, or another user, may have removed the file: then it is made anew. */
  async #look(): Promise<void> {
    if (this.#closed) return;
    const there = await inodeAt(this.#path);
    const isTaken = typeof there === "bigint" && there !== this.#file?.ino;
    if (there === null || this.#server === null) await this.#again();
    else if (isTaken && !this.#isTaken) this.#reportTaken();
    this.#isTaken = isTaken;
    if (!this.#closed) this.#watch();
  }

  /** Whoever was being served by the old one is served to the end. */
  async #again(): Promise<void> {
    const [old, answer] = [this.#server, this.#answer];
    if (answer === null) return;
    try {
      this.#makeFolder(this.#path);
      await this.#listen(answer);
      old?.close();
      if (this.#closed) return;
      this.#goneReported = false;
      this.#journal?.log(
        "notice",
        old === null
          ? `The control socket ${this.#path} could be created now`
          : `The control socket ${this.#path} was removed; it has been recreated`,
      );
    } catch (error) {
      if (!this.#goneReported) this.#reportGone(error);
      this.#goneReported = true;
    }
  }

  #reportTaken(): void {
    const line = `Something else stands at ${this.#path} now: commands do not reach this pipit. Remove it; the socket is then made anew`;
    this.#journal?.log("warning", line);
  }

  /** Pipit hears and speaks without its remote control. */
  #reportLater(error: unknown): void {
    const line = `The control socket ${this.#path} cannot be created now (${errorCode(error)}): pipit status and the other commands do not reach this pipit. It is tried again`;
    this.#goneReported = true;
    this.#journal?.log("warning", line);
  }

  #reportGone(error: unknown): void {
    const why = errorCode(error) || String(error);
    const line = `The control socket ${this.#path} was removed and cannot be recreated (${why}). Restart the service`;
    this.#journal?.log("warning", line);
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#closed = true;
    this.#cancelWatch();
    if (server === null) return;
    this.#server = null;
    this.#removeFile();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const client of this.#clients) client.end();
    const takeBack = this.#clock.after(CLOSE_MAX_MS, () => {
      for (const client of this.#clients) client.destroy();
    });
    await closed;
    takeBack();
  }

  #take(socket: Socket, answer: Answer): void {
    const client = new ControlSession(socket, this.#clock, answer, this.#secrets);
    const isRoom = this.#clients.size < CLIENTS_MAX || this.#makeRoom();
    this.#clients.add(client);
    socket.on("close", () => this.#clients.delete(client));
    if (isRoom) {
      client.attend();
      return;
    }
    this.#refused++;
    client.refuse(TOO_MANY);
  }

  /** Who holds a place and says nothing must not keep the owner from saying stop. */
  #makeRoom(): boolean {
    const waiting = [...this.#clients].flatMap((client) => {
      const sinceMs = client.waitsSinceMs;
      return sinceMs === null ? [] : [{ client, sinceMs }];
    });
    const [idlest] = waiting.sort((a, b) => a.sinceMs - b.sinceMs);
    if (idlest === undefined) return false;
    this.#refused++;
    this.#clients.delete(idlest.client);
    idlest.client.evict(TOO_MANY);
    return true;
  }

  /** Another daemon may have taken the path over since: its file stays. */
  #removeFile(): void {
    const ours = this.#file;
    this.#file = null;
    if (ours === null) return;
    try {
      const { dev, ino } = lstatSync(this.#path, { bigint: true });
      if (dev === ours.dev && ino === ours.ino) rmSync(this.#path);
    } catch {
      // Gone already, or the folder is: nothing of ours is left to remove.
    }
  }
}

/**
 * Of what stands at the path; null: nothing does; undefined: nobody can tell. What somebody else has
 * put there is left to them.
 */
async function inodeAt(path: string): Promise<bigint | null | undefined> {
  try {
    return (await lstat(path, { bigint: true })).ino;
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes(errorCode(error)) ? null : undefined;
  }
}

function checkLength(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= PATH_MAX_BYTES) return;
  const message = `The path of the control socket is ${bytes} bytes long; the limit is ${PATH_MAX_BYTES}`;
  throw new FaultError(fault("config", "report", `${message}: ${path}`, SET_PATH));
}

const SET_PATH = "Set system.control_socket to another path";

function makeFolder(path: string): void {
  const folder = dirname(path);
  const lastResort = isLastResort(path);
  makeFoldersNow(folder, lastResort ? PRIVATE_MODE : FOLDER_MODE);
  if (!lastResort || isPrivate(folder)) return;
  const message = `${folder} is not a folder of this user alone`;
  throw new FaultError(fault("config", "report", message, SET_PATH));
}

/** Whether a daemon answers at the path. Throws where something else than a socket is there. */
async function isServed(path: string, clock: Clock): Promise<boolean> {
  try {
    if (!lstatSync(path).isSocket()) {
      const message = `${path} already exists and is not a socket`;
      throw new FaultError(fault("config", "report", message, SET_PATH));
    }
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
  return await new Promise((resolve, reject) => {
    const socket = connect(path);
    // Not taken in time: its playback queue is full, so somebody listens.
    const takeBack = clock.after(PROBE_MAX_MS, () => settle(() => resolve(true)));
    const settle = (say: () => void): void => {
      takeBack();
      socket.destroy();
      say();
    };
    socket.on("connect", () => settle(() => resolve(true)));
    socket.on("error", (error) => {
      const stale = ["ECONNREFUSED", "ENOENT"].includes(errorCode(error));
      settle(() => (stale ? resolve(false) : reject(error)));
    });
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      // A failed accept (no descriptors left) costs that client its answer, not us the socket.
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function alreadyServed(path: string): FaultError {
  const message = `Another pipit is running already: it answers at ${path}`;
  return new FaultError(
    fault("config", "exit", message, "Stop it first: systemctl stop pipit, or close its terminal"),
  );
}

function cannotServe(path: string, error: unknown): FaultError {
  const code = errorCode(error);
  if (code === "") throw error; // not the system's: a bug
  const message = `The control socket ${path} cannot be created (${code})`;
  return new FaultError(fault("config", "report", message, SET_PATH), { cause: error });
}
