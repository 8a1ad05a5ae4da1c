/** The checks of `pipit doctor` about `openai.mcp_servers`; none where none is configured. */

import { remoteServers } from "../../core/mcp/remote.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Context } from "./context.ts";
import { askRemote } from "./io-ask-servers.ts";
import { judgeRemote, remoteName } from "./remote.ts";
import type { Check } from "./run-check.ts";

const REMOTE_MAX_MS = 8_000;

export function remoteChecks({ options }: Context, settings: Settings): readonly Check[] {
  const { servers } = remoteServers(settings["openai.mcp_servers"]);
  const option = options.offline ? "--offline" : options.quick ? "--quick" : null;
  return servers.map((server) => ({
    name: remoteName(server),
    maxMs: REMOTE_MAX_MS + 2_000,
    run: async () => {
      const facts =
        option === null
          ? await askRemote(server.url, REMOTE_MAX_MS)
          : { tag: "not-asked" as const, option };
      return judgeRemote(server, facts);
    },
  }));
}
