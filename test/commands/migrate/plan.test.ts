/** The parts of the migration that are pure: table, secrets, diff, ini, persona. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { diffLines } from "../../../src/commands/migrate/diff.ts";
import { parseIni } from "../../../src/commands/migrate/ini.ts";
import { goneSection, OLDER_KEYS } from "../../../src/commands/migrate/older-keys.ts";
import { traitsToInstructions } from "../../../src/commands/migrate/persona.ts";
import { planMigration } from "../../../src/commands/migrate/plan.ts";
import { environmentLines, shownValue } from "../../../src/commands/migrate/report.ts";
import { hideSecrets, isSecretName, secretsIn } from "../../../src/commands/migrate/secrets.ts";
import { OLDER_NAMES } from "../../../src/core/settings/older-names.ts";
import { DEFAULTS, isSettingKey, ROWS } from "../../../src/core/settings/table.ts";
import { validate } from "../../../src/core/settings/validate.ts";

const TODAY = "2026-11-26";
const FACTS = { today: TODAY, hasAccessKey: false };

test("the table: every key once, every target a key of today", () => {
  const keys = OLDER_KEYS.map(({ key }) => key);
  assert.equal(new Set(keys).size, keys.length);
  for (const { key, now, why } of OLDER_KEYS) {
    for (const target of now) assert.ok(isSettingKey(target), `${key} → ${target}`);
    assert.ok(why.length <= 110 && !why.endsWith("."), key);
    if (now.length === 0) assert.notEqual(why, "", key);
  }
});

test("a mapping takes any value, and never makes one that is not valid", () => {
  const values: readonly unknown[] = [
    null,
    "",
    "nonsense",
    -1e9,
    1e9,
    0.5,
    17,
    "17",
    true,
    "yes",
    [],
    ["a"],
    {},
    { a: { b: 1 } },
    `\${X}`,
    "x".repeat(5_000),
    "a\nb",
  ];
  for (const { key, move, now } of OLDER_KEYS) {
    for (const value of values) {
      const outcome = move(value, { ...FACTS, at: () => undefined });
      if (outcome.tag !== "set") continue;
      for (const { key: target, value: put } of outcome.values) {
        assert.ok(now.includes(target), `${key} sets ${target}, which its row does not name`);
        const tree = target
          .split(".")
          .reduceRight<unknown>((below, name) => ({ [name]: below }), put);
        // What a value means together with others is not a mapping's to know.
        const checked = validate(tree, { env: {}, missingVariables: "default", rules: false });
        assert.ok(checked.ok, `${key}: ${JSON.stringify(value)} → ${JSON.stringify(checked)}`);
      }
    }
  }
});

test("every default of today is left alone, but for the model that is shut down", () => {
  const tree: Record<string, Record<string, unknown>> = {};
  for (const [key] of ROWS) {
    const [section = "", name = "", deeper] = key.split(".");
    if (deeper === undefined) tree[section] = { ...tree[section], [name]: DEFAULTS[key] };
  }
  const plan = planMigration(tree, FACTS);
  assert.deepEqual(
    plan.changed.map(({ path }) => path.join(".")),
    ["openai.legacy_model"],
  );
  assert.deepEqual([plan.gone, plan.problems], [[], []]);
});

test("a key of today is not overwritten by an older one", () => {
  const plan = planMigration({ audio: { volume: 0.3, output_volume: 0.9 } }, FACTS);
  assert.deepEqual(plan.changed, []);
  assert.deepEqual(
    plan.gone.map(({ why }) => why),
    ["audio.volume is set already"],
  );
});

test("the wake word: what the engine knows, what a key opens, a file of one's own", () => {
  const move = (wake: Record<string, unknown>, hasAccessKey = false) =>
    planMigration({ wake_word: wake }, { today: TODAY, hasAccessKey }).changed.flatMap(
      ({ now }) => now,
    );
  assert.deepEqual(move({ model: "jarvis" }), [{ key: "wake_word.keyword", value: ["jarvis"] }]);
  const heard = (word: string) => [{ key: "wake_word.keyword", value: [word] }];
  assert.deepEqual(move({ model: "hey_jarvis_v0.1.onnx" }), heard("jarvis"));
  assert.deepEqual(move({ model: "/opt/models/alexa_v0.1.tflite" }), heard("alexa"));
  assert.deepEqual(move({ model: "hey_mycroft" }), heard("computer"));
  assert.deepEqual(move({ model: "computr" }), heard("computer"));
  assert.deepEqual(move({ model_path: "models/hey_jarvis_v0.1.onnx" }), heard("jarvis"));
  assert.deepEqual(move({ model: "alexa", model_path: "models/x.onnx" }), heard("alexa"));
  assert.deepEqual(move({ model: "picovoice" }), [
    { key: "wake_word.keyword", value: ["computer"] },
  ]);
  assert.deepEqual(move({ model: "picovoice" }, true), [
    { key: "wake_word.keyword", value: ["picovoice"] },
    { key: "wake_word.engine", value: "porcupine" },
  ]);
  assert.deepEqual(move({ engine: "porcupine", model: "/home/pi/Hey-Bird.ppn" }), [
    { key: "wake_word.model_path", value: "/home/pi/Hey-Bird.ppn" },
  ]);
  assert.deepEqual(move({ engine: "openwakeword" }), [
    { key: "wake_word.engine", value: "porcupine-keyless" },
  ]);
});

test("an unknown wake word becomes the nearest, with the way to get the word itself", () => {
  const why = (model: string): string =>
    planMigration({ wake_word: { engine: "openwakeword", model } }, FACTS).changed.find(
      ({ path }) => path.includes("model"),
    )?.why ?? "";
  assert.match(
    why("hey_jarvis_v0.1"),
    /knows "hey jarvis"; the nearest word is jarvis; .*`pipit wake-words install hey_jarvis`$/,
  );
  assert.match(why("ok_nabu"), /nearest word is .*`pipit wake-words install okay_nabu`$/);
  assert.match(why("hey_bird"), /nearest word is computer; `pipit wake-words` lists others$/);
});

test("secrets are hidden wherever they stand; what is none is shown", () => {
  const secrets = secretsIn({ openai: { api_key: "plain words 1" }, x: { token: 87654321 } });
  const hidden = [
    "  api_key: plain words 1",
    "# was api_key: hunter2",
    "password_hash: '$2b$12$abc'",
    'HA_TOKEN="abc"',
    "note: plain words 1 is the key",
    "  - 87654321",
    "voice: sk-proj-abcdefghijkl",
    "x: eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhYmNkZWYifQ.AAAA1bbbbCCCCddddEEEE",
    "x: dGhpcyBpcyBhIHNlY3JldCB0b2tlbg==",
    "x: 0123456789abcdef0123456789abcdef",
  ];
  for (const line of hidden) {
    const shown = hideSecrets(line, secrets);
    assert.match(shown, /\*\*\*/, line);
    assert.doesNotMatch(
      shown,
      /plain words 1|hunter2|2b\$12|87654321|abcdefghijkl|eyJ|dGhp|abcdef/,
    );
  }
  const plain = [
    `  api_key: \${OPENAI_API_KEY}   # from .env`,
    "  access_key: ",
    "  max_output_tokens: 4096",
    "  keyword: computer",
    "  model: gpt-4o-mini-realtime-preview-2024-12-17",
    "  model_path: /home/pi/Wake1/Hey-Bird_raspberry-pi_v3.ppn",
    "  input_device: plughw:CARD=Device,DEV=0",
  ];
  for (const line of plain) assert.equal(hideSecrets(line, secrets), line);
  assert.ok(isSecretName("porcupine_access_key") && !isSecretName("keyword"));
  assert.equal(shownValue("openai.api_key", "short", []), "***");
  assert.equal(shownValue("openai.api_key", `\${OPENAI_API_KEY}`, []), `\${OPENAI_API_KEY}`);
});

test("passwords in addresses and authorizations are hidden, without being known before", () => {
  const shown = (line: string): string => hideSecrets(line, []);
  assert.equal(
    shown("base_url: https://pi:raspberry@proxy.lan/v1"),
    "base_url: https://pi:***@proxy.lan/v1",
  );
  assert.equal(shown("  authorization: Basic cGk6cmFzcA=="), "  authorization: ***");
  assert.equal(shown("wifi_passphrase: hunter22"), "wifi_passphrase: ***");
  const plain = "base_url: https://api.openai.com:443/v1 # me@home";
  assert.equal(shown(plain), plain);
});

test("the diff is that of diff -u", () => {
  assert.deepEqual(diffLines("a\n", "a\n"), []);
  const before = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];
  const after = ["1", "two", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"];
  assert.deepEqual(diffLines(before.join("\n"), after.join("\n")), [
    "@@ -1,5 +1,5 @@",
    ...[" 1", "-2", "+two", " 3", " 4", " 5"],
    "@@ -10,3 +10,4 @@",
    ...[" 10", " 11", " 12", "+13"],
  ]);
  const many = Array.from({ length: 3_000 }, (_, index) => `a${index}`).join("\n");
  const others = Array.from({ length: 3_000 }, (_, index) => `b${index}`).join("\n");
  assert.equal(diffLines(many, others).length, 6_001);
});

test("an ini file is read strictly, with the line of every problem", () => {
  const good = parseIni(
    "\ufeff; c\n[Backstory]\nName = Bird\nrole: a helper\n  in the kitchen\n\n[personality]\nhumor=30\n",
  );
  assert.deepEqual(good, {
    ok: true,
    ini: {
      backstory: { name: "Bird", role: "a helper\nin the kitchen" },
      personality: { humor: "30" },
    },
  });
  const bad = parseIni("x = 1\n[a]\ny = 1\ny = 2\nwhat\n[a]\n   lost\n");
  assert.ok(!bad.ok);
  assert.deepEqual(
    bad.problems.map(({ line }) => line),
    [1, 4, 5, 6, 7],
  );
  const proto = parseIni("[__proto__]\na = 1\n");
  assert.ok(proto.ok && Object.keys(proto.ini).length === 1);
});

test("a persona becomes words, nothing of it is lost", () => {
  const text = traitsToInstructions({
    personality: { style: "dry", humor: "30", warmth: 85 },
    messages: { greeting: "Hello there", error: "Oops", thinking: "Hm" },
    backstory: { name: "Bird", role: "a kitchen helper", purpose: "to cook", hobby: "singing" },
    instructions: { one: "Answer in one sentence." },
    meta: { context: "The kitchen is in Kiel." },
  });
  assert.equal(
    text,
    [
      "You are Bird: a kitchen helper.",
      "What you are for: to cook.",
      "Your style: dry.",
      "Your character, from 0 to 100: humor low (30), warmth very high (85).",
      'When you greet, say: "Hello there"',
      "hobby: singing.",
      "Answer in one sentence.",
      "The kitchen is in Kiel.",
    ].join("\n"),
  );
  assert.equal(traitsToInstructions(" Be kind "), "Be kind");
  for (const nothing of [null, "", {}, [], { messages: { error: "x" } }]) {
    assert.equal(traitsToInstructions(nothing), null);
  }
});

test("the .env: every name has its place, a value is never asked for", () => {
  const lines = environmentLines(["OPENAI_API_KEY", "HA_TOKEN", "TZ"], "/x/.env");
  assert.match(lines[1] ?? "", /credentials\/OPENAI_API_KEY, mode 0600/);
  assert.match(
    lines.join("\n"),
    /HA_TOKEN: into \/etc\/pipit\/credentials\/HOME_ASSISTANT_TOKEN[\s\S]*TZ: into \/etc\/pipit\/pipit\.env/,
  );
  assert.deepEqual(environmentLines([], "/x/.env"), []);
});

test("the validator points to the migration for older keys, and for no other", () => {
  const home = { home_assistant: { timeout: 1 } };
  const tree = { wake_word: { cooldown: 1 }, web_ui: { port: 1 }, zzz: 1, ...home };
  const result = validate(tree, { env: { OPENAI_API_KEY: "k" } });
  assert.ok(!result.ok);
  const lines = result.problems.map(({ key, message }) => `${key}: ${message}`);
  const pointed = lines.filter((line) => line.endsWith("; an older key: run pipit migrate-config"));
  assert.deepEqual(
    pointed.map((line) => line.split(":")[0]),
    ["wake_word.cooldown", "web_ui", "home_assistant.timeout"],
  );
});

test("every older name that the validator points to the migration has a row or a section there", () => {
  const rows = new Set<string>(OLDER_KEYS.map((row) => row.key));
  const lost = OLDER_NAMES.filter((name) => !rows.has(name) && goneSection(name) === null);
  assert.deepEqual(lost, []);
  assert.equal(rows.size, OLDER_KEYS.length);
});
