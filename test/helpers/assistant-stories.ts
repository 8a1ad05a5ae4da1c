/**
 * Stories of the machines: a few inputs, and what came of them. `BOTH` hold whoever creates the
 * responses; the others say who does. The property tests play them too, for the moves that dice find
 * seldom.
 */

import assert from "node:assert/strict";
import { failure, Player } from "./assistant-player.ts";

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

const BOTH: readonly Story[] = BY.flatMap((by) => [...turns(by), ...replies(by)]);

function turns(by: By): readonly Story[] {
  return [
    [
      `${by}: a question, a reply, a window for more`,
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
      `${by}: a cough while it thinks: the reply is held, then heard; nothing is asked twice`,
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
      `${by}: a cough before the reply's first sound`,
      () => {
        const player = start(by).asks().begins("r1").coughs("B").commits("B");
        assert.deepEqual([player.c.response.tag, player.count("delete-item")], ["active", 1]);
        player.sounds("r1").ends("r1").heard();
        assert.equal(created(player), 1);
      },
    ],
    [
      `${by}: the question goes on: one response to all of it, after its end`,
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
      `${by}: a reply in writing is asked for once more, then it is a fault`,
      () => {
        const player = start(by).asks().begins("r1").ends("r1");
        assert.equal(player.count("create-response"), by === "client" ? 2 : 1);
        player.begins("r2").ends("r2");
        assert.equal(player.phase, "fault");
      },
    ],
    [
      `${by}: a rate limit that says when: asked again then`,
      () => {
        const player = start(by).asks().begins("r1");
        player.ends("r1", failure("rate_limit_exceeded", "Please try again in 1.65s"));
        const before = player.count("create-response");
        assert.equal(player.pass(1600).count("create-response"), before);
        assert.equal(player.pass(100).count("create-response"), before + 1);
      },
    ],
    [
      `${by}: a rate limit for too long is a fault, and no wake asks before`,
      () => {
        const player = start(by).asks().begins("r1");
        player.ends("r1", failure("rate_limit_exceeded", "Please try again in 1m2s"));
        assert.equal(player.phase, "fault");
        assert.equal(player.pass(5000).do({ tag: "tap" }).phase, "fault");
        assert.equal(player.pass(60_000).do({ tag: "tap" }).phase, "connecting");
      },
    ],
    [
      `${by}: end_conversation without a word, every time: the second one ends it quietly`,
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
  ["a server that is always busy is asked a few times, with growing waits", busy],
  [
    "the commit of a cough comes after the reply was done",
    () => {
      const player = client().asks().begins("r1").coughs("B").sounds("r1").ends("r1").commits("B");
      assert.equal(player.phase, "speaking");
    },
  ],
  [
    "a function is under way when the budget is reached: what is heard is heard out",
    () => {
      const player = client({ "budget.daily_usd": 1 }).asks().begins("r1").sounds("r1");
      player.spentMicroUsd = 2_000_000;
      player.calls("r1", "c1").results("c1");
      assert.equal(player.heard().phase, "fault");
    },
  ],
  [
    "a response fails twice before it has a name: a new connection",
    () => {
      const player = client().asks().ends("r1", failure("server_error"));
      player.ends("r2", failure("server_error"));
      assert.equal(player.phase, "connecting");
    },
  ],
  [
    "a speaker that never drains: the reply has an end",
    () => {
      const player = client({ "session.max_duration_s": 900 }).asks().begins("r1").sounds("r1");
      assert.equal(player.ends("r1").pass(241_000).phase, "idle");
    },
  ],
  [
    "a reply that never ends: gaps in it do not renew its limit",
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
    "nobody is reached: some tries with the same model, and no walk along the chain",
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
    "a wake word while the echo dies away, and a quick reply",
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
    "a call that comes twice is answered once",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1", "c1").results("c1");
      player.begins("r2").calls("r2", "c1");
      assert.equal(player.count("tool-output"), 1);
    },
  ],
  [
    "a function is called between the end of a cough and its commit",
    () => {
      const player = client().asks().begins("r1").coughs("B").calls("r1", "c1").results("c1");
      assert.equal(player.count("create-response"), 1, "the commit is waited for");
      assert.equal(player.commits("B").count("create-response"), 2);
    },
  ],
  [
    "a response that nobody asked for, and that never ends, is forgotten",
    () => {
      const player = client().asks().begins("r1").sounds("r1").begins("r9").pass(9000);
      assert.deepEqual([player.c.response.unsolicited, player.phase], [null, "speaking"]);
    },
  ],
  [
    "a request refused for its rate: asked again a little later",
    () => {
      const player = client().asks().error("rate_limit_exceeded", "try again in 200ms", "create_1");
      assert.equal(player.pass(300).count("create-response"), 2);
    },
  ],
  [
    "a press before the echo of the last reply has died",
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
    "functions without end are a fault",
    () => {
      const player = client().asks();
      for (let n = 0; n < 10 && player.phase !== "fault"; n++) {
        player.begins(`r${n}`).calls(`r${n}`, `c${n}`).results(`c${n}`);
      }
      assert.equal(player.phase, "fault");
    },
  ],
  [
    "a question while a function runs, and more calls in its answer: each settled once",
    () => {
      const player = new Player({ "session.response_by": "server" }).ready().asks();
      player.begins("r1").calls("r1", "c1").asks("B").begins("r2").calls("r2", "c2");
      player.results("c1", "c2");
      assert.equal(player.count("tool-output"), 2);
    },
  ],
  [
    "a call that needs a yes: the same call after the user has spoken is the yes, and runs once",
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
    "a press while the question is heard is a yes; the result is told as a message",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1").mustAsk("c1").begins("r2");
      player.sounds("r2").do({ tag: "tap" });
      assert.deepEqual(player.approved(), ["c1"]);
      player.do({ tag: "flushed", attempt: 1, items: [] }).ends("r2", { status: "cancelled" });
      assert.equal(player.phase, "thinking");
      player.results("c1");
      assert.deepEqual([player.count("tool-output"), player.count("tell-dialogue")], [1, 1]);
      assert.equal(player.count("create-response"), 3);
      assert.deepEqual(player.callsOver(), ["late"]);
    },
  ],
  [
    "a press after the question is a yes; one before it is heard is an interruption",
    () => {
      const early = client().asks().begins("r1").calls("r1", "c1").mustAsk("c1").do({ tag: "tap" });
      assert.deepEqual([early.approved(), early.callsOver()], [[], ["refused"]]);
      const player = question().pass(14_000).do({ tag: "tap" });
      assert.deepEqual(player.approved(), ["c1"]);
      assert.equal(player.phase, "thinking");
    },
  ],
  [
    "silence is a no: after fifteen seconds, and the conversation is over",
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
    "a question waits beside other calls, and there is room for four of them",
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
    "a call reported as begun: its end is known, or that the conversation was over first",
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
    "functions that take too long are told to the model as that",
    () => {
      const player = client().asks().begins("r1").calls("r1", "c1").pass(3000);
      assert.equal(player.pass(6000).count("tool-output"), 1);
      assert.equal(player.c.response.tag, "requested");
    },
  ],
  [
    "one of two functions is late",
    () => {
      const player = new Player({ "session.response_by": "server" }).ready().asks();
      player.begins("r1").calls("r1", "c1").pass(3000).asks("B").begins("r2").calls("r2", "c2");
      player.pass(4000);
      assert.equal(player.c.tools.tag, "running");
      assert.equal(player.count("tool-output"), 1);
    },
  ],
  [
    "the connection is lost while a function runs: its call is dead, the question is sent again",
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
    "a connection that breaks in each reply: told after the last attempt",
    () => {
      const player = client({ "session.max_duration_s": 900 });
      for (let n = 0; n < 5 && player.phase !== "fault"; n++) {
        player.asks(`A${n}`).begins(`r${n}`).sounds(`r${n}`).ends(`r${n}`).closes().heard();
        if (player.phase === "connecting") player.connected();
      }
      assert.equal(player.phase, "fault");
    },
  ],
  [
    "speech that the server found before the button was held is none",
    () => {
      const player = client().do({ tag: "ptt-down", pressedMs: 9_500 }).pass(1000);
      player.do({ tag: "ptt-up" }).do({ tag: "uplink-flushed" }).speaks("B");
      assert.equal(player.c.turn.tag, "committed");
    },
  ],
  [
    "voices that no model of the chain has: told, with what to do",
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

export const STORIES: readonly Story[] = [...BOTH, ...RARE];
