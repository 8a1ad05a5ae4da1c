/** What the daemon and the speaker's child say to each other, however the pipes cut it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  MESSAGES_MAX_BYTES,
  MessageReader,
  orderMessage,
  type Receiver,
  readMessages,
  reportLine,
  soundMessage,
} from "../../../src/adapters/speaker/messages.ts";

type Message = string | readonly number[];

/** As the child reads: what is no whole message yet waits for the rest. */
function readIn(pieces: readonly Buffer[]): Message[] {
  const taken: Message[] = [];
  const receiver: Receiver = {
    play: (sound, isAsked) => taken.push(isAsked ? "asked" : "sound", [...sound]),
    finish: () => taken.push("finish"),
    drop: () => taken.push("drop"),
  };
  let kept = Buffer.alloc(0);
  for (const piece of pieces) {
    kept = Buffer.concat([kept, piece]);
    kept = kept.subarray(readMessages(kept, receiver));
  }
  assert.equal(kept.length, 0);
  return taken;
}

test("orders and sound come whole and in order, wherever the pipe cuts them", () => {
  const sound = Int16Array.of(1, -2, 32_767, -32_768);
  const all = Buffer.concat([
    soundMessage(sound.subarray(1), "asked"),
    orderMessage("finish"),
    soundMessage(new Int16Array(0), "sound"),
    orderMessage("drop"),
  ]);
  const bytes = [...new Uint8Array(sound.buffer, 2)];
  for (let cut = 0; cut <= all.length; cut++) {
    const read = readIn([all.subarray(0, cut), all.subarray(cut)]);
    assert.deepEqual(read, ["asked", bytes, "finish", "sound", [], "drop"]);
  }
});

test("what is no message is refused, and so is one that is longer than the child's memory", () => {
  const never = (): void => assert.fail("nothing of it is a message");
  const receiver: Receiver = { play: never, finish: never, drop: never };
  assert.throws(() => readMessages(Buffer.from([9, 0, 0, 0, 0]), receiver), RangeError);
  const long = Buffer.alloc(5);
  long.writeUInt32LE(MESSAGES_MAX_BYTES, 1);
  assert.throws(() => readMessages(long, receiver), RangeError);
});

test("reports come whole, wherever the pipe cuts them; what is none is left out", () => {
  const reports = [
    { tag: "accepted", atMs: 12.5 },
    { tag: "failed", message: "write() failed" },
    { tag: "ready" },
  ] as const;
  const text = `${reports.map(reportLine).join("")}not JSON\n{"tag":"accepted"}\n{"tag":"else"}\n`;
  for (let cut = 0; cut <= text.length; cut++) {
    const reader = new MessageReader();
    const read = [...reader.push(text.slice(0, cut)), ...reader.push(text.slice(cut))];
    assert.deepEqual(read, reports);
  }
});
