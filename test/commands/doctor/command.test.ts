/** The doctor as its owner calls it: real processes, stand-in sound programs, the simulated API. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { wavHeader } from "../../../src/core/audio/wav.ts";
import { type Fields, record } from "../../../src/core/json.ts";
import { startPeer } from "../../../src/sim/peer/peer.ts";
import { type Config, configure, daemonEnv, KEY, launch } from "../../helpers/daemon.ts";
import { type Ended, runPipit } from "../../helpers/pipit.ts";
import { stubProgram } from "../../helpers/stub-program.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

/** A PATH on which arecord and aplay are stand-ins. */
function soundPath(t: TestContext): string {
  const folder = tempFolder(t);
  for (const [name, stub] of [
    ["arecord", "stub-recorder.mjs"],
    ["aplay", "stub-player.mjs"],
  ] as const) {
    const program = stubProgram(stub);
    t.after(program.remove);
    symlinkSync(program.path, join(folder, name));
  }
  return `${folder}:${process.env["PATH"]}`;
}

interface Said {
  readonly code: number | null;
  readonly text: string;
  /** `grade: sentence` of a check; of several findings, the last; empty for none. */
  readonly of: (check: string) => string;
}

function said({ code, stdout, stderr }: Ended): Said {
  assert.equal(stderr, "");
  const data = record(JSON.parse(stdout)) ?? {};
  assert.equal(data["ok"], code === 0);
  const findings = Array.isArray(data["findings"]) ? data["findings"] : [];
  const pairs = findings.map((entry: unknown) => {
    const one: Fields = record(entry) ?? {};
    return [String(one["check"]), `${one["grade"]}: ${one["says"]}`] as const;
  });
  const lines = new Map(pairs);
  return { code, text: stdout, of: (check) => lines.get(check) ?? "" };
}

const SOUND: Config = {
  audio: { input_device: "stub", output_device: "stub", output_backend: "aplay" },
};

test("all is well: sound, wake word, API, models, and exit code 0", async (t) => {
  const peer = await startPeer({});
  t.after(() => peer.close());
  const paths = configure(t, {
    ...SOUND,
    openai: { base_url: peer.url, model: "gpt-realtime-2.1" },
  });
  const env = { PATH: soundPath(t), OPENAI_API_KEY: KEY, STUB_MODE: "room" };
  const { code, of, text } = said(
    await runPipit(["doctor", "--json", "--config", paths.config], env),
  );
  assert.equal(code, 0, text);
  assert.match(of("config"), /^ok: /);
  assert.match(of("api"), /^ok: 127\.0\.0\.1:\d+ answered in \d+ ms/);
  assert.match(of("models"), /^ok: gpt-realtime-2\.1 will answer/);
  assert.match(of("microphone"), /^ok: stub: noise -5\d\.\d dBFS, loudest -/);
  assert.match(of("speaker"), /^ok: stub played two notes/);
  assert.match(of("wake word"), /^ok: porcupine-keyless is ready for "computer"/);
  assert.ok(!text.includes(KEY));
});

test("each microphone fault is named; no colours without a terminal", async (t) => {
  const paths = configure(t, { ...SOUND, wake_word: { enabled: false } });
  const PATH = soundPath(t);
  const cases: readonly (readonly [string, RegExp])[] = [
    ["dead", /^fail {2}microphone {5}stub delivers only digital silence\n {21}Look for a mute/m],
    ["overdriven", /^warn {2}microphone .*100 % clipped\n {21}Lower the capture/m],
    [
      "busy",
      /^fail {2}microphone {5}Microphone "stub" is in use by another program\n {21}Find it/m,
    ],
  ];
  for (const [mode, expected] of cases) {
    const env = { PATH, OPENAI_API_KEY: KEY, STUB_MODE: mode };
    const ended = await runPipit(["doctor", "--offline", "--config", paths.config], env);
    assert.match(ended.stdout, expected);
    assert.equal(ended.stderr, "");
    assert.ok(!ended.stdout.includes("\u001b"), "no colour, no cursor");
    assert.match(ended.stdout, /\n\d+ ok, .*skipped\n$/);
  }
});

test("while the daemon runs, it is asked, and nothing is taken from it", async (t) => {
  const paths = configure(t, { ...SOUND, wake_word: { enabled: false } });
  const PATH = soundPath(t);
  const daemon = launch(t, paths, daemonEnv({ PATH, STUB_MODE: "room" }));
  await daemon.says("Ready");
  const { of } = said(
    await runPipit(["doctor", "--json", "--quick", "--config", paths.config], { PATH }),
  );
  assert.match(of("daemon"), /^ok: Runs for \d+ s, idle/);
  assert.match(of("microphone"), /^ok: In use by the running pipit/);
  assert.match(of("speaker"), /^ok: In use by the running pipit/);
  const walk = said(
    await runPipit(["doctor", "--json", "--quick", "--walk", "--yes", "--config", paths.config], {
      PATH,
    }),
  );
  assert.match(walk.of("walk"), /^skip: The running pipit holds the pins/);
  assert.equal((await daemon.stop()).code, 0);
});

test("an invalid configuration is reported line by line, and the machine is checked all the same", async (t) => {
  const file = join(tempFolder(t), "c.yaml");
  writeFileSync(file, "audio:\n  volume: 7\nzzz: 1\n");
  const ended = await runPipit(["doctor", "--config", file]);
  assert.equal(ended.code, 1);
  assert.match(ended.stdout, /^fail {2}config {9}\S+c\.yaml:2:11 audio\.volume: must be/m);
  assert.match(ended.stdout, /^fail {2}config {9}\S+c\.yaml:3:1 zzz: unknown key/m);
  assert.match(ended.stdout, /^skip {2}microphone {5}Needs a valid configuration/m);
  assert.match(ended.stdout, /^\w+ +node /m);
});

test("a rule that the daemon holds a configuration to: failed, to be edited; a variable of the service's: a warning", async (t) => {
  const file = join(tempFolder(t), "c.yaml");
  const look = async (yaml: string) => {
    writeFileSync(file, yaml);
    return (await runPipit(["doctor", "--quick", "--config", file], { OPENAI_API_KEY: KEY }))
      .stdout;
  };
  for (const [yaml, place] of [
    ["mqtt: {url: mqtt://bob:pw@127.0.0.1}", "1:13 mqtt.url"],
    ["wake_word: {keyword: hey jarvus}", "1:22 wake_word.keyword"],
    ["budget: {daily_usd: 1}\nmetrics: {max_files: 10}", "2:22 metrics.max_files"],
    ["openai: {base_url: https://me:pw@x.example/v1}", "1:20 openai.base_url"],
    ["tools: {custom: {a: {webhook: https://x.example}}}", "1:21 tools.custom.a"],
  ] as const) {
    const text = await look(yaml);
    assert.match(text, new RegExp(`^fail {2}config {9}\\S+c\\.yaml:${place}`, "m"), text);
    assert.match(text, /Edit it, then: sudo pipit check-config/);
    assert.match(text, /^skip {2}microphone {5}Needs a valid configuration/m);
  }
  const text = await look(`mqtt: {url: mqtt://127.0.0.1, password: "\${NO_SUCH}"}`);
  assert.match(text, /^warn {2}config {9}mqtt\.password: .*NO_SUCH is not set/m);
  assert.match(text, /Set it in this shell, or look as root/);
});

test("a pipe as the configuration does not hold the doctor up", async (t) => {
  const pipe = join(tempFolder(t), "config.yaml");
  execFileSync("mkfifo", [pipe]);
  const { code, of } = said(await runPipit(["doctor", "--json", "--quick", "--config", pipe], {}));
  assert.equal(code, 1);
  assert.match(of("config"), /^fail: .*config\.yaml/);
  assert.match(of("node"), /^\w+: /, "to the last check");
});

test("no key, no sound card: what to do about each", async (t) => {
  const paths = configure(t, {
    ...SOUND,
    audio: {
      ...SOUND["audio"],
      input_device: "plughw:CARD=Nowhere",
      output_device: "plughw:CARD=Nowhere",
    },
    wake_word: { enabled: false },
  });
  const { code, of } = said(await runPipit(["doctor", "--json", "--config", paths.config]));
  assert.equal(code, 1);
  assert.match(of("key"), /^fail: No key is set/);
  assert.match(of("api"), /^skip: Not asked, without a key/);
  assert.match(of("microphone"), /^fail: Microphone.*(not found|not installed)/);
  assert.match(of("speaker"), /^fail: Speaker.*(not found|not installed)/);
});

test("a recording as the microphone: missing, or without the wake word in it", async (t) => {
  const paths = configure(t, {});
  const missing = said(await runPipit(["doctor", "--json", "--quick", "--config", paths.config]));
  assert.match(missing.of("microphone"), /^fail: The sound file .*question\.wav does not exist/);
  const silence = new Uint8Array(48_000);
  writeFileSync(paths.question, Buffer.concat([wavHeader(24_000, silence.length), silence]));
  const args = ["doctor", "--json", "--offline", "--wake", "--config", paths.config];
  const { of } = said(await runPipit(args));
  assert.match(of("microphone"), /^ok: A recording of 1\.0 s/);
  assert.match(of("wake word"), /^fail: "computer" was not heard in 2\.5 s, at no sensitivity/);
  assert.match(of("speaker"), /^ok: Records into/);
  assert.ok(!existsSync(paths.out), "and the owner's recording is left alone");
});

test("devices answers, with or without sound hardware", async () => {
  const plain = await runPipit(["devices"]);
  assert.deepEqual([plain.code, plain.stderr], [0, ""]);
  assert.match(plain.stdout, /^(There is no sound card\.|Microphones)\n/);
  const json = await runPipit(["devices", "--json"]);
  const data = record(JSON.parse(json.stdout));
  assert.ok(Array.isArray(data?.["microphones"]) && Array.isArray(data?.["speakers"]));
});
