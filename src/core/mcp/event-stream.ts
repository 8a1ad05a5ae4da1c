/**
 * Server-sent events, piece by piece. Lines end with LF, CR LF or CR; of an event only its name and
 * its data count. Bounded: an event beyond the limit is dropped as a whole, and counted.
 */

export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

export class EventStream {
  readonly #maxChars: number;
  #rest = "";
  #name: string = "";
  #data: string[] = [];
  #chars = 0;
  #isTooLong: boolean = false;
  #dropped: number = 0;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  /** Events that were too long. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The events that this piece completes. */
  push(piece: string): readonly StreamEvent[] {
    const events: StreamEvent[] = [];
    this.#rest += piece;
    for (;;) {
      const line = this.#line();
      if (line === null) break;
      const event = this.#take(line);
      if (event !== null) events.push(event);
    }
    if (this.#rest.length > this.#maxChars) {
      this.#isTooLong = true;
      this.#rest = "";
    }
    return events;
  }

  /** The next whole line; a CR at the very end may be half of a CR LF. */
  #line(): string | null {
    const end = this.#rest.search(/\r\n|\n|\r(?!$)/);
    if (end < 0) return null;
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + (this.#rest.startsWith("\r\n", end) ? 2 : 1));
    return line;
  }

  #take(line: string): StreamEvent | null {
    if (line === "") return this.#finish();
    const [, field = "", value = ""] = /^([^:]*):? ?([\s\S]*)$/.exec(line) ?? [];
    if (field === "event") this.#name = value;
    if (field !== "data") return null;
    this.#chars += value.length;
    if (this.#chars > this.#maxChars) this.#isTooLong = true;
    if (this.#chars <= this.#maxChars) this.#data.push(value);
    return null;
  }

  #finish(): StreamEvent | null {
    const event = { name: this.#name || "message", data: this.#data.join("\n") };
    const isNone = this.#data.length === 0 || this.#isTooLong;
    if (this.#isTooLong) this.#dropped += 1;
    this.#name = "";
    this.#data = [];
    this.#chars = 0;
    this.#isTooLong = false;
    return isNone ? null : event;
  }
}
