/** What the HTTP side of the peer decides: who may in, and in which words the others are refused. */

import type { JsonObject, JsonValue } from "./json.ts";
import { type ModelOffer, modelNotFound, offerOf, type Scenario } from "./scenario.ts";
import { type ApiError, invalid } from "./wire.ts";

/** What counts of a request; `beta` says that it carries `OpenAI-Beta: realtime=v1`. */
export interface Visit {
  readonly path: string;
  readonly model: string | null;
  readonly key: string | null;
  readonly beta: boolean;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An error and a close that end a connection right after the upgrade. */
export interface EarlyClose {
  readonly error: ApiError | null;
  readonly code: number;
  readonly reason: string;
}

export type Admission =
  | { readonly tag: "refuse"; readonly reply: HttpReply }
  | {
      readonly tag: "admit";
      readonly model: ModelOffer;
      readonly beta: boolean;
      readonly earlyClose: EarlyClose | null;
    };

/** Reads a request: the key is in a header, or, for browsers, in a subprotocol. */
export function visitOf(
  url: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Visit {
  const { pathname, searchParams } = new URL(url, "http://peer");
  const header = (name: string): string => String(headers[name] ?? "");
  const bearer = /^Bearer\s+(\S+)$/i.exec(header("authorization"))?.[1];
  const insecure = /openai-insecure-api-key\.([^\s,]+)/.exec(header("sec-websocket-protocol"))?.[1];
  return {
    path: pathname,
    model: searchParams.get("model"),
    key: bearer ?? insecure ?? null,
    beta: /realtime=v1/.test(header("openai-beta")),
  };
}

/** An error as the API answers it over HTTP. */
export function errorReply(
  status: number,
  error: ApiError,
  retryAfterS?: number | null,
): HttpReply {
  const { message, type, param, code } = error;
  return jsonReply(status, { error: { message, type, param, code } }, retryAfterS ?? null);
}

export function jsonReply(
  status: number,
  body: JsonValue,
  retryAfterS: number | null = null,
): HttpReply {
  const retry = retryAfterS === null ? {} : { "retry-after": String(retryAfterS) };
  // A hostile answer may be anything: a bare text is sent as it is.
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers: { "content-type": "application/json", ...retry }, body: text };
}

function keyRefusal(visit: Visit, scenario: Scenario): HttpReply | null {
  if (visit.key === null) {
    return errorReply(401, invalid(null, "You didn't provide an API key."));
  }
  const wrong = scenario.key !== null && visit.key !== scenario.key;
  if (!wrong || scenario.wrongKey !== "http-401") return null;
  return errorReply(401, invalid("invalid_api_key", "Incorrect API key provided."));
}

/** Decides about an upgrade request. */
export function admit(visit: Visit, scenario: Scenario): Admission {
  if (visit.path !== "/v1/realtime") {
    const message = `Invalid URL (GET ${visit.path})`;
    return { tag: "refuse", reply: errorReply(404, invalid(null, message)) };
  }
  const refusal = keyRefusal(visit, scenario);
  if (refusal !== null) return { tag: "refuse", reply: refusal };
  if (visit.model === null || visit.model === "") {
    const error = invalid("missing_required_parameter", "You must provide a model.", "model");
    return { tag: "refuse", reply: errorReply(400, error) };
  }
  const model = offerOf(scenario, visit.model);
  if (model.gone === "http-404" || model.gone === "http-403") {
    const status = model.gone === "http-404" ? 404 : 403;
    return { tag: "refuse", reply: errorReply(status, modelNotFound(model.id)) };
  }
  if (!visit.beta && scenario.protocol === "beta") {
    // How the beta refused this is not recorded in our sources.
    const message = "You must send the header 'OpenAI-Beta: realtime=v1'.";
    return { tag: "refuse", reply: errorReply(400, invalid("missing_beta_header", message)) };
  }
  const beta = visit.beta && scenario.protocol !== "ga";
  return { tag: "admit", model, beta, earlyClose: earlyClose(visit, scenario) };
}

function earlyClose(visit: Visit, scenario: Scenario): EarlyClose | null {
  if (scenario.key !== null && visit.key !== scenario.key) {
    return { error: null, code: 3000, reason: "invalid_request_error.invalid_api_key" };
  }
  if (!visit.beta || scenario.protocol !== "ga") return null;
  const code = "beta_api_shape_disabled";
  const message =
    "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.";
  return { error: invalid(code, message), code: 4000, reason: `invalid_request_error.${code}` };
}

/** Answers a plain HTTP request: the list of models, or one of them. */
export function answerHttp(method: string, visit: Visit, scenario: Scenario): HttpReply {
  const refusal = keyRefusal(visit, scenario);
  if (refusal !== null) return refusal;
  const listed = scenario.models.map(modelJson);
  if (method === "GET" && visit.path === "/v1/models") {
    const { modelsReply } = scenario;
    return modelsReply === null
      ? jsonReply(200, { object: "list", data: listed })
      : jsonReply(modelsReply.status, modelsReply.body);
  }
  const id = /^\/v1\/models\/([^/]+)$/.exec(visit.path)?.[1];
  if (method === "GET" && id !== undefined) {
    const model = listed.find((json) => json["id"] === decodeURIComponent(id));
    return model === undefined ? errorReply(404, modelNotFound(id)) : jsonReply(200, model);
  }
  return errorReply(404, invalid(null, `Invalid URL (${method} ${visit.path})`));
}

function modelJson(model: ModelOffer): JsonObject {
  const dates = model.shutdownDate === null ? {} : { shutdown_date: model.shutdownDate };
  return { id: model.id, object: "model", created: 1_756_271_701, owned_by: "system", ...dates };
}
