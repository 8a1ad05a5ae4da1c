/** What `pipit doctor` says of servers of tools that the API itself calls. Facts in, findings out. */

import type { RemoteServer } from "../../core/mcp/remote.ts";
import type { Trouble } from "../../core/mcp/trouble.ts";
import { type Finding, finding } from "./finding.ts";

export type RemoteFacts =
  | { readonly tag: "not-asked"; readonly option: string }
  /** It answered over HTTPS, whatever it said: nothing secret was sent. */
  | { readonly tag: "answered"; readonly status: number }
  | { readonly tag: "away"; readonly why: Trouble };

/** Like names of settings: the label is the owner's. */
export function remoteName({ label }: RemoteServer): string {
  return `remote ${label}`;
}

export function judgeRemote(server: RemoteServer, facts: RemoteFacts): Finding {
  const name = remoteName(server);
  const { url, authorization, headers, allowedTools } = server;
  const access =
    authorization !== "" || Object.keys(headers).length > 0 ? "with a token" : "without a token";
  const tools = allowedTools.length > 0 ? `${allowedTools.length} tools` : "all of its tools";
  const { host } = new URL(url);
  const has = `${host}, ${access}, ${tools}`;
  switch (facts.tag) {
    case "not-asked":
      return finding(name, "skip", `${has}; not asked, with ${facts.option}`);
    case "away": {
      const remedy = `Look at openai.mcp_servers.${server.label}.url; a server of your own network belongs into mcp.servers`;
      return finding(name, "fail", `${has}: ${facts.why.message}`, remedy);
    }
    case "answered":
      if ((facts.status === 401 || facts.status === 403) && access === "without a token") {
        const remedy = `Put its token into openai.mcp_servers.${server.label}.authorization, by a credential`;
        return finding(name, "fail", `${has}: it wants a token (${facts.status})`, remedy);
      }
      if (facts.status === 404 || facts.status === 410 || facts.status >= 500) {
        const remedy = `Look at the path of openai.mcp_servers.${server.label}.url; most end in /mcp`;
        return finding(name, "warn", `${has}: it answers ${facts.status}`, remedy);
      }
      return finding(name, "ok", `${has}; it answers over HTTPS, and the API calls it by itself`);
  }
}
