/**
 * Stories of the machines: a few inputs, and what came of them. `BOTH` hold whoever creates the
 * responses; the others say who does. The property tests play them too, for the moves that dice find
 * seldom.
 */

import assert from "node:assert/strict";
import { failure, Player } from "./assistant-player.ts";
import { LINK_STORIES } from "./link-stories.ts";
import { REMOTE } from "./remote-stories.ts";

export type Story = readonly [name: string, play: () => void];

const BY = ["client", "server"] as const;

/** Responses that were created for the user's questions, by whomever. */
function created(player: Player): number {
  const asked = player.facts.filter((fact) => fact.tag === "turn-asked" && fact.by === "server");
  return player.count("create-response") + asked.length;
}

type By = (typeof BY)[number];

function start(by: By): Player {
  return new Player({ "session.response_by": by }).ready();
}

/** The model has asked for a yes to call c1, and the question was heard. */
function question(): Player {
  const player = new Player({ "session.response_by": "client" }).ready().asks();
  player.begins("r1").calls("r1", "c1").mustAsk("c1");
  return player.begins("r2").sounds("r2").ends("r2").heard();
}

const BOTH: readonly Story[] = BY.flatMap((by) => [...turns(by), ...replies(by), ...anew(by)]);

function turns(by: By): readonly Story[] {
  return [
    [
      `${by}: a turn, a reply, the follow-up window`,
      () => {
        const player = start(by).asks().begins("r1").sounds("r1");
        assert.equal(player.phase, "speaking");
        player.ends("r1").heard().pass(1000);
        assert.equal(player.phase, "follow-up");
        assert.equal(created(player), 1);
        assert.equal(player.pass(10_000).phase, "idle");
      },
    ],
    [
      `${by}: empty turn before the reply: the reply is held, then played; one response`,
      () => {
        const player = start(by).asks().begins("r1").pass(300).speaks("B");
        player.sounds("r1").ends("r1");
        assert.deepEqual([player.phase, player.c.playback.tag], ["listening", "held"]);
        player.pass(600).stops("B");
        assert.equal(player.phase, "speaking", "what was held is heard");
        player.commits("B");
        assert.equal(player.count("cancel-response"), 0);
        assert.equal(created(player), 1);
      },
    ],
    [
      `${by}: empty turn before the reply's first sound`,
      () => {
        const player = start(by).asks().begins("r1").coughs("B").commits("B");
        assert.deepEqual([player.c.response.tag, player.count("delete-item")], ["active", 1]);
        player.sounds("r1").ends("r1").heard();
        assert.equal(created(player), 1);
      },
    ],
    [
      `${by}: speech goes on after the turn: one response to all of it`,
      () => {
        const player = start(by).asks().begins("r1").speaks("B").pass(1500);
        assert.equal(player.c.response.tag, "cancelling");
        player.ends("r1", { status: "cancelled" });
        assert.equal(player.c.response.tag, "none", "nothing is asked while the user speaks");
        player.stops("B").commits("B").begins("r2").sounds("r2").ends("r2").heard();
        assert.equal(player.count("create-response"), by === "client" ? 2 : 0);
        assert.equal(player.phase, "follow-up");
      },
    ],
  ];
}

function replies(by: By): readonly Story[] {
  return [
    [
      `${by}: a text-only reply is retried once, then it is a fault`,
      () => {
        const player = start(by).asks().begins("r1").ends("r1");
        assert.equal(player.count("create-response"), by === "client" ? 2 : 1);
        player.begins("r2").ends("r2");
        assert.equal(player.phase, "fault");
      },
    ],
    [
      `${by}: rate limit with Retry-After: retried then`,
      () => {
        const player = start(by).asks().begins("r1");
        player.ends("r1", failure("rate_limit_exceeded", "Please try again in 1.65s"));
        const before = player.count("create-response");
        assert.equal(player.pass(1600).count("create-response"), before);
        assert.equal(player.pass(100).count("create-response"), before + 1);
      },
    ],
    [
      `${by}: a long rate limit is a fault, and no wake dials before its end`,
      () => {
        const player = start(by).asks().begins("r1");
        player.ends("r1", failure("rate_limit_exceeded", "Please try again in 1m2s"));
        assert.equal(player.phase, "fault");
        assert.equal(player.pass(5000).do({ tag: "tap" }).phase, "fault");
        assert.equal(player.pass(60_000).do({ tag: "tap" }).phase, "connecting");
      },
    ],
    [
      `${by}: end_conversation without audio, every time: the second one ends silently`,
      () => {
        const goodbye = (callId: string) => ({
          calls: [{ callId, name: "end_conversation", arguments: "{}" }],
        });
        const player = start(by).asks().begins("r1").ends("r1", goodbye("c1")).results("c1");
        player.begins("r2").ends("r2", goodbye("c2")).results("c2");
        assert.equal(player.phase, "idle");
        const ended = player.facts.find((fact) => fact.tag === "conversation-ended");
        assert.ok(ended?.tag === "conversation-ended" && ended.reason === "goodbye");
      },
    ],
    [
      `${by}: silence after anything leads to rest`,
      () => {
        const player = start(by).asks().begins("r1").sounds("r1");
        assert.equal(player.pass(700_000).phase, "idle");
      },
    ],
  ];
}

function anew(by: By): readonly Story[] {
  return [
    [
      `${by}: an overloaded server that says when: asked then, not before`,
      () => {
        const player = start(by).asks().begins("r1");
        player.ends("r1", failure("server_is_overloaded", "Please try again in 3s"));
        const before = player.count("create-response");
        assert.equal(player.pass(2900).count("create-response"), before);
        assert.equal(player.pass(200).count("create-response"), before + 1);
      },
    ],
    [
      `${by}: a new connection numbers its items from the beginning: the question is answered`,
      () => {
        const player = start(by).asks("A").begins("r1").closes();
        player.connected().pass(2000).asks("A").begins("r1").sounds("r1");
        assert.equal(player.phase, "speaking");
        assert.equal(player.count("cancel-response"), 0);
      },
    ],
  ];
}

function client(changes = {}): Player {
  return new Player({ "session.response_by": "client", ...changes }).ready();
}

const BUSY = "conversation_already_has_active_response";

/** The server never takes a request: a few tries, then a new connection, then it is told. */
function busy(): void {
  const player = client().asks();
  for (let n = 0; player.phase !== "fault" && n < 40; n++) {
    const { link, response } = player.c;
    if (link.tag !== "ready") player.connected().asks(`A${n}`);
    else if (response.tag === "requested")
      player.error(BUSY, "busy", `create_${response.requests}`);
    else if (response.tag === "cancelling") player.error("response_cancel_not_active");
    else player.pass(5000);
  }
  assert.equal(player.phase, "fault");
  assert.ok(player.count("create-response") <= 8, `${player.count("create-response")} requests`);
}

const RARE: readonly Story[] = [
  [
    "a cough as the next reply comes, while the silenced one is not silent yet: it is held",
    () => {
      const player = new Player({ "session.response_by": "server", "audio.duplex": "full" });
      player.ready().asks().begins("r1").sounds("r1");
      player.speaks("B").ends("r1", { status: "cancelled" }).pass(2000).stops("B").commits("B");
      player.begins("r2").speaks("C").sounds("r2");
      assert.deepEqual([player.c.playback.tag, player.phase], ["held", "listening"]);
      player.pass(500).stops("C");
      assert.equal(player.phase, "speaking");
    },
  ],
  ["a busy server: bounded retries with back-off", busy],
  [
    "a server that says in words alone that it is busy is asked again",
    () => {
      const player = client().asks();
      player.error(
        null,
        "Conversation already has an active response in progress: r0.",
        "create_1",
      );
      assert.deepEqual([player.phase, player.c.response.tag], ["thinking", "cancelling"]);
      player.error(null, "Cancellation failed: no active response found", "cancel_1");
      assert.equal(player.pass(100).count("create-response"), 2);
    },
  ],
  [
    "an answer that max_output_tokens cut before its first sound: the fault names the setting",
    () => {
      const cut = { status: "incomplete" as const, reason: "max_output_tokens" };
      const player = client().asks().begins("r1").ends("r1", cut).begins("r2").ends("r2", cut);
      assert.equal(player.phase, "fault");
      const ended = player.facts.find((fact) => fact.tag === "conversation-ended");
      assert.match(JSON.stringify(ended), /Raise openai\.max_output_tokens/);
    },
  ],
  [
    "empty turn committed after response.done",
    () => {
      const player = client().asks().begins("r1").coughs("B").sounds("r1").ends("r1").commits("B");
      assert.equal(player.phase, "speaking");
    },
  ],
  [
    "budget reached during a function call: the reply is played to its end",
    () => {
      const player = client({ "budget.daily_usd": 1 }).asks().begins("r1").sounds("r1");
      player.spentMicroUsd = 2_000_000;
      player.calls("r1", "c1").results("c1");
      assert.equal(player.heard().phase, "fault");
    },
  ],
  [
    "a response fails twice before response.created: reconnect",
    () => {
      const player = client().asks().ends("r1", failure("server_error"));
      assert.equal(player.count("create-response"), 1, "not at once");
      player.pass(300).ends("r2", failure("server_error"));
      assert.equal(player.phase, "connecting");
    },
  ],
  [
    "drain time-out: a speaker that never drains",
    () => {
      const player = client({ "session.max_duration_s": 900 }).asks().begins("r1").sounds("r1");
      assert.equal(player.ends("r1").pass(241_000).phase, "idle");
    },
  ],
  [
    "reply limit: gaps do not restart it",
    () => {
      const player = client({ "session.max_duration_s": 900 }).asks().begins("r1").sounds("r1");
      for (let n = 0; n < 60 && player.phase === "speaking"; n++) {
        player.pass(5000).do({ tag: "underrun" }).sounds("r1");
      }
      assert.equal(player.phase, "idle");
      assert.ok(player.nowMs < 260_000, `${player.nowMs} ms`);
    },
  ],
  [
    "host unreachable: retries with the same model, no fallback",
    () => {
      const player = client().do({ tag: "command", command: "stop" }).do({ tag: "tap" });
      for (let n = 0; n < 10 && player.phase === "connecting"; n++) {
        const { attempt } = player.c.link;
        const failure = { tag: "network", stage: "tcp", code: "ECONNREFUSED" } as const;
        player.do({ tag: "link-closed", attempt, failure }).pass(2500);
      }
      assert.equal(player.phase, "fault");
      assert.ok(!player.facts.some((fact) => fact.tag === "fell-back"));
      assert.equal(player.lines().filter((line) => line.includes("ECONNREFUSED")).length, 2);
    },
  ],
  [
    "wake word while playback settles, and a fast reply",
    () => {
      const player = client({ "audio.settle_ms": 2000 })
        .asks()
        .begins("r1")
        .sounds("r1")
        .ends("r1");
      player.heard().do({ tag: "tap" });
      assert.equal(player.phase, "idle", "a tap at the end of a reply ends it");
      const again = client({ "audio.settle_ms": 2000 }).asks().begins("r1").sounds("r1").ends("r1");
      again.heard().do({ tag: "command", command: "wake" }).commits("B").begins("r2").sounds("r2");
      assert.equal(again.phase, "speaking");
    },
  ],
  [
    "duplicate function call: one output",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1", "c1").results("c1");
      player.begins("r2").calls("r2", "c1");
      assert.equal(player.count("tool-output"), 1);
    },
  ],
  [
    "function call between speech_stopped and the commit of an empty turn",
    () => {
      const player = client().asks().begins("r1").coughs("B").calls("r1", "c1").results("c1");
      assert.equal(player.count("create-response"), 1, "the commit is waited for");
      assert.equal(player.commits("B").count("create-response"), 2);
    },
  ],
  [
    "unsolicited response without end: dropped",
    () => {
      const player = client().asks().begins("r1").sounds("r1").begins("r9").pass(9000);
      assert.deepEqual([player.c.response.unsolicited, player.phase], [null, "speaking"]);
    },
  ],
  [
    "a question ends while an unsolicited response is being cancelled: the server's response to it is heard",
    () => {
      const player = start("server").begins("r9").asks();
      assert.equal(player.begins("r1").count("cancel-response"), 1, "r1 is the answer");
      player.ends("r9", { status: "cancelled" }).sounds("r1").ends("r1").heard();
      assert.deepEqual([player.phase, player.count("create-response")], ["follow-up", 0]);
      assert.equal(player.c.turn.count, 1);
    },
  ],
  [
    "a question ends while an unsolicited response is being cancelled, and the server creates none: it is requested",
    () => {
      const player = start("server").begins("r9").asks().ends("r9", { status: "cancelled" });
      assert.equal(player.count("create-response"), 1);
      player.begins("r1").sounds("r1").ends("r1").heard();
      assert.equal(player.phase, "follow-up");
    },
  ],
  [
    "response.create rate limited: retried later",
    () => {
      const player = client().asks().error("rate_limit_exceeded", "try again in 200ms", "create_1");
      assert.equal(player.pass(300).count("create-response"), 2);
    },
  ],
  [
    "press while playback settles",
    () => {
      const player = client({ "audio.settle_ms": 2000 })
        .asks()
        .begins("r1")
        .sounds("r1")
        .ends("r1");
      player.heard().do({ tag: "flushed", attempt: 0, items: [] });
      player.do({ tag: "command", command: "wake" }).commits("B").do({ tag: "tap" });
      assert.deepEqual([player.phase, player.c.playback.tag], ["listening", "flushing"]);
    },
  ],
  [
    "function call loop: a fault",
    () => {
      const player = client().asks();
      for (let n = 0; n < 10 && player.phase !== "fault"; n++) {
        player.begins(`r${n}`).calls(`r${n}`, `c${n}`).results(`c${n}`);
      }
      assert.equal(player.phase, "fault");
    },
  ],
  [
    "a turn during a function call, with more calls in its reply: each settled once",
    () => {
      const player = new Player({ "session.response_by": "server" }).ready().asks();
      player.begins("r1").calls("r1", "c1").asks("B").begins("r2").calls("r2", "c2");
      player.results("c1", "c2");
      assert.equal(player.count("tool-output"), 2);
    },
  ],
  [
    "empty turn: its commit comes after the end of the question, and changes nothing",
    () => {
      const player = client().coughs("B").speaks("A").pass(1_000).stops("A").commits("B");
      assert.equal(player.c.turn.tag, "ended");
      assert.equal(player.commits("A").count("create-response"), 1);
    },
  ],
  [
    "barge-in: the next reply sounds before the last one is silenced, and during a noise",
    () => {
      const full = { "session.response_by": "server", "audio.duplex": "full" } as const;
      const player = new Player(full).ready().asks().begins("r1").sounds("r1");
      player.speaks("B").pass(1_000).ends("r1", { status: "cancelled" }).stops("B").commits("B");
      player.begins("r2").speaks("C").sounds("r2");
      assert.equal(player.c.playback.tag, "held");
    },
  ],
  [
    "confirmation: the same call after speech approves it, once",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1").mustAsk("c1");
      assert.equal(player.count("create-response"), 2, "the model asks");
      player.begins("r2").calls("r2", "c2").mustAsk("c2");
      assert.deepEqual(player.approved(), [], "the model alone cannot say yes");
      player.begins("r3").sounds("r3").ends("r3").heard().pass(1000);
      assert.equal(player.indication, "awaiting-approval");
      player.asks("B").begins("r4").calls("r4", "c3");
      assert.deepEqual(player.approved(), ["c3"]);
      player.results("c3");
      assert.deepEqual(player.callsOver(), ["asked", "asked", "held"]);
    },
  ],
  [
    "confirmation: a press during the question approves; the result is sent as a message",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1").mustAsk("c1").begins("r2");
      player.sounds("r2").do({ tag: "tap" });
      assert.deepEqual(player.approved(), ["c1"]);
      player.do({ tag: "flushed", attempt: 1, items: [] }).ends("r2", { status: "cancelled" });
      assert.equal(player.phase, "thinking");
      player.results("c1");
      assert.deepEqual([player.count("tool-output"), player.count("add-message")], [1, 1]);
      assert.equal(player.count("create-response"), 3);
      assert.deepEqual(player.callsOver(), ["late"]);
    },
  ],
  [
    "confirmation: a press after the question approves, one before it barges in",
    () => {
      const early = client().asks().begins("r1").calls("r1", "c1").mustAsk("c1").do({ tag: "tap" });
      assert.deepEqual([early.approved(), early.callsOver()], [[], ["refused"]]);
      const player = question().pass(14_000).do({ tag: "tap" });
      assert.deepEqual(player.approved(), ["c1"]);
      assert.equal(player.phase, "thinking");
    },
  ],
  [
    "confirmation: silence refuses after fifteen seconds, and the conversation ends",
    () => {
      const player = question().pass(14_900);
      assert.equal(player.indication, "awaiting-approval");
      player.pass(700);
      assert.deepEqual(player.callsOver(), ["refused"]);
      assert.equal(player.phase, "idle");
      assert.match(player.lines().join("\n"), /Function lamp: not approved/);
    },
  ],
  [
    "a spoken no: whatever the model says without the call refuses it, and a press does not help",
    () => {
      const player = question().asks("B").begins("r3").sounds("r3").do({ tag: "tap" });
      assert.deepEqual([player.approved(), player.callsOver()], [[], ["refused"]]);
      const heard = question().asks("B").begins("r3").sounds("r3").ends("r3").heard();
      assert.deepEqual([heard.approved(), heard.callsOver()], [[], ["refused"]]);
      assert.equal(heard.indication, "follow-up");
    },
  ],
  [
    "confirmation: a question waits beside other calls, four at most",
    () => {
      const player = new Player({ "session.response_by": "server" }).ready().asks();
      player.begins("r1").calls("r1", "c1", "c2").mustAsk("c1");
      player.asks("B").begins("r2").sounds("r2").ends("r2").heard();
      assert.equal(player.c.tools.tag, "running");
      player.results("c2").mustAsk("c2");
      for (let n = 0; n < 5; n++) {
        player.begins(`q${n}`).callsWith(`q${n}`, `d${n}`, `{"n":${n}}`).mustAsk(`d${n}`);
      }
      assert.equal(player.c.tools.approvals.length, 4);
    },
  ],
  [
    "a call reported as begun is settled by its end or the end of the conversation",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1", "c2");
      for (const callId of ["c1", "c2"]) {
        player.do({ tag: "tool-done", callId, ok: true, output: "{}", isBegun: true });
      }
      assert.deepEqual([player.count("tool-output"), player.callsOver()], [2, []]);
      player.results("c1").do({ tag: "command", command: "stop" });
      assert.deepEqual(player.callsOver(), ["late", "unfinished"]);
    },
  ],
  [
    "asked what it said: the last reply is played again, and nothing is asked of the model",
    () => {
      const player = client().asks().begins("r1").sounds("r1").ends("r1").heard();
      player.asks("B").begins("r2").repeats("r2", "c1").results("c1");
      assert.equal(player.sent.filter(({ tag }) => tag === "repeat-reply").length, 1);
      assert.deepEqual([player.phase, player.count("create-response")], ["speaking", 2]);
      player.heard();
      assert.equal(player.phase, "follow-up");
      assert.deepEqual(player.callsOver(), ["held"]);
    },
  ],
  [
    "asked what it said, and the model speaks before it calls: that is heard out, then the reply",
    () => {
      const player = client().asks().begins("r1").sounds("r1").repeats("r1", "c1").results("c1");
      assert.ok(!player.sent.some(({ tag }) => tag === "repeat-reply"));
      player.heard();
      const again = player.sent.filter(({ tag }) => tag === "repeat-reply");
      assert.deepEqual(again, [{ tag: "repeat-reply", but: "r1" }]);
      assert.equal(player.heard().phase, "follow-up");
    },
  ],
  [
    "asked what it said beside another call, or with nothing to repeat: the model says it",
    () => {
      const two = client().asks().begins("r1").repeats("r1", "c1", "c2").results("c1", "c2");
      assert.ok(!two.sent.some(({ tag }) => tag === "repeat-reply"));
      assert.equal(two.count("create-response"), 2);
      const none = client().asks().begins("r1").repeats("r1", "c1");
      none.do({ tag: "tool-done", callId: "c1", ok: false, output: "{}", isBegun: false });
      assert.equal(none.count("create-response"), 2);
    },
  ],
  [
    "muted by voice: a press ends it; muted by command, it does not",
    () => {
      const player = client().do({ tag: "command", command: "mute-until-press" });
      assert.equal(player.phase, "muted");
      assert.equal(player.do({ tag: "command", command: "wake" }).phase, "muted");
      assert.equal(player.do({ tag: "tap" }).phase, "idle");
      player.do({ tag: "command", command: "mute" }).do({ tag: "tap" });
      assert.equal(player.phase, "muted");
    },
  ],
  [
    "function time-out: reported to the model",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1").pass(3000);
      assert.equal(player.pass(6000).count("tool-output"), 1);
      assert.equal(player.c.response.tag, "requested");
    },
  ],
  [
    "one of two parallel functions times out",
    () => {
      const player = new Player({ "session.response_by": "server" }).ready().asks();
      player.begins("r1").calls("r1", "c1").pass(3000).asks("B").begins("r2").calls("r2", "c2");
      player.pass(4000);
      assert.equal(player.c.tools.tag, "running");
      assert.equal(player.count("tool-output"), 1);
    },
  ],
  [
    "connection lost during a function call: the call is cancelled, the turn resent",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1").closes();
      assert.equal(player.phase, "connecting");
      assert.equal(player.results("c1").count("tool-output"), 0);
    },
  ],
  [
    "a picture is shown with its output, answered by one response, and deleted once that is over",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1").sees("c1");
      const [output, shown] = ["tool-output", "show-picture"].map((tag) =>
        player.events.indexOf(tag),
      );
      assert.equal((output ?? 0) + 1, shown, "after its output");
      assert.deepEqual([player.count("create-response"), player.count("delete-item")], [2, 0]);
      player.begins("r2").sounds("r2");
      assert.equal(player.count("delete-item"), 0, "the model is still looking");
      assert.equal(player.ends("r2").count("delete-item"), 1);
      assert.equal(player.heard().count("delete-item"), 1);
    },
  ],
  [
    "a picture of two calls waits for the other; an answer that is cut short ends it, too",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1", "c2").sees("c1");
      assert.equal(player.count("create-response"), 1);
      player.results("c2").begins("r2").do({ tag: "tap" });
      assert.equal(player.count("delete-item"), 0);
      const cancelled = { status: "cancelled" } as const;
      assert.equal(player.ends("r2", cancelled).count("delete-item"), 1);
    },
  ],
  [
    "a picture that the server does not take is worth a line, and no conversation",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1").sees("c1");
      player.error("invalid_value", "Expected a base64 data URI", "picture_0");
      assert.equal(player.phase, "thinking");
      assert.match(player.lines().join("\n"), /reported an error: Expected a base64/);
    },
  ],
  [
    "the connection is lost with a picture on it: the next one has none to delete",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1").sees("c1").closes();
      assert.equal(player.connected().count("delete-item"), 0);
    },
  ],
  [
    "connection lost in each reply: reported after the last reconnect",
    () => {
      const player = client({ "session.max_duration_s": 900 });
      for (let n = 0; n < 5 && player.phase !== "fault"; n++) {
        player.asks(`A${n}`).begins(`r${n}`).sounds(`r${n}`).ends(`r${n}`).closes().heard();
        if (player.phase === "connecting") player.pass(2_000).connected();
      }
      assert.equal(player.phase, "fault");
    },
  ],
  ...["create_1", null].flatMap((eventId) =>
    ["server_error", null].map(
      (code): Story => [
        `response.create fails on the server (${code}, ${eventId}): asked once more, then a new connection`,
        () => {
          const player = client().asks().error(code, "Sorry", eventId, "server_error");
          assert.equal(player.pass(300).count("create-response"), 2);
          const second = eventId === null ? null : "create_2";
          player.error(code, "Sorry", second, "server_error");
          assert.equal(player.phase, "connecting");
        },
      ],
    ),
  ),
  [
    "a limit that is told without the id of response.create: retried when it says",
    () => {
      const player = client().asks().error("rate_limit_exceeded", "try again in 700ms", null);
      assert.equal(player.pass(600).count("create-response"), 1);
      assert.equal(player.pass(200).count("create-response"), 2);
    },
  ],
  [
    "what is wrong with response.create is told at once: the next one would be, too",
    () => {
      const player = client().asks().error("invalid_value", "no such thing", "create_1");
      assert.equal(player.phase, "fault");
    },
  ],
  [
    "speech events from before push-to-talk are ignored",
    () => {
      const player = client().do({ tag: "ptt-down", pressedMs: 9_500 }).pass(1000);
      player.do({ tag: "ptt-up" }).do({ tag: "uplink-flushed" }).speaks("B");
      assert.equal(player.c.turn.tag, "committed");
    },
  ],
  [
    "no model of the chain has the voice: a fault with the remedy",
    () => {
      const player = new Player({
        "openai.voice": "cedar",
        "openai.auto_select_voice": false,
        "openai.model_selection": "legacy",
      }).do({ tag: "tap" });
      assert.equal(player.phase, "fault");
      assert.match(player.lines().join("\n"), /Voice 'cedar' not available.*auto_select_voice/);
      assert.ok(player.facts.some((fact) => fact.tag === "conversation-ended"));
    },
  ],
];

export const STORIES: readonly Story[] = [...BOTH, ...RARE, ...REMOTE, ...LINK_STORIES];
