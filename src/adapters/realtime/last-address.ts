/**
 * Where the Realtime server was last: used where its name is looked up slowly, or cannot be. Only the
 * address is kept: TLS goes on asking for the host's own certificate.
 *
 * Policy: the system is always asked. What it says within LOOKUP_PATIENCE_MS counts; after that, or
 * where it fails, the address that a connection was last opened to. That is forgotten when it is
 * ADDRESS_MAX_AGE_MS old, and when nobody answers there.
 */

import { type LookupAddress, lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import type { LinkFailure } from "../../core/realtime/failure.ts";
import type { Clock } from "../../ports.ts";

/** A resolver in the house answers within a few milliseconds; one of a provider's within 30. */
export const LOOKUP_PATIENCE_MS = 100;
/** Addresses of a service change within weeks. */
export const ADDRESS_MAX_AGE_MS = 24 * 3_600_000;
/** The API's, and that of a proxy it was before a reload; the oldest goes. */
const HOSTS_MAX = 4;
/** Our own network is down: that says nothing of the address. */
const OWN_NETWORK = new Set(["ENETUNREACH", "ENETDOWN", "EADDRNOTAVAIL"]);

interface Kept extends LookupAddress {
  readonly atMs: number;
}

export class LastAddress {
  readonly #clock: Clock;
  readonly #system: LookupFunction;
  readonly #kept = new Map<string, Kept>();
  /** Look-ups that a kept address answered. */
  #used = 0;

  constructor(clock: Clock, system: LookupFunction = systemLookup) {
    this.#clock = clock;
    this.#system = system;
  }

  get used(): number {
    return this.#used;
  }

  /** In place of Node's own. */
  readonly lookup: LookupFunction = (host, options, done) => {
    const kept = this.#fresh(host);
    if (kept === null) {
      this.#system(host, options, done);
      return;
    }
    let isAnswered = false;
    const answer = (...[error, address, family]: Parameters<typeof done>): void => {
      if (isAnswered) return;
      isAnswered = true;
      takeBack();
      done(error, address, family);
    };
    const fromMemory = (): void => {
      if (isAnswered) return;
      this.#used += 1;
      const { address, family } = kept;
      answer(null, options.all === true ? [{ address, family }] : address, family);
    };
    const takeBack = this.#clock.after(LOOKUP_PATIENCE_MS, fromMemory);
    this.#system(host, options, (error, address, family) => {
      if (error === null) answer(error, address, family);
      else fromMemory();
    });
  };

  /** A WebSocket was opened there. */
  worked(host: string, address: string | undefined, family: string | undefined): void {
    if (address === undefined || address === host) return;
    this.#kept.delete(host);
    this.#kept.set(host, { address, family: family === "IPv6" ? 6 : 4, atMs: this.#clock.nowMs() });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > HOSTS_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** No WebSocket was opened. What HTTP refuses, somebody has answered. */
  failed(host: string, failure: LinkFailure): void {
    const isSilent = failure.tag === "timeout" || failure.tag === "network";
    const isOurs = failure.tag === "network" && OWN_NETWORK.has(failure.code);
    if (isSilent && !isOurs) this.#kept.delete(host);
  }

  #fresh(host: string): Kept | null {
    const kept = this.#kept.get(host);
    return kept === undefined || this.#clock.nowMs() - kept.atMs > ADDRESS_MAX_AGE_MS ? null : kept;
  }
}
