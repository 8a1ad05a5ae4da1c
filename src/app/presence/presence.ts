/**
 * Pipit at an MQTT broker: told of what it does, and listening to a few commands. Nothing of the
 * appliance waits for it.
 *
 * Invariants: at most one link; a broker that cannot be reached is tried again with growing waits, one
 * that refuses us once an hour, both told once; commands are few a second, whoever sends them; what was
 * retained there and is not wanted any more is cleared when that broker is next reached.
 */

import { type Backoff, backoffDelayMs } from "../../core/backoff.ts";
import type { ControlReply, ControlRequest } from "../../core/control.ts";
import { type Fault, fault, faultLine } from "../../core/fault.ts";
import {
  type Announced,
  announcedIn,
  announcedText,
  staleAt,
} from "../../core/presence/announced.ts";
import { isPressed, pressPayload } from "../../core/presence/discovery.ts";
import { type Ignored, readIncoming } from "../../core/presence/incoming.ts";
import { OFFLINE } from "../../core/presence/state.ts";
import { retainedOf } from "../../core/presence/topics.ts";
import type { Settings } from "../../core/settings/table.ts";
import { within } from "../../core/timeout.ts";
import type { BrokerLink, Publication } from "../../ports.ts";
import type { World } from "../world.ts";
import {
  availability,
  isSamePlan,
  type NowParts,
  type Plan,
  planOf,
  presenceNow,
  publicationsOf,
} from "./plan.ts";
import { Publisher } from "./publisher.ts";

/** Waits for a broker that cannot be reached; a whole house may come back at once. */
export const BROKER_BACKOFF: Backoff = { firstMs: 1_000, maxMs: 300_000, spread: [0.5, 1] };
/** A broker that has refused us is asked again: one that starts up refuses everybody. */
export const REFUSED_WAIT_MS = 3_600_000;
/** A link that has lasted so long is one: the next trouble is a new one. */
export const STABLE_MS = 60_000;
/**
 * So often in a row welcomed and soon closed: somebody else has our id, most likely, and each takes the
 * broker from the other. Where the other waits as we do, its waits are no links: one has to last four of
 * ours, of which chance may have halved the last.
 */
export const TAKEN_OVER_TOLD = 3;
/** Home Assistant wakes up to a whole house: it is answered after this, and by chance a little more. */
const BIRTH_WAIT_MS = [1_000, 5_000] as const;
/** At midnight today's cost is nothing, without anything having happened. */
const REFRESH_MS = 600_000;
/** Commands that may come at once, and that come back each second. */
export const COMMANDS_BURST = 10;
export const COMMANDS_PER_S = 1;
const GOODBYE_MAX_MS = 600;

type Life = "off" | "connecting" | "connected" | "waiting" | "refused";

export interface PresenceOptions {
  readonly world: Pick<
    World,
    "clock" | "calendar" | "dice" | "journal" | "broker" | "presenceFile" | "machine"
  >;
  readonly settings: () => Settings;
  readonly now: () => NowParts;
  readonly answer: (request: ControlRequest) => Promise<ControlReply>;
}

export class Presence {
  readonly #options: PresenceOptions;
  readonly #publisher: Publisher;
  #life: Life = "off";
  #plan: Plan | null = null;
  #link: BrokerLink | null = null;
  #announced: Announced | null = null;
  /** Attempts in a row that came to nothing. */
  #failures = 0;
  #connections = 0;
  /** Links in a row that were welcomed, and then closed by the other side. */
  #takenOver = 0;
  #waitMs = 0;
  /** What is wrong, as it was told last; null: nothing, or it is over. */
  #told: string | null = null;
  #cancelAlarm: () => void = () => {};
  #cancelBirth: (() => void) | null = null;
  #commands = { tokens: COMMANDS_BURST, atMs: 0 };
  readonly #ignored: Record<Ignored | "rate", number> = {
    retained: 0,
    topic: 0,
    payload: 0,
    rate: 0,
  };
  #closed: boolean = false;
  /** One change of plans at a time. */
  #moving: Promise<void> = Promise.resolve();

  constructor(options: PresenceOptions) {
    this.#options = options;
    const { clock } = options.world;
    this.#publisher = new Publisher({ clock, wanted: () => this.#wanted() });
  }

  /** Resolves when it is known what earlier runs have announced; the broker is not waited for. */
  async start(): Promise<void> {
    const { presenceFile, journal } = this.#options.world;
    const found = await presenceFile.load();
    if (!found.ok) journal.log("warning", faultLine(found.fault));
    this.#announced = found.ok && found.text !== null ? announcedIn(found.text) : null;
    await this.#move();
  }

  /** Something that is told may be another than it was. */
  changed(): void {
    this.#publisher.changed();
  }

  /** A gesture at the button. */
  gesture(tag: string): void {
    if (this.#plan === null || !isPressed(tag)) return;
    this.#publisher.event(this.#plan.topics.button, pressPayload(tag));
  }

  /** The settings have changed. */
  reloaded(): void {
    this.#moving = this.#moving.then(() => this.#move());
  }

  /** For `pipit status`; null: no broker is wanted. */
  status(): Readonly<Record<string, unknown>> | null {
    if (this.#plan === null) return null;
    return {
      state: this.#life,
      broker: hostOf(this.#plan),
      id: this.#plan.machine.id,
      trouble: this.#told,
      connections: this.#connections,
      taken_over: this.#takenOver,
      ...this.#publisher.counts,
      ignored: { ...this.#ignored },
    };
  }

  /** Says goodbye; in bounded time. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#leave([]);
  }

  /** From the plan in force to the one that the settings want. */
  async #move(): Promise<void> {
    if (this.#closed) return;
    const { settings, world } = this.#options;
    const next = planOf(settings(), world.machine);
    if (isSamePlan(next, this.#plan) && !["off", "refused"].includes(this.#life)) return;
    const isElsewhere =
      this.#plan !== null && (next === null || hostOf(next) !== hostOf(this.#plan));
    const clear = isElsewhere ? (this.#announced?.topics ?? []) : [];
    const isCleared = await this.#leave(clear);
    if (isCleared && clear.length > 0) await this.#remember(null);
    await this.#forgetLost(next);
    this.#plan = next;
    this.#failures = 0;
    this.#takenOver = 0;
    this.#connections = 0;
    this.#told = null;
    if (next !== null && !this.#closed) this.#dial(next);
  }

  /** What was announced at a broker that is not ours any more stays there: that is told, once. */
  async #forgetLost(next: Plan | null): Promise<void> {
    const before = this.#announced;
    if (before === null || (next !== null && hostOf(next) === before.broker)) return;
    const what = `Pipit's retained topics at the MQTT broker ${before.broker} could not be cleared`;
    const remedy = "Home Assistant shows it as unavailable: delete the device there";
    this.#options.world.journal.log("notice", `${what}. ${remedy}`);
    await this.#remember(null);
  }

  #dial(plan: Plan): void {
    const { broker } = this.#options.world;
    this.#life = "connecting";
    let isOver = false;
    const isOurs = (): boolean => !isOver && this.#plan === plan && !this.#closed;
    const link = broker.dial(plan.target, {
      opened: (unheard) => {
        if (isOurs()) void this.#opened(plan, link, unheard);
      },
      message: (topic, text, isRetained) => {
        if (isOurs()) this.#heard(plan, topic, text, isRetained);
      },
      closed: (why) => {
        if (!isOurs()) return;
        isOver = true;
        this.#lost(plan, why);
      },
    });
    this.#link = link;
  }

  async #opened(plan: Plan, link: BrokerLink, unheard: readonly string[]): Promise<void> {
    const { journal } = this.#options.world;
    this.#life = "connected";
    this.#connections += 1;
    if (this.#connections === 1) {
      const { id } = plan.machine;
      journal.log("notice", `Connected to the MQTT broker ${hostOf(plan)} as pipit_${id}`);
    }
    if (unheard.length > 0 && this.#connections === 1) {
      const remedy = "Let its user read these topics to have commands";
      journal.log(
        "warning",
        `The MQTT broker does not let us read ${unheard.join(", ")}. ${remedy}`,
      );
    }
    const lastsMs = this.#takenOver > 0 ? Math.max(STABLE_MS, 4 * this.#waitMs) : STABLE_MS;
    this.#alarm(lastsMs, () => this.#stable(plan));
    const stale = staleAt(hostOf(plan), this.#announced, plan.topics);
    // First on the disk: what is announced can be cleared, however this run ends.
    await this.#remember({ broker: hostOf(plan), topics: [...stale, ...retainedOf(plan.topics)] });
    if (this.#link !== link || this.#life !== "connected") return;
    this.#publisher.connect(link, stale);
  }

  #stable(plan: Plan): void {
    const { journal } = this.#options.world;
    this.#failures = 0;
    this.#takenOver = 0;
    if (this.#told !== null) journal.log("notice", `The MQTT broker ${hostOf(plan)} is back`);
    this.#told = null;
    void this.#remember({ broker: hostOf(plan), topics: retainedOf(plan.topics) });
    this.#alarm(REFRESH_MS, () => this.#refresh());
  }

  #refresh(): void {
    this.#publisher.changed();
    this.#alarm(REFRESH_MS, () => this.#refresh());
  }

  #lost(plan: Plan, why: Fault): void {
    const { dice } = this.#options.world;
    const wasWelcome = this.#life === "connected";
    this.#hangUp();
    this.#failures += 1;
    const isRefused = why.recovery === "report";
    this.#takenOver = wasWelcome && !isRefused ? this.#takenOver + 1 : 0;
    this.#life = isRefused ? "refused" : "waiting";
    this.#tell(plan, why);
    this.#waitMs = isRefused
      ? REFUSED_WAIT_MS
      : backoffDelayMs(BROKER_BACKOFF, this.#failures, dice.unit());
    this.#alarm(this.#waitMs, () => this.#dial(plan));
  }

  /** Down is down, whether it has just gone or takes no connections: told once. */
  #tell(plan: Plan, why: Fault): void {
    const { journal } = this.#options.world;
    const isRefused = why.recovery === "report";
    const line = faultLine(this.#takenOver < TAKEN_OVER_TOLD ? why : takenOver(plan));
    const isOther = isRefused || this.#takenOver === TAKEN_OVER_TOLD;
    const isNews = this.#told === null || (isOther && this.#told !== line);
    const further = isRefused ? "" : "; trying again, with growing waits";
    if (isNews) journal.log("warning", `${line}${further}`);
    this.#told = line;
  }

  #heard(plan: Plan, topic: string, text: string | null, isRetained: boolean): void {
    const incoming = readIncoming(plan.topics, topic, text, isRetained);
    switch (incoming.tag) {
      case "ignored":
        this.#ignored[incoming.why] += 1;
        break;
      case "born":
        this.#born();
        break;
      case "command":
        if (this.#mayCommand()) void this.#command(incoming.request);
        else this.#ignored.rate += 1;
        break;
    }
  }

  /** However often it is born: one answer at a time. */
  #born(): void {
    const { clock, dice } = this.#options.world;
    const [leastMs, mostMs] = BIRTH_WAIT_MS;
    this.#cancelBirth ??= clock.after(leastMs + (mostMs - leastMs) * dice.unit(), () => {
      this.#cancelBirth = null;
      this.#publisher.again();
    });
  }

  #mayCommand(): boolean {
    const nowMs = this.#options.world.clock.nowMs();
    const back = ((nowMs - this.#commands.atMs) / 1000) * COMMANDS_PER_S;
    const tokens = Math.min(COMMANDS_BURST, this.#commands.tokens + back);
    const may = tokens >= 1;
    this.#commands = { tokens: may ? tokens - 1 : tokens, atMs: nowMs };
    return may;
  }

  async #command(request: ControlRequest): Promise<void> {
    const reply = await this.#options.answer(request);
    if (reply.ok) return;
    const { journal } = this.#options.world;
    journal.log(
      "notice",
      `A command by MQTT (${request.command}) was not carried out: ${reply.error}`,
    );
  }

  #wanted(): readonly Publication[] {
    const { settings, now, world } = this.#options;
    const plan = this.#plan;
    if (plan === null) return [];
    const dayStartMs = world.calendar.dayStartMs(world.clock.wallMs());
    const { name } = plan;
    return publicationsOf(plan, presenceNow(now(), settings(), { name, dayStartMs }));
  }

  async #remember(announced: Announced | null): Promise<void> {
    const { presenceFile, journal } = this.#options.world;
    const text = announced === null ? "" : announcedText(announced);
    const before = this.#announced === null ? "" : announcedText(this.#announced);
    this.#announced = announced;
    if (text === before) return;
    const unsaved = await presenceFile.save(text);
    if (unsaved !== null) journal.log("warning", faultLine(unsaved));
  }

  /**
   * Ends the link: `clear` are topics to be cleared before; otherwise we are said to be offline. True:
   * the broker has it.
   */
  async #leave(clear: readonly string[]): Promise<boolean> {
    const { clock } = this.#options.world;
    const [link, plan] = [this.#link, this.#plan];
    const isConnected = this.#life === "connected";
    this.#hangUp();
    this.#life = "off";
    if (link === null || plan === null) return false;
    const goodbye = isConnected ? farewell(link, plan, clear) : Promise.resolve(false);
    const isSaid = await within(clock, GOODBYE_MAX_MS, goodbye, () => false);
    await link.close();
    return isSaid;
  }

  #hangUp(): void {
    this.#cancelAlarm();
    this.#cancelBirth?.();
    this.#cancelBirth = null;
    this.#publisher.disconnect();
    this.#link = null;
  }

  #alarm(delayMs: number, ring: () => void): void {
    this.#cancelAlarm();
    this.#cancelAlarm = this.#options.world.clock.after(delayMs, ring);
  }
}

async function farewell(
  link: BrokerLink,
  { topics }: Plan,
  clear: readonly string[],
): Promise<boolean> {
  const last =
    clear.length > 0
      ? clear.map((topic) => ({ topic, payload: "", isRetained: true }))
      : [availability(topics, OFFLINE)];
  for (const publication of last) if (!(await link.publish(publication))) return false;
  return true;
}

function takenOver(plan: Plan): Fault {
  const { clientId } = plan.target;
  const what = `The MQTT broker ${hostOf(plan)} closes each connection soon after its welcome: another client may have our id, ${clientId}, as where a memory card was copied`;
  const remedy =
    "Give the copy a number of its own (sudo rm /etc/machine-id && sudo systemd-machine-id-setup, then restart it), or look into the broker's log";
  return fault("broker", "retry", what, remedy);
}

/** Host and port, as the owner wrote them. */
function hostOf({ target }: Plan): string {
  return new URL(target.url).host;
}
