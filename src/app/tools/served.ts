/**
 * The tools that others serve (`mcp.servers`, `home_assistant`), as functions of the registry.
 *
 * Invariants: before a conversation every server is asked what it offers; who has not answered
 * within FRESH_MAX_MS is taken as it was last; what a conversation began with stays until its end; a
 * server that is away costs nothing but its functions.
 */

import { faultLine } from "../../core/fault.ts";
import { type Check, readArguments } from "../../core/functions/arguments.ts";
import { type FunctionRow, tokensOf } from "../../core/functions/registry.ts";
import type { ToolResult } from "../../core/functions/result.ts";
import { type Entity, entitiesIn, homeWriter } from "../../core/home/entities.ts";
import { mustConfirm } from "../../core/home/guard.ts";
import { homeServer, type WantedServer } from "../../core/home/spec.ts";
import type { Fields } from "../../core/json.ts";
import { type Offer, type Served, servedRows } from "../../core/mcp/offer.ts";
import { HOUSE, mcpServers } from "../../core/mcp/servers.ts";
import { type Trouble, troubleFault } from "../../core/mcp/trouble.ts";
import type { Settings } from "../../core/settings/table.ts";
import { within } from "../../core/timeout.ts";
import type { Clock, Journal, ToolServer } from "../../ports.ts";
import type { Handler } from "./executor.ts";

/** From the beginning of a conversation to its first set-up of the session. */
export const FRESH_MAX_MS = 1_000;

export interface ServedToolsOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly settings: () => Settings;
  readonly open: (wanted: WantedServer) => ToolServer;
}

interface Source {
  readonly wanted: WantedServer;
  readonly server: ToolServer;
  /** As it was last; null: it has never answered. */
  offer: Offer | null;
  trouble: Trouble | null;
}

/** What of the sources a conversation has. */
interface Adopted {
  readonly served: readonly Served[];
  readonly rows: readonly FunctionRow[];
  readonly house: (maxBytes: number) => readonly string[];
  readonly away: readonly string[];
  readonly entities: readonly Entity[];
}

const NO_HOUSE = (): readonly string[] => [];
const NOTHING: Adopted = { served: [], rows: [], house: NO_HOUSE, away: [], entities: [] };
const GONE: ToolResult = { ok: false, error: "The server is not configured any more" };
/** Servers judge their arguments themselves: what Home Assistant takes, its own schemas do not say. */
const NO_CHECK: Check = () => [];

export class ServedTools {
  readonly #options: ServedToolsOptions;
  #sources: readonly Source[] = [];
  #settings: Settings | null = null;
  #adopted: Adopted = NOTHING;
  /** Ends with the stop. */
  readonly #end = new AbortController();
  #asking: Promise<void> | null = null;
  #freshUntilMs = 0;

  constructor(options: ServedToolsOptions) {
    this.#options = options;
  }

  get rows(): readonly FunctionRow[] {
    return this.#adopted.rows;
  }

  /** For the instructions; they change only when a house does. */
  get told(): Pick<Adopted, "house" | "away"> {
    return this.#adopted;
  }

  /** The servers of the settings in force are asked; nothing happens where there are none. */
  ask(): void {
    this.#sync();
    if (this.#sources.length === 0) return;
    this.#freshUntilMs = this.#options.clock.nowMs() + FRESH_MAX_MS;
    const all = Promise.all(this.#sources.map((source) => this.#askOne(source)));
    const asking = all.then(() => {
      if (this.#asking === asking) this.#asking = null;
    });
    this.#asking = asking;
  }

  /** Null: nobody is waited for; else resolves when all have answered, or the time is over. */
  get fresh(): Promise<void> | null {
    const { clock } = this.#options;
    const leftMs = this.#freshUntilMs - clock.nowMs();
    if (this.#asking === null || leftMs <= 0) return null;
    return within(clock, leftMs, this.#asking, () => undefined);
  }

  /** Between two conversations: what the settings want no more is closed, what is new is asked. */
  keepUp(): void {
    const before = this.#sources;
    this.#sync();
    const isNew = this.#sources.some((source) => !before.includes(source));
    if (isNew) this.ask();
  }

  /** From now on, what is known now: at the beginning of a conversation, or between two. */
  adopt(): void {
    this.#sync();
    const known = this.#sources.filter(({ offer }) => offer !== null);
    const served = known.flatMap(({ wanted, offer }) =>
      offer === null ? [] : servedRows(wanted.spec, offer),
    );
    const home = known.find(({ wanted }) => wanted.home !== null)?.offer ?? null;
    const rows = served.map(({ row }) => row);
    const area = this.#options.settings()["home_assistant.area"];
    const house = home === null ? NO_HOUSE : homeWriter(home.prompt, area);
    const entities = home === null ? [] : entitiesIn(home.live === "" ? home.prompt : home.live);
    // The same rows stay the same objects: what is known of them is known by them.
    const isSame = JSON.stringify(rows) === JSON.stringify(this.#adopted.rows);
    this.#adopted = {
      ...(isSame ? this.#adopted : { served, rows }),
      house,
      away: this.#away(),
      entities,
    };
  }

  /** The model says so instead of inventing a lamp. */
  #away(): readonly string[] {
    const away = this.#sources.filter(({ trouble }) => trouble !== null);
    const names = away.map(({ wanted }) => titleOf(wanted));
    return names.length === 0
      ? []
      : [
          `Not to be reached at the moment: ${names.join(", ")}. Say so if something of it is wanted.`,
        ];
  }

  /** Null: the row is none of these. */
  handlerOf(row: FunctionRow): Handler | null {
    if (row.where !== "mcp") return null;
    const found = this.#adopted.served.find((one) => one.row === row);
    const source = this.#sources.find(({ wanted }) => wanted.spec.name === found?.server.name);
    // It may have gone while its arguments were read.
    if (found === undefined || source === undefined) return async () => GONE;
    return (args, signal) => source.server.call(found.tool.name, args, signal);
  }

  /** Null: the row is none of these. */
  checkOf(row: FunctionRow): Check | null {
    return row.where === "mcp" ? NO_CHECK : null;
  }

  /** The user is asked first, by what the call may move. */
  mustConfirm(row: FunctionRow, argumentsText: string): boolean {
    const found = this.#adopted.served.find((one) => one.row === row);
    if (found === undefined || found.server.name !== HOUSE) return false;
    const words = this.#options.settings()["home_assistant.confirm"];
    const read = readArguments(argumentsText, NO_CHECK);
    return read.ok && mustConfirm(words, this.#adopted.entities, found.tool.name, read.value);
  }

  /** For `pipit tools`. */
  list(): readonly Fields[] {
    return this.#sources.map(({ wanted, server, offer }) => {
      const rows = offer === null ? [] : servedRows(wanted.spec, offer);
      const { state, trouble, connects, protocol } = server.state();
      return {
        name: wanted.spec.name,
        state,
        protocol,
        connects,
        tools: rows.length,
        tools_offered: offer?.tools.length ?? 0,
        tokens: rows.reduce((sum, { row }) => sum + tokensOf(row), 0),
        trouble: trouble === null ? null : faultLine(troubleFault(wanted.spec.name, trouble)),
      };
    });
  }

  async close(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#sources.map(({ server }) => server.close()));
  }

  /** Servers that the settings want and there are not yet are opened; the others are closed. */
  #sync(): void {
    const settings = this.#options.settings();
    if (settings === this.#settings || this.#end.signal.aborted) return;
    this.#settings = settings;
    const wanted = wantedServers(settings);
    const kept = this.#sources.filter((source) => wanted.some((one) => isSame(one, source.wanted)));
    for (const gone of this.#sources.filter((source) => !kept.includes(source))) {
      void gone.server.close();
    }
    this.#sources = wanted.map(
      (one) =>
        kept.find((source) => isSame(one, source.wanted)) ?? {
          wanted: one,
          server: this.#options.open(one),
          offer: null,
          trouble: null,
        },
    );
  }

  async #askOne(source: Source): Promise<void> {
    const asked = await source.server.offer(this.#end.signal);
    const isWanted = this.#sources.includes(source);
    if (!isWanted || this.#end.signal.aborted) return;
    if (asked.ok) this.#answered(source, asked.value);
    else this.#failed(source, asked.trouble);
  }

  #answered(source: Source, offer: Offer): void {
    const { journal } = this.#options;
    const { spec } = source.wanted;
    if (source.offer === null || source.trouble !== null) {
      const rows = servedRows(spec, offer);
      const tokens = rows.reduce((sum, { row }) => sum + tokensOf(row), 0);
      journal.log("info", `Tools of ${spec.name}: ${rows.length}, about ${tokens} tokens`);
    }
    source.offer = offer;
    source.trouble = null;
  }

  /** A line when it begins, and when it becomes another; none for each attempt. */
  #failed(source: Source, why: Trouble): void {
    const isNews = source.trouble?.kind !== why.kind && why.kind !== "waits";
    if (isNews || source.trouble === null) {
      const line = faultLine(troubleFault(`Tools of ${source.wanted.spec.name}`, why));
      this.#options.journal.log("warning", line);
    }
    source.trouble = why;
  }
}

/** All servers of tools that the settings want. */
export function wantedServers(settings: Settings): readonly WantedServer[] {
  const { servers } = mcpServers(settings["mcp.servers"]);
  const home = homeServer(settings);
  return [...(home === null ? [] : [home]), ...servers.map((spec) => ({ spec, home: null }))];
}

function isSame(one: WantedServer, other: WantedServer): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function titleOf({ spec, home }: WantedServer): string {
  return home === null ? spec.name : "Home Assistant (the house)";
}
