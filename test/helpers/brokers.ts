/**
 * Brokers to test against: aedes in this process, and Debian's mosquitto as a program, where it is
 * installed; with a password or TLS; and somebody else who listens and publishes there.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { Aedes } from "aedes";
import { connectAsync, type MqttClient } from "mqtt";
import { eventually } from "./host.ts";
import { tempFolder } from "./temp-folder.ts";

interface Cleanup {
  after(clean: () => void | Promise<void>): void;
}

export const USER = "pipit";
export const PASSWORD = "correct horse, battery";

export interface BrokerWish {
  readonly needsPassword?: boolean;
  readonly authority?: Authority;
  readonly port?: number;
}

export interface TestBroker {
  readonly port: number;
  readonly url: string;
  /** Ends without a word to anybody. */
  readonly kill: () => Promise<void>;
}

export type StartBroker = (test: Cleanup, wish?: BrokerWish) => Promise<TestBroker>;

/** `mqtt://` or `mqtts://` to a broker of this machine. */
function urlOf(port: number, wish: BrokerWish): string {
  return wish.authority === undefined ? `mqtt://127.0.0.1:${port}` : `mqtts://localhost:${port}`;
}

export const aedesBroker: StartBroker = async (test, wish = {}) => {
  const broker = await Aedes.createBroker({
    ...(wish.needsPassword
      ? {
          authenticate: (_client, user, password, done) => {
            const isRight = user === USER && String(password) === PASSWORD;
            if (isRight) done(null, true);
            else done(Object.assign(new Error("no"), { returnCode: 4 }), false);
          },
        }
      : {}),
  });
  const sockets = new Set<Socket>();
  const take = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    broker.handle(socket);
  };
  const server: Server =
    wish.authority === undefined
      ? createServer(take)
      : createTlsServer({ key: wish.authority.serverKey, cert: wish.authority.serverCert }, take);
  await new Promise<void>((resolve) => server.listen(wish.port ?? 0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  let isDown = false;
  const kill = async (): Promise<void> => {
    if (isDown) return;
    isDown = true;
    for (const socket of sockets) socket.destroy();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await new Promise<void>((resolve) => broker.close(resolve));
    await closed;
  };
  test.after(kill);
  return { port, url: urlOf(port, wish), kill };
};

const MOSQUITTO = "/usr/sbin/mosquitto";

export const NO_MOSQUITTO = "mosquitto is not installed (apt install mosquitto)";
export const hasMosquitto = (): boolean => existsSync(MOSQUITTO);

export const mosquittoBroker: StartBroker = async (test, wish = {}) => {
  const folder = tempFolder(test);
  chmodSync(folder, 0o755); // started by root, it becomes a user of its own
  const port = wish.port ?? (await freePort());
  const lines = [`listener ${port} 127.0.0.1`, "persistence false", "log_type none"];
  if (wish.authority !== undefined) {
    const { serverKey, serverCert } = wish.authority;
    writeFileSync(join(folder, "key.pem"), serverKey, { mode: 0o644 });
    writeFileSync(join(folder, "cert.pem"), serverCert);
    lines.push(`keyfile ${join(folder, "key.pem")}`, `certfile ${join(folder, "cert.pem")}`);
  }
  if (wish.needsPassword) {
    const path = join(folder, "passwords");
    execFileSync("mosquitto_passwd", ["-b", "-c", path, USER, PASSWORD]);
    chmodSync(path, 0o644);
    lines.push("allow_anonymous false", `password_file ${path}`);
  } else lines.push("allow_anonymous true");
  writeFileSync(join(folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
  const child = spawn(MOSQUITTO, ["-c", join(folder, "mosquitto.conf")], { stdio: "ignore" });
  const kill = (): Promise<void> => gone(child);
  test.after(kill);
  await eventually("mosquitto answers", () => {
    if (child.exitCode !== null) throw new Error("mosquitto does not start");
    return canConnect(port);
  });
  return { port, url: urlOf(port, wish), kill };
};

async function gone(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await eventually("its end", () => child.exitCode !== null || child.signalCode !== null);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function canConnect(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.on("connect", () => end(true));
    socket.on("error", () => end(false));
  });
}

/** Both of them, with why one is left out. */
export const BROKERS: readonly {
  readonly name: string;
  readonly start: StartBroker;
  readonly skip: string | false;
}[] = [
  { name: "aedes", start: aedesBroker, skip: false },
  { name: "mosquitto", start: mosquittoBroker, skip: !hasMosquitto() && NO_MOSQUITTO },
];

/** A certificate authority, and a server's certificate for `localhost` that it has signed. */
export interface Authority {
  /** Where the authority's certificate is. */
  readonly caFile: string;
  readonly serverKey: Buffer;
  readonly serverCert: Buffer;
}

export function makeAuthority(test: Cleanup, host = "localhost"): Authority {
  const folder = tempFolder(test);
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => {
    execFileSync("openssl", args, { stdio: "ignore" });
  };
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...curve,
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.pem"),
    "-days",
    "2",
    "-subj",
    "/CN=Test CA",
  );
  openssl("req", ...curve, "-keyout", at("key.pem"), "-out", at("csr.pem"), "-subj", `/CN=${host}`);
  writeFileSync(at("san"), `subjectAltName=DNS:${host}\n`);
  openssl(
    "x509",
    "-req",
    "-in",
    at("csr.pem"),
    "-CA",
    at("ca.pem"),
    "-CAkey",
    at("ca.key"),
    "-CAcreateserial",
    "-out",
    at("cert.pem"),
    "-days",
    "2",
    "-extfile",
    at("san"),
  );
  return {
    caFile: at("ca.pem"),
    serverKey: readFileSync(at("key.pem")),
    serverCert: readFileSync(at("cert.pem")),
  };
}

export interface Heard {
  readonly topic: string;
  readonly text: string;
  readonly isRetained: boolean;
}

/** Somebody else at the broker, such as Home Assistant. */
export class Watcher {
  readonly heard: Heard[] = [];
  readonly #client: MqttClient;

  constructor(client: MqttClient) {
    this.#client = client;
    client.on("message", (topic, payload, { retain }) => {
      this.heard.push({ topic, text: payload.toString(), isRetained: retain });
    });
    client.on("error", () => undefined); // a broker that is killed
  }

  static async at(test: Cleanup, url: string, filter = "#", login = {}): Promise<Watcher> {
    const client = await connectAsync(url, { reconnectPeriod: 0, ...login });
    const watcher = new Watcher(client);
    test.after(async () => {
      await client.endAsync(true);
    });
    await client.subscribeAsync(filter, { qos: 1 });
    return watcher;
  }

  async say(topic: string, text: string | Buffer, isRetained = false): Promise<void> {
    await this.#client.publishAsync(topic, text, { qos: 1, retain: isRetained });
  }

  /** Texts of one topic, in order. */
  of(topic: string): readonly string[] {
    return this.heard.filter((one) => one.topic === topic).map(({ text }) => text);
  }

  async hears(topic: string, isIt: (text: string) => boolean): Promise<void> {
    await eventually(`${topic} as wanted, but: ${JSON.stringify(this.heard)}`, () =>
      this.of(topic).some(isIt),
    );
  }
}
