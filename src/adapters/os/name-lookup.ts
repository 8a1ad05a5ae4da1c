/**
 * The addresses of a host's name, asked for by a program of the system (getent) rather than in this
 * process. Node would hand the question to its pool of threads, where nobody can take it back: a name
 * server that does not answer keeps the process from ending, and two such questions keep everybody
 * else's, the Realtime server's among them, from being asked.
 *
 * Invariants: the answer is the system's own (hosts file, mDNS, DNS), in its order; a program lives
 * LOOKUP_MAX_MS at most, and no longer than who asked, nor than this process; an answer counts for
 * KEPT_MS.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { errorCode } from "./files.ts";
import { endWithUs } from "./left-behind.ts";

/** The system's resolver gives up after 10 s, with two servers that are silent after 20. */
export const LOOKUP_MAX_MS = 15_000;
/** A server of tools is asked some five times before a conversation: a program each time is felt. */
export const KEPT_MS = 60_000;
/** As many hosts as can be configured; the oldest goes. */
const KEPT_MAX = 16;
/** Some dozen addresses. */
const ANSWER_MAX_CHARS = 16_384;
/** Known without asking anybody. */
const HERE = /^(?:localhost|.*\.localhost)\.?$/i;

interface Kept {
  readonly addresses: readonly LookupAddress[];
  readonly atMs: number;
}

/** By program and host; shared by all who ask. */
const kept = new Map<string, Kept>();

function keep(key: string, addresses: readonly LookupAddress[]): void {
  kept.delete(key);
  kept.set(key, { addresses, atMs: performance.now() });
  const [oldest] = kept.keys();
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
}

type Answered = Parameters<LookupFunction>[2];

export interface NameLookupOptions {
  /** Other than the system's, in tests. */
  readonly program?: string;
  readonly maxMs?: number;
}

/** For one who asks: a connection. */
export class NameLookup {
  readonly #program: string;
  readonly #maxMs: number;
  readonly #running = new Set<ChildProcess>();

  constructor({ program = "getent", maxMs = LOOKUP_MAX_MS }: NameLookupOptions = {}) {
    this.#program = program;
    this.#maxMs = maxMs;
  }

  /** In place of Node's own. */
  readonly lookup: LookupFunction = (host, options, done) => {
    const known = kept.get(this.#key(host));
    if (HERE.test(host)) systemLookup(host, options, done);
    else if (known === undefined || performance.now() - known.atMs > KEPT_MS)
      this.#ask(host, options, done);
    else setImmediate(() => answer(host, known.addresses, options, done));
  };

  #key(host: string): string {
    return `${this.#program} ${host}`;
  }

  /** Who has asked wants no answer any more. */
  close(): void {
    for (const child of this.#running) child.kill("SIGKILL");
  }

  #ask(host: string, options: Parameters<LookupFunction>[1], done: Answered): void {
    const child = spawn(this.#program, ["ahosts", "--", host], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#running.add(child);
    const letGo = child.pid === undefined ? () => {} : endWithUs(child.pid);
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed = (printed + text).slice(0, ANSWER_MAX_CHARS);
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), this.#maxMs);
    let isOver = false;
    const over = (): boolean => {
      const was = isOver;
      isOver = true;
      clearTimeout(timer);
      letGo();
      this.#running.delete(child);
      return !was;
    };
    child.on("error", (error) => {
      if (!over()) return;
      // A system without it: better by the pool than not at all.
      if (errorCode(error) === "ENOENT") systemLookup(host, options, done);
      else done(failure(host, "EAI_AGAIN"), "", 0);
    });
    child.on("close", (code) => {
      if (!over()) return;
      const addresses = code === 0 ? addressesIn(printed) : [];
      if (addresses.length > 0) keep(this.#key(host), addresses);
      if (code === null) done(failure(host, "EAI_AGAIN"), "", 0);
      else answer(host, addresses, options, done);
    });
  }
}

function answer(
  host: string,
  addresses: readonly LookupAddress[],
  options: Parameters<LookupFunction>[1],
  done: Answered,
): void {
  const family = Number(options.family ?? 0);
  const found = addresses.filter((one) => family === 0 || one.family === family);
  const [first] = found;
  if (first === undefined) done(failure(host, "ENOTFOUND"), "", 0);
  else if (options.all === true) done(null, found);
  else done(null, first.address, first.family);
}

/** `192.0.2.7       STREAM name`: a line for each kind of socket. */
function addressesIn(text: string): readonly LookupAddress[] {
  const found = new Map<string, LookupAddress>();
  for (const line of text.split("\n")) {
    const [word = ""] = line.split(/\s/, 1);
    const [address = ""] = word.split("%", 1); // A link-local one has its interface behind it.
    const family = isIP(address);
    if (family !== 0) found.set(word, { address: word, family });
  }
  return [...found.values()];
}

function failure(host: string, code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getent ahosts ${host}: ${code}`), { code, hostname: host });
}
