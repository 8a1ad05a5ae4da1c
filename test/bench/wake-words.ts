/**
 * How well the wake-word engines hear, through `pipit wake-words score` and at their defaults: which
 * share of the words they miss, and how often they are woken by other words.
 *
 * The recordings of people: 24 of `computer`, 24 of `jarvis` and 24 of two other words, by as many
 * people; of each word of microWakeWord two. So the shares for `alexa` are those of two voices, in
 * many noises, speeds and levels. The one in babble that has a bar is of the voices as they are, as
 * the bar was measured: 8 % slower and lower, a third of the words is heard there, 8 % faster nearly
 * all. espeak-ng's voices are counted apart.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { SAMPLE_RATE_HZ, samplesToMs } from "../../src/core/audio/pcm.ts";
import { convertTo24k } from "../../src/core/audio/rate.ts";
import { wavHeader } from "../../src/core/audio/wav.ts";
import { parseJson, record } from "../../src/core/json.ts";
import { SimDice } from "../../src/sim/dice.ts";
import { MAIN } from "../helpers/pipit.ts";
import { type Clip, microPath, microSound, recordings, spoken } from "../helpers/wake-audio.ts";
import type { Findings, RowId } from "./findings.ts";
import {
  atSpeed,
  readAloud,
  type Stream,
  type Surroundings,
  streamOf,
  type Utterance,
} from "./word-material.ts";
import { ENGLISH, LANGUAGES, NEAR, prose } from "./word-texts.ts";

export interface WordsShape {
  /** Recordings of each word, at most. */
  readonly clips: number;
  /** Speeds at which recordings of other words are played. */
  readonly speeds: readonly number[];
  readonly englishVoices: number;
  readonly sentences: number;
  readonly languages: number;
  /** Loudnesses at which each recording of `alexa` is played, and noises that it is heard in. */
  readonly levels: number;
  readonly seeds: number;
}

const MICRO = ["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"] as const;
const KEYLESS = ["computer", "jarvis"] as const;
const ALEXA_SPEEDS = [0.92, 0.96, 1, 1.04, 1.08] as const;
const ALEXA_DBFS = [-20, -26, -32, -38] as const;
/** A word counts as heard until so long after its end. */
const HEARD_WITHIN_MS = 1_200;

const ALARM_ROWS: Readonly<Record<string, RowId>> = {
  computer: "alarms_computer",
  jarvis: "alarms_jarvis",
  alexa: "alarms_alexa",
  hey_jarvis: "alarms_hey_jarvis",
  hey_mycroft: "alarms_hey_mycroft",
  okay_nabu: "alarms_okay_nabu",
  stop: "alarms_stop",
};

export const WORD_ROWS: readonly RowId[] = [
  "missed_computer",
  "missed_computer_pink",
  "missed_jarvis",
  "missed_jarvis_pink",
  "missed_alexa",
  "missed_alexa_pink",
  "missed_alexa_babble",
  "missed_alexa_babble_speeds",
  "missed_alexa_keyless",
  "missed_alexa_keyless_pink",
  "missed_alexa_keyless_babble",
  "missed_alexa_synthetic",
  ...Object.values(ALARM_ROWS),
  "alarms_hard",
  "alarms_near",
];

interface Material {
  readonly folder: string;
  /** By word; `other` for the rest. */
  readonly people: Readonly<Record<string, readonly Clip[]>>;
}

interface Engine {
  readonly name: string;
  readonly options: readonly string[];
}

interface Detected {
  readonly keyword: string;
  readonly atMs: number;
}

export async function wakeWordFindings(
  findings: Findings,
  folder: string,
  shape: WordsShape,
): Promise<void> {
  const people = clipsOfPeople(shape.clips);
  if (people === null) throw new Error("needs the shared recordings of people");
  const material = { folder, people };
  await missedWords(findings, material);
  await missedAlexa(findings, material, shape);
  await alarms(findings, material, shape);
}

function clipsOfPeople(most: number): Material["people"] | null {
  const entries = [...KEYLESS, "other"].map((word) => [word, recordings(word)] as const);
  const micro = MICRO.map((word) => [word, microClips(word)] as const);
  const people: Record<string, readonly Clip[]> = {};
  for (const [word, clips] of [...entries, ...micro]) {
    if (clips === null || clips.length === 0) return null;
    people[word] = clips.slice(0, most);
  }
  return people;
}

function microClips(word: string): readonly Clip[] {
  return ["1.wav", "2.wav"].flatMap((name) => {
    const pcm = microSound(word, name);
    return pcm === null ? [] : [{ name, pcm: convertTo24k(pcm, 16_000) }];
  });
}

function keyless(...words: readonly string[]): Engine {
  const options = words.flatMap((word) => ["--keyword", word]);
  return { name: "keyless", options: ["--engine", "porcupine-keyless", ...options] };
}

function micro(...words: readonly string[]): Engine {
  const models = words.map((word) => microPath(`${word}.json`));
  const options = models.flatMap((path) => (path === null ? [] : ["--model", path]));
  return { name: "micro", options: ["--engine", "micro", ...options] };
}

/** What the engine detects in each stream, by the built command, at the defaults. */
async function scored(
  { folder }: Material,
  engine: Engine,
  streams: readonly Stream[],
): Promise<ReadonlyMap<string, readonly Detected[]>> {
  const dir = join(folder, "streams");
  mkdirSync(dir, { recursive: true });
  const config = join(dir, "config.yaml");
  writeFileSync(config, JSON.stringify({ metrics: { dir: join(dir, "metrics") } }));
  for (const { name, pcm } of streams) {
    const sound = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    const header = wavHeader(SAMPLE_RATE_HZ, pcm.byteLength);
    writeFileSync(join(dir, `${name}.wav`), Buffer.concat([header, sound]));
  }
  try {
    const args = ["wake-words", "score", dir, "--json", "--config", config, ...engine.options];
    return detectionsIn(await outputOf(args));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function outputOf(args: readonly string[]): Promise<string> {
  const child = spawn(MAIN, args, {
    env: { ...process.env, OPENAI_API_KEY: "sk-bench-not-a-real-key" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  await once(child, "close");
  if (child.exitCode !== 0) throw new Error(`pipit wake-words ended with ${child.exitCode}`);
  return out;
}

function detectionsIn(json: string): ReadonlyMap<string, readonly Detected[]> {
  const fields = record(parseJson(json));
  const files = fields?.["files"];
  if (!Array.isArray(files)) throw new Error("pipit wake-words score printed no files");
  if (fields?.["frames_dropped"] !== 0) throw new Error("frames were dropped");
  return new Map(
    files.map((file: unknown) => {
      const one = record(file) ?? {};
      const detections: unknown[] = Array.isArray(one["detections"]) ? one["detections"] : [];
      const found = detections.map((detection) => {
        const { keyword, at_s } = record(detection) ?? {};
        return { keyword: String(keyword), atMs: Number(at_s) * 1000 };
      });
      return [basename(String(one["file"]), ".wav"), found] as const;
    }),
  );
}

interface Tally {
  /** Words that were said, and those that were heard. */
  readonly said: number;
  readonly heard: number;
  readonly alarms: readonly Detected[];
}

/** `hey jarvis` is allowed to wake who listens for `jarvis`. */
function tally({ said }: Stream, detections: readonly Detected[]): Tally {
  const heard = new Set<number>();
  const alarms = detections.filter(({ keyword, atMs }) => {
    const nth = said.findIndex(
      ({ word, fromMs, toMs }) =>
        word.includes(keyword) && atMs >= fromMs && atMs <= toMs + HEARD_WITHIN_MS,
    );
    if (nth >= 0) heard.add(nth);
    return nth < 0;
  });
  const own = said.filter(({ word }) => word !== "").length;
  return { said: own, heard: heard.size, alarms };
}

/** Of each stream the share that was not heard, in per cent. */
async function missed(
  findings: Findings,
  material: Material,
  engine: Engine,
  streams: readonly (readonly [RowId, Stream])[],
): Promise<void> {
  const all = streams.map(([, stream]) => stream);
  const found = await scored(material, engine, all);
  for (const [id, stream] of streams) {
    const { said, heard, alarms } = tally(stream, found.get(stream.name) ?? []);
    findings.add(id, (100 * (said - heard)) / said);
    const besides = alarms.length === 0 ? "" : `, ${alarms.length} besides`;
    findings.note(id, `${heard} of ${said} heard${besides}`);
  }
}

function saying(word: string, clips: readonly Clip[]): readonly Utterance[] {
  return clips.map(({ pcm }) => ({ word, pcm }));
}

async function missedWords(findings: Findings, material: Material): Promise<void> {
  for (const word of KEYLESS) {
    const said = saying(word, material.people[word] ?? []);
    await missed(findings, material, keyless(word), [
      [`missed_${word}`, streamOf("clean", said, { tag: "quiet" }, 3)],
      [`missed_${word}_pink`, streamOf("pink", said, { tag: "pink", snrDb: 10 }, 4)],
    ]);
  }
}

function speeded(clips: readonly Clip[], speeds: readonly number[]): readonly Clip[] {
  return clips.flatMap(({ name, pcm }) =>
    speeds.map((speed) => ({ name, pcm: speed === 1 ? pcm : atSpeed(pcm, speed) })),
  );
}

async function missedAlexa(
  findings: Findings,
  material: Material,
  shape: WordsShape,
): Promise<void> {
  const { people } = material;
  const clips = speeded(people["alexa"] ?? [], ALEXA_SPEEDS);
  const levels = ALEXA_DBFS.slice(0, shape.levels).flatMap((dbfs) =>
    saying("alexa", clips).map((one) => ({ ...one, dbfs })),
  );
  const many = Array.from({ length: shape.seeds }, () => saying("alexa", clips)).flat();
  const natural = Array.from({ length: shape.seeds * ALEXA_SPEEDS.length }, () =>
    saying("alexa", people["alexa"] ?? []),
  ).flat();
  const voices = Object.entries(people)
    .filter(([word]) => word !== "alexa")
    .flatMap(([, of]) => of);
  const clean = streamOf("clean", levels, { tag: "quiet" }, 5);
  const noisy = streamOf("pink", many, { tag: "pink", snrDb: 5 }, 6);
  const babble: Surroundings = { tag: "babble", snrDb: 5, voices };
  const crowded = streamOf("babble", natural, babble, 7);
  const speeds = streamOf("babble-speeds", many, babble, 7);
  const synthetic = streamOf("espeak", saying("alexa", spoken("alexa") ?? []), { tag: "quiet" }, 8);
  await missed(findings, material, micro("alexa"), [
    ["missed_alexa", clean],
    ["missed_alexa_pink", noisy],
    ["missed_alexa_babble", crowded],
    ["missed_alexa_babble_speeds", speeds],
    ["missed_alexa_synthetic", synthetic],
  ]);
  await missed(findings, material, keyless("alexa"), [
    ["missed_alexa_keyless", clean],
    ["missed_alexa_keyless_pink", noisy],
    ["missed_alexa_keyless_babble", crowded],
  ]);
}

/** Of the speeds, so many are enough for words among people who talk: there is no bar for these. */
const CROWDED_SPEEDS = 3;

/** Other words: each stream of one kind, in one of the surroundings. */
function otherWords({ people, folder }: Material, shape: WordsShape): readonly Stream[] {
  const { speeds, englishVoices, sentences, languages } = shape;
  const voices = people["other"] ?? [];
  const all: readonly Surroundings[] = [
    { tag: "quiet" },
    { tag: "pink", snrDb: 10 },
    { tag: "babble", snrDb: 5, voices },
  ];
  const dice = new SimDice(9);
  const english = ENGLISH.slice(0, englishVoices).map((voice) =>
    readAloud(folder, voice, prose(dice, sentences), 140 + dice.below(50)),
  );
  const foreign = Object.entries(LANGUAGES)
    .slice(0, languages)
    .flatMap(([voice, words]) =>
      [voice, `${voice}+f3`].map((one) => readAloud(folder, one, words, 130 + dice.below(50))),
    );
  const talk: readonly Utterance[] = [...english, ...foreign].map((pcm) => ({ word: "", pcm }));
  const words = Object.entries(people).flatMap(([word, clips]) =>
    saying(word === "other" ? "" : word, clips),
  );
  const near = NEAR.flatMap((sentence) =>
    ENGLISH.slice(0, englishVoices).map((voice) => ({
      word: "",
      pcm: readAloud(folder, voice, sentence),
    })),
  );
  return [
    ...all.flatMap((around, nth) => [
      ...(around.tag === "babble" ? speeds.slice(0, CROWDED_SPEEDS) : speeds).map((speed) => {
        const said = words.map(({ word, pcm }) => ({ word, pcm: atSpeed(pcm, speed) }));
        return streamOf(`words-${around.tag}-${speed}`, said, around, 10 + nth);
      }),
      streamOf(`talk-${around.tag}`, talk, around, 20 + nth),
    ]),
    streamOf(NEAR_STREAM, near, { tag: "quiet" }, 30),
  ];
}

const NEAR_STREAM = "near";

/** A stream of single words in a room with no crowd in it: of these none may wake. */
const isPlain = (name: string): boolean => name.startsWith("words-") && !name.includes("babble");

async function alarms(findings: Findings, material: Material, shape: WordsShape): Promise<void> {
  const streams = otherWords(material, shape);
  const near: string[] = [];
  const hard: string[] = [];
  for (const [engine, words] of [
    [keyless(...KEYLESS), KEYLESS],
    [micro(...MICRO, "stop"), [...MICRO, "stop"]],
  ] as const) {
    const found = await scored(material, engine, streams);
    const plain: { readonly keyword: string; readonly place: string }[] = [];
    for (const stream of streams) {
      for (const { keyword, atMs } of tally(stream, found.get(stream.name) ?? []).alarms) {
        const place = `${stream.name} ${Math.round(atMs / 1000)} s`;
        if (isPlain(stream.name)) plain.push({ keyword, place });
        else if (stream.name === NEAR_STREAM) near.push(keyword);
        else hard.push(`${keyword}: ${place}`);
      }
    }
    for (const word of words) {
      const id = ALARM_ROWS[word];
      if (id === undefined) continue;
      const places = plain.filter(({ keyword }) => keyword === word).map(({ place }) => place);
      findings.add(id, places.length);
      findings.note(id, [`in ${minutesOf(streams, isPlain)} min`, ...places].join(", "));
    }
  }
  const isHard = (name: string): boolean => !isPlain(name) && name !== NEAR_STREAM;
  findings.add("alarms_hard", hard.length);
  findings.note("alarms_hard", [`in ${minutesOf(streams, isHard)} min`, ...hard].join(", "));
  findings.add("alarms_near", near.length);
  findings.note("alarms_near", near.join(", "));
}

function minutesOf(streams: readonly Stream[], fits: (name: string) => boolean): number {
  const samples = streams
    .filter(({ name }) => fits(name))
    .reduce((sum, { pcm }) => sum + pcm.length, 0);
  return Math.round(samplesToMs(samples) / 60_000);
}
