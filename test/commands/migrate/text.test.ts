/** Older files of every shape become good ones, or a list of problems; comments and the rest survive. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { stringify } from "yaml";
import { parseYaml } from "../../../src/adapters/config/yaml.ts";
import { projectRoot } from "../../../src/adapters/os/project-root.ts";
import { editYaml } from "../../../src/commands/migrate/edit.ts";
import { OLDER_KEYS } from "../../../src/commands/migrate/older-keys.ts";
import { migrateText, settingsOf } from "../../../src/commands/migrate/text.ts";
import { validate } from "../../../src/core/settings/validate.ts";

const FACTS = { today: "2026-11-26", hasAccessKey: false };
const RUNS = 400;

/** Valid older values by key; a key without an entry takes any scalar, for nothing reads it. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  "openai.api_key": [`\${OPENAI_API_KEY}`, "sk-proj-abcdefghijklmnop"],
  "openai.voice": ["alloy", "cedar", "nova", "Juniper"],
  "openai.voice_fallback": ["echo", "alloy"],
  "openai.auto_select_voice": [true, false],
  "openai.model": ["gpt-realtime", "gpt-4o-realtime-preview", "gpt-4o-mini-realtime-preview"],
  "openai.legacy_model": ["gpt-4o-realtime-preview", "gpt-realtime"],
  "openai.model_selection": ["auto", "new", "legacy"],
  "openai.temperature": [0.8, 0, 2, "0.7"],
  "openai.language": ["en", "de", "EN", "pt_BR"],
  "audio.input_device": ["default", "Jabra", 3, null],
  "audio.output_device": ["default", "plughw:1", "2"],
  "audio.output_volume": [0.5, 1, 2, 5],
  "audio.feedback_prevention": [true, false, "yes"],
  "audio.mute_during_response": [true, false],
  "wake_word.enabled": [true, false],
  "wake_word.engine": ["porcupine", "openwakeword"],
  "wake_word.model": ["picovoice", "jarvis", "/home/pi/a.ppn", "hey_jarvis_v0.1.onnx"],
  "wake_word.model_path": ["models/x.onnx", "/home/pi/a.ppn", null],
  "wake_word.sensitivity": [0, 0.5, 1],
  "wake_word.porcupine_access_key": [`\${PICOVOICE_ACCESS_KEY}`, "abcdEFGH1234abcdEFGH1234=="],
  "wake_word.cooldown": [2, 0, 600, "1.5"],
  "wake_word.timeout": [5, 0.1],
  "session.conversation_mode": ["multi_turn", "single_turn"],
  "session.max_duration": [300, 5, 86_400],
  "session.extended_silence_threshold": [8, 8.5, 0],
  "session.multi_turn_max_turns": [10, 20, 10.4],
  "session.multi_turn_timeout": [300, 1],
  "session.interrupt_threshold": [0.5, 1, 3],
  "session.language": ["en", "de"],
  "system.log_level": ["INFO", "WARNING", "CRITICAL", "debug"],
  "system.led_gpio": [null, 17, 22, 4],
  "home_assistant.url": ["http://ha.local:8123", "https://ha.test/lovelace/0", `\${HA_URL}`],
  "home_assistant.token": [`\${HA_TOKEN}`, "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln", null],
  "home_assistant.language": ["en", "de", "pt_BR"],
  persona: [{ humor: 30, name: "Bird" }, { backstory: { purpose: "Sing # c\nd" } }, null],
};
const ANY: readonly unknown[] = [null, 0, 1.5, "text", "a: b #", true, [], ["a", "b"], {}, "x\ny"];

/** mulberry32, so that a failure can be repeated. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Branch {
  [name: string]: unknown;
}

function branch(parent: Branch, name: string): Branch {
  const below = parent[name];
  if (typeof below === "object" && below !== null) return below as Branch;
  const fresh: Branch = {};
  parent[name] = fresh;
  return fresh;
}

/** A file with some of the older keys, a comment with a number above and behind lines. */
function olderFile(seed: number): { readonly text: string; readonly comments: readonly string[] } {
  const roll = dice(seed);
  const pick = (from: readonly unknown[]): unknown => from[Math.floor(roll() * from.length)];
  const share = roll();
  const tree: Branch = {};
  for (const { key } of OLDER_KEYS) {
    if (roll() > share) continue;
    const names = key.split(".");
    const last = names.pop() ?? "";
    const place = names.reduce(branch, tree);
    place[last] = pick(VALUES[key] ?? ANY);
  }
  const flow = roll() < 0.15;
  const yaml = stringify(tree, {
    collectionStyle: flow ? "flow" : "any",
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
  const comments: string[] = [];
  const lines = yaml.split("\n").flatMap((line) => {
    if (flow || !/^ *[a-z_]+: [^|>{["&]*$/.test(line) || roll() < 0.5) return [line];
    comments.push(`# note ${comments.length};`, `# behind ${comments.length};`);
    const [above, behind] = comments.slice(-2);
    return [`${/^ */.exec(line)?.[0]}${above}`, `${line}   ${behind}`];
  });
  const eol = roll() < 0.2 ? "\r\n" : "\n";
  return { text: lines.join(eol), comments };
}

test("any file of older keys becomes a good one; comments survive; again does nothing", () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const { text, comments } = olderFile(seed);
    const because = `seed ${seed}\n${text}`;
    const first = migrateText(text, FACTS, {});
    assert.deepEqual(first.problems, [], because);
    assert.ok(first.settings, because);
    assert.ok(settingsOf(first.text, {}).ok, because);
    for (const comment of comments) {
      assert.equal(first.text.split(comment).length, 2, `${because}\n${first.text}\n${comment}`);
    }
    const second = migrateText(first.text, FACTS, {});
    assert.equal(second.text, first.text, because);
    assert.deepEqual([second.plan.changed, second.plan.gone], [[], []], because);
  }
});

test("lines that are not touched stay byte for byte", () => {
  const odd = `audio:\n  volume:    0.50    #   half\n  agc_enabled: true\n\n\n  settle_ms: 0200\nleds: {brightness: 0.5}\n`;
  const { text } = migrateText(odd, FACTS, {});
  const gone = `  # The API adjusts the level itself; set the card's gain with alsamixer\n  #agc_enabled: true\n`;
  assert.equal(text, odd.replace("  agc_enabled: true\n", gone));
});

test("a section in braces is printed as a block, the others are not", () => {
  const text = `audio: { agc_enabled: true, volume: 0.5 } # loud\nleds: {brightness: 0.5}\n`;
  const after = migrateText(text, FACTS, {});
  assert.deepEqual(after.problems, []);
  assert.match(after.text, /^audio:.*\n( {2}#.*\n)+ {2}volume: 0.5/);
  assert.match(after.text, /# loud/);
  assert.match(after.text, /\nleds: \{brightness: 0.5\}\n/);
  const json = migrateText(`{"audio": {"output_volume": 0.5}}`, FACTS, {});
  assert.equal(json.settings?.["audio.volume"], 0.5);
});

test("what cannot be migrated is reported as a whole, at its place in the older file", () => {
  const text = [
    "openai:",
    "  modle: x",
    "  model_selection: newest",
    "session:",
    "  conversation_mode: chatty",
    "  max_duration: soon",
    "bogus: 1",
  ].join("\n");
  const { problems, text: after } = migrateText(text, FACTS, {});
  assert.equal(after, text);
  assert.deepEqual(
    problems.map(({ line, column, key }) => `${line}:${column} ${key}`),
    [
      "2:3 openai.modle",
      "3:20 openai.model_selection",
      "5:22 session.conversation_mode",
      "6:17 session.max_duration",
      "7:1 bogus",
    ],
  );
  const message = problems.find(({ line }) => line === 5)?.message ?? "";
  assert.match(message, /^becomes session\.mode, which must be one of multi_turn, single_turn/);
});

test("aliases, tabs, duplicates and worse are problems, not damage", () => {
  const base = "x: &x\n  agc_enabled: true\naudio: *x\n";
  const lost = "audio:\n  agc_enabled: &on true\n  earcons: *on\n";
  for (const text of [
    lost,
    base,
    "audio:\n\tvolume: 1\n",
    "audio:\n  agc_enabled: 1\n  agc_enabled: 2\n",
    "- a",
    "{",
    "[".repeat(99),
  ]) {
    const { problems, text: after } = migrateText(text, FACTS, {});
    assert.ok(problems.length > 0, text);
    assert.equal(after, text);
  }
  assert.deepEqual(migrateText("", FACTS, {}).problems, []);
});

test("keys are put into sections that are there, empty, or not there", () => {
  const put = (text: string): string => {
    const edited = editYaml(text, [
      { tag: "put", key: "openai.turn_detection.threshold", value: 0.3 },
      { tag: "put", key: "openai.instructions", value: "a: b\n# c\n" },
    ]);
    assert.ok(edited.ok, text);
    const checked = settingsOf(edited.text, {});
    assert.ok(checked.ok, edited.text);
    assert.equal(checked.settings["openai.turn_detection.threshold"], 0.3);
    assert.equal(checked.settings["openai.instructions"].trim(), "a: b\n# c");
    return edited.text;
  };
  put("");
  put("# only a comment");
  put("openai:\n");
  put("openai:\n  # voice\n  #voice: alloy\naudio:\n  volume: 1");
  put("openai:\n  voice: alloy # x\n  turn_detection:\n    # y\n");
  put("openai:\n    turn_detection:\n          type: server_vad\n    instructions: old\n");
  put("openai: {voice: alloy, turn_detection: {type: server_vad}}\r\naudio:\r\n  volume: 1\r\n");
  put("openai:\n  instructions: |\n    old text\n    # of the text\n  voice: alloy\n");
});

test("the example of today needs nothing, but for the model that is shut down", () => {
  const example = readFileSync(join(projectRoot(), "config", "config.yaml"), "utf8");
  assert.equal(migrateText(example, FACTS, {}).text, example);
  const inUse = example.replaceAll(/^( *)#(?! |$)/gm, "$1");
  const after = migrateText(inUse, FACTS, {});
  assert.deepEqual(after.problems, []);
  const line = "  legacy_model: gpt-4o-realtime-preview\n";
  assert.equal(after.text, inUse.replace(line, "  legacy_model: gpt-realtime-1.5\n"));
});

test("the parser's own bounds hold here, too", () => {
  const bomb = `a: &a [x]\n${Array.from({ length: 200 }, (_, i) => `k${i}: *a`).join("\n")}\n`;
  assert.ok(migrateText(bomb, FACTS, {}).problems.length > 0);
  assert.equal(parseYaml(bomb).document, null);
});

function migrated(text: string): string {
  const result = migrateText(text, FACTS, { OPENAI_API_KEY: "k" });
  assert.deepEqual(result.problems, [], text);
  return result.text;
}

test("maps in braces are migrated wherever they stand; every other line stays byte for byte", () => {
  const note = "Pipit has no such feature yet; kept as a comment";
  // The sections of the older system that are gone may be keys of today: any of them will do.
  const rest = "# about the system\nsystem:\n  log_level: DEBUG # loud\n\n\n";
  const after = migrated(
    `# head\n\nweb_ui:\n  port: 80   # the page\n  tls: {enabled: no}  # why\n  # tail\n\n${rest}`,
  );
  assert.match(
    after,
    /^# head\n\n# .*\n#web_ui:\n {2}#port: 80 {3}# the page\n {2}#tls: {2}# why\n {4}#enabled: no\n {2}# tail\n\n/,
  );
  assert.ok(
    after.endsWith("\n# about the system\nsystem:\n  log_level: debug # loud\n\n\n"),
    after,
  );
  assert.ok(!after.includes(`${note}${note}`));
  const short = migrated("web_ui:\n  auth: {enabled: false}\nsystem:\n  log_level: DEBUG\n");
  assert.match(short, /\n {2}#auth:\n {4}#enabled: false\nsystem:\n {2}log_level: debug\n$/);
  const last = migrated("system: {log_level: DEBUG} # end\n\n\n");
  assert.equal(last, "system: # end\n  log_level: debug\n\n\n");
  assert.equal(
    migrated("system: {log_level: INFO,\r\n  }\r\n"),
    "system:\r\n  log_level: info\r\n",
  );
});

test("numbers and yes in quotes are repaired for every key, kept ones included", () => {
  assert.equal(
    migrated('wake_word:\n  sensitivity: "0.7" # ours\n'),
    "wake_word:\n  sensitivity: 0.7 # ours\n",
  );
  assert.equal(migrated('wake_word: {sensitivity: "0.7"}\n'), "wake_word:\n  sensitivity: 0.7\n");
  assert.equal(
    migrated('audio: {volume: "0.5", earcons: "false"}\n'),
    "audio:\n  volume: 0.5\n  earcons: false\n",
  );
  assert.equal(migrated("session:\n  max_turns: '7'\n"), "session:\n  max_turns: 7\n");
  const template = `audio:\n  volume: \${LOUD:-0.5}\n`;
  assert.equal(migrated(template), template);
});

test("the family's wake word still calls, and openWakeWord's number comes with a remark", () => {
  const older = "wake_word:\n  engine: openwakeword\n  model: hey_jarvis\n  sensitivity: 0.5\n";
  assert.match(migrated(older), /keyword: \[jarvis\]\n {2}sensitivity: 0\.5\n$/);
  const { plan } = migrateText(older, FACTS, { OPENAI_API_KEY: "k" });
  const remark = plan.kept.find(({ path }) => path.at(-1) === "sensitivity")?.remark;
  assert.match(remark ?? "", /openWakeWord's threshold/);
});

test("a key that the example has as a comment is put below it", () => {
  const example =
    "openai:\n  api_key: x\n  # The model.\n  #model: gpt-realtime\n  # Turns.\n  turn_detection:\n    silence_ms: 500\naudio:\n  #model: no\n";
  const edited = editYaml(example, [{ tag: "put", key: "openai.model", value: "m" }]);
  assert.ok(edited.ok);
  assert.match(edited.text, /#model: gpt-realtime\n {2}model: m\n {2}# Turns\.\n/);
});

test("a rule that is broken is told with the key and the place that check-config names", () => {
  const env = { OPENAI_API_KEY: "sk-abcdefghijklmnop" };
  const texts = [
    "leds: {listening_pin: 17}\n",
    "budget: {daily_usd: 1}\nmetrics: {max_files: 10}\n",
    "openai: {base_url: https://me:pw@x.example/v1}\n",
    "tools:\n  custom:\n    weather:\n      desciption: a\n      webhook: https://x.example\n",
    "openai:\n  mcp_servers:\n    docs:\n      url: https://x.example\n      requir_approval: never\n",
    "openai:\n  mcp_servers:\n    - server_label: docs\n      server_url: http://x.example\n",
  ];
  for (const text of texts) {
    const { document } = parseYaml(text);
    assert.ok(document !== null, text);
    const checked = validate(document.tree, { env, locate: document.locate });
    assert.ok(!checked.ok, text);
    const { problems } = migrateText(text, FACTS, env);
    assert.deepEqual(problems, checked.problems, text);
  }
  const [first] = migrateText(texts[0] ?? "", FACTS, env).problems;
  assert.deepEqual([first?.key, first?.line, first?.column], ["leds.listening_pin", 1, 23]);
});
