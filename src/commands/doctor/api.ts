/** Key, reach of the API, models and voice. Facts in, findings out; the key is never shown. */

import type { Fault } from "../../core/fault.ts";
import { modelNamed } from "../../core/models/catalogue.ts";
import type { ShutdownDates } from "../../core/models/dates.ts";
import { type Knowledge, obstacleText, prospectOf } from "../../core/models/prospect.ts";
import { retirementLine, retirements } from "../../core/models/retirement.ts";
import { chooseVoice, voiceSettings } from "../../core/models/voice.ts";
import type { LinkFailure } from "../../core/realtime/failure.ts";
import { linkFault } from "../../core/realtime/faults.ts";
import type { Settings } from "../../core/settings/table.ts";
import { type Finding, finding, fromFault } from "./finding.ts";

/** OpenAI's keys of all kinds; the shortest ones seen have 51 characters. */
const KEY_SHAPE = /^sk-[\w-]{20,}$/;
const OPENAI_HOST = /^(https|wss):\/\/api\.openai\.com\//;

/** Who looks, and where: what to do about a missing key depends on it. */
export interface Asker {
  readonly isRoot: boolean;
  /** Is Pipit a service of this machine? */
  readonly isInstalled: boolean;
}

const STORE_KEY = "sudo ./scripts/install --key-file FILE stores one";

function keyRemedy({ isRoot, isInstalled }: Asker): string {
  if (!isInstalled)
    return `export OPENAI_API_KEY=sk-... in this shell; for the service, ${STORE_KEY}`;
  if (isRoot) return STORE_KEY;
  return `Only root may read the service's key: sudo pipit doctor. If there is none, ${STORE_KEY}`;
}

export function judgeKey(settings: Settings, asker: Asker): Finding {
  const key = settings["openai.api_key"];
  if (key === "") return finding("key", "fail", "No key is set", keyRemedy(asker));
  if (!OPENAI_HOST.test(settings["openai.base_url"])) {
    return finding("key", "ok", "Set; its form is up to the server in openai.base_url");
  }
  if (KEY_SHAPE.test(key)) return finding("key", "ok", "Set, and of the right form");
  const says = key.startsWith("sk-")
    ? "The key begins with sk- but is cut short or has odd characters"
    : "A key of OpenAI begins with sk-; this one does not";
  return finding("key", "fail", says, "Copy the whole key again from the API's web page");
}

/** What came of one `GET /v1/models`. */
export type ApiFacts =
  | { readonly tag: "not-asked"; readonly why: string }
  | { readonly tag: "failed"; readonly failure: LinkFailure }
  | {
      readonly tag: "answered";
      readonly ms: number;
      /** Names of the models the account may use; null when the answer was no list. */
      readonly models: readonly string[] | null;
      readonly dates: ShutdownDates;
      /** The server's own time, milliseconds since 1970. */
      readonly serverMs: number | null;
    };

/** OpenSSL's words, as Node names them, for a certificate that our clock finds not valid. */
const CLOCK_CODES = new Set(["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"]);

export function judgeApi(facts: ApiFacts, host: string): Finding {
  switch (facts.tag) {
    case "not-asked":
      return finding("api", "skip", facts.why);
    case "answered":
      return facts.models === null
        ? finding(
            "api",
            "warn",
            `${host} answered, but with no list of models`,
            "Check openai.base_url",
          )
        : finding(
            "api",
            "ok",
            `${host} answered in ${Math.round(facts.ms)} ms and accepts the key`,
          );
    case "failed":
      return judgeFailure(facts.failure, host);
  }
}

function judgeFailure(failure: LinkFailure, host: string): Finding {
  if (failure.tag === "network" && CLOCK_CODES.has(failure.code)) {
    const says = `The certificate of ${host} is not valid at this time (${failure.code})`;
    return finding("api", "fail", says, "The clock is most likely wrong: timedatectl");
  }
  if (failure.tag === "http" && failure.status === 403) {
    const says = `${host} accepts the key, but it may not list models (HTTP 403)`;
    return finding(
      "api",
      "warn",
      says,
      "Give the key permission to read models, or rely on pipit run",
    );
  }
  if (failure.tag === "http" && failure.status === 404) {
    const says = `${host} answers, but has no list of models (HTTP 404)`;
    return finding("api", "warn", says, "Check openai.base_url; it ends in /v1");
  }
  const why: Fault = linkFault(failure, "");
  return fromFault("api", why.code === "rate-limited" ? "warn" : "fail", why);
}

/**
 * Which model will answer, and for how long. Where the account's list is not known, a name that
 * the catalogue does not have is nobody's promise.
 */
export function judgeModels(
  settings: Settings,
  known: Knowledge,
  wallMs: number,
): readonly Finding[] {
  const { candidates, answers, nobody, notes } = prospectOf(settings, known, wallMs);
  const slips = notes.map(({ key, message }) =>
    finding("models", "warn", `${key}: ${message}`, `See ${key} in the configuration`),
  );
  if (answers === null) {
    const findings = nobody === null ? [] : [fromFault("models", "fail", nobody)];
    return [...findings, ...slips];
  }
  if (answers !== candidates[0]?.model) {
    const why = candidates
      .slice(
        0,
        candidates.findIndex(({ model }) => model === answers),
      )
      .map(obstacleText)
      .join("; ");
    const remedy = `Set openai.model: ${answers}`;
    return [finding("models", "warn", `${answers} will answer: ${why}`, remedy), ...slips];
  }
  const soon = retirements(settings, known.dates, wallMs).filter(({ days }) => days > 0);
  const ending = soon.map((one) => finding("models", "warn", retirementLine(one)));
  if (ending.length + slips.length > 0) return [...ending, ...slips];
  const sure = modelNamed(answers) !== null || known.offered?.includes(answers) === true;
  const says = sure
    ? `${answers} will answer`
    : `${answers} will be asked; whether it is there, only the server knows`;
  return [finding("models", "ok", says)];
}

/** The voice on the first model that may answer, and whether the others of the chain have it. */
export function judgeVoice(settings: Settings, known: Knowledge, wallMs: number): Finding {
  const wanted = voiceSettings(settings);
  const { candidates } = prospectOf(settings, known, wallMs);
  const mayAnswer = candidates.filter(
    ({ obstacle }) => obstacle === null || obstacle.tag === "no-voice",
  );
  if (mayAnswer.length === 0) return finding("voice", "skip", "No model can answer");
  const choices = mayAnswer.map(({ model }) => chooseVoice(wanted, model));
  const refused = choices.find((choice) => choice.tag === "refused");
  if (refused !== undefined) {
    const none = choices.every(({ tag }) => tag === "refused");
    const says = none ? refused.why : `${refused.why}: it will not be asked`;
    const remedy = "Set openai.auto_select_voice: true, or choose another openai.voice";
    return finding("voice", none ? "fail" : "warn", says, remedy);
  }
  const first = choices[0];
  if (first?.tag === "chosen" && first.notice !== null) {
    return finding("voice", "warn", first.notice, "Choose another openai.voice");
  }
  return finding("voice", "ok", `${wanted.voice}, on every model that may answer`);
}
