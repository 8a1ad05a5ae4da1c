/** Whether the configuration has programs started: functions of the owner's own, servers of tools. */

import { customFunctions } from "../core/functions/custom.ts";
import { mcpServers } from "../core/mcp/servers.ts";
import type { Settings } from "../core/settings/table.ts";

export function startsPrograms(settings: Settings): boolean {
  const { functions } = customFunctions(settings["tools.custom"]);
  const { servers } = mcpServers(settings["mcp.servers"]);
  return (
    functions.some(({ run }) => run.kind === "command") ||
    servers.some(({ reach }) => reach.kind === "program")
  );
}
