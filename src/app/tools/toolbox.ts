/**
 * What Pipit can do besides talking, as one part of the appliance: functions for the model, timers
 * and their ringing, volume, memory. Orders come from the model and from the control socket.
 */

import type { Input, State } from "../../core/assistant/state.ts";
import type { ControlReply, ControlRequest } from "../../core/control.ts";
import { faultLine } from "../../core/fault.ts";
import { builtInRows } from "../../core/functions/built-in.ts";
import { type CustomFunction, customFunctions } from "../../core/functions/custom.ts";
import { type FunctionRow, Registry } from "../../core/functions/row.ts";
import type { Fields } from "../../core/json.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Downlink } from "../audio/downlink.ts";
import { Volume } from "../audio/volume.ts";
import { Ringer } from "../timers/ringer.ts";
import type { World } from "../world.ts";
import { Announcer } from "./announcer.ts";
import { builtInHandlers } from "./built-in.ts";
import { Executor, type Handler } from "./executor.ts";
import { Memory } from "./memory.ts";

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
}

interface Kit {
  readonly settings: Settings;
  readonly registry: Registry;
  readonly custom: ReadonlyMap<FunctionRow, CustomFunction>;
}

export class Toolbox {
  readonly ringer: Ringer;
  readonly volume: Volume;
  readonly #options: ToolboxOptions;
  readonly #memory: Memory;
  readonly #executor: Executor;
  readonly #builtIn: ReadonlyMap<string, Handler>;
  readonly #announcer: Announcer;
  #kit: Kit | null = null;

  constructor(options: ToolboxOptions) {
    this.#options = options;
    const { world, settings, downlink, post, state, status } = options;
    const { clock, journal, volumeFile, memoryFile: store, readYaml, functionHost } = world;
    const changed = (): void => downlink().volumeChanged();
    this.volume = new Volume({ store: volumeFile, journal, settings, changed });
    this.ringer = new Ringer({ world, settings, downlink, post, state });
    this.#announcer = new Announcer({
      clock,
      journal,
      play: (pcm) => downlink().tell(pcm),
      room: () => (this.ringer.alarmClock.isRinging ? "busy" : this.ringer.room),
    });
    this.#memory = new Memory({ store, journal, readYaml });
    const parts = { alarmClock: this.ringer.alarmClock, volume: this.volume, status };
    this.#builtIn = builtInHandlers({ ...parts, memory: this.#memory });
    this.#executor = new Executor({
      clock,
      journal,
      registry: () => this.#current().registry,
      handler: (row) => this.#handlerOf(row),
      checkOf: (parameters) => functionHost.checkOf(parameters),
    });
  }

  /** Resolves when what earlier runs left is known. */
  async start(): Promise<void> {
    await this.volume.start();
    await this.ringer.start();
    if (this.#options.settings()["tools.memory"] === "on") await this.#memory.read();
  }

  /** The state may have changed: what waits for room may have it now. */
  settled(): void {
    this.ringer.settled();
    this.#announcer.settled();
  }

  close(): void {
    this.#announcer.close();
    this.#executor.close();
    this.ringer.close();
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
        return await this.#say(request.text);
    }
  }

  /** Rows and handlers of the settings in force; made anew when those change. */
  #current(): Kit {
    const settings = this.#options.settings();
    if (this.#kit?.settings === settings) return this.#kit;
    const { functions } = customFunctions(settings["tools.custom"]);
    const rows = [
      ...builtInRows(settings["tools.memory"] === "on"),
      ...functions.map(({ row }) => row),
    ];
    this.#kit = {
      settings,
      registry: new Registry(rows, settings["tools.disabled"]),
      custom: new Map(functions.map((one) => [one.row, one])),
    };
    return this.#kit;
  }

  #handlerOf(row: FunctionRow): Handler {
    const custom = this.#current().custom.get(row);
    const { functionHost } = this.#options.world;
    if (custom !== undefined) return (args, signal) => functionHost.run(custom, args, signal);
    const own = this.#builtIn.get(row.name);
    if (own === undefined) throw new Error(`nothing carries out ${row.name}`);
    return own;
  }

  async #list(): Promise<Fields> {
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
      trouble: await functionHost.schemaTrouble(row.parameters),
    }));
    return {
      functions: await Promise.all(rows),
      disabled: settings["tools.disabled"],
      surplus: registry.surplus,
      programs: functionHost.protection(),
    };
  }

  async #try(name: string, argumentsText: string): Promise<ControlReply> {
    const called = await this.#executor.call(name, argumentsText);
    if (called === null) return { ok: false, error: "that call is under way already" };
    const { end, output, ms, bytes } = called;
    return { ok: true, data: { ok: end === "ok", end, ms, bytes, output } };
  }

  async #say(words: string): Promise<ControlReply> {
    const { world, settings } = this.#options;
    if (this.#announcer.isFull) return { ok: false, error: "too many announcements wait already" };
    const pcm = await world.voice.speak(words, settings()["openai.language"]);
    if (!(pcm instanceof Int16Array)) return { ok: false, error: faultLine(pcm) };
    return { ok: true, data: { now: this.#announcer.say(pcm) } };
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
