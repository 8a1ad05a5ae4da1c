/** The checks of `pipit doctor` about configuration, key, API, models and voice. */

import { loadConfig } from "../../adapters/config/file.ts";
import { CATALOGUE_ONLY, type Knowledge } from "../../core/models/prospect.ts";
import type { Settings } from "../../core/settings/table.ts";
import { judgeApi, judgeKey, judgeModels, judgeVoice } from "./api.ts";
import type { Context } from "./context.ts";
import { type Finding, finding } from "./finding.ts";
import { askApi } from "./io-ask-api.ts";
import { exists } from "./io-read-files.ts";
import type { Check } from "./run-check.ts";
import { judgeDaemon, propertyOf } from "./service.ts";

const API_MAX_MS = 8_000;
const KEY_SETTING = "openai.api_key";

export function configChecks(context: Context): readonly Check[] {
  return [
    { name: "config", run: () => configFindings(context) },
    { name: "daemon", run: () => judgeDaemon(context.daemon) },
  ];
}

/** As check-config has it; a variable that only this shell lacks is not worth a failure. */
function configFindings({ loaded, env, configPath }: Context): readonly Finding[] {
  const edit = `Edit it, then: sudo pipit check-config --config ${configPath}`;
  if (!loaded.ok) return loaded.problems.map((line) => finding("config", "fail", line, edit));
  const strict = loadConfig({ path: configPath, env });
  const missing = strict.ok ? [] : strict.details.filter(({ key }) => key !== KEY_SETTING);
  const remedy = "Set it in this shell, or look as root: sudo pipit doctor";
  const variables = missing.map(({ key, message }) =>
    finding("config", "warn", `${key}: ${message}`, remedy),
  );
  const found = [...variables, ...missingFiles(loaded.settings)];
  return found.length > 0 ? found : [finding("config", "ok", configPath)];
}

function missingFiles(settings: Settings): readonly Finding[] {
  const missing = settings["wake_word.model_path"].filter((path) => !exists(path));
  return missing.map((path) => {
    const says = `wake_word.model_path: there is no file ${path}`;
    return finding("config", "fail", says, "Put the file there, or remove the key");
  });
}

/** `settings`: those of the context, when there are any. */
export function apiChecks(context: Context, settings: Settings): readonly Check[] {
  const { clock } = context;
  return [
    {
      name: "key",
      run: async () => {
        const isInstalled = propertyOf(await context.unit(), "LoadState") === "loaded";
        return judgeKey(settings, { isRoot: process.getuid?.() === 0, isInstalled });
      },
    },
    { name: "api", maxMs: API_MAX_MS + 1_000, run: () => lookAtApi(context, settings) },
    {
      name: "models",
      run: () => judgeModels(settings, knownTo(context), clock.wallMs()),
    },
    { name: "voice", run: () => judgeVoice(settings, knownTo(context), clock.wallMs()) },
  ];
}

async function lookAtApi(context: Context, settings: Settings): Promise<Finding> {
  const { clock, options } = context;
  const [baseUrl, apiKey] = [settings["openai.base_url"], settings["openai.api_key"]];
  const why = options.offline
    ? "Not asked, with --offline"
    : options.quick
      ? "Not asked, with --quick"
      : "";
  const facts =
    why !== "" || apiKey === ""
      ? { tag: "not-asked" as const, why: why || "Not asked, without a key" }
      : await askApi({ baseUrl, apiKey, clock, maxMs: API_MAX_MS });
  const serverMs = facts.tag === "answered" ? facts.serverMs : null;
  context.api = { facts, serverMs, askedMs: clock.wallMs() };
  return judgeApi(facts, hostOf(baseUrl));
}

function knownTo({ api: { facts } }: Context): Knowledge {
  if (facts.tag !== "answered") return CATALOGUE_ONLY;
  return { dates: facts.dates, offered: facts.models };
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
