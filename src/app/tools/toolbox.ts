/**
 * What Pipit can do besides talking, as one part of the appliance: functions for the model, timers
 * and their ringing, volume, memory. Orders come from the model and from the control socket.
 */

import type { Fact, Input } from "../../core/assistant/inputs.ts";
import type { State } from "../../core/assistant/state.ts";
import { isQuiet, phase } from "../../core/assistant/views.ts";
import type { ControlReply, ControlRequest } from "../../core/control.ts";
import type { CustomFunction } from "../../core/functions/custom.ts";
import { offerOf } from "../../core/functions/offer.ts";
import {
  type FunctionRow,
  type FunctionSpec,
  OFFER_MAX_TOKENS,
  type Registry,
  tokensOf,
} from "../../core/functions/registry.ts";
import type { ToolResult } from "../../core/functions/result.ts";
import type { Fields } from "../../core/json.ts";
import { remoteServers } from "../../core/mcp/remote.ts";
import { chainFor } from "../../core/models/fallback.ts";
import type { ClientEvent } from "../../core/realtime/client-events.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { StateFile } from "../../ports.ts";
import { accountOf } from "../account.ts";
import type { Downlink } from "../audio/downlink.ts";
import { Volume } from "../audio/volume.ts";
import { OwedFile } from "../owed-file.ts";
import { Ringer } from "../timers/ringer.ts";
import type { World } from "../world.ts";
import { Announcements } from "./announcements.ts";
import { Announcer } from "./announcer.ts";
import { Briefer, type Context } from "./briefer.ts";
import { builtInHandlers } from "./built-in.ts";
import { type Call, Calls } from "./calls.ts";
import { Executor, type Handler } from "./executor.ts";
import { look } from "./eyes.ts";
import { Memory } from "./memory.ts";
import { ModelVoice, type Purse } from "./model-voice.ts";
import { ServedTools } from "./served.ts";

/** What the owner's commands ask of it. */
export type ToolRequest = Extract<
  ControlRequest,
  { command: "timers" | "volume" | "tools" | "memory" | "say" }
>;

export function isForTools(request: ControlRequest): request is ToolRequest {
  return ["timers", "volume", "tools", "memory", "say"].includes(request.command);
}

export interface ToolboxOptions {
  readonly world: World;
  readonly settings: () => Settings;
  readonly downlink: () => Downlink;
  readonly post: (input: Input) => void;
  readonly state: () => State;
  /** As `pipit status --json` has it. */
  readonly status: () => Fields;
  readonly purse: Purse;
  /** A timer has begun to ring, or ended. */
  readonly changed: () => void;
}

interface Kit {
  readonly settings: Settings;
  /** Those of servers, as they were then. */
  readonly served: readonly FunctionRow[];
  readonly registry: Registry;
  readonly custom: ReadonlyMap<FunctionRow, CustomFunction>;
}

export class Toolbox {
  readonly ringer: Ringer;
  readonly volume: Volume;
  readonly #options: ToolboxOptions;
  readonly #kept: { readonly volume: OwedFile; readonly memory: OwedFile };
  readonly #memory: Memory;
  readonly #executor: Executor;
  readonly #builtIn: ReadonlyMap<string, Handler>;
  readonly #announcer: Announcer;
  readonly #modelVoice: ModelVoice;
  readonly #announcements: Announcements;
  readonly #calls: Calls;
  readonly #served: ServedTools;
  readonly #briefer: Briefer;
  /** The session's set-up, while servers of tools are still being asked. */
  #held: (() => void) | null = null;
  #kit: Kit | null = null;
  /** The user has asked to be listened to no more; the model still says how to end that. */
  #mutes: boolean = false;
  /** What the conversation was told at its beginning; the same for all its connections. */
  #context: Context | null = null;

  constructor(options: ToolboxOptions) {
    this.#options = options;
    const { world, settings, downlink, post, state, status } = options;
    const { clock, journal, readYaml, functionHost } = world;
    this.#kept = {
      volume: this.#owed(world.volumeFile, "The volume is stored again"),
      memory: this.#owed(world.memoryFile, "The memory is stored again"),
    };
    const changed = (): void => downlink().volumeChanged();
    this.volume = new Volume({ store: this.#kept.volume, journal, settings, changed });
    this.ringer = new Ringer({ world, settings, downlink, post, state, changed: options.changed });
    this.#announcer = new Announcer({
      clock,
      journal,
      play: (pcm) => downlink().playSound(pcm),
      room: () => (this.ringer.alarmClock.isRinging ? "busy" : this.ringer.room),
    });
    this.#modelVoice = this.#makeModelVoice();
    this.#announcements = this.#makeAnnouncements();
    this.#memory = new Memory({ store: this.#kept.memory, journal, readYaml });
    const parts = { alarmClock: this.ringer.alarmClock, volume: this.volume, status };
    const muteAfterReply = (): void => {
      this.#mutes = true;
    };
    const own = { canRepeat: () => downlink().canRepeat, muteAfterReply, look: this.#look };
    this.#builtIn = builtInHandlers({ ...parts, ...own, memory: this.#memory });
    this.#served = new ServedTools({ clock, journal, settings, open: world.toolServer });
    this.#executor = new Executor({
      clock,
      journal,
      registry: () => this.#current().registry,
      handler: (row) => this.#handlerOf(row),
      checkOf: async (row) =>
        this.#served.checkOf(row) ?? (await functionHost.checkOf(row.parameters)),
    });
    this.#calls = this.#makeCalls();
    this.#briefer = new Briefer({
      journal,
      settings,
      served: this.#served,
      memory: this.#memory,
      alarmClock: this.ringer.alarmClock,
      news: () => this.#calls.waiting,
    });
  }

  #owed(store: StateFile, line: string): OwedFile {
    const { clock, journal } = this.#options.world;
    return new OwedFile({ store, clock, paid: () => journal.log("notice", line) });
  }

  readonly #look = (signal: AbortSignal): Promise<ToolResult> => {
    const { world, settings, state } = this.#options;
    const { camera, journal } = world;
    const model = (): string | null => state().conversation?.link.model ?? null;
    return look({ camera, journal, settings, model, leds: this.ringer.leds }, signal);
  };

  #makeModelVoice(): ModelVoice {
    const { world, settings, state, purse, post } = this.#options;
    return new ModelVoice({
      ...{ world, settings, purse },
      chain: () => chainFor(state().memory.chain, accountOf(settings())),
      learned: (fact) => post({ tag: "learned", fact }),
    });
  }

  #makeAnnouncements(): Announcements {
    const { world, settings } = this.#options;
    return new Announcements({
      journal: world.journal,
      announcer: this.#announcer,
      model: this.#modelVoice,
      plain: world.voice,
      language: () => settings()["openai.language"],
    });
  }

  #makeCalls(): Calls {
    const { world, settings, downlink, post, state } = this.#options;
    return new Calls({
      clock: world.clock,
      executor: this.#executor,
      registry: () => this.#current().registry,
      mustConfirm: (row, argumentsText) => this.#served.mustConfirm(row, argumentsText),
      done: (report) => post({ tag: "tool-done", ...report }),
      ask: (callId, output) => post({ tag: "tool-asks", callId, output }),
      isAsync: () => settings()["openai.async_functions"],
      patienceMs: () => settings()["tools.patience_s"] * 1000,
      waits: () => {
        const word = phase(state()) === "thinking" ? world.faultSound("one-moment") : null;
        if (word !== null) downlink().playSound(word);
      },
      news: () => this.#newsCame(),
    });
  }

  run(call: Call): void {
    this.#calls.run(call);
  }

  abort(callId: string): void {
    this.#calls.abort(callId);
  }

  /** What has happened in the conversation, told once. */
  observe(facts: readonly Fact[]): void {
    for (const { tag } of facts) {
      if (tag === "conversation-began") this.#began();
      if (tag === "news-told") this.#calls.takeNews();
      if (tag === "interrupted") this.#mutes = false;
      if (tag === "listening") this.#heard();
      if (tag === "conversation-ended" && this.#calls.waiting.length > 0) this.#newsCame();
    }
  }

  /**
   * Sends the event, the session's set-up with what there is to call. That waits a moment for
   * servers of tools; what follows does not overtake it.
   */
  equipped(event: ClientEvent, send: (event: ClientEvent) => void): void {
    this.#held?.();
    const fresh =
      event.tag === "update-session" && this.#context === null ? this.#served.fresh : null;
    if (fresh === null) {
      send(this.equip(event));
      return;
    }
    const held = (): void => {
      if (this.#held !== held) return;
      this.#held = null;
      send(this.equip(event));
    };
    this.#held = held;
    void fresh.then(held);
  }

  /** The connection for which it was is gone. */
  hungUp(): void {
    this.#held = null;
  }

  /** The session's set-up with what there is to call, to remember and to know. */
  equip(event: ClientEvent): ClientEvent {
    if (event.tag !== "update-session") return event;
    const { settings } = this.#current();
    const { tools, instructions } = event.session;
    const disabled = settings["tools.disabled"];
    const own = tools.filter(({ name }) => !disabled.includes(name));
    this.#context ??= this.#buildContext(instructions, own);
    const { briefing, registry } = this.#context;
    const session = {
      ...event.session,
      instructions: [briefing.instructions, ...briefing.lines].join("\n"),
      // Where the server has refused all functions, there are none.
      tools: tools.length === 0 ? [] : [...own, ...registry.specs],
      remoteServers:
        event.session.remoteServers && remoteServers(settings["openai.mcp_servers"]).servers,
    };
    return { ...event, session };
  }

  /** What it is told is put together when it is first sent: by then an edited memory has been read. */
  #began(): void {
    this.ringer.leds.overlay("news", false);
    this.#context = null;
    this.#held = null;
    this.#served.ask();
    if (this.#options.settings()["tools.memory"] === "on") void this.#memory.read();
  }

  #buildContext(instructions: string, own: readonly FunctionSpec[]): Context {
    this.#served.adopt();
    const { registry } = this.#current();
    return this.#briefer.told(instructions, own, registry);
  }

  /** A session has begun: what it was told of is told. */
  #heard(): void {
    this.ringer.alarmClock.announced();
    if (this.#calls.waiting.length > 0 && this.#isInContext()) this.#calls.takeNews();
  }

  #isInContext(): boolean {
    const context = this.#context?.briefing.lines ?? [];
    return this.#calls.waiting.every(({ text }) => context.some((line) => line.includes(text)));
  }

  /** A late result: told at the next quiet moment; after the conversation, only where it may be. */
  #newsCame(): void {
    const { world, state, downlink } = this.#options;
    if (state().conversation !== null) {
      this.#announceNews();
      return;
    }
    const kept = this.#calls.keepNews(({ row }) => row.after);
    if (kept === 0) {
      world.journal.log(
        "notice",
        "A function finished after the conversation; its result is dropped",
      );
      return;
    }
    // Heard and seen across the room; what it is comes with the next call.
    this.ringer.leds.overlay("news", true);
    const stroke = this.ringer.room === "free" ? world.ringSound() : null;
    if (stroke !== null) downlink().playSound(stroke);
  }

  #announceNews(): void {
    const { conversation } = this.#options.state();
    const news = this.#calls.waiting;
    if (news.length === 0 || conversation === null || !isQuiet(conversation)) return;
    this.#options.post({ tag: "news", text: news.map(({ text }) => text).join("\n") });
  }

  /** Resolves when what earlier runs left is known. */
  async start(): Promise<void> {
    await this.volume.start();
    await this.ringer.start();
    this.#served.ask();
    if (this.#options.settings()["tools.memory"] === "on") await this.#memory.read();
  }

  /** The settings have changed. */
  reloaded(): void {
    if (this.#options.state().conversation === null) this.#served.keepUp();
  }

  /** The state may have changed: what waits for room may have it now. */
  settled(): void {
    this.reloaded(); // What changed during a conversation is in force after it.
    this.#mute();
    this.ringer.settled();
    this.#announcer.settled();
    this.#announceNews();
  }

  /** The reply after the call was heard, or the conversation is over. */
  #mute(): void {
    const isOver = ["follow-up", "idle"].includes(phase(this.#options.state()));
    if (!this.#mutes || !isOver) return;
    this.#mutes = false;
    this.#options.post({ tag: "command", command: "mute-until-press" });
  }

  async close(): Promise<void> {
    this.#announcer.close();
    this.#modelVoice.close();
    this.#executor.close();
    this.ringer.close();
    this.#kept.volume.close();
    this.#kept.memory.close();
    await this.#served.close();
  }

  async answer(request: ToolRequest): Promise<ControlReply> {
    switch (request.command) {
      case "timers":
        return await this.ringer.order(request.order);
      case "volume":
        return await this.#setVolume(request);
      case "tools":
        return request.act === "list"
          ? { ok: true, data: await this.#list() }
          : await this.#try(request.name, request.arguments);
      case "memory":
        return await this.#remember(request);
      case "say":
        return await this.#announcements.say(request.text, request.offline === true);
    }
  }

  /** Rows and handlers of the settings in force; made anew when those change. */
  #current(): Kit {
    const settings = this.#options.settings();
    const served = this.#served.rows;
    if (this.#kit?.settings === settings && this.#kit.served === served) return this.#kit;
    const { registry, custom } = offerOf(settings, served);
    this.#kit = {
      settings,
      served,
      registry,
      custom: new Map(custom.map((one) => [one.row, one])),
    };
    return this.#kit;
  }

  #handlerOf(row: FunctionRow): Handler {
    const custom = this.#current().custom.get(row);
    const { functionHost } = this.#options.world;
    if (custom !== undefined) return (args, signal) => functionHost.run(custom, args, signal);
    const served = this.#served.handlerOf(row);
    if (served !== null) return served;
    const own = this.#builtIn.get(row.name);
    if (own === undefined) throw new Error(`nothing carries out ${row.name}`);
    return own;
  }

  /** What servers offer by now; a conversation keeps what it began with. */
  #refresh(): void {
    if (this.#options.state().conversation === null) this.#served.adopt();
  }

  async #list(): Promise<Fields> {
    this.#refresh();
    const { registry, settings } = this.#current();
    const { functionHost } = this.#options.world;
    const { counts } = this.#executor;
    const rows = registry.rows.map(async (row) => ({
      name: row.name,
      where: row.where,
      description: row.description,
      parameters: row.parameters,
      time_limit_s: row.timeLimitMs / 1000,
      confirm: row.confirm,
      calls: counts.get(row.name)?.calls ?? 0,
      failures: counts.get(row.name)?.failures ?? 0,
      tokens: tokensOf(row),
      trouble: row.where === "mcp" ? null : await functionHost.schemaTrouble(row.parameters),
    }));
    return {
      functions: await Promise.all(rows),
      disabled: settings["tools.disabled"],
      surplus: registry.surplus,
      tokens: registry.tokens,
      tokens_max: OFFER_MAX_TOKENS,
      instructions: this.#briefer.figures(settings, registry),
      servers: this.#served.list(),
      programs: functionHost.protection(),
    };
  }

  async #try(name: string, argumentsText: string): Promise<ControlReply> {
    this.#refresh();
    const called = await this.#executor.call(name, argumentsText);
    if (called === null) return { ok: false, error: "that call is under way already" };
    const { end, output, ms, bytes } = called;
    return { ok: true, data: { ok: end === "ok", end, ms, bytes, output } };
  }

  async #setVolume({ percent, by }: Extract<ToolRequest, { command: "volume" }>) {
    if (percent !== undefined && (percent < 0 || percent > 100)) {
      return { ok: false, error: "a volume is 0 to 100 percent" } as const;
    }
    const { volume } = this;
    const unsaved =
      percent !== undefined
        ? await volume.set(percent)
        : by !== undefined
          ? await volume.step(by)
          : null;
    const note = unsaved === null ? {} : { not_stored: unsaved.message };
    return { ok: true, data: { percent: volume.percent, ...note } } as const;
  }

  async #remember(request: Extract<ToolRequest, { command: "memory" }>): Promise<ControlReply> {
    const memory = this.#memory;
    if (this.#options.settings()["tools.memory"] !== "on") {
      return { ok: false, error: "the memory is off (tools.memory: on)" };
    }
    if (request.act === "list") {
      await memory.read();
      return { ok: true, data: { facts: memory.facts } };
    }
    const { act, text } = request;
    const done = act === "remember" ? await memory.remember(text) : await memory.forget(text);
    if (!done.ok) return { ok: false, error: done.problem };
    const note = done.unsaved === null ? {} : { not_stored: done.unsaved.message };
    return { ok: true, data: { [act === "remember" ? "kept" : "gone"]: done.facts, ...note } };
  }
}
