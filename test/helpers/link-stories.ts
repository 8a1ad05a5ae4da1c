/** Stories of the connection: the set-up goes out with the opening, and sound behind it. */

import assert from "node:assert/strict";
import { microphoneGate } from "../../src/core/assistant/views.ts";
import { Player } from "./assistant-player.ts";

type Story = readonly [name: string, play: () => void];

const SESSION = { sessionId: "s", model: "m", voice: null, expiresAtS: null, transcriber: null };

/** Woken, dialled, the socket open; nothing was said by the server yet. */
function opened(player = new Player()): Player {
  player.do({ tag: "wake", keyword: "computer", endSample: 230_000 });
  return open(player);
}

function open(player: Player): Player {
  return player.do({ tag: "link-opened", attempt: player.c.link.attempt });
}

/** A conversation has come and gone: its set-up was taken. */
function trusting(): Player {
  const player = opened().connected();
  return player.do({ tag: "command", command: "stop" }).pass(1000);
}

function created(player: Player): Player {
  return player.hears({ tag: "session-created", ...SESSION });
}

function refusal(player: Player, param: string | null): Player {
  const error = { type: "invalid_request_error", code: "x", message: "no", param };
  const eventId = `update_${player.c.link.attempt * 100}`;
  return player.hears({ tag: "error", error: { ...error, eventId } });
}

function gate(player: Player): string {
  return microphoneGate(player.state).tag;
}

export const LINK_STORIES: readonly Story[] = [
  [
    "a set-up that is refused for a moment: the wait is the one that the server names",
    () => {
      const player = created(opened());
      const said = { type: "requests", message: "Please try again in 700ms.", param: null };
      const error = { ...said, code: "rate_limit_exceeded", eventId: null };
      const dialled = player.c.link.attempt;
      player.hears({ tag: "error", error }).pass(600);
      assert.equal(player.c.link.attempt, dialled, "not before");
      assert.equal(player.pass(200).c.link.attempt, dialled + 1);
    },
  ],
  [
    "a connection that breaks again and again: the first is renewed at once, the next after waits that grow",
    () => {
      const player = opened().connected();
      const waits: number[] = [];
      for (let nth = 0; nth < 3; nth++) {
        const [fromMs, before] = [player.closes().nowMs, player.c.link.attempt];
        while (player.c.link.attempt === before && waits.length > 0) player.pass(10);
        waits.push(player.nowMs - fromMs);
        player.connected();
      }
      const [first = -1, second = -1, third = -1] = waits;
      assert.ok(first === 0 && second > 0 && third > second, waits.join());
      assert.equal(player.closes().phase, "fault");
    },
  ],
  [
    "a connection that is closed with a word about when: renewed then; too late, nobody dials before",
    () => {
      const player = opened().connected();
      const dialled = player.c.link.attempt;
      player.closes(1013, "Overloaded. Please try again in 3s").pass(2_900);
      assert.deepEqual([player.phase, player.c.link.attempt], ["connecting", dialled]);
      assert.equal(player.pass(200).c.link.attempt, dialled + 1);
      player.connected().closes(4000, "rate_limit_exceeded: Please try again in 40s");
      assert.equal(player.phase, "fault");
      assert.equal(player.pass(20_000).do({ tag: "tap" }).phase, "fault");
      assert.equal(player.pass(25_000).do({ tag: "tap" }).phase, "connecting");
    },
  ],
  [
    "the session is over before it began: another connection, no blame for the settings",
    () => {
      const player = created(opened());
      const said = { type: "invalid_request_error", message: "Over.", param: null };
      player.hears({ tag: "error", error: { ...said, code: "session_expired", eventId: null } });
      assert.equal(player.phase, "connecting");
      assert.doesNotMatch(player.lines().join("\n"), /refused the set-up/);
    },
  ],
  [
    "the set-up goes out with the opening; the journal's lines keep their order",
    () => {
      const player = opened();
      assert.deepEqual([player.count("update-session"), gate(player)], [1, "closed"]);
      assert.equal(player.lines().filter((line) => /^Connected to/.test(line)).length, 0);
      player.connected();
      assert.deepEqual([player.count("update-session"), gate(player)], [1, "open"]);
      assert.deepEqual(player.lines().slice(-2), [
        "Connected to OpenAI Realtime API using model: gpt-realtime",
        "Audio session config: model=gpt-realtime, voice=alloy",
      ]);
    },
  ],
  [
    "confirmed by a server that never says hello: both lines, once",
    () => {
      const player = opened().updated();
      assert.equal(player.phase, "listening");
      assert.match(player.lines().slice(-2).join("\n"), /^Connected to .*\nAudio session config/);
    },
  ],
  [
    "a part is refused before the server's hello: it is left out",
    () => {
      const player = refusal(opened(), "session.truncation");
      assert.equal(player.count("update-session"), 2);
      assert.deepEqual(player.c.link.omitted, ["truncation"]);
      assert.equal(player.connected().phase, "listening");
    },
  ],
  [
    "the set-up came too early for this server: it is sent again after the hello",
    () => {
      const player = refusal(opened(), null);
      assert.deepEqual([player.c.link.tag, player.count("update-session")], ["dialing", 1]);
      assert.equal(created(player).count("update-session"), 2);
      assert.equal(player.updated().phase, "listening");
    },
  ],
  [
    "an error before the hello that is none of the set-up's: the attempt has failed",
    () => {
      const player = opened();
      const { attempt } = player.c.link;
      player.error("beta_api_shape_disabled", "The Realtime Beta API is no longer supported.");
      assert.ok(player.sent.some((one) => one.tag === "hang-up" && one.attempt === attempt));
    },
  ],
  [
    "after a failed attempt the server speaks first",
    () => {
      const player = opened().closes().pass(3000);
      assert.equal(open(player).count("update-session"), 1);
      assert.equal(created(player).count("update-session"), 2);
    },
  ],
  [
    "a set-up that was taken before: sound follows behind it, from the same sample on",
    () => {
      const player = opened(trusting());
      const before = microphoneGate(player.state);
      assert.deepEqual([player.phase, before.tag], ["connecting", "open"]);
      assert.deepEqual(microphoneGate(player.connected().state), before, "nothing is sent twice");
      assert.equal(player.phase, "listening");
    },
  ],
  [
    "refused though it was taken before: another connection, on which nothing is taken for granted",
    () => {
      const player = opened(trusting());
      const { openedSample } = player.c.turn;
      const { attempt } = player.c.link;
      refusal(player, "session.truncation");
      assert.ok(player.sent.some((one) => one.tag === "hang-up" && one.attempt === attempt));
      assert.equal(player.c.link.attempt, attempt + 1);
      assert.equal(gate(player), "closed");
      assert.equal(gate(open(player)), "closed");
      refusal(created(player), "session.truncation").updated();
      assert.deepEqual(microphoneGate(player.state), { tag: "open", fromSample: openedSample });
      assert.equal(player.facts.filter((fact) => fact.tag === "fell-back").length, 0);
    },
  ],
  [
    "another voice, or push-to-talk: no sound before the server has confirmed",
    () => {
      const player = trusting();
      player.set({ "openai.voice": "marin" });
      assert.equal(gate(opened(player)), "closed");
      const held = trusting().do({ tag: "ptt-down", pressedMs: 10_000 });
      assert.equal(gate(open(held)), "closed");
    },
  ],
  [
    "held while sound is under way behind the set-up: the button's turn begins on a new connection",
    () => {
      const player = opened(trusting());
      const { attempt } = player.c.link;
      player.do({ tag: "ptt-down", pressedMs: player.nowMs });
      assert.deepEqual([player.c.link.tag, player.c.link.attempt], ["dialing", attempt + 1]);
      assert.equal(gate(player), "closed");
      assert.equal(open(player).connected().c.turn.tag, "held");
    },
  ],
  [
    "the key has no credit when a response is asked for: the end",
    () => {
      const player = new Player({ "session.response_by": "client" }).ready().asks();
      const { requests } = player.c.response;
      player.error("insufficient_quota", "no", `create_${requests}`);
      assert.equal(player.phase, "fault");
    },
  ],
];
