/** The small ports, simulated: each does what a test tells it to, and remembers what it was told. */

import { trouble } from "../core/camera/programs.ts";
import type { ControlReply, ControlRequest } from "../core/control.ts";
import type { Fault } from "../core/fault.ts";
import type { CustomFunction } from "../core/functions/custom.ts";
import type { ToolResult } from "../core/functions/result.ts";
import type { Fields } from "../core/json.ts";
import type { Offer } from "../core/mcp/offer.ts";
import type { Asked } from "../core/mcp/trouble.ts";
import type { PastConversation } from "../core/money/ledger.ts";
import type { Indication } from "../core/phase.ts";
import type {
  BrokerDialer,
  BrokerLink,
  BrokerSink,
  BrokerTarget,
  Button,
  ButtonSink,
  Camera,
  Clock,
  ControlServer,
  Dialer,
  DialTarget,
  FleetFile,
  FunctionHost,
  Journal,
  Leds,
  Link,
  LinkSink,
  LogLevel,
  Machine,
  MetricsStore,
  Microphone,
  MicrophoneSink,
  Notifier,
  Past,
  Publication,
  Recovered,
  Shot,
  StateFile,
  ToolServer,
  ToolServerState,
  WakeEngine,
  WakeSink,
} from "../ports.ts";

export class SimMicrophone implements Microphone {
  sink: MicrophoneSink | null = null;
  /** How late frames may come. */
  napMs = 0;
  start(sink: MicrophoneSink): void {
    this.sink = sink;
    sink.flowing();
  }
  nap(ms: number): void {
    this.napMs = ms;
  }
  async close(): Promise<void> {
    this.sink = null;
  }
}

/** Says the word when told. */
export class SimWakeEngine implements WakeEngine {
  sink: WakeSink | null = null;
  framesFed = 0;
  start(sink: WakeSink): void {
    this.sink = sink;
    sink.flowing();
  }
  /** A test may listen in. */
  feed: WakeEngine["feed"] = () => {
    this.framesFed += 1;
  };
  /** Words that it was told to look for, or not. */
  readonly wanted: Map<string, boolean> = new Map();
  listenFor(keyword: string, on: boolean): void {
    this.wanted.set(keyword, on);
  }
  async close(): Promise<void> {
    this.sink = null;
  }
}

export class SimLeds implements Leds {
  readonly shown: Indication[] = [];
  /** How what is shown comes to light: at once, unless a test knows better. */
  light: (lit: () => void) => void = (lit) => lit();
  show(indication: Indication, lit: () => void = () => {}): void {
    this.shown.push(indication);
    this.light(lit);
  }
  async close(): Promise<void> {}
}

export class SimButton implements Button {
  sink: ButtonSink | null = null;
  start(sink: ButtonSink): void {
    this.sink = sink;
  }
  async close(): Promise<void> {
    this.sink = null;
  }
}

export class SimJournal implements Journal {
  readonly lines: { level: LogLevel; line: string }[] = [];
  log(level: LogLevel, line: string): void {
    this.lines.push({ level, line });
  }
}

export class SimStore implements MetricsStore {
  readonly files = new Map<string, string>();
  /** What earlier runs left behind. */
  before: readonly PastConversation[] = [];
  /** What the next saves resolve with. */
  trouble: Fault | null = null;
  /** The newest of each conversation under way. */
  readonly checkpoints = new Map<string, string>();
  /** What `recover` finds. */
  recovered: Recovered = { names: [], trouble: null };
  async recover(): Promise<Recovered> {
    return this.recovered;
  }
  async checkpoint(fileName: string, json: string): Promise<Fault | null> {
    if (this.trouble === null) this.checkpoints.set(fileName, json);
    return this.trouble;
  }
  async save(fileName: string, json: string): Promise<Fault | null> {
    this.checkpoints.delete(fileName);
    if (this.trouble === null) this.files.set(fileName, json);
    return this.trouble;
  }
  async past(sinceWallMs: number): Promise<Past> {
    const found = this.before.filter(({ endedWallMs }) => endedWallMs >= sinceWallMs);
    return { found, unread: null };
  }
}

export class SimFleetFile implements FleetFile {
  readonly texts: string[] = [];
  /** What the next writes resolve with. */
  trouble: Fault | null = null;
  async write(text: string): Promise<Fault | null> {
    if (this.trouble === null) this.texts.push(text);
    return this.trouble;
  }
}

export class SimNotifier implements Notifier {
  readonly said: string[] = [];
  watchdogMs: number | null = null;
  async ready(status: string): Promise<void> {
    this.said.push(`READY ${status}`);
  }
  async reloading(): Promise<void> {
    this.said.push("RELOADING");
  }
  status(text: string): void {
    this.said.push(`STATUS ${text}`);
  }
  async stopping(): Promise<void> {
    this.said.push("STOPPING");
  }
  watchdog(): void {
    this.said.push("WATCHDOG");
  }
}

export class SimControlServer implements ControlServer {
  answer: ((request: ControlRequest) => Promise<ControlReply>) | null = null;
  async start(answer: (request: ControlRequest) => Promise<ControlReply>): Promise<void> {
    this.answer = answer;
  }
  async close(): Promise<void> {
    this.answer = null;
  }
}

/** One dialled link: the test plays the server through `sink`, and reads what was `sent`. */
export class SimLink implements Link {
  readonly target: DialTarget;
  readonly sink: LinkSink;
  readonly sent: string[] = [];
  buffered = 0;
  closed: boolean = false;
  constructor(target: DialTarget, sink: LinkSink) {
    this.target = target;
    this.sink = sink;
  }
  send(text: string | Uint8Array): void {
    this.sent.push(typeof text === "string" ? text : new TextDecoder().decode(text));
  }
  bufferedBytes(): number {
    return this.buffered;
  }
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.sink.closed({ tag: "hung-up" });
  }
}

export class SimDialer implements Dialer {
  readonly links: SimLink[] = [];
  dial(target: DialTarget, sink: LinkSink): Link {
    const link = new SimLink(target, sink);
    this.links.push(link);
    return link;
  }
}

/** A small disk that a test can fill, empty, or pull the plug of. */
export class SimStateFile implements StateFile {
  text: string | null;
  /** What the next saves and loads resolve with. */
  trouble: Fault | null = null;
  /** A full disk: what the next saves resolve with; loads work. */
  full: Fault | null = null;
  saves = 0;
  aside: string | null = null;
  constructor(text: string | null = null) {
    this.text = text;
  }
  async load() {
    const { text, trouble } = this;
    return trouble === null ? { ok: true as const, text } : { ok: false as const, fault: trouble };
  }
  async save(text: string): Promise<Fault | null> {
    this.saves += 1;
    const why = this.trouble ?? this.full;
    if (why === null) this.text = text;
    return why;
  }
  async setAside(): Promise<void> {
    this.aside = this.text;
    this.text = null;
  }
}

/** Shows what a test puts before it; `looks` counts. */
export class SimCamera implements Camera {
  looks = 0;
  work: Camera["take"] = async () => ({ ok: false, fault: trouble("was not rigged") });

  take(signal: AbortSignal): Promise<Shot> {
    this.looks += 1;
    return this.work(signal);
  }
}

/** Owner's functions that do what a test says, by name; arguments are not checked unless it says how. */
export class SimFunctionHost implements FunctionHost {
  readonly works = new Map<string, (args: Fields, signal: AbortSignal) => Promise<ToolResult>>();
  async run({ row }: CustomFunction, args: Fields, signal: AbortSignal): Promise<ToolResult> {
    const work = this.works.get(row.name);
    return (await work?.(args, signal)) ?? { ok: false, error: "nothing was rigged" };
  }
  checkOf: FunctionHost["checkOf"] = async () => () => [];
  async schemaTrouble(): Promise<string | null> {
    return null;
  }
  protection(): string {
    return "simulated";
  }
}

/** One connection to a broker: the test plays the broker through `sink`. */
export class SimBrokerLink implements BrokerLink {
  readonly target: BrokerTarget;
  readonly sink: BrokerSink;
  readonly published: Publication[] = [];
  isClosed: boolean = false;
  /** How a publication is taken: at once, unless a test knows better. */
  take: (publication: Publication) => Promise<boolean> = async () => true;
  constructor(target: BrokerTarget, sink: BrokerSink) {
    this.target = target;
    this.sink = sink;
  }
  async publish(publication: Publication): Promise<boolean> {
    const isTaken = await this.take(publication);
    if (isTaken) this.published.push(publication);
    return isTaken;
  }
  async close(): Promise<void> {
    this.isClosed = true;
  }
}

/** A server of tools that offers and does what a test says. */
export class SimToolServer implements ToolServer {
  asked: Asked<Offer> = { ok: true, value: { tools: [], dropped: 0, prompt: "", live: "" } };
  /** How long it takes to say what it offers, milliseconds. */
  offerMs = 0;
  readonly works = new Map<string, (args: Fields, signal: AbortSignal) => Promise<ToolResult>>();
  readonly calls: (readonly [tool: string, args: Fields])[] = [];
  isClosed: boolean = false;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async offer(): Promise<Asked<Offer>> {
    if (this.offerMs > 0) {
      await new Promise<void>((resolve) => {
        this.#clock.after(this.offerMs, resolve);
      });
    }
    return this.asked;
  }

  async call(tool: string, args: Fields, signal: AbortSignal): Promise<ToolResult> {
    this.calls.push([tool, args]);
    const work = this.works.get(tool);
    return (await work?.(args, signal)) ?? { ok: true, data: "done" };
  }

  state(): ToolServerState {
    const why = this.asked.ok ? null : this.asked.trouble;
    const state = why === null ? "up" : "down";
    return { state, trouble: why, connects: 1, protocol: "simulated", lastWords: "" };
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

export class SimBrokerDialer implements BrokerDialer {
  readonly links: SimBrokerLink[] = [];
  dial(target: BrokerTarget, sink: BrokerSink): BrokerLink {
    const link = new SimBrokerLink(target, sink);
    this.links.push(link);
    return link;
  }
}

/** What it takes to be present at a broker; no setting of the defaults asks for one. */
export function simPresence() {
  const machine: Machine = { id: "0123456789ab", hostname: "test", hardware: "none" };
  return {
    broker: new SimBrokerDialer(),
    presenceFile: new SimStateFile(),
    machine: () => machine,
  };
}
