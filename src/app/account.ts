/** Which account it is, without its key. */

import { createHash } from "node:crypto";
import type { Settings } from "../core/settings/table.ts";

/** What one account lacks, another may have: known by a hash, so that no key is kept. */
export function accountOf(settings: Settings): string {
  const account = `${settings["openai.base_url"]} ${settings["openai.api_key"]}`;
  return createHash("sha256").update(account).digest("hex").slice(0, 16);
}
