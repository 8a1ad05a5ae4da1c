/** Where the server is asked: the addresses below `openai.base_url`, and what goes along. */

import type { Settings } from "../settings/table.ts";

/** The Realtime endpoint of `model`, as a WebSocket URL: http(s) becomes ws(s). */
export function realtimeUrl(baseUrl: string, model: string): string {
  const url = below(baseUrl, "realtime");
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("model", model);
  return url.href;
}

/** The list of models, as an HTTP URL: ws(s) becomes http(s). */
export function modelsUrl(baseUrl: string): string {
  const url = below(baseUrl, "models");
  url.protocol = url.protocol.replace("ws", "http");
  return url.href;
}

/** What a conversation with `model` dials, under these settings. */
export function dialTarget(
  model: string,
  settings: Settings,
): { readonly url: string; readonly headers: Readonly<Record<string, string>> } {
  const beta = settings["openai.protocol"] === "beta";
  return {
    url: realtimeUrl(settings["openai.base_url"], model),
    headers: {
      Authorization: `Bearer ${settings["openai.api_key"]}`,
      ...(beta ? { "OpenAI-Beta": "realtime=v1" } : {}),
    },
  };
}

function below(baseUrl: string, name: string): URL {
  const url = new URL(baseUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${name}`;
  return url;
}
