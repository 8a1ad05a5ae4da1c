/**
 * Puts a model and its manifest into a folder: an official one by name, from its pinned address or
 * from a file that somebody fetched before; or any other by its manifest.
 *
 * Invariants: what is written has been run once and, where it is an official one, has the known
 * SHA-256; a file is there whole or not at all.
 */

import { createHash } from "node:crypto";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readModelFile } from "../../adapters/wake/micro-models.ts";
import { FaultError, fault, thrownText } from "../../core/fault.ts";
import { BadModel } from "../../core/micro/flatbuffer.ts";
import { Interpreter } from "../../core/micro/interpreter.ts";
import { MANIFEST_MAX_BYTES, parseManifest } from "../../core/micro/manifest.ts";
import { FILE_MAX_BYTES } from "../../core/micro/model-file.ts";
import { type OfficialModel, officialManifest } from "../../core/wake/official.ts";
import { MANIFEST_EXTENSION } from "../../core/wake/plan.ts";
import { wordKey } from "../../core/wake/sensitivity.ts";

/** For a file of 60 KB. */
const FETCH_MAX_MS = 30_000;
/** Readable for the service, which runs as another user. */
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

/** A model that may be written. */
export interface Checked {
  readonly name: string;
  readonly model: Uint8Array;
  readonly manifest: string;
}

function refused(message: string, remedy = "", cause?: unknown): FaultError {
  return new FaultError(fault("config", "report", message, remedy), { cause });
}

/** An official model from its file. Throws a FaultError (config) when it is not that one. */
export function officialFrom(official: OfficialModel, bytes: Uint8Array, from: string): Checked {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== official.sha256) {
    const message = `${from} is not the model ${official.name} that is known: its SHA-256 is ${sha256}`;
    throw refused(message, "To use it anyway: --from its manifest (.json)");
  }
  checkRuns(bytes, from);
  return { name: official.name, model: bytes, manifest: officialManifest(official) };
}

/** Any model, by its manifest. Throws a FaultError (config). */
export function manifestFrom(path: string): Checked {
  const text = readModelFile(path, MANIFEST_MAX_BYTES).toString("utf8");
  const reading = parseManifest(text);
  if (!reading.ok) throw refused(`${path} cannot be used: ${reading.why}`);
  const { word, modelFile } = reading.manifest;
  const name = wordKey(word).replaceAll(/[^\p{L}\p{N}_]/gu, "_");
  const modelPath = join(dirname(path), modelFile);
  const model = readModelFile(modelPath, FILE_MAX_BYTES);
  checkRuns(model, modelPath);
  const tree: unknown = JSON.parse(text);
  const renamed = { ...Object(tree), model: `${name}.tflite` };
  return { name, model, manifest: `${JSON.stringify(renamed, null, 2)}\n` };
}

export function isManifestPath(path: string): boolean {
  return path.endsWith(MANIFEST_EXTENSION);
}

/** The bytes of a file that should be a model. */
export function modelBytes(path: string): Uint8Array {
  return readModelFile(path, FILE_MAX_BYTES);
}

function checkRuns(bytes: Uint8Array, from: string): void {
  try {
    new Interpreter(bytes).run();
  } catch (thrown) {
    if (!(thrown instanceof BadModel)) throw thrown;
    throw refused(`${from} cannot be used: ${thrown.message}`, "", thrown);
  }
}

/** `fetch` itself says only that it failed; why is in the cause. */
function networkText(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause instanceof Error ? thrownText(cause) : thrownText(thrown);
}

/** Fetches a model from its address, bounded in size and time. Throws a FaultError. */
export async function fetched({ name, url, bytes }: OfficialModel): Promise<Uint8Array> {
  const remedy = `Download ${url} elsewhere, then: pipit wake-words install ${name} --from FILE`;
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(FETCH_MAX_MS) });
    if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of reply.body ?? []) {
      length += chunk.length;
      if (length > bytes) throw new Error(`more than ${bytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (thrown) {
    const why = `The model ${name} could not be downloaded: ${networkText(thrown)}`;
    throw new FaultError(fault("network", "report", why, remedy), { cause: thrown });
  }
}

/**
 * Writes model and manifest; returns the manifest's path, from the root: the service that is told of
 * it starts elsewhere. Throws a FaultError (config).
 */
export function written({ name, model, manifest }: Checked, where: string): string {
  const folder = resolve(where);
  try {
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    put(join(folder, `${name}.tflite`), model);
    const path = join(folder, `${name}${MANIFEST_EXTENSION}`);
    put(path, manifest);
    return path;
  } catch (thrown) {
    const remedy = "Use sudo, or another folder: --dir DIR";
    throw refused(
      `The model cannot be written to ${folder}: ${thrownText(thrown)}`,
      remedy,
      thrown,
    );
  }
}

function put(path: string, content: string | Uint8Array): void {
  const temp = `${path}.new`;
  try {
    writeFileSync(temp, content, { mode: FILE_MODE, flush: true });
    renameSync(temp, path);
  } catch (thrown) {
    rmSync(temp, { force: true });
    throw thrown;
  }
}
