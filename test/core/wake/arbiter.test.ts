/** Who answers when several hear: two, three, equal, late, lost, forged, flooded. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Arbiter,
  type Claim,
  claimText,
  PEERS_MAX,
  readClaim,
  SAME_CALL_MS,
  WAIT_MS,
} from "../../../src/core/wake/arbiter.ts";
import { SimDice } from "../../../src/sim/dice.ts";

const [A, B, C] = ["a".repeat(16), "b".repeat(16), "c".repeat(16)] as const;

function claim(changes: Partial<Claim> = {}): string {
  return claimText({
    kind: "claims",
    device: B,
    serial: 1,
    keyword: "computer",
    level: -20,
    ...changes,
  });
}

/** Device A, which has heard the word at -30 dBFS at 1 s. */
function waiting(): Arbiter {
  const arbiter = new Arbiter(A);
  assert.equal(arbiter.heard("Computer", -30, 1_000)?.kind, "claims");
  return arbiter;
}

test("gives way to a louder one, not to a quieter one, and of equals to the greater id", () => {
  assert.equal(waiting().received(claim({ level: -29.9 }), 1_100), true);
  assert.equal(waiting().received(claim({ level: -30.1 }), 1_100), false);
  assert.equal(waiting().received(claim({ level: -30 }), 1_100), true);
  const greater = new Arbiter(C);
  greater.heard("computer", -30, 1_000);
  assert.equal(greater.received(claim({ level: -30 }), 1_100), false);
  assert.equal(greater.isWaiting, true);
});

test("what another said shortly before counts; what it said of an earlier call does not", () => {
  const after = (ageMs: number, level: number): boolean => {
    const arbiter = new Arbiter(A);
    arbiter.received(claim({ level }), 1_000);
    return arbiter.heard("computer", -30, 1_000 + ageMs) === null;
  };
  assert.equal(after(WAIT_MS - 1, -20), true, "louder, and still waiting");
  assert.equal(after(WAIT_MS - 1, -40), false, "quieter, and still waiting");
  assert.equal(after(WAIT_MS, -40), true, "quieter, but it answers by now");
  assert.equal(after(SAME_CALL_MS, -40), true);
  assert.equal(after(SAME_CALL_MS + 1, -20), false, "that was another call");
});

test("who says that it answers is given way to, however quietly it heard the word", () => {
  assert.equal(waiting().received(claim({ kind: "answers", level: -90 }), 1_010), true);
  const other = waiting();
  assert.equal(other.received(claim({ kind: "answers", keyword: "jarvis" }), 1_010), false);
});

test("one datagram decides one call: said again, recorded or older it decides nothing", () => {
  const arbiter = waiting();
  assert.equal(arbiter.received(claim({ serial: 7 }), 1_010), true);
  assert.notEqual(arbiter.heard("computer", -30, 1_020), null, "spent");
  assert.equal(arbiter.received(claim({ serial: 7 }), 1_030), false);
  assert.equal(arbiter.received(claim({ serial: 6 }), 1_030), false);
  assert.equal(arbiter.counts.repeated, 2);
  assert.equal(arbiter.received(claim({ serial: 8 }), 1_030), true);
});

test("what it has said itself comes back from the network, and is nobody else's", () => {
  const arbiter = new Arbiter(A);
  const own = arbiter.heard("computer", -30, 1_000);
  assert.ok(own);
  assert.equal(arbiter.received(claimText(own), 1_001), false);
  assert.equal(arbiter.received(claim({ device: A, serial: 99, level: 0 }), 1_001), false);
  assert.equal(arbiter.isWaiting, true);
});

test("what is no claim is none, and a claim comes back as it was", () => {
  const plain = {
    kind: "answers",
    device: C,
    serial: 3,
    keyword: "hey_jarvis",
    level: -1.5,
  } as const;
  assert.deepEqual(readClaim(claimText(plain)), plain);
  const wrong: readonly Readonly<Record<string, unknown>>[] = [
    { pipit: 2 },
    { kind: "wins" },
    { device: "A".repeat(16) },
    { device: 5 },
    { serial: 0 },
    { serial: 1.5 },
    { serial: 2 ** 60 },
    { keyword: "" },
    { keyword: "x".repeat(65) },
    { level: 0.1 },
    { level: -121 },
    { level: null },
    { level: "loud" },
    { more: "x".repeat(256) },
  ];
  for (const change of wrong) {
    const datagram = JSON.stringify({ ...JSON.parse(claim()), ...change });
    assert.equal(readClaim(datagram), null, datagram);
  }
  for (const datagram of ["", "[]", "null", "{", "\0".repeat(99), "[".repeat(250)]) {
    assert.equal(readClaim(datagram), null, datagram);
  }
  // A level of 1e999 is no number to JSON.
  assert.equal(readClaim(claim().replace("-20", "-1e999")), null);
});

test("100 000 datagrams of chance and of strangers: nothing grows, and the next call is answered", () => {
  const dice = new SimDice(5);
  const arbiter = new Arbiter(A);
  for (let i = 0; i < 100_000; i++) {
    const device = i.toString(16).padStart(16, "0");
    const text = claim({ device, level: -20, serial: 1 + (i % 9) });
    const cut = i % 2 === 0 ? text : text.slice(0, Math.floor(dice.unit() * text.length));
    assert.equal(arbiter.received(cut, i / 1_000), false, "no call waits");
  }
  const { forgotten, malformed } = arbiter.counts;
  assert.equal(malformed, 50_000);
  assert.equal(forgotten, 50_000 - PEERS_MAX);
  assert.equal(arbiter.heard("computer", -30, 100), null, "silent once");
  assert.notEqual(arbiter.heard("computer", -30, 100), null, "and not twice");
});

interface Told {
  readonly to: number;
  readonly atMs: number;
  readonly text: string;
}

/** Who answers, of devices that hear one word at these levels and times; `lost`: a datagram's chance. */
function answering(
  heard: readonly { readonly level: number; readonly atMs: number }[],
  dice: SimDice,
  lost: number,
): number[] {
  const devices = heard.map((_, i) => new Arbiter(i.toString(16).repeat(16)));
  const post: Told[] = [];
  const answered: number[] = [];
  const tell = (from: number, said: Claim, atMs: number): void => {
    for (let to = 0; to < heard.length; to++) {
      if (dice.unit() < lost) continue;
      post.push({ to, atMs: atMs + 1 + dice.unit() * 20, text: claimText(said) });
    }
    assert.equal(said.device, from.toString(16).repeat(16));
  };
  for (let nowMs = 0; nowMs < 1_500; nowMs++) {
    for (const { to, text } of post.filter(({ atMs }) => Math.floor(atMs) === nowMs)) {
      devices[to]?.received(text, nowMs);
    }
    heard.forEach(({ level, atMs }, i) => {
      const device = devices[i];
      if (device === undefined) return;
      const said = atMs === nowMs ? device.heard("computer", level, nowMs) : null;
      if (said !== null) tell(i, said, nowMs);
      if (atMs + WAIT_MS !== nowMs || !device.isWaiting) return;
      answered.push(i);
      tell(i, device.answers("computer", level), nowMs);
    });
  }
  return answered;
}

test("of two to five that hear within 100 ms of each other, the loudest answers, and nobody else", () => {
  const dice = new SimDice(11);
  for (let round = 0; round < 300; round++) {
    const heard = Array.from({ length: 2 + (round % 4) }, () => ({
      level: -10 - Math.floor(dice.unit() * 6),
      atMs: Math.floor(dice.unit() * 100),
    }));
    const loudest = Math.max(...heard.map(({ level }) => level));
    const last = heard.map(({ level }) => level).lastIndexOf(loudest);
    assert.deepEqual(answering(heard, dice, 0), [last], JSON.stringify(heard));
  }
});

test("however late they hear it and whatever is lost, somebody answers; without losses only one", () => {
  const dice = new SimDice(12);
  for (let round = 0; round < 600; round++) {
    const heard = Array.from({ length: 2 + (round % 4) }, () => ({
      level: -10 - Math.floor(dice.unit() * 6),
      atMs: Math.floor(dice.unit() * 400),
    }));
    const lost = round % 2 === 0 ? 0 : 0.5;
    const who = answering(heard, dice, lost);
    assert.ok(lost === 0 ? who.length === 1 : who.length >= 1, JSON.stringify(heard));
  }
});
