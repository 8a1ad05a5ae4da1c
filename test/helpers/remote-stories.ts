/** Stories of the tools of remote servers, which the API lists and calls by itself. */

import assert from "node:assert/strict";
import { Player } from "./assistant-player.ts";

type Story = readonly [name: string, play: () => void];

function client(): Player {
  return new Player({ "session.response_by": "client" }).ready();
}

/** The model wants to call a remote tool that needs a yes, has asked, and was heard. */
function asked(): Player {
  const player = client().asks().begins("r1").requests("r1", "q1");
  return player.begins("r2").sounds("r2").ends("r2").heard();
}

export const REMOTE: readonly Story[] = [
  [
    "remote tool: one response follows when the response and all its calls are over",
    () => {
      const player = client().asks().begins("r1").callsRemotely("m1").callsRemotely("m2");
      player.remotelyDone("m1").ends("r1", { hasCalls: true });
      assert.equal(player.count("create-response"), 1, "one call is still open");
      player.remotelyDone("m2", false);
      assert.equal(player.count("create-response"), 2);
      assert.deepEqual(player.callsOver(), ["held", "held"]);
      assert.equal(player.count("tool-output"), 0, "the API has the results itself");
      player.begins("r2").sounds("r2").ends("r2").heard();
      assert.equal(player.count("create-response"), 2);
    },
  ],
  [
    "remote tool: the call outlives its response, and comes twice",
    () => {
      const player = client().asks().begins("r1").callsRemotely("m1").callsRemotely("m1");
      player.ends("r1", { hasCalls: true }).pass(2_000).remotelyDone("m1").remotelyDone("m1");
      assert.equal(player.count("create-response"), 2);
      assert.deepEqual(player.callsOver(), ["held"]);
    },
  ],
  [
    "remote tool: a call that never ends is given up, and the model goes on",
    () => {
      const player = client()
        .asks()
        .begins("r1")
        .callsRemotely("m1")
        .ends("r1", { hasCalls: true });
      player.pass(9_000);
      assert.deepEqual(player.callsOver(), ["held"]);
      assert.equal(player.count("create-response"), 2);
      assert.equal(player.sent.filter(({ tag }) => tag === "abort-tool").length, 0);
    },
  ],
  [
    "remote tool: barge-in and a lost link settle the call once, and send nothing for it",
    () => {
      const cut = client().asks().begins("r1").sounds("r1").callsRemotely("m1").do({ tag: "tap" });
      cut.remotelyDone("m1");
      assert.deepEqual(cut.callsOver(), ["given-up"]);
      const lost = client().asks().begins("r1").callsRemotely("m1").closes();
      assert.deepEqual(lost.callsOver(), ["lost"]);
    },
  ],
  [
    "remote tool, confirmation: refused at first, so that nothing blocks; a spoken yes approves the same",
    () => {
      const player = asked();
      assert.deepEqual(player.approvalsSent(), ["q1 no"]);
      assert.equal(player.pass(1_000).indication, "awaiting-approval");
      player.asks("B").begins("r3").requests("r3", "q2");
      assert.deepEqual(player.approvalsSent(), ["q1 no", "q2 yes"]);
      player.callsRemotely("m1", "q2");
      assert.equal(player.c.tools.tag === "running" && player.c.tools.calls.length, 1);
      player.remotelyDone("m1");
      assert.deepEqual(player.callsOver(), ["asked", "held"]);
      assert.equal(player.count("create-response"), 4);
    },
  ],
  [
    "remote tool, confirmation: a press lets the model call it again, and that is approved",
    () => {
      const player = asked().pass(1_000).do({ tag: "tap" });
      assert.equal(player.count("add-message"), 1);
      assert.equal(player.phase, "thinking");
      player.begins("r3").requests("r3", "q2");
      assert.deepEqual(player.approvalsSent(), ["q1 no", "q2 yes"]);
      assert.match(player.lines().join("\n"), /docs\.pay: approved by the button/);
    },
  ],
  [
    "remote tool, confirmation: other arguments are another question; silence refuses",
    () => {
      const player = asked().asks("B").begins("r3").requests("r3", "q2", '{"sum":5}');
      assert.deepEqual(player.approvalsSent(), ["q1 no", "q2 no"]);
      player.begins("r4").sounds("r4").ends("r4").heard().pass(16_000);
      assert.deepEqual(player.callsOver(), ["refused", "refused"]);
    },
  ],
  [
    "remote tool, confirmation: the same twice waits once, a fifth is one too many",
    () => {
      const player = client().asks();
      for (let n = 0; n < 7; n++) {
        const sum = n === 1 ? 0 : n;
        player.begins(`r${n}`).requests(`r${n}`, `q${n}`, `{"sum":${sum}}`);
      }
      assert.equal(player.c.tools.approvals.length, 4);
      assert.equal(player.approvalsSent().filter((one) => one.endsWith("yes")).length, 0);
      assert.deepEqual(player.callsOver(), ["asked", "refused", "refused"]);
    },
  ],
  [
    "remote tool: the first answer waits for the list of tools, two seconds at most",
    () => {
      const question = () => client().speaks("A").pass(1_000).stops("A").lists("l1").commits("A");
      const player = question();
      assert.equal(player.count("create-response"), 0);
      player.listed("l1");
      assert.equal(player.count("create-response"), 1);
      const late = question().pass(2_100);
      assert.equal(late.count("create-response"), 1);
      late.begins("r1").callsRemotely("m1").lists("l2").pass(2_100);
      assert.equal(
        late.c.tools.listings.every(({ untilMs }) => untilMs === null),
        true,
      );
    },
  ],
  [
    "remote tool: a list that fails is reported once by its server, and nothing else suffers",
    () => {
      const player = client().lists("l1", "docs").lists("l1", "docs").listed("l1", false);
      player.listed("l1", false).asks();
      const lines = player.lines().filter((line) => line.includes("did not tell the API"));
      assert.equal(lines.filter((line) => line.includes('"docs"')).length, 1);
      assert.equal(player.count("create-response"), 1);
    },
  ],
];
