/**
 * One connection to an MQTT broker, by the package mqtt (3.1.1, clean session, no reconnecting of its
 * own: who dials decides when). The package is loaded with the first connection.
 *
 * Invariants: what is not taken by the broker at once is not kept; `closed` is said once, in bounded
 * time, and not after `close`; nothing the broker sends is kept beyond PACKET_MAX_BYTES.
 */

import { createRequire } from "node:module";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { IClientOptions, MqttClient } from "mqtt";
import { type Fault, fault, thrownText } from "../../core/fault.ts";
import { within } from "../../core/timeout.ts";
import type {
  BrokerDialer,
  BrokerLink,
  BrokerSink,
  BrokerTarget,
  Clock,
  Publication,
} from "../../ports.ts";
import { NameLookup } from "../os/name-lookup.ts";
import { readOrdinary } from "../os/ordinary-file.ts";
import { authorityFault, networkFault, refusalFault, socketFault, strangeFault } from "./faults.ts";
import { GuardedStream } from "./guarded-stream.ts";

/** From the first packet to the broker's welcome. */
const CONNECT_MAX_MS = 10_000;
/** The broker says our will when it has not heard of us for one and a half of it. */
const KEEPALIVE_S = 60;
/** A broker that does not confirm within this is as good as gone. */
const CONFIRM_MAX_MS = 20_000;
const GOODBYE_MAX_MS = 500;
/** Longest text of a message; a longer one is reported as none. */
const TEXT_MAX_BYTES = 8_192;
/** A bundle of all public authorities has some 230 KB. */
const AUTHORITY_MAX_BYTES = 1_048_576;
/** How a subscription is refused, MQTT 3.1.1 §3.9.3. */
const SUBSCRIPTION_REFUSED = 128;

const PORTS: Readonly<Record<string, number>> = { "mqtt:": 1_883, "mqtts:": 8_883 };

const require = createRequire(import.meta.url);

/** Not by import(): Node 20 has been seen to give a namespace in which nothing is defined yet. */
async function loadMqtt(): Promise<typeof import("mqtt")> {
  return require("mqtt");
}

/** `name:port`, for the owner. */
export function brokerName(address: string): string {
  const url = new URL(address);
  return `${url.hostname}:${portOf(url)}`;
}

function portOf({ port, protocol }: URL): number {
  return port === "" ? (PORTS[protocol] ?? 0) : Number(port);
}

export class MqttDialer implements BrokerDialer {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  dial(target: BrokerTarget, sink: BrokerSink): BrokerLink {
    const link = new MqttLink(target, sink, this.#clock);
    void link.open();
    return link;
  }
}

class MqttLink implements BrokerLink {
  readonly #target: BrokerTarget;
  readonly #sink: BrokerSink;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #text = new TextDecoder("utf-8", { fatal: true });
  readonly #names = new NameLookup();
  #client: MqttClient | null = null;
  #pipe: GuardedStream | null = null;
  /** What the socket said before it closed. */
  #cause: unknown = null;
  #over: boolean = false;
  /** Each settles a publication under way. */
  readonly #underWay = new Set<(isTaken: boolean) => void>();

  constructor(target: BrokerTarget, sink: BrokerSink, clock: Clock) {
    this.#clock = clock;
    this.#target = target;
    this.#sink = sink;
    this.#name = brokerName(target.url);
  }

  /** Never rejects. */
  async open(): Promise<void> {
    try {
      const { MqttClient: Client } = await loadMqtt();
      const authority = this.#authority();
      if (this.#over) return;
      this.#listen(new Client(() => this.#stream(authority), this.#options()));
    } catch (error) {
      const what = `MQTT cannot be used (${thrownText(error)})`;
      this.#finish(fault("broker", "report", what, "Reinstall Pipit"));
    }
  }

  /** Null: those that Node.js trusts; or it is all over. */
  #authority(): Buffer | null {
    const { caFile } = this.#target;
    try {
      return caFile === "" ? null : readOrdinary(caFile, AUTHORITY_MAX_BYTES);
    } catch (error) {
      this.#finish(authorityFault(caFile, error));
      return null;
    }
  }

  #options(): IClientOptions {
    const { username, password, clientId, will } = this.#target;
    return {
      protocolVersion: 4,
      clientId,
      clean: true,
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNECT_MAX_MS,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      ...(will === null ? {} : { will: willOf(will) }),
      ...(username === "" ? {} : { username }),
      ...(password === "" ? {} : { password }),
    };
  }

  #stream(authority: Buffer | null): GuardedStream {
    const url = new URL(this.#target.url);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const place = { host, port: portOf(url), lookup: this.#names.lookup };
    const socket: Socket =
      url.protocol === "mqtts:"
        ? connectTls({
            ...place,
            ...(authority === null ? {} : { ca: authority }),
            ...(isIP(host) === 0 ? { servername: host } : {}),
          })
        : connectTcp(place);
    socket.setNoDelay(true);
    socket.on("error", (error) => {
      this.#cause ??= error;
    });
    this.#pipe = new GuardedStream(socket, () => this.#sink.message("", null, false));
    return this.#pipe;
  }

  #listen(client: MqttClient): void {
    this.#client = client;
    client.on("connect", () => this.#subscribe(client));
    client.on("message", (topic, payload, { retain }) => {
      if (!this.#over) this.#sink.message(topic, this.#textOf(payload), retain);
    });
    client.on("error", (error) => this.#failed(error));
    client.on("close", () => this.#finish(socketFault(this.#name, this.#cause)));
  }

  #subscribe(client: MqttClient): void {
    const topics = [...this.#target.subscriptions];
    client.subscribe(topics, { qos: 0 }, (_, granted) => {
      if (this.#over) return;
      const given = (granted ?? []).filter(({ qos }) => Number(qos) < SUBSCRIPTION_REFUSED);
      const heard = new Set(given.map(({ topic }) => topic));
      this.#sink.opened(topics.filter((topic) => !heard.has(topic)));
    });
  }

  /** `code` is a number for a refusal of the broker, a word for trouble of the socket. */
  #failed(error: Error): void {
    const code: unknown = "code" in error ? error.code : null;
    if (typeof code === "number") this.#finish(refusalFault(this.#name, code));
    else if (typeof code === "string") this.#finish(socketFault(this.#name, error));
    else this.#finish(strangeFault(this.#name, error));
  }

  #textOf(payload: Uint8Array): string | null {
    if (payload.length > TEXT_MAX_BYTES) return null;
    try {
      return this.#text.decode(payload);
    } catch {
      return null; // no UTF-8
    }
  }

  publish({ topic, payload, isRetained }: Publication): Promise<boolean> {
    const client = this.#client;
    if (this.#over || client === null || !client.connected) return Promise.resolve(false);
    return new Promise((resolve) => {
      const cancel = this.#clock.after(CONFIRM_MAX_MS, () => {
        this.#finish(networkFault(this.#name, "does not confirm what it is told"));
      });
      const settle = (isTaken: boolean): void => {
        cancel();
        this.#underWay.delete(settle);
        resolve(isTaken);
      };
      this.#underWay.add(settle);
      client.publish(topic, payload, { qos: 1, retain: isRetained }, (error) =>
        settle(error === undefined || error === null),
      );
    });
  }

  async close(): Promise<void> {
    const client = this.#client;
    const wasOver = this.#over;
    this.#end();
    if (wasOver || client === null) return;
    // Nobody has welcomed us: there is nobody to say goodbye to.
    const goodbye = client.connected ? client.endAsync().then(() => true) : Promise.resolve(false);
    const isSaid = await within(this.#clock, GOODBYE_MAX_MS, goodbye, () => false);
    if (!isSaid) client.end(true);
    this.#pipe?.destroy(); // The package waits for a welcome, whatever it was told.
  }

  #finish(why: Fault): void {
    if (this.#over) return;
    this.#end();
    this.#client?.end(true);
    this.#sink.closed(why);
  }

  #end(): void {
    this.#over = true;
    this.#names.close();
    for (const settle of this.#underWay) settle(false);
  }
}

function willOf({ topic, payload, isRetained }: Publication) {
  return { topic, payload: Buffer.from(payload), qos: 1, retain: isRetained } as const;
}
