/** The checks of `pipit doctor` about servers of tools and Home Assistant; none where none is configured. */

import { offerOf } from "../../core/functions/offer.ts";
import type { FunctionRow } from "../../core/functions/registry.ts";
import { homeServer, type WantedServer } from "../../core/home/spec.ts";
import { servedRows } from "../../core/mcp/offer.ts";
import { mcpServers } from "../../core/mcp/servers.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Context } from "./context.ts";
import { finding } from "./finding.ts";
import { askServer, otherAddress } from "./io-ask-servers.ts";
import type { Check } from "./run-check.ts";
import { checkName, judgeOffer, judgeServer } from "./servers.ts";

/** A program on a Pi takes some seconds to start. */
const SERVER_MAX_MS = 15_000;

export function serverChecks(context: Context, settings: Settings): readonly Check[] {
  const { servers } = mcpServers(settings["mcp.servers"]);
  const home = homeServer(settings);
  const all = [...(home === null ? [] : [home]), ...servers.map((spec) => ({ spec, home: null }))];
  if (all.length === 0) return [];
  const served: FunctionRow[] = [];
  const checks = all.map((wanted) => serverCheck(context, settings, { wanted, served }));
  return [
    ...checks,
    { name: "functions", run: () => judgeOffer(offerOf(settings, served).registry) },
  ];
}

interface Asking {
  readonly wanted: WantedServer;
  /** What it offers is added to these. */
  readonly served: FunctionRow[];
}

function serverCheck(
  { clock, options }: Context,
  settings: Settings,
  { wanted, served }: Asking,
): Check {
  const name = checkName(wanted);
  const run = async () => {
    const option = options.offline ? "--offline" : options.quick ? "--quick" : null;
    if (option !== null) return finding(name, "skip", `Not asked, with ${option}`);
    const { asked, state } = await askServer(wanted, { clock, settings, maxMs: SERVER_MAX_MS });
    if (asked.ok) served.push(...servedRows(wanted.spec, asked.value).map(({ row }) => row));
    const isLost =
      !asked.ok && (asked.trouble.kind === "unreachable" || asked.trouble.kind === "late");
    const other = wanted.home !== null && isLost ? await otherAddress(wanted.home.baseUrl) : null;
    return judgeServer(wanted, asked, { state, other });
  };
  return { name, maxMs: SERVER_MAX_MS + 5_000, run };
}
