/** What `pipit doctor --echo` has measured, kept where the daemon looks when it starts. */

import { chownSync, statSync } from "node:fs";
import { join } from "node:path";
import { SYSTEM_CONFIG } from "../../adapters/config/file.ts";
import { composeEchoFile, ECHO_FILE } from "../../compose.ts";
import { type LearnedEcho, learnedText } from "../../core/echo/learned.ts";
import { type Fault, fault, thrownText } from "../../core/fault.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Context } from "./context.ts";

/** StateDirectory of the service. */
const SERVICE_FOLDER = "/var/lib/pipit";
const ROOT = 0;

/** Null when it is kept, else why it is not. */
export async function keepEcho(
  { clock, env, configPath }: Pick<Context, "clock" | "env" | "configPath">,
  settings: Settings,
  learned: LearnedEcho,
): Promise<Fault | null> {
  const isService = configPath === SYSTEM_CONFIG;
  const folder = env["STATE_DIRECTORY"] ?? (isService ? SERVICE_FOLDER : "");
  const file = composeEchoFile({ settings, env: { ...env, STATE_DIRECTORY: folder }, clock });
  const unkept = await file.save(learnedText(learned));
  if (unkept === null) return giveToFolderOwner(folder || settings["metrics.dir"]);
  const remedy = isService ? "sudo pipit doctor --echo keeps it" : unkept.remedy;
  return { ...unkept, remedy };
}

/** Written by root, the service could not read it. */
function giveToFolderOwner(folder: string): Fault | null {
  if (process.getuid?.() !== ROOT) return null;
  try {
    const { uid, gid } = statSync(folder);
    chownSync(join(folder, ECHO_FILE), uid, gid);
    return null;
  } catch (thrown) {
    const what = `The daemon may not read what was measured: ${thrownText(thrown)}`;
    return fault("not-stored", "report", what, `Look at ${join(folder, ECHO_FILE)}`);
  }
}
