/**
 * The set-up at the socket's opening, and sound behind it where the server took it before: the real
 * appliance and dialer, over a real socket, against the strict simulated server.
 */

import assert from "node:assert/strict";
import type { Peer } from "../../src/sim/peer/peer.ts";
import { FaultRig } from "../helpers/fault-rig.ts";
import { test } from "../helpers/real-time.ts";

/** What was said on a connection up to its confirmation, each kind once in a row. */
function beginning(peer: Peer, connection: number): string[] {
  const said: string[] = [];
  for (const { event, from, connection: of } of peer.events) {
    if (of !== connection || event === null) continue;
    const word = `${from}: ${String(event["type"])}`;
    if (said.at(-1) !== word) said.push(word);
    if (word === "peer: session.updated") break;
  }
  return said;
}

/** A conversation from the wake word to rest, with a question in it. */
async function converse(rig: FaultRig): Promise<void> {
  const from = rig.ledStates.length;
  await rig.ask();
  await rig.shows("speaking", from);
  await rig.shows("idle", from);
}

const APPEND = "client: input_audio_buffer.append";

test("the second conversation: sound behind the set-up, before hello and confirmation", async () => {
  const rig = await FaultRig.start({ scenario: { created_ms: 200, updated_ms: 200 } });
  await converse(rig);
  await converse(rig);
  const { peer } = rig;
  const hello = ["peer: session.created", "peer: session.updated"];
  assert.deepEqual(
    beginning(peer, 1).filter((word) => word !== "peer: conversation.created"),
    ["client: session.update", ...hello],
  );
  assert.deepEqual(beginning(peer, 2).slice(0, 2), ["client: session.update", APPEND]);
  assert.deepEqual([peer.attempts(), peer.violations], [2, []]);
  assert.equal(peer.replies.length, 2);
  await rig.close();
});

test("refused after all: another connection hears all of it, and answers", async () => {
  const error = { code: "invalid_value", param: "session.truncation" };
  const reject = { at: "client:session.update", do: "reject", error, connection: 2 };
  const rig = await FaultRig.start({ scenario: { faults: [reject] } });
  await converse(rig);
  await converse(rig);
  const { peer } = rig;
  assert.equal(peer.attempts(), 3);
  const lost = peer.receivedAudio(2);
  assert.ok(lost.length > 0, "sound was sent behind the set-up");
  assert.deepEqual(peer.receivedAudio(3).subarray(0, lost.length), lost, "and is sent again");
  assert.equal(peer.replies.length, 2);
  const lines = rig.journal.lines.map(({ line }) => line).join("\n");
  assert.match(lines, /refused a set-up that it took before; connecting again/);
  await rig.close();
});
