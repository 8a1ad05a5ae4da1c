/** `pipit wake-words`, as an owner runs it: the list, installing without a network, scoring, trying. */

import assert from "node:assert/strict";
import { copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, relative } from "node:path";
import { type TestContext, test } from "node:test";
import { fetched, officialFrom } from "../../../src/commands/wake-words/io-install.ts";
import { FaultError } from "../../../src/core/fault.ts";
import { OFFICIAL_MODELS, type OfficialModel } from "../../../src/core/wake/official.ts";
import { runPipit } from "../../helpers/pipit.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";
import { microPath } from "../../helpers/wake-audio.ts";

/** Where no configuration of this machine is found. */
const ENV = { PIPIT_CONFIG: "/nonexistent/pipit.yaml", OPENAI_API_KEY: "" };

test("the list has the words of all engines, and what to do for those that are not here", async () => {
  const result = await runPipit(["wake-words", "--json"], ENV);
  assert.equal(result.code, 0, result.stderr);
  const { words } = JSON.parse(result.stdout);
  assert.deepEqual(
    { ...words[0], licence: undefined },
    {
      word: "computer",
      engine: "porcupine-keyless",
      sensitivity: 0.9,
      is_listened_for: true,
      is_here: true,
      licence: undefined,
      kilobytes: null,
      manifest: null,
    },
  );
  const text = (await runPipit(["wake-words", "list"], ENV)).stdout;
  assert.match(text, /^\* {2}computer +porcupine-keyless +0\.9 /m);
  assert.match(
    text,
    /hey_jarvis +micro .*52\.3 KB +Apache-2\.0 +pipit wake-words install hey_jarvis/,
  );
});

test("a model that was fetched before is installed, is listed, and hears", async (t) => {
  const [model, sound] = [microPath("alexa.tflite"), microPath("alexa")];
  if (model === null || sound === null) {
    t.skip("no test material");
    return;
  }
  const folder = tempFolder(t);
  const config = join(folder, "config.yaml");
  writeFileSync(config, "openai: {api_key: x}\n");
  const installed = await runPipit(
    ["wake-words", "install", "Alexa", "--from", model, "--config", config],
    ENV,
  );
  assert.equal(installed.code, 0, installed.stderr);
  const manifest = join(folder, "wake-words", "alexa.json");
  const [, ...lines] = installed.stdout.split("\n");
  assert.equal(lines.join("\n"), `wake_word:\n  engine: micro\n  model_path: ${manifest}\n`);
  assert.equal(statSync(manifest).mode & 0o777, 0o644);

  writeFileSync(config, `openai: {api_key: x}\n${lines.join("\n")}`);
  const listed = await runPipit(["wake-words", "--config", config, "--json"], ENV);
  const { words } = JSON.parse(listed.stdout);
  assert.deepEqual(words[0], {
    word: "alexa",
    engine: "micro",
    sensitivity: 0.97,
    is_listened_for: true,
    is_here: true,
    licence: "Apache-2.0",
    kilobytes: 55.9,
    manifest,
  });

  const scored = await runPipit(["wake-words", "score", sound, "--config", config, "--json"], ENV);
  assert.equal(scored.code, 0, scored.stderr);
  const data = JSON.parse(scored.stdout);
  assert.deepEqual(data.words, [{ keyword: "alexa", engine: "micro", sensitivity: 0.97 }]);
  assert.deepEqual([data.files_heard, data.files_total, data.detections_total], [2, 2, 2]);
  for (const { seconds, detections } of data.files) {
    assert.ok(detections[0].at_s > 0.2 && detections[0].at_s < seconds + 0.5, "at its place");
  }
});

test("a model of anybody's is installed by its manifest, under its own word", async (t) => {
  const model = microPath("okay_nabu.tflite");
  if (model === null) {
    t.skip("no test material");
    return;
  }
  const folder = tempFolder(t);
  copyFileSync(model, join(folder, "v7.tflite"));
  const manifest = join(folder, "v7.json");
  const micro = { probability_cutoff: 0.9, feature_step_size: 10, sliding_window_size: 5 };
  writeFileSync(
    manifest,
    JSON.stringify({ type: "micro", wake_word: "Hé Bird", model: "v7.tflite", version: 2, micro }),
  );
  const target = join(folder, "models");
  const result = await runPipit(
    ["wake-words", "install", "--from", manifest, "--dir", relative(".", target), "--json"],
    ENV,
  );
  assert.deepEqual(JSON.parse(result.stdout), {
    word: "hé_bird",
    manifest: join(target, "hé_bird.json"),
  });
  const written = JSON.parse(readFileSync(join(target, "hé_bird.json"), "utf8"));
  assert.deepEqual([written.model, written.micro.probability_cutoff], ["hé_bird.tflite", 0.9]);
  assert.deepEqual(readFileSync(join(target, "hé_bird.tflite")), readFileSync(model));
});

test("invalid requests: one line, exit code 2", async (t) => {
  const folder = tempFolder(t);
  const html = join(folder, "alexa.tflite");
  writeFileSync(html, "<html>404</html>");
  for (const [args, words] of [
    [["install"], /Name a model.*There are alexa, hey_jarvis/],
    [["install", "hey_jarvs"], /no official model "hey_jarvs"; did you mean "hey_jarvis"/],
    [["install", "alexa"], /55\.9 KB, licence Apache-2\.0, from https.*--yes/],
    [["install", "alexa", "--from", html], /not the model alexa that is known: its SHA-256/],
    [["install", "alexa", "--from", join(folder, "no.json")], /cannot be used: it does not exist/],
    [["score"], /needs files or folders/],
    [["score", folder], /No WAV file/],
    [
      ["score", join(folder, "no.wav")],
      /The sound file .*no\.wav does not exist.*Give the path of a WAV file, or of a folder/,
    ],
    [["score", folder, "--keyword", "smart mirror"], /No WAV file|No engine/],
    [
      ["score", html, "--keyword", "smart mirror"],
      /No engine here knows the wake word 'smart mirror'/,
    ],
    [["score", html, "--sensitivity", "2"], /--sensitivity takes 0 to 1/],
    [["score", html], /not a WAV file/],
    [["dance"], /expected list, install, try or score/],
    [["--config", join(folder, "no.yaml")], /no\.yaml/],
  ] as const) {
    const result = await runPipit(["wake-words", ...args], ENV);
    assert.equal(result.code, 2, `${args.join(" ")}: ${result.stderr}`);
    assert.match(result.stderr, words);
  }
});

test("a damaged recording is reported, and the others are scored", async (t) => {
  const sound = microPath("alexa/1.wav");
  if (sound === null) {
    t.skip("no test material");
    return;
  }
  const folder = tempFolder(t);
  copyFileSync(sound, join(folder, "a.wav"));
  writeFileSync(join(folder, "b.wav"), "nothing");
  const result = await runPipit(
    ["wake-words", "score", folder, "--json", "--keyword", "alexa"],
    ENV,
  );
  assert.equal(result.code, 1);
  const { files, files_damaged, files_total } = JSON.parse(result.stdout);
  assert.deepEqual([files_damaged, files_total, files[0].detections.length], [1, 2, 1]);
  assert.match(files[1].error, /b\.wav is not a WAV file/);
});

test("try: what is heard in a recording at the microphone, at its real pace", async (t) => {
  const [model, sound] = [microPath("alexa.json"), microPath("alexa/1.wav")];
  if (model === null || sound === null) {
    t.skip("no test material");
    return;
  }
  const config = join(tempFolder(t), "config.yaml");
  writeFileSync(config, `openai: {api_key: x}\naudio: {input_device: "file:${sound}"}\n`);
  const result = await runPipit(
    [
      "wake-words",
      "try",
      "--config",
      config,
      "--model",
      model,
      "--keyword",
      "alexa",
      "--seconds",
      "4",
    ],
    ENV,
  );
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /^Listening for alexa\. Ctrl-C ends it\.\nalexa after \d\.\d s\n$/);
});

/** An official model as a server of this test has it. */
async function served(t: TestContext, answer: RequestListener): Promise<OfficialModel> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const { port }: AddressInfo = address;
  const [first] = OFFICIAL_MODELS;
  assert.ok(first !== undefined);
  return { ...first, url: `http://127.0.0.1:${port}/` };
}

test("a download is bounded and checked", async (t) => {
  const good = await served(t, (_, reply) => reply.end("hello"));
  const bytes = await fetched(good);
  assert.equal(Buffer.from(bytes).toString(), "hello");
  assert.throws(() => officialFrom(good, bytes, good.url), /SHA-256/);
  for (const [answer, words] of [
    [(_, reply) => reply.writeHead(404).end("no"), /HTTP 404/],
    [(_, reply) => reply.end(Buffer.alloc(good.bytes + 1)), /more than 55856 bytes/],
    [(request) => request.destroy(), /could not be downloaded: (?!fetch failed)./],
  ] satisfies readonly (readonly [RequestListener, RegExp])[]) {
    const bad = await served(t, answer);
    await assert.rejects(
      fetched(bad),
      (thrown) =>
        thrown instanceof FaultError &&
        words.test(thrown.message) &&
        /--from FILE/.test(thrown.fault.remedy),
    );
  }
});

test("the pinned models are those of the test material", (t) => {
  for (const official of OFFICIAL_MODELS) {
    const path = microPath(`${official.name}.tflite`);
    if (path === null) {
      t.skip("no test material");
      return;
    }
    const bytes = readFileSync(path);
    assert.equal(bytes.length, official.bytes);
    const { manifest } = officialFrom(official, bytes, path);
    const theirs = JSON.parse(readFileSync(join(dirname(path), `${official.name}.json`), "utf8"));
    const ours = JSON.parse(manifest);
    assert.equal(ours.micro.probability_cutoff, theirs.micro.probability_cutoff);
    assert.equal(ours.model, theirs.model);
  }
});
