/** The built daemon killed in mid-conversation: the next start makes the metrics file of what was noted. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { fields, number } from "../../src/core/json.ts";
import { launch } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { assertMetricsSchema, assertUsageIsTrue } from "../helpers/metrics-file.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { scene } from "../helpers/scene.ts";

test("killed after an answer: a whole metrics file at the next start, with what the peer billed", {
  skip: !canSpeak() && NO_VOICE,
}, async (t) => {
  const { peer, daemon } = await scene(t, {
    scenario: { turns: [{ say: "Seven minutes for a soft one." }] },
  });
  const { paths } = daemon;
  await eventually(`a checkpoint: ${daemon.output}`, () =>
    readdirSync(paths.metrics).some((name) => name.startsWith(".checkpoint.")),
  );
  await daemon.stop("SIGKILL");
  const next = launch(t, paths);
  const line = await next.says("Interrupted conversations now have");
  const file = await next.metrics();
  assertMetricsSchema(file);
  assert.ok(line.includes(String(file["session_id"])));
  assert.equal(file["end_reason"], "interrupted");
  assert.equal(file["recovered"], true);
  assert.equal(number(file, "turns"), 1);
  assert.ok((number(fields(file, "audio"), "sent_ms") ?? 0) > 0);
  assertUsageIsTrue(file, peer);
  await next.stop();
});
