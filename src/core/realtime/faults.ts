/** What a failure of the link or of a response means for the owner: facts in, fault out. */

import { type Fault, fault } from "../fault.ts";
import type { LinkFailure } from "./failure.ts";
import type { ServerError } from "./server-events.ts";

const KEY_REMEDY =
  "Check openai.api_key, and the key on the API's web page. Restart the service to pick up a new key";
const CREDIT_REMEDY = "Add credit or raise the limit on the API's billing page";
const NETWORK_REMEDY = "Check the network: ping the router, then the API's host";
const SERVER_REMEDY =
  "The fault is on the server's side; ask again in a while, or see the API's status page";
const PLACE_REMEDY = "See the API's list of supported countries";
const SCOPE_REMEDY = "Allow the key's project the Realtime API, or make a key without restrictions";
const ADDRESS_REMEDY = "Check openai.base_url";
const STRANGER_REMEDY =
  "Check openai.base_url; where a network has a sign-in page or a proxy, sign in there first, or use another network";
const NOT_ITS_WORDS =
  "It was not said in the API's words: a proxy or a sign-in page may have answered in its place";
const RATE_REMEDY =
  "Ask again in a minute; if it happens often, see your limits on the API's web page";
const MODEL_REMEDY =
  "Choose a model that your account has: sudo pipit doctor names one, and the key to set";

/** Codes and types that mean money; retrying is useless (the API's error guide and change log). */
const BILLING = new Set([
  "insufficient_quota",
  "credit_balance_exhausted",
  "organization_spend_limit_exceeded",
  "project_spend_limit_exceeded",
  "organization_usage_limit_exceeded",
  "billing_hard_limit_reached",
]);

/** The fault behind a link that could not be opened, or that broke. */
export function linkFault(failure: LinkFailure, model: string): Fault {
  switch (failure.tag) {
    case "http":
      return httpFault(failure, model);
    case "network":
      return networkFault(failure.stage, failure.code);
    case "timeout":
      return fault("timeout", "retry", `The Realtime API did not answer in time (${failure.what})`);
    case "close":
      return closeFault(failure.code, failure.reason, model);
    case "bad-frame":
      return fault(
        "protocol",
        "report",
        `The server sent a message that cannot be read (${failure.code})`,
      );
    case "hung-up":
      return fault("protocol", "report", "The connection was closed before the conversation ended");
  }
}

/** The fault behind an `error` event or a failed response. */
export function serverFault(error: ServerError | null, model: string): Fault {
  const code = error?.code ?? error?.type ?? "unknown";
  const said = `${error?.message ?? "no reason given"} (${code})`;
  return (
    codeFault(error?.code ?? "", model, said) ??
    codeFault(error?.type ?? "", model, said) ??
    fault("server", "retry", `The Realtime API failed: ${said}`, SERVER_REMEDY)
  );
}

/** Codes and types of what may go better next time, whatever was sent. */
const PASSING = new Set([
  "rate_limit_exceeded",
  "slow_down",
  "server_error",
  "server_is_overloaded",
]);

/** Too much for now, or a failure of the server's that has nothing to do with what was sent. */
export function isPassing({ code, type }: ServerError): boolean {
  return PASSING.has(code ?? "") || PASSING.has(type ?? "");
}

function httpFault(failure: Extract<LinkFailure, { tag: "http" }>, model: string): Fault {
  const { status } = failure;
  const said = `HTTP ${status}${failure.code === null ? "" : ` (${failure.code})`}`;
  // Too many is too many, whatever sort of error the body calls it: the server says when to come back.
  if (status === 429) return tooMany(failure, said);
  const known =
    codeFault(failure.code ?? "", model, said) ?? codeFault(failure.type ?? "", model, said);
  if (known) return known;
  if (status === 401) return unauthorized(failure, said);
  if (status === 403 || status === 404) return notOfTheModel(failure, said);
  if (isStrangers(status)) {
    const message = `Something other than the Realtime API answered: ${said}`;
    return fault("protocol", "report", message, STRANGER_REMEDY);
  }
  if (status === 408 || status >= 500)
    return fault("server", "retry", `The Realtime API failed: ${said}`, SERVER_REMEDY);
  return fault("protocol", "report", `The server refused the connection: ${said}`, ADDRESS_REMEDY);
}

/** Without a word of the API's, it may be a gateway or a sign-in page that asks for a key of its own. */
function unauthorized({ code, type }: Extract<LinkFailure, { tag: "http" }>, said: string): Fault {
  const isOwnWord = code !== null || type !== null;
  const remedy = isOwnWord ? KEY_REMEDY : `${KEY_REMEDY}. ${NOT_ITS_WORDS}`;
  return fault("key-rejected", "report", `The API refused the key: ${said}`, remedy);
}

/** Answers that the API never gives to an upgrade: a page, a redirection, a proxy's or a network's log-in. */
function isStrangers(status: number): boolean {
  return status < 400 || [407, 426, 511].includes(status);
}

/**
 * HTTP 403 or 404 without the API's own code for a model that is gone: something in front of it, an
 * address that leads elsewhere, or a matter of the account. A bare status condemns no model.
 */
function notOfTheModel(
  { status, code }: Extract<LinkFailure, { tag: "http" }>,
  said: string,
): Fault {
  switch (code) {
    case "unsupported_country_region_territory":
      return fault(
        "protocol",
        "report",
        `The API is not offered in this country or region: ${said}`,
        PLACE_REMEDY,
      );
    case "missing_scope":
    case "insufficient_permissions":
      return fault(
        "key-rejected",
        "report",
        `The key has no permission for this: ${said}`,
        SCOPE_REMEDY,
      );
    default:
      return status === 404
        ? fault("server", "retry", `The server does not know this address: ${said}`, ADDRESS_REMEDY)
        : fault("server", "retry", `The Realtime API failed: ${said}`, SERVER_REMEDY);
  }
}

/** HTTP 429: of the codes only those of money say more than the status does. */
function tooMany({ code, type }: Extract<LinkFailure, { tag: "http" }>, said: string): Fault {
  const isMoney = BILLING.has(code ?? "") || BILLING.has(type ?? "");
  if (isMoney) return fault("no-credit", "report", `No credit left: ${said}`, CREDIT_REMEDY);
  return fault("rate-limited", "retry", `Too many requests: ${said}`, RATE_REMEDY);
}

function networkFault(stage: "dns" | "tcp" | "tls", code: string): Fault {
  if (stage === "tls") {
    const clock =
      "Check the clock (timedatectl) and openai.base_url; for a certificate of your own, name its authority in NODE_EXTRA_CA_CERTS";
    return fault("network", "retry", `The server's certificate was not accepted (${code})`, clock);
  }
  if (code === "EMFILE" || code === "ENFILE") {
    const remedy = "Raise the limit of open files: LimitNOFILE= in the unit, ulimit -n in a shell";
    return fault("network", "retry", `No connection: too many open files (${code})`, remedy);
  }
  const what =
    stage === "dns" ? "The API's name could not be resolved" : "The API cannot be reached";
  return fault("network", "retry", `${what} (${code})`, NETWORK_REMEDY);
}

/** Close codes are not documented; 3000 and 4000 carry the error code in their reason. */
function closeFault(code: number, reason: string, model: string): Fault {
  const said = `close ${code}${reason === "" ? "" : ` ${reason}`}`;
  const named = reason.split(/[.\s:]+/).map((word) => codeFault(word, model, said));
  const known = named.find((found) => found !== null);
  if (known) return known;
  // 1000 in mid-conversation is a server that restarts or a proxy that tires: as good as lost.
  const lost = code === 1000 || code === 1001 || code === 1005 || code === 1006;
  if (lost || (code >= 1011 && code <= 1013)) {
    return fault("network", "retry", `The connection was lost: ${said}`, NETWORK_REMEDY);
  }
  return fault("protocol", "report", `The server closed the connection: ${said}`);
}

function codeFault(code: string, model: string, said: string): Fault | null {
  if (BILLING.has(code))
    return fault("no-credit", "report", `No credit left: ${said}`, CREDIT_REMEDY);
  switch (code) {
    case "invalid_api_key":
    case "account_deactivated":
      return fault("key-rejected", "report", `The API refused the key: ${said}`, KEY_REMEDY);
    case "model_not_found":
    case "invalid_model":
      return modelFault(model, said);
    case "rate_limit_exceeded":
    case "slow_down":
      return fault("rate-limited", "retry", `Too many requests: ${said}`, RATE_REMEDY);
    case "server_error":
    case "server_is_overloaded":
      return fault("server", "retry", `The Realtime API failed: ${said}`, SERVER_REMEDY);
    case "session_expired":
      return fault("network", "retry", `The session is over: ${said}`, SERVER_REMEDY);
    case "beta_api_shape_disabled":
      return fault(
        "protocol",
        "report",
        `The server no longer supports the beta protocol: ${said}`,
        "Set openai.protocol: ga",
      );
    default:
      return null;
  }
}

function modelFault(model: string, said: string): Fault {
  return fault(
    "model-unavailable",
    "fall-back",
    `Failed to connect with model ${model}: ${said}`,
    MODEL_REMEDY,
  );
}

/** As the API writes it in the text of an error: 166ms, 1.65s, 1m2s, 6m0s; its gateways: 20 seconds. */
const HINT =
  /(?:try again in|retry after) (?:(\d+) ?h(?:ours?)?)?(?:(\d+) ?m(?:inutes?\b|(?!s|i)))?(?:([\d.]+) ?s(?:econds?)?)?(?:([\d.]+) ?m(?:illi)?s)?/i;

/** How long an error's own text asks us to wait, milliseconds; null when it does not say. */
export function retryHintMs(message: string): number | null {
  const found = HINT.exec(message);
  const [hours, minutes, seconds, ms] = (found ?? []).slice(1).map((part) => Number(part ?? 0));
  const total =
    (hours ?? 0) * 3_600_000 + (minutes ?? 0) * 60_000 + (seconds ?? 0) * 1000 + (ms ?? 0);
  return found !== null && Number.isFinite(total) && total > 0 ? total : null;
}

/** How long the server asks us to wait; null when it does not say. */
export function retryAfterMs(failure: LinkFailure): number | null {
  if (failure.tag === "close") return retryHintMs(failure.reason);
  return failure.tag === "http" ? failure.retryAfterMs : null;
}
