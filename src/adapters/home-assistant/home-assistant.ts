/**
 * Home Assistant: its server of tools, and beside it the door for whole sentences, which alone runs
 * automations and sentence triggers.
 *
 * What is asked before a conversation: the tools, the prompt, and how the devices are now. The rest
 * is as for any server (../mcp/server.ts); after its own 401 or 403 it is not asked again, for each counts
 * towards a ban of our address.
 */

import type { ToolResult } from "../../core/functions/result.ts";
import { ASK_HOME, type HomeSpec } from "../../core/home/spec.ts";
import { homeResult, homeTrouble, sentenceResult } from "../../core/home/translate.ts";
import { type Fields, parseJson, text } from "../../core/json.ts";
import { contentText } from "../../core/mcp/messages.ts";
import type { Offer, ServedTool } from "../../core/mcp/offer.ts";
import { type Asked, type Trouble, trouble } from "../../core/mcp/trouble.ts";
import type { ToolServer, ToolServerState } from "../../ports.ts";
import { ask, readText } from "../mcp/ask.ts";
import { statusTrouble } from "../mcp/http.ts";
import { McpServer, type McpServerOptions } from "../mcp/server.ts";

const LIVE_TOOL = /(?:^|[_.])GetLiveContext$/;
/** An answer to a sentence is a sentence. */
const ANSWER_MAX_BYTES = 65_536;

const NO_TOKEN = trouble(
  "refused",
  "there is no token: make a long-lived access token on your profile page in Home Assistant, and put it into /etc/pipit/credentials/HOME_ASSISTANT_TOKEN",
);

const ASK_TOOL: ServedTool = {
  name: ASK_HOME,
  description:
    "Hands a whole sentence to Home Assistant, which may start an automation or a sentence of its owner's by it. Call it only where no other function of the house fits.",
  parameters: {
    type: "object",
    properties: { text: { type: "string", description: "The sentence, as the user said it." } },
    required: ["text"],
    additionalProperties: false,
  },
  isDestructive: false,
};

export class HomeAssistant implements ToolServer {
  readonly #server: McpServer;
  readonly #home: HomeSpec;
  readonly #maxBytes: number;
  #refused: Trouble | null = null;

  constructor(options: Omit<McpServerOptions, "words">, home: HomeSpec) {
    this.#server = new McpServer({
      ...options,
      words: { ofResult: homeResult, ofTrouble: homeTrouble },
    });
    this.#home = home;
    if (home.headers["authorization"] === "Bearer ") this.#refused = NO_TOKEN;
    this.#maxBytes = options.spec.resultMaxBytes;
  }

  state(): ToolServerState {
    const state = this.#server.state();
    if (this.#refused === null) return state;
    return { ...state, state: "refused", trouble: this.#refused };
  }

  async offer(signal: AbortSignal): Promise<Asked<Offer>> {
    if (this.#refused !== null) return { ok: false, trouble: this.#refused };
    const asked = await this.#server.offer(signal);
    if (!asked.ok) return asked;
    const { tools } = asked.value;
    const live = await this.#live(tools, signal);
    const all = this.#home.ask ? [...tools, ASK_TOOL] : tools;
    return { ok: true, value: { ...asked.value, tools: all, live } };
  }

  async call(tool: string, args: Fields, signal: AbortSignal): Promise<ToolResult> {
    if (this.#refused !== null) return homeTrouble(this.#refused);
    if (tool !== ASK_HOME) return await this.#server.call(tool, args, signal);
    return await this.#say(text(args, "text") ?? "", signal);
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  /** What kinds of devices there are is told by this alone: which cover is a garage's. */
  async #live(tools: readonly ServedTool[], signal: AbortSignal): Promise<string> {
    const tool = tools.find(({ name }) => LIVE_TOOL.test(name));
    if (tool === undefined || !this.#home.isGuarded) return "";
    const asked = await this.#server.callRaw(tool.name, {}, signal);
    if (!asked.ok) return "";
    const answer = parseJson(contentText(asked.value));
    return typeof answer === "object" && answer !== null && "result" in answer
      ? String(answer.result)
      : "";
  }

  async #say(words: string, signal: AbortSignal): Promise<ToolResult> {
    const { baseUrl, headers, language } = this.#home;
    const said = { text: words, ...(language === "" ? {} : { language }) };
    const asked = await ask({
      method: "POST",
      url: `${baseUrl}/api/conversation/process`,
      headers: { ...headers, "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(said),
      signal,
    });
    if (!asked.ok) return homeTrouble(asked.why);
    const status = asked.answer.statusCode ?? 0;
    const body = await readText(asked.answer, ANSWER_MAX_BYTES);
    if (status !== 200) {
      const why = statusTrouble(asked.answer, body, null);
      if (why.kind === "refused") this.#refused = why;
      return homeTrouble(why);
    }
    if (body === "broken") return homeTrouble(trouble("broken", "it broke off"));
    if (body === "too-long") return homeTrouble(trouble("too-long", "too long"));
    return sentenceResult(parseJson(body), this.#maxBytes);
  }
}
