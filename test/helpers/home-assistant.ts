/**
 * A stand-in for Home Assistant with its MCP server, its older one over SSE, its sentences and its
 * bans, as its source and its owners' records have them. It keeps real state: what is turned on is on
 * in the live context. It checks what is said to it as strictly as the real one.
 */

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Fields, fields, record, text } from "../../src/core/json.ts";

export interface Thing {
  readonly id: string;
  readonly names: readonly string[];
  readonly domain: string;
  readonly area: string;
  readonly deviceClass?: string;
  state: string;
  isExposed: boolean;
  /** It does not do what it is told. */
  isBroken?: boolean;
}

export const HOME_TOKEN = "eyJhbGciOiJIUzI1NiJ9.c3RhbmQtaW4.cGlwaXQtaG9tZS10b2tlbg";

export function house(): Thing[] {
  const thing = (id: string, name: string, area: string, state: string, deviceClass?: string) => ({
    id,
    names: name.split(", "),
    domain: id.split(".")[0] ?? "",
    area,
    state,
    isExposed: true,
    ...(deviceClass === undefined ? {} : { deviceClass }),
  });
  return [
    thing("light.kitchen", "Kitchen Lamp, Worktop", "Kitchen", "off"),
    thing("light.dining", "Dining Lamp", "Kitchen", "off"),
    thing("lock.front", "Front Door", "Hallway", "locked"),
    thing("cover.garage", "Big Roller", "Garage", "closed", "garage"),
    thing("cover.blind", "Kitchen Blind", "Kitchen", "open", "blind"),
  ];
}

const SWITCH = {
  type: "object",
  properties: {
    name: { type: "string" },
    area: { type: "string" },
    floor: { type: "string" },
    domain: { type: "array", items: { type: "string" } },
    device_class: { type: "array", items: { enum: ["garage", "blind"], type: "string" } },
  },
};

const TOOLS: readonly Fields[] = [
  { name: "HassTurnOn", description: "Turns on/opens/presses a device", inputSchema: SWITCH },
  { name: "HassTurnOff", description: "Turns off/closes a device", inputSchema: SWITCH },
  { name: "HassCancelAllTimers", inputSchema: { type: "object", properties: {} } },
  { name: "GetDateTime", inputSchema: { type: "object", properties: {} } },
  {
    name: "GetLiveContext",
    description: "Provides real-time information about the CURRENT state of devices",
    inputSchema: {
      type: "object",
      properties: {
        name: { type: "string" },
        domain: { anyOf: [{}, { type: "array", items: { type: "string" } }] },
        area: { type: "string" },
      },
    },
  },
];

const RULES = `When controlling Home Assistant always call the intent tools. Use HassTurnOn to lock and HassTurnOff to unlock a lock. When controlling a device, prefer passing just name and domain. When controlling an area, prefer passing just area name and domain.
When a user asks to turn on all devices of a specific type, ask user to specify an area, unless there is only one device of that type.
This device is not able to start timers.
You ARE equipped to answer questions about the current state of
the home using the \`GetLiveContext\` tool.`;
const NOTHING_EXPOSED =
  "Only if the user wants to control a device, tell them to expose entities to their voice assistant in Home Assistant.";

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

const plain = (status: number, body: string): Answer => ({ status, body, type: "text/plain" });
const json = (status: number, body: unknown): Answer => ({ status, body: JSON.stringify(body) });

export class StandInHome {
  things = house();
  tools: readonly Fields[] = TOOLS;
  /** The integration is set up. */
  isConfigured: boolean = true;
  /** Only the older endpoint is there. */
  isOlder: boolean = false;
  /** How long a call of a tool takes, milliseconds. */
  slowMs = 0;
  /** Failed logins before the address is banned. */
  banAfter = 3;
  failedLogins = 0;
  /** A proxy before it answers with this status and a page of its own; null: it lets everybody through. */
  proxyPage: number | null = null;
  /** `METHOD path`, and the method of MCP. */
  readonly asked: string[] = [];
  /** Sentences that came by the conversation API, with their language. */
  readonly said: Fields[] = [];
  /** A call of a tool is under way. */
  onCall: (tool: string) => void = () => undefined;
  readonly #streams = new Map<string, ServerResponse>();
  #server: Server | null = null;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts, again at the same port. */
  async start(): Promise<this> {
    const server = createServer((request, response) => {
      void this.#serve(request, response);
    });
    await new Promise<void>((resolve) => {
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    const address = server.address();
    this.#port = typeof address === "object" && address !== null ? address.port : 0;
    this.#server = server;
    return this;
  }

  /** Ends with everything that is open, as a restart does. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#streams.clear();
    server?.closeAllConnections();
    await new Promise((resolve) => {
      if (server === null) resolve(null);
      else server.close(resolve);
    });
  }

  thing(id: string): Thing {
    const found = this.things.find((one) => one.id === id);
    if (found === undefined) throw new Error(`there is no ${id}`);
    return found;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(Buffer.from(piece));
    const body = Buffer.concat(pieces).toString("utf8");
    this.asked.push(`${method} ${url}`);
    const door = this.#door(request);
    if (door === null && method === "GET" && url === "/mcp_server/sse" && this.isConfigured) {
      this.#openStream(response);
      return;
    }
    const answer = door ?? (await this.#answer(request, body));
    if (response.destroyed) return;
    const type = answer.type ?? "application/json";
    response.writeHead(answer.status, { "content-type": type }).end(answer.body);
  }

  /** Bans and logins. */
  #door(request: IncomingMessage): Answer | null {
    if (this.proxyPage !== null) {
      return { status: this.proxyPage, body: "<html>Sign in</html>", type: "text/html" };
    }
    if (this.failedLogins >= this.banAfter) return plain(403, "403: Forbidden");
    if (request.headers.authorization === `Bearer ${HOME_TOKEN}`) return null;
    this.failedLogins += 1;
    return plain(401, "401: Unauthorized");
  }

  async #answer(request: IncomingMessage, body: string): Promise<Answer> {
    const { method = "", url = "" } = request;
    if (url === "/api/") return json(200, { message: "API running." });
    if (url === "/api/conversation/process") return this.#converse(body);
    const session = /^\/mcp_server\/messages\/(.+)$/.exec(url)?.[1];
    if (session !== undefined) return await this.#older(session, body);
    if (url !== "/api/mcp" || this.isOlder) return plain(404, "404: Not Found");
    if (method !== "POST") return plain(405, "405: Method Not Allowed");
    if (!this.isConfigured) return plain(404, "Model Context Protocol server is not configured");
    if (!(request.headers.accept ?? "").includes("application/json")) {
      return plain(400, "Client must accept application/json");
    }
    if (request.headers["content-type"] !== "application/json") {
      return plain(400, "Content-Type must be application/json");
    }
    const message = record(parsed(body));
    if (message?.["jsonrpc"] !== "2.0" || typeof message["method"] !== "string") {
      return plain(400, "Request must be a JSON-RPC message");
    }
    if (message["id"] === undefined) return plain(202, "");
    const answer = await this.#rpc(message);
    return answer === null
      ? plain(500, "500 Internal Server Error\n\nServer got itself in trouble")
      : json(200, answer);
  }

  #openStream(response: ServerResponse): void {
    const session = randomUUID();
    this.#streams.set(session, response);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`event: endpoint\r\ndata: /mcp_server/messages/${session}\r\n\r\n`);
  }

  async #older(session: string, body: string): Promise<Answer> {
    const stream = this.#streams.get(session);
    if (stream === undefined) return plain(404, `Could not find session ID '${session}'`);
    const message = record(parsed(body));
    if (message === null) return plain(400, "Could not parse message");
    if (message["id"] !== undefined) {
      void this.#rpc(message).then((answer) => {
        if (answer === null || stream.destroyed) return;
        stream.write(`event: message\r\ndata: ${JSON.stringify(answer)}\r\n\r\n`);
      });
    }
    return plain(200, "OK");
  }

  /** Null: the server trips over it. */
  async #rpc(message: Fields): Promise<Fields | null> {
    const { id, method } = message;
    const params = fields(message, "params");
    this.asked.push(String(method));
    const result = (value: Fields): Fields => ({ jsonrpc: "2.0", id, result: value });
    switch (method) {
      case "initialize":
        return result({
          protocolVersion: params["protocolVersion"],
          capabilities: {
            experimental: {},
            prompts: { listChanged: false },
            tools: { listChanged: false },
          },
          serverInfo: { name: "home-assistant", version: "1.26.0" },
        });
      case "tools/list":
        return result({ tools: this.#offered() });
      case "prompts/list":
        return result({ prompts: [{ name: "Assist", description: "Default prompt" }] });
      case "prompts/get": {
        const content = { type: "text", text: this.#prompt() };
        return result({ messages: [{ role: "assistant", content }] });
      }
      case "tools/call": {
        const value = await this.#call(text(params, "name") ?? "", fields(params, "arguments"));
        return value === null ? null : result(value);
      }
      default:
        return {
          jsonrpc: "2.0",
          id,
          error: { code: -32601, message: "Method not found", data: method },
        };
    }
  }

  #offered(): readonly Fields[] {
    const isAny = this.things.some(({ isExposed }) => isExposed);
    return isAny ? this.tools : this.tools.filter(({ name }) => name !== "GetLiveContext");
  }

  #prompt(): string {
    const exposed = this.things.filter(({ isExposed }) => isExposed);
    if (exposed.length === 0) return NOTHING_EXPOSED;
    const list = exposed.map(({ names, domain, area }) => {
      return `- names: ${names.join(", ")}\n  domain: ${domain}\n  areas: ${area}`;
    });
    const head = "Static Context: An overview of the areas and the devices in this smart home:";
    return `${RULES}\n${head}\n${list.join("\n")}\n`;
  }

  #live(): string {
    const list = this.things
      .filter(({ isExposed }) => isExposed)
      .map(({ names, domain, state, area, deviceClass }) => {
        const more =
          deviceClass === undefined ? "" : `\n  attributes:\n    device_class: ${deviceClass}`;
        return `- names: ${names.join(", ")}\n  domain: ${domain}\n  state: '${state}'\n  areas: ${area}${more}`;
      });
    return `Live Context: An overview of the areas and the devices in this smart home:\n${list.join("\n")}\n`;
  }

  async #call(tool: string, args: Fields): Promise<Fields | null> {
    this.onCall(tool);
    if (this.slowMs > 0 && tool !== "GetLiveContext") {
      await new Promise((resolve) => {
        setTimeout(resolve, this.slowMs).unref();
      });
    }
    const say = (value: unknown): Fields => ({
      content: [{ type: "text", text: JSON.stringify(value) }],
      isError: false,
    });
    if (tool === "GetLiveContext") return say({ success: true, result: this.#live() });
    if (tool !== "HassTurnOn" && tool !== "HassTurnOff") {
      return { content: [{ type: "text", text: `Tool '${tool}' not found` }], isError: true };
    }
    // As it is: no argument is required by the schema, and without one the server fails.
    if (args["name"] === undefined && args["area"] === undefined) return null;
    return this.#switch(tool === "HassTurnOn", args, say);
  }

  #switch(on: boolean, args: Fields, say: (value: unknown) => Fields): Fields {
    const [name, area] = [text(args, "name"), text(args, "area")];
    const named = this.things.filter(({ names }) => name === null || names.includes(name));
    if (named.length === 0) return matchFailed("NAME");
    const there = named.filter((thing) => area === null || thing.area === area);
    if (there.length === 0) return matchFailed("AREA");
    const domains = Array.isArray(args["domain"]) ? args["domain"] : [args["domain"] ?? "*"];
    const kind = there.filter(({ domain }) => domains.includes("*") || domains.includes(domain));
    if (kind.length === 0) return matchFailed("DOMAIN");
    const exposed = kind.filter(({ isExposed }) => isExposed);
    if (exposed.length === 0) return matchFailed("ASSISTANT");
    for (const thing of exposed) {
      if (thing.isBroken !== true) thing.state = stateOf(thing.domain, on);
    }
    const told = (isBroken: boolean) =>
      exposed
        .filter((thing) => (thing.isBroken === true) === isBroken)
        .map(({ names, id }) => ({ name: names[0], type: "entity", id }));
    const where = area === null ? [] : [{ name: area, type: "area", id: area.toLowerCase() }];
    const data = { success: [...where, ...told(false)], failed: told(true) };
    return say({ speech: {}, response_type: "action_done", data });
  }

  /** One automation has a sentence of its own; nothing else is understood. */
  #converse(body: string): Answer {
    const asked = record(parsed(body)) ?? {};
    this.said.push(asked);
    const understood = /movie/i.test(text(asked, "text") ?? "");
    const speech = understood ? "Enjoy the film" : "Sorry, I couldn't understand that";
    const response = {
      response_type: understood ? "action_done" : "error",
      language: text(asked, "language") ?? "en",
      data: understood ? { targets: [], success: [], failed: [] } : { code: "no_intent_match" },
      speech: { plain: { speech, extra_data: null } },
      card: {},
    };
    return json(200, { continue_conversation: false, conversation_id: "c", response });
  }
}

function stateOf(domain: string, on: boolean): string {
  if (domain === "lock") return on ? "locked" : "unlocked";
  if (domain === "cover") return on ? "open" : "closed";
  return on ? "on" : "off";
}

function matchFailed(reason: string): Fields {
  const words = `Error calling tool: <MatchFailedError result=MatchTargetsResult(is_match=False, no_match_reason=<MatchFailedReason.${reason}: ${reason.length}>, states=[], no_match_name=None, areas=[], floors=[]), constraints=MatchTargetsConstraints(name='x')>`;
  return { content: [{ type: "text", text: words }], isError: true };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
