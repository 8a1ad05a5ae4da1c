/** The server's last address: used where DNS is slow or gone, and only then. Real sockets. */

import assert from "node:assert/strict";
import type { LookupFunction } from "node:net";
import { test } from "node:test";
import { RealtimeDialer } from "../../../src/adapters/realtime/dialer.ts";
import {
  ADDRESS_MAX_AGE_MS,
  LastAddress,
  LOOKUP_PATIENCE_MS,
} from "../../../src/adapters/realtime/last-address.ts";
import { SimClock, settle } from "../../../src/sim/clock.ts";
import { keptSink, wsPeer } from "../../helpers/ws-peers.ts";

type Answer = Parameters<Parameters<LookupFunction>[2]>;

/** A resolver that the test plays. */
class Resolver {
  readonly asked: ((...answer: Answer) => void)[] = [];
  readonly lookup: LookupFunction = (_host, _options, done) => void this.asked.push(done);
}

function asking(last: LastAddress, all = false): Answer[] {
  const answers: Answer[] = [];
  last.lookup("api.test", { all }, (...answer) => void answers.push(answer));
  return answers;
}

function known() {
  const clock = new SimClock();
  const resolver = new Resolver();
  const last = new LastAddress(clock, resolver.lookup);
  last.worked("api.test", "192.0.2.1", "IPv4");
  return { clock, resolver, last };
}

const GONE: Answer = [Object.assign(new Error("gone"), { code: "EAI_AGAIN" }), "", 4];

test("a quick answer of the system's counts, and nothing is said twice", () => {
  const { clock, resolver, last } = known();
  const answers = asking(last);
  resolver.asked[0]?.(null, "192.0.2.9", 4);
  clock.advance(LOOKUP_PATIENCE_MS * 2);
  assert.deepEqual(answers, [[null, "192.0.2.9", 4]]);
  assert.deepEqual([last.used, clock.pending()], [0, 0]);
});

test("a slow one does not: the last address, once; its late answer is dropped", () => {
  const { clock, resolver, last } = known();
  const answers = asking(last, true);
  clock.advance(LOOKUP_PATIENCE_MS);
  resolver.asked[0]?.(null, "192.0.2.9", 4);
  assert.deepEqual(answers, [[null, [{ address: "192.0.2.1", family: 4 }], 4]]);
  assert.equal(last.used, 1);
});

test("no answer: the last address at once; too old a one: the error", () => {
  const { clock, resolver, last } = known();
  const answers = asking(last);
  resolver.asked[0]?.(...GONE);
  assert.deepEqual(answers, [[null, "192.0.2.1", 4]]);
  clock.advance(ADDRESS_MAX_AGE_MS + 1);
  const later = asking(last);
  resolver.asked[1]?.(...GONE);
  assert.equal(later[0]?.[0], GONE[0]);
});

test("forgotten where nobody answers; not where our own network is down, or HTTP refuses", () => {
  const { last, resolver } = known();
  last.failed("api.test", { tag: "network", stage: "tcp", code: "ENETUNREACH" });
  const refusal = { code: null, type: null, message: "no", retryAfterMs: null };
  last.failed("api.test", { tag: "http", status: 401, ...refusal });
  const answers = asking(last);
  resolver.asked[0]?.(...GONE);
  assert.equal(answers[0]?.[1], "192.0.2.1");
  last.failed("api.test", { tag: "network", stage: "tcp", code: "ECONNREFUSED" });
  const later = asking(last);
  resolver.asked[1]?.(...GONE);
  assert.equal(later[0]?.[0], GONE[0]);
});

test("the dialer opens a WebSocket by name, and again when the name cannot be looked up", async (t) => {
  const hosts: unknown[] = [];
  const url = await wsPeer(t, (_socket, headers) => hosts.push(headers["host"]));
  const named = url.replace("127.0.0.1", "api.test");
  let isUp = true;
  const lookup: LookupFunction = (_host, options, done) => {
    const all = [{ address: "127.0.0.1", family: 4 }];
    if (isUp) done(null, options.all === true ? all : "127.0.0.1", 4);
    else done(...GONE);
  };
  const clock = new SimClock();
  const dialer = new RealtimeDialer(clock, lookup);
  for (const up of [true, false]) {
    isUp = up;
    const sink = keptSink();
    const link = dialer.dial({ url: named, headers: {} }, sink);
    await sink.hears("opened");
    link.close();
    await sink.end();
  }
  await settle();
  assert.deepEqual(hosts, [new URL(named).host, new URL(named).host], "the host's own name");
  assert.equal(clock.pending(), 0);
});
