/** The metrics file: each field is defined, rendered, and changed by its cause and by nothing else. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { METRICS_FIELDS } from "../../../src/core/metrics/fields.ts";
import { render, type SessionRecord } from "../../../src/core/metrics/session-file.ts";
import { EMPTY_COST } from "../../../src/core/money/conversation-cost.ts";
import { changed, type Flat, flat, PLAIN, type Plan, recordedFile } from "../../helpers/plan.ts";
import { STORIES, type Story } from "./metrics-stories.ts";
import { MONEY_STORIES } from "./metrics-stories-money.ts";

const iso = (ms: number): string => new Date(ms).toISOString();
const LIST = [100, 200, 300];

/** A record in which everything has happened. */
const CALL = { name: "lamp", ok: true, ms: 3, end: "held", result_bytes: 11 } as const;
const FULL: SessionRecord = {
  id: "abc123",
  startedWallMs: 1_767_225_600_000,
  endedWallMs: 1_767_225_660_000,
  endReason: "follow_up_over",
  recovered: false,
  trigger: "wake-word",
  model: "gpt-realtime",
  modelRequested: "gpt-realtime",
  fallbacks: [{ from: "a", to: "b", reason: "server" }],
  voice: "alloy",
  protocol: "ga",
  turns: 1,
  requestedBy: { server: 0, client: 1 },
  times: {
    wakeToLedMs: 1,
    wakeToListeningMs: 2,
    connectionMs: 3,
    responseMs: LIST,
    commitToDeltaMs: LIST,
    deltaToSoundMs: LIST,
    pressToSilenceMs: LIST,
  },
  responses: { completed: 1, cancelled: 0, incomplete: 0, failed: 0 },
  interruptions: [{ heard_ms: 1, received_ms: 2 }],
  calls: [CALL],
  conversationCost: {
    ...EMPTY_COST,
    transcription: {
      model: "whisper",
      inputText: 1,
      inputAudio: 2,
      outputText: 3,
      seconds: 4,
      microUsd: 5,
    },
  },
  budget: { dailyUsd: 1, spentTodayMicroUsd: 2, action: "warn" },
  audio: {
    sentMs: 1,
    receivedMs: 2,
    playedMs: 3,
    droppedMs: 4,
    preRollMs: 5,
    underruns: 6,
    repeatedEvents: 7,
  },
  errors: [{ at: iso(0), code: "odd", message: "one" }],
};

function rendered(record: SessionRecord): Flat {
  return flat(JSON.parse(render(record, iso)));
}

/** Fields whose cause is not in the simulated conversation: told by their record. */
const BY_RECORD: Readonly<Record<string, SessionRecord>> = {
  repeated_events: { ...FULL, audio: { ...FULL.audio, repeatedEvents: 8 } },
  recovered: { ...FULL, recovered: true },
  "function_calls[].end": { ...FULL, calls: [{ ...CALL, end: "late" }] },
  "function_calls[].result_bytes": { ...FULL, calls: [{ ...CALL, result_bytes: 12 }] },
  "function_calls[].ms": { ...FULL, calls: [{ ...CALL, ms: 4 }] },
};
/** The same in every file of this version. */
const CONSTANT = ["schema_version"];

test("every field that is rendered has a row, and every row is rendered", () => {
  const paths = METRICS_FIELDS.map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length);
  assert.deepEqual(new Set(Object.keys(rendered(FULL))), new Set(paths));
});

test("what did not happen is null, where the table says so, and nowhere else", async () => {
  const file = await recordedFile({
    ...PLAIN,
    call: () => {},
    connect: () => {},
    ask: () => {},
    ...CANCELLED,
  });
  for (const { path, nullMeans } of METRICS_FIELDS) {
    if (file[path] === "null") assert.notEqual(nullMeans, "", `${path} is null`);
  }
  const nulls = Object.keys(file).filter((path) => file[path] === "null");
  for (const path of [
    "wake_to_listening_ms",
    "connection_latency_ms",
    "average_response_latency",
  ]) {
    assert.ok(nulls.includes(path), `${path}: ${file[path]}`);
  }
});

/** Woken, and given up before anybody answered. */
const CANCELLED: Partial<Plan> = {
  answer: (world) => world.wake(),
  after: (world) => {
    world.listen(500);
    world.tap();
    world.listen(500);
  },
};

function isOf(path: string, group: string): boolean {
  return path === group || path.startsWith(`${group}.`) || path.startsWith(`${group}[`);
}

async function assertCause(path: string, { base = {}, plan, also }: Story): Promise<void> {
  const before = await recordedFile({ ...PLAIN, ...base });
  const moved = changed(before, await recordedFile({ ...PLAIN, ...plan }));
  assert.ok(moved.includes(path), `${path} moved, not only ${moved.join(", ")}`);
  const others = moved.filter((one) => one !== path && !also.some((group) => isOf(one, group)));
  assert.deepEqual(others, [], "nothing else moved");
}

describe("each field changes when its cause happens, and only what belongs to it", () => {
  for (const { path } of METRICS_FIELDS) {
    if (CONSTANT.includes(path)) continue;
    test(path, async () => {
      const record = BY_RECORD[path];
      const story = STORIES[path] ?? MONEY_STORIES[path];
      if (record !== undefined) {
        assert.deepEqual(changed(rendered(FULL), rendered(record)), [path]);
        return;
      }
      assert.ok(story, `${path} has no story`);
      await assertCause(path, story);
    });
  }
});
