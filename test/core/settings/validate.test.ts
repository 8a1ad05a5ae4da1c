/** Each kind of bad value gives one clear line; good ones become Settings. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { remoteServers } from "../../../src/core/mcp/remote.ts";
import type { Settings } from "../../../src/core/settings/table.ts";
import { DEFAULTS } from "../../../src/core/settings/table.ts";
import type { Locate } from "../../../src/core/settings/validate.ts";
import { formatProblem, validate } from "../../../src/core/settings/validate.ts";

const ENV = { OPENAI_API_KEY: "sk-test", LOUD: "0.25", YES: "true", WORD: "loud", EMPTY: "" };

function settings(tree: unknown, env: Readonly<Record<string, string>> = ENV): Settings {
  const result = validate(tree, { env });
  assert.ok(result.ok, JSON.stringify(result));
  return result.settings;
}

/** The problems as `key: message`. */
function lines(tree: unknown, env: Readonly<Record<string, string>> = ENV): readonly string[] {
  const result = validate(tree, { env });
  assert.ok(!result.ok, "should have been refused");
  return result.problems.map(({ key, message }) => `${key}: ${message}`);
}

/** The only problem. */
function line(tree: unknown, env: Readonly<Record<string, string>> = ENV): string {
  const all = lines(tree, env);
  assert.equal(all.length, 1, all.join("\n"));
  return all[0] ?? "";
}

test("nothing at all, and empty sections, give the defaults", () => {
  const expected = { ...DEFAULTS, "openai.api_key": "sk-test" };
  for (const tree of [null, undefined, {}, { openai: null, audio: {} }]) {
    assert.deepEqual({ ...settings(tree) }, expected);
  }
});

test("values are taken, expanded and converted", () => {
  const got = settings({
    openai: { max_output_tokens: "inf", instructions: "a\nb", turn_detection: { threshold: 0 } },
    audio: { volume: `\${LOUD}`, input_device: `file:/tmp/\${WORD}.wav` },
    wake_word: { enabled: `\${YES}`, keyword: ["jarvis", "computer"] },
  });
  assert.equal(got["openai.max_output_tokens"], "inf");
  assert.equal(got["openai.instructions"], "a\nb");
  assert.equal(got["openai.turn_detection.threshold"], 0);
  assert.equal(got["audio.volume"], 0.25);
  assert.equal(got["audio.input_device"], "file:/tmp/loud.wav");
  assert.equal(got["wake_word.enabled"], true);
  assert.deepEqual(got["wake_word.keyword"], ["jarvis", "computer"]);
  assert.deepEqual(settings({ wake_word: { keyword: "jarvis" } })["wake_word.keyword"], ["jarvis"]);
});

test("OPENAI_BASE_URL counts when the file has no base_url, and not when it has", () => {
  const env = { ...ENV, OPENAI_BASE_URL: "http://localhost:9/v1" };
  const without = validate({}, { env });
  assert.ok(without.ok);
  assert.equal(without.settings["openai.base_url"], "http://localhost:9/v1");
  const set = validate({ openai: { base_url: "https://proxy/v1" } }, { env });
  assert.ok(set.ok);
  assert.equal(set.settings["openai.base_url"], "https://proxy/v1");
});

test("unknown keys", () => {
  const typo = line({ openai: { modle: "x" } });
  assert.equal(typo, 'openai.modle: unknown key; did you mean "model"?');
  assert.equal(line({ opnai: { model: "x" } }), 'opnai: unknown key; did you mean "openai"?');
  const misplaced = line({ openai: { pre_roll_ms: 5 } });
  assert.equal(misplaced, "openai.pre_roll_ms: unknown key; did you mean audio.pre_roll_ms?");
  const dotted = line({ "openai.model": "x" });
  assert.equal(dotted, 'openai.model: unknown key; write "model:" indented below "openai:"');
  assert.match(line({ button: { zzz: 1 } }), /^button.zzz: unknown key; known here: backend, pin/);
  for (const name of ["constructor", "toString", "hasOwnProperty"]) {
    assert.match(line({ [name]: { a: 1 } }), /unknown key/);
  }
  const proto: unknown = JSON.parse('{"__proto__": {"openai": 1}}');
  assert.match(line(proto), /^__proto__: unknown key/);
});

test("wrong types say what was found, what is allowed, and the way out", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ audio: { volume: "0.5" } }, /must be a number from 0 to 1, found "0.5"; remove the quotes/],
    [{ audio: { volume: [] } }, /must be a number from 0 to 1, found a list$/],
    [{ audio: { pre_roll_ms: 1.5 } }, /must be a whole number from 0 to 3000 ms, found 1.5$/],
    [{ wake_word: { enabled: "yes" } }, /must be true or false, found "yes"; write true/],
    [{ wake_word: { enabled: 0 } }, /must be true or false, found 0; write false/],
    [{ tools: { custom: "light" } }, /must be a block with names of your own, found "light"$/],
    [{ openai: { model: 4 } }, /must be a model name .*, found 4; put it in quotes/],
    [{ openai: { voice: false } }, /must be one of alloy, .*, found false$/],
    [
      { openai: { fallback_models: "a" } },
      /must be a list of 0 to 8 texts, found "a"; write \["a"\]/,
    ],
    [{ openai: { fallback_models: ["a", 3] } }, /must be a model name .* found 3$/],
    [{ openai: { fallback_models: ["a", "a"] } }, /is in the list twice: "a"/],
    [{ openai: { instructions: { a: 1 } } }, /must be text, found a section/],
    [{ openai: "sk-oops" }, /must have keys indented below it \(api_key, .*\), found text$/],
    [[], /the file must hold sections \(openai, .*\), found a list; remove the - before its keys$/],
    ["text", /the file must hold sections/],
    [{ audio: { volume: null } }, /has no value; give one, or put # before the line/],
  ];
  for (const [tree, expected] of cases) assert.match(line(tree), expected);
});

test("out of range, not one of, empty where needed", () => {
  assert.match(line({ audio: { volume: 1.01 } }), /from 0 to 1, found 1.01$/);
  assert.match(line({ audio: { volume: -0.01 } }), /from 0 to 1/);
  assert.match(line({ audio: { volume: Number.NaN } }), /from 0 to 1/);
  assert.match(line({ audio: { volume: Number.POSITIVE_INFINITY } }), /found Infinity/);
  assert.match(line({ openai: { max_output_tokens: "infinite" } }), /from 1 to 4096 tokens or inf/);
  assert.match(line({ openai: { model_selection: "Auto" } }), /did you mean "auto"\?$/);
  assert.match(line({ openai: { model: "" } }), /must not be empty$/);
  assert.match(line({ wake_word: { keyword: [] } }), /a list of 1 to 8 texts, found 0$/);
  assert.match(line({ metrics: { dir: "~/metrics" } }), /a path without ~/);
  assert.match(line({ audio: { output_device: "file:out.mp3" } }), /file:PATH.wav, found/);
  assert.match(line({ openai: { model: "a\nb" } }), /one line without control characters/);
  assert.match(line({ openai: { instructions: "x".repeat(32_001) } }), /at most 32000 characters/);
});

test("a missing variable is named with the way to set it, and asked for by commands that need it", () => {
  assert.match(
    line({}, {}),
    /^openai.api_key: the environment variable OPENAI_API_KEY is not set;/,
  );
  assert.match(line({}, { OPENAI_API_KEY: "" }), /must not be empty, but OPENAI_API_KEY is empty/);
  assert.match(line({ audio: { volume: `\${NO_SUCH}` } }), /variable NO_SUCH is not set/);
  assert.match(line({ openai: { fallback_models: [`\${NO_SUCH}`] } }), /NO_SUCH is not set/);
  assert.match(line({ audio: { input_device: `\${` } }), /neither \$\{NAME\} nor/);
});

test("without the service's environment, a command still gets the rest", () => {
  const tree = {
    system: { control_socket: "/run/x.sock" },
    wake_word: { engine: "porcupine", access_key: `\${NO_SUCH}`, keyword: [`\${NO_SUCH}`] },
    audio: { volume: `\${NO_SUCH}` },
  };
  const result = validate(tree, { env: {}, missingVariables: "default" });
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(result.settings["system.control_socket"], "/run/x.sock");
  assert.equal(result.settings["audio.volume"], 1);
  assert.deepEqual(result.settings["wake_word.keyword"], ["computer"]);
  const blank = validate({}, { env: { OPENAI_API_KEY: "" }, missingVariables: "default" });
  assert.ok(blank.ok, JSON.stringify(blank));
});

test("without the service's environment, rules hold for what does not come from it", () => {
  const asked = (tree: unknown, rules = true) =>
    validate(tree, { env: {}, missingVariables: "default", rules });
  const broken = { mqtt: { url: "mqtt://bob:pw@broker" } };
  const refused = asked(broken);
  assert.ok(!refused.ok);
  assert.deepEqual(
    refused.problems.map(({ key }) => key),
    ["mqtt.url"],
  );
  assert.ok(asked(broken, false).ok, "a command that needs another value gets it");
  const ofEnvironment = {
    wake_word: { engine: "porcupine", access_key: `\${NO_SUCH}` },
    openai: { mcp_servers: { docs: { url: `\${NO_SUCH}` } } },
    mcp: { servers: { notes: { url: "https://notes.example", headers: { A: `\${NO_SUCH}` } } } },
  };
  const unknown = asked(ofEnvironment);
  assert.ok(unknown.ok, JSON.stringify(unknown));
});

test("rules between keys, and about the inside of a value", () => {
  const porcupine = { engine: "porcupine" };
  assert.match(line({ wake_word: porcupine }), /^wake_word.engine: porcupine needs an AccessKey/);
  settings({ wake_word: { ...porcupine, access_key: "abc=" } });
  settings({ wake_word: { ...porcupine, enabled: false } });
  settings({ wake_word: { ...porcupine, access_key: "abc", keyword: "grapefruit" } });
  settings({ wake_word: { keyword: ["Hey Google", "JARVIS"] } });
  const word = line({ wake_word: { keyword: "jarvos" } });
  assert.match(word, /^wake_word.keyword: porcupine-keyless knows only .*did you mean "jarvis"\?$/);
  assert.match(
    line({ wake_word: { engine: "micro" } }),
    /^wake_word.model_path: micro needs .*wake-words/,
  );
  const micro = { engine: "micro", model_path: ["/m/a.json", "/m/b.tflite"] };
  assert.match(line({ wake_word: micro }), /^wake_word.model_path: micro takes the manifests/);
  const both = settings({
    wake_word: { keyword: ["computer", "hey jarvis"], model_path: "/m/a.json" },
  });
  assert.deepEqual(both["wake_word.model_path"], ["/m/a.json"]);
  assert.equal(both["wake_word.sensitivity"], "auto");
  assert.deepEqual(settings({ wake_word: { model_path: "" } })["wake_word.model_path"], []);
  const few = line({ metrics: { max_files: 100 }, budget: { daily_usd: 1 } });
  assert.match(few, /^metrics.max_files: must be at least 300 with a budget: after a restart/);
  settings({ metrics: { max_files: 100 } });
  for (const bad of ["api.example", "ftp://host/", "https://u:p@host/", "https://h/?a=b"]) {
    const message = line({ openai: { base_url: bad } });
    assert.match(message, /^openai.base_url: must /, bad);
    assert.ok(!message.includes(bad), "an address may hold a password");
  }
  for (const good of ["http://localhost:1/v1", "ws://[::1]:8/", "wss://host"]) {
    settings({ openai: { base_url: good } });
  }
});

test("no secret and no variable's value is ever quoted", () => {
  const env = { OPENAI_API_KEY: "sk-geheim nis", WRONG: "sk-geheim_1" };
  const tree = {
    audio: { volume: `\${WRONG}`, duplex: `\${WRONG}`, input_device: `file:\${WRONG}` },
    wake_word: { enabled: `\${WRONG}`, access_key: "ge heim", keyword: [`\${WRONG}`] },
    openai: { voice: `\${WRONG}`, language: `\${WRONG}`, model: `\${WRONG}!` },
  };
  const all = lines(tree, env);
  assert.equal(all.length, 10, all.join("\n"));
  assert.ok(!all.join("\n").includes("heim"), all.join("\n"));
  assert.ok(all.includes("audio.volume: must be a number from 0 to 1, found the value of WRONG"));
});

test("all problems at once, in the order of the file, one line each", () => {
  const places = new Map([
    ["audio.volume", 9],
    ["openai.modle", 2],
    ["zzz", 5],
    ["openai.fallback_models.1", 3],
  ]);
  const locate: Locate = (path) => ({
    line: places.get(path.join(".")) ?? 99,
    column: path.length,
  });
  const tree = {
    audio: { volume: "so\nloud" },
    zzz: 1,
    openai: { modle: 1, fallback_models: ["a", "b c"] },
  };
  const result = validate(tree, { env: ENV, locate });
  assert.ok(!result.ok);
  const shown = result.problems.map((problem) => formatProblem("f.yaml", problem));
  assert.match(shown[0] ?? "", /^f.yaml:2:2 openai.modle: unknown key; did you mean "model"\?$/);
  assert.match(shown[1] ?? "", /^f.yaml:3:3 openai.fallback_models: must be a model name/);
  assert.match(shown[2] ?? "", /^f.yaml:5:1 zzz: unknown key; known here: openai, /);
  assert.match(shown[3] ?? "", /^f.yaml:9:2 audio.volume: must be .*, found "so loud"$/);
  assert.equal(shown.length, 4);
});

test("what the eye does not see is named, never tidied away", () => {
  const nbsp = "\u00a0";
  const rows: readonly (readonly [unknown, RegExp])[] = [
    [
      { openai: { language: `en${nbsp}` } },
      /invisible character \(U\+00A0, a no-break space\) as its 3rd$/,
    ],
    [{ openai: { voice: `${nbsp}cedar` } }, /invisible character \(U\+00A0, .*\) as its 1st/],
    [{ openai: { model: "gpt\u200b-realtime" } }, /\(U\+200B, a zero-width space\) as its 4th$/],
    [{ audio: { input_device: `USB${nbsp}Mic` } }, /\(U\+00A0, a no-break space\) as its 4th$/],
    [{ wake_word: { keyword: [`computer${nbsp}`] } }, /\(U\+00A0, a no-break space\) as its 9th$/],
    [
      { openai: { base_url: "https://h/v1 " } },
      /; it ends with a space$|did you mean "https:\/\/h\/v1"\?$/,
    ],
    [
      { openai: { voice: "\u201ccedar\u201d" } },
      /it has typographic quotes, .*did you mean "cedar"\?$/,
    ],
    [
      { openai: { voice: "c\u0435dar" } },
      /a letter that is not a plain one \(U\+0435\); did you mean "cedar"/,
    ],
    [
      { openai: { model: "gpt\u2011realtime" } },
      /a dash that is not the plain one \(U\+2011\), write -; did you mean "gpt-realtime"\?$/,
    ],
    [
      { openai: { fallback_models: ["gpt\u2013realtime"] } },
      /a dash that is not the plain one \(U\+2013\), write -$/,
    ],
    [{ audio: { volume: "\u22120.5" } }, /a dash that is not the plain one \(U\+2212\)/],
    [{ wake_word: { keyword: "hey\u2013google" } }, /knows only .* the plain one \(U\+2013\)/],
    [{ openai: { language: "de\uff0fat" } }, /a character that is not a plain one \(U\+FF0F\)$/],
    [
      { openai: { [`${nbsp}voice`]: "cedar" } },
      /unknown key; it has an invisible character .* as its 1st: remove/,
    ],
    [{ [`${nbsp}${nbsp}voice`]: "cedar" }, /unknown key; it has an invisible character \(U\+00A0/],
  ];
  for (const [tree, expected] of rows) assert.match(line(tree), expected);
});

test("a name that only looks like a known one is printed as what it is", () => {
  const rows: readonly (readonly [unknown, string])[] = [
    [{ openai: { "\u00a0voice": "cedar" } }, "openai.[U+00A0]voice: unknown key; "],
    [{ openai: { "voice\u200b": "cedar" } }, "openai.voice[U+200B]: unknown key; "],
    [{ openai: { " voice": "cedar" } }, "openai.[U+0020]voice: unknown key; "],
    [{ "\ufeffopenai": { voice: "cedar" } }, "[U+FEFF]openai: unknown key; "],
    [{ "\u00a0": 1 }, "[U+00A0]: unknown key; "],
  ];
  for (const [tree, expected] of rows) {
    assert.ok(line(tree).startsWith(expected), `${line(tree)}: ${expected}`);
  }
});

test("what is nearly right comes with what would be", () => {
  const rows: readonly (readonly [unknown, RegExp])[] = [
    [{ leds: { quiet_from: "22:00", quiet_to: "7:00" } }, /found "7:00"; did you mean "07:00"\?$/],
    [{ leds: { quiet_from: 22.3, quiet_to: "07:00" } }, /found 22\.3; did you mean "22:30"\?$/],
    [{ leds: { quiet_from: 22, quiet_to: "07:00" } }, /found 22; did you mean "22:00"\?$/],
    [{ audio: { volume: 80 } }, /found 80; did you mean 0\.8\?$/],
    [{ audio: { volume: "80%" } }, /found "80%"; write 0\.8$/],
    [{ audio: { volume: "0,8" } }, /found "0,8"; write 0\.8$/],
    [{ session: { follow_up_s: "8 s" } }, /found "8 s"; write 8$/],
    [{ audio: { input_device: 1 } }, /must be an ALSA name such as plughw:1, .*, found 1$/],
    [{ wake_word: { keyword: "hey jarvis" } }, /did you mean "jarvis"\?$/],
    [{ wake_word: { keyword: "computer, jarvis" } }, /several words; write \[computer, jarvis\]$/],
    [{ leds: { quiet_from: "22:00", quiet_to: "6 am" } }, /did you mean "06:00"\?$/],
    [{ leds: { quiet_from: "10:30 p.m.", quiet_to: "06:00" } }, /did you mean "22:30"\?$/],
    [{ leds: { quiet_from: "24:00", quiet_to: "06:00" } }, /did you mean "00:00"\?$/],
    [{ audio: { pre_roll_ms: "1s" } }, /found "1s"; write 1000$/],
    [{ audio: { pre_roll_ms: "1_000" } }, /found "1_000"; write 1000$/],
    [{ session: { max_duration_s: "5 minutes" } }, /; write 300$/],
    [{ button: { pin: "GPIO 5" } }, /found "GPIO 5"; write 5$/],
    [{ openai: { fallback_models: "a, b" } }, /; write \["a", "b"\]$/],
    [{ openai: { voice: ["cedar"] } }, /found a list; write cedar, without a list$/],
    [
      { openai: { base_url: "https://api.openai.com/v1/realtime" } },
      /must end before \/realtime, which Pipit appends itself/,
    ],
    [{ openai: { base_url: "https://api.openai.com/" } }, /must end with \/v1, such as/],
    [{ openai: "voice:cedar" }, /found text; put a space after the colon$/],
    [{ openai: [{ voice: "cedar" }] }, /found a list; remove the - before its keys$/],
  ];
  for (const [tree, expected] of rows) assert.match(line(tree), expected);
});

test("the line that was written is blamed, not a default", () => {
  assert.match(
    line({ leds: { listening_pin: 17 } }),
    /^leds\.listening_pin: must not be the pin of button\.pin/,
  );
  assert.match(
    line({ leds: { quiet_from: "22:00" } }),
    /^leds\.quiet_from: also needs leds\.quiet_to/,
  );
});

test("names that the migration guide has are answered in words", () => {
  const rows: readonly (readonly [unknown, RegExp])[] = [
    [{ mcp_servers: [] }, /^mcp_servers: unknown key; here it is /],
    [{ image_input: "perhaps" }, /^image_input: must be off, auto/],
    [{ session_config: { voice: "x" } }, /^session_config\.voice: must be/],
    [{ session_config: "alloy" }, /^session_config: unknown key; it must have keys indented/],
    [
      { openai: { voice: "alloy", session_config: { voice: "cedar" } } },
      /^openai\.session_config\.voice: is openai\.voice here, which stands in the file already$/,
    ],
    [
      { session_config: { modalities: ["text"] } },
      /modalities: unknown key; there is nothing to set/,
    ],
    [
      { session_config: { turn_detection: { create_response: true } } },
      /here it is session\.response_by/,
    ],
    [{ session_config: { tools: [] } }, /here it is tools\.custom/],
    [{ system: { log_file: "logs/assistant.log" } }, /journalctl -u pipit|here it is/],
    [{ logging: { file: "logs/assistant.log" } }, /journalctl -u pipit/],
  ];
  for (const [tree, expected] of rows) assert.match(line(tree), expected);
});

test("the guide's keys that mean something here are read as ours", () => {
  const session_config = {
    voice: "cedar",
    temperature: 0.9,
    max_response_output_tokens: 900,
    turn_detection: { type: "server_vad", threshold: 0.6, silence_duration_ms: 700 },
    reasoning: { effort: "low" },
  };
  const tree = { openai: { async_functions: false, image_input: true }, session_config };
  const read = validate(tree, { env: ENV });
  assert.ok(read.ok, JSON.stringify(read));
  const { settings } = read;
  assert.equal(settings["openai.async_functions"], false);
  assert.equal(settings["camera.source"], "auto");
  assert.equal(settings["openai.voice"], "cedar");
  assert.equal(settings["openai.temperature"], 0.9);
  assert.equal(settings["openai.max_output_tokens"], 900);
  assert.equal(settings["openai.turn_detection.threshold"], 0.6);
  assert.equal(settings["openai.turn_detection.silence_ms"], 700);
  assert.equal(settings["openai.reasoning_effort"], "low");
  const off = validate({ async_functions: true, image_input: false }, { env: ENV });
  assert.ok(off.ok && off.settings["openai.async_functions"]);
  assert.equal(off.settings["camera.source"], "off");
});

test("remote servers of tools: the guide's list, the owner's map, and what the API cannot reach", () => {
  const docs = { server_label: "docs", server_url: "https://docs.example.com/mcp", type: "mcp" };
  const listed = validate({ openai: { mcp_servers: [docs] } }, { env: ENV });
  assert.ok(listed.ok, JSON.stringify(listed));
  assert.deepEqual(remoteServers(listed.settings["openai.mcp_servers"]).servers, [
    {
      label: "docs",
      url: "https://docs.example.com/mcp",
      description: "",
      authorization: "",
      headers: {},
      allowedTools: [],
      approval: "always",
    },
  ]);
  const refused = (of: object): string => line({ openai: { mcp_servers: { docs: of } } });
  for (const host of [
    ...["192.168.1.5", "10.0.0.2", "172.20.0.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "[::1]"],
    ...["[fe80::1]", "[fd00::1]", "[::ffff:192.168.1.5]", "nas.local", "nas", "box.fritz.box"],
  ]) {
    const said = refused({ url: `https://${host}/mcp` });
    assert.match(
      said,
      /^openai\.mcp_servers\.docs\.url: is in your own network.*mcp\.servers$/,
      host,
    );
  }
  assert.match(refused({ url: "http://example.com/mcp" }), /must begin with https/);
  assert.match(refused({ url: "https://8.8.8.8/mcp", ulr: 1 }), /ulr: unknown key; did you mean/);
  assert.match(
    refused({ url: "https://me:secret@example.com/mcp" }),
    /^openai\.mcp_servers\.docs\.url: must not have a user or password; put them into authoriz/,
  );
  assert.match(
    refused({ url: "https://example.com/mcp", authorization: "a\nb" }),
    /^openai\.mcp_servers\.docs\.authorization: must be one line/,
  );
  assert.match(
    refused({ url: "https://example.com/mcp", headers: { "X-Key": "a\r\nb" } }),
    /^openai\.mcp_servers\.docs\.headers\.X-Key: must be one line/,
  );
  assert.match(
    refused({ url: "https://example.com/mcp", require_approval: "sometimes" }),
    /require_approval: must be always, never, or lists/,
  );
});

test("a key with what it was copied with is refused, and never shown", () => {
  const of = (key: string): string => line({}, { ...ENV, OPENAI_API_KEY: key });
  for (const key of ['"sk-geheim"', "'sk-geheim'", "sk-geheim'", "`sk-geheim`"]) {
    assert.match(of(key), /^openai\.api_key: must be the key alone, without quotes around it; /);
  }
  for (const key of ["OPENAI_API_KEY=sk-geheim", "KEY=sk-geheim"]) {
    assert.match(of(key), /^openai\.api_key: must be the key alone: it begins with the name/);
  }
  for (const key of ["sk-geheim,", "sk-geheim;"]) {
    assert.match(of(key), /^openai\.api_key: must be the key alone: it ends with a comma or/);
  }
  assert.match(of("$OPENAI_API_KEY"), /^openai\.api_key: is the name of a variable as a shell/);
  const nbsp = of("sk-geheim\u00a0");
  assert.ok(!nbsp.includes("geheim"), nbsp);
  assert.ok(
    validate({}, { env: { ...ENV, OPENAI_API_KEY: "sk-abc=DEF" } }).ok,
    "an = further on is its own",
  );
});

test("a password may look like nearly anything; a variable's name without braces is one everywhere", () => {
  for (const one of ["P4SS=x", "MY_PASS=x", "x,", "sk-abc,", "it's'", "'"]) {
    settings({ mqtt: { password: one }, wake_word: { arbitrate_secret: one } });
    settings({}, { ...ENV, MQTT_PASSWORD: one });
  }
  const of = (password: string): string => line({}, { ...ENV, MQTT_PASSWORD: password });
  assert.match(of("MQTT_PASSWORD=x"), /^mqtt\.password: .* begins with MQTT_PASSWORD=; it comes/);
  assert.match(of('"geheim"'), /^mqtt\.password: must be the password alone, without quotes/);
  settings({}, { ...ENV, MQTT_PASSWORD: "$TOK" });
  const docs = (more: object) => ({ docs: { url: "https://x.example", ...more } });
  for (const tree of [
    { openai: { mcp_servers: docs({ authorization: "$TOK" }) } },
    { mcp: { servers: docs({ headers: { authorization: "Bearer $TOK" } }) } },
    { mcp: { servers: { a: { command: ["/bin/true"], env: { TOKEN: "$TOK" } } } } },
    { mqtt: { password: "$TOK" } },
    { mqtt: { username: "$TOK" } },
    { home_assistant: { token: "$TOK" } },
  ]) {
    assert.match(
      line(tree),
      /: is the name of a variable as a shell writes it; here, write \$\{NAME/,
    );
  }
  settings({ openai: { instructions: "Say $5, or $USD" } });
});

test("what is wrong with a variable's content is said with its name", () => {
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ["OPENAI_BASE_URL", '"https://x/v1"', /^openai\.base_url: must be an address without quotes/],
    ["OPENAI_BASE_URL", "x.example/v1", /^openai\.base_url: must be an address such as/],
    ["HOME_ASSISTANT_TOKEN", "eyJabc.def.ghi,", /^home_assistant\.token: .* ends with a comma/],
    ["OPENAI_API_KEY", "'sk-geheim'", /^openai\.api_key: must be the key alone/],
  ];
  for (const [name, value, expected] of rows) {
    const said = line({}, { ...ENV, [name]: value });
    assert.match(said, expected);
    assert.ok(said.endsWith(`; it comes from ${name}`), said);
  }
  const headers = { authorization: `\${TOK}` };
  const tree = { mcp: { servers: { a: { url: "https://x.example", headers } } } };
  const tail = line(tree, { ...ENV, TOK: "eyJabc.def.ghi," });
  assert.match(tail, /^mcp\.servers\.a\.headers\.authorization: .* ends with a comma/);
});

test("a key that stands there under a slip is not called missing as well", () => {
  const slips: readonly (readonly [unknown, RegExp])[] = [
    [{ OpenAI: { api_key: "sk-geheim" } }, /^OpenAI: unknown key; did you mean "openai"\?$/],
    [
      { openai: { apiKey: "sk-geheim" } },
      /^openai\.apiKey: unknown key; did you mean "api_key"\?$/,
    ],
    [{ openai: { "\u00a0 api_key": "sk-geheim" } }, /an invisible character/],
    [{ openai: null, api_key: "sk-geheim" }, /^api_key: unknown key; did you mean openai\.api_key/],
    [{ openai: "api_key:sk-geheim" }, /^openai: must have keys .* put a space after the colon$/],
    [
      { openai: "api_key = sk-geheim" },
      /^openai: must have keys .* a colon and a space instead of =$/,
    ],
    [[{ openai: { api_key: "sk-geheim" } }], /^the file must hold sections .* remove the - /],
  ];
  for (const [tree, expected] of slips) {
    const checked = validate(tree, { env: {} });
    assert.ok(!checked.ok);
    const said = checked.problems.map(
      ({ key, message }) => (key === "" ? "" : `${key}: `) + message,
    );
    assert.equal(said.length, 1, said.join("\n"));
    assert.match(said[0] ?? "", expected);
  }
  const other = validate({ openai: { voise: "cedar" } }, { env: {} });
  assert.ok(!other.ok);
  assert.equal(other.problems.length, 2, "another slip does not hide that the key is missing");
});
