/**
 * `GET /v1/models`, at most once a day, also across restarts: the dates it gave are kept in a small
 * file beside the metrics. Whatever goes wrong, the answer is what is known already.
 */

import { rename, writeFile } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { parseJson, record } from "../../core/json.ts";
import { type ShutdownDates, shutdownDates } from "../../core/models/dates.ts";
import { modelsUrl } from "../../core/realtime/endpoint.ts";
import type { Clock, ModelsSource } from "../../ports.ts";
import { makeFolders, realFiles } from "../os/files.ts";

/** Two requests are at least this far apart: a little less than the day between two looks. */
const ASK_EVERY_MS = 23.5 * 3_600_000;
/** One cheap request; a server that takes longer is asked tomorrow. */
const ASK_MAX_MS = 10_000;
/** The real answer has about 20 KB. */
const ANSWER_MAX_BYTES = 1_048_576;
const FILE_NAME = ".models.json";
/** A list of some dozen names. */
const FILE_MAX_BYTES = 262_144;
const FOLDER_MODE = 0o750;

export interface ModelsListOptions {
  readonly clock: Clock;
  readonly baseUrl: () => string;
  readonly apiKey: () => string;
  /** Where the answer is kept. */
  readonly dir: string;
}

export class ModelsList implements ModelsSource {
  readonly #options: ModelsListOptions;

  constructor(options: ModelsListOptions) {
    this.#options = options;
  }

  async shutdownDates(): Promise<ShutdownDates> {
    const kept = await this.#kept();
    const ageMs = this.#options.clock.wallMs() - kept.askedMs;
    if (ageMs >= 0 && ageMs < ASK_EVERY_MS) return kept.dates;
    const dates = await this.#ask();
    // A failed request counts as well: a server that refuses is not asked again all day.
    await this.#keep(dates ?? kept.dates);
    return dates ?? kept.dates;
  }

  async #ask(): Promise<ShutdownDates | null> {
    const { baseUrl, apiKey } = this.#options;
    try {
      const headers = { authorization: `Bearer ${apiKey()}` };
      const { status, text } = await get(new URL(modelsUrl(baseUrl())), headers);
      return status === 200 ? shutdownDates(parseJson(text)) : null;
    } catch {
      return null; // Offline, refused, no JSON: nothing is learnt, and nothing is lost.
    }
  }

  async #kept(): Promise<{ askedMs: number; dates: ShutdownDates }> {
    try {
      const file = record(parseJson(await realFiles.read(this.#path(), FILE_MAX_BYTES)));
      const askedMs = file?.["asked_ms"];
      const dates = shutdownDates({ data: file?.["models"] });
      return { askedMs: typeof askedMs === "number" ? askedMs : 0, dates };
    } catch {
      return { askedMs: 0, dates: {} }; // Never asked, or the file is broken: ask.
    }
  }

  async #keep(dates: ShutdownDates): Promise<void> {
    const models = Object.entries(dates).map(([id, date]) => ({ id, shutdown_date: date }));
    const text = JSON.stringify({ asked_ms: this.#options.clock.wallMs(), models });
    try {
      await makeFolders(this.#options.dir, FOLDER_MODE);
      await writeFile(`${this.#path()}.new`, text);
      await rename(`${this.#path()}.new`, this.#path());
    } catch {
      // A full card: the question is asked again after the next start.
    }
  }

  #path(): string {
    return join(this.#options.dir, FILE_NAME);
  }
}

/**
 * One request; redirects are not followed. By node:https, because `fetch` keeps 9 MB for good.
 * Rejects after ASK_MAX_MS, and beyond ANSWER_MAX_BYTES.
 */
function get(
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; text: string }> {
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const asked = send(url, { headers, signal: AbortSignal.timeout(ASK_MAX_MS) }, (answer) => {
      bounded(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject);
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** The body as text, up to ANSWER_MAX_BYTES; throws beyond. */
async function bounded(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > ANSWER_MAX_BYTES) throw new RangeError("the list of models is too long");
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString("utf8");
}
