/** What is wrong with a broker, in words, and whether trying again as we are can help. */

import { type Fault, fault, thrownText } from "../../core/fault.ts";
import { errorCode } from "../os/files.ts";
import { TLS_CODE } from "../os/socket-codes.ts";

/** MQTT 3.1.1 §3.2.2.3. */
const UNAVAILABLE = 3;
const CREDENTIALS_CODES = [4, 5];

const CHECK_LOGIN =
  "Check mqtt.username and the credential MQTT_PASSWORD (or mqtt.password), then reload";

/** The broker's answer to our greeting was a refusal. */
export function refusalFault(broker: string, code: number): Fault {
  if (code === UNAVAILABLE) return networkFault(broker, "says that it is not available");
  if (CREDENTIALS_CODES.includes(code)) {
    const what = `The MQTT broker ${broker} rejects the user name and password (code ${code})`;
    return fault("broker", "report", what, CHECK_LOGIN);
  }
  const what = `The MQTT broker ${broker} refuses the connection (code ${code})`;
  return fault("broker", "report", what, "It must support MQTT 3.1.1; see its log");
}

/** It cannot be reached, or is gone; `how` goes on after its name. */
export function networkFault(broker: string, how: string): Fault {
  return fault("broker", "retry", `The MQTT broker ${broker} ${how}`);
}

/** What the package says of itself: no answer in time, or an answer that is none of MQTT. */
export function strangeFault(broker: string, { message }: Error): Fault {
  const isSlow = /timeout/i.test(message);
  return networkFault(broker, isSlow ? "does not answer" : `does not speak MQTT (${message})`);
}

export function authorityFault(path: string, error: unknown): Fault {
  const what = `mqtt.ca_file ${path} cannot be used (${thrownText(error)})`;
  return fault("broker", "report", what, "It must be a PEM file that the user pipit may read");
}

/** On a machine whose clock is not set yet, every certificate is of the future. */
const NOT_YET = "CERT_NOT_YET_VALID";

const CLOSED = "has closed the connection";
const HOW: Readonly<Record<string, string>> = {
  ECONNREFUSED: "takes no connections: it is down, or mqtt.url has another port",
  ENOTFOUND: "has a host name that is unknown, or cannot be looked up from here",
  EAI_AGAIN: "has a host name that cannot be resolved now",
  ECONNRESET: CLOSED,
  ETIMEDOUT: "does not answer",
  EHOSTUNREACH: "cannot be reached from here",
  ENETUNREACH: "cannot be reached from here",
};

/** An error of the socket. */
export function socketFault(broker: string, error: unknown): Fault {
  const code = errorCode(error);
  if (TLS_CODE.test(code) && code !== NOT_YET) return tlsFault(broker, code);
  const how = HOW[code] ?? `cannot be used (${code})`;
  return networkFault(broker, code === "" ? CLOSED : how);
}

function tlsFault(broker: string, code: string): Fault {
  const what = `The MQTT broker ${broker} and Pipit do not agree on TLS (${code})`;
  return fault("broker", "report", what, tlsRemedy(code));
}

function tlsRemedy(code: string): string {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH") {
    return "Set mqtt.url to the name in the broker's certificate";
  }
  if (code === "CERT_HAS_EXPIRED")
    return "Renew the broker's certificate, or correct the clock of this machine";
  if (/^(?:ERR_SSL|EPROTO|ERR_TLS)/.test(code)) {
    return "Is this the port for TLS (mostly 8883)? Without TLS, mqtt.url begins with mqtt://";
  }
  return "Set mqtt.ca_file to the certificate of the authority that signed the broker's";
}
