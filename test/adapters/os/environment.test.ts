/** What was exported for another program decides nothing here. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { environmentNotes, settleEnvironment } from "../../../src/adapters/os/environment.ts";

test("a zone that is none is taken away, so that all of the process has the machine's", () => {
  for (const [given, left] of [
    ["Europe/Berlin", "Europe/Berlin"],
    [":Asia/Tokyo", ":Asia/Tokyo"],
    ["UTC", "UTC"],
    ["CET-1CEST,M3.5.0,M10.5.0/3", undefined],
    ["Mars/Phobos", undefined],
    ["", undefined],
  ] as const) {
    const env: NodeJS.ProcessEnv = { TZ: given };
    settleEnvironment(env);
    assert.equal(env["TZ"], left, given);
  }
  const notes = environmentNotes().join("\n");
  assert.match(notes, /^TZ=Mars\/Phobos is ignored: .* Write a name such as Europe\/Berlin$/m);
  assert.doesNotMatch(notes, /TZ= /, "an empty one is none");
});

test("checks of certificates cannot be switched off from outside", () => {
  const env: NodeJS.ProcessEnv = { NODE_TLS_REJECT_UNAUTHORIZED: "0", PATH: "/bin" };
  settleEnvironment(env);
  assert.deepEqual(env, { PATH: "/bin" });
  assert.match(environmentNotes().at(-1) ?? "", /is ignored: certificates are always checked/);
});
