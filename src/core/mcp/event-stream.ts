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
  /** Pieces of the line that is coming, without an end in them: they are not looked at again. */
  #line: string[] = [];
  #lineChars = 0;
  /** A CR at the very end may be half of a CR LF. */
  #held = "";
  #name: string = "";
  #data: string[] = [];
  #chars = 0;
  #isTooLong: boolean = false;
  #dropped: number = 0;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  /** Events that were too long; counted as soon as that is seen. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The events that this piece completes. Linear, however small the pieces are. */
  push(piece: string): readonly StreamEvent[] {
    const events: StreamEvent[] = [];
    const given = this.#held + piece;
    this.#held = given.endsWith("\r") ? "\r" : "";
    const text = given.slice(0, given.length - this.#held.length);
    let from = 0;
    for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) {
      this.#keep(text.slice(from, index));
      const event = this.#take(this.#line.join(""));
      this.#line = [];
      this.#lineChars = 0;
      if (event !== null) events.push(event);
      from = index + end.length;
    }
    this.#keep(text.slice(from));
    return events;
  }

  #keep(part: string): void {
    if (part === "") return;
    this.#line.push(part);
    this.#lineChars += part.length;
    if (this.#lineChars <= this.#maxChars) return;
    this.#tooLong();
    this.#line = [];
    this.#lineChars = 0;
  }

  #take(line: string): StreamEvent | null {
    if (line === "") return this.#finish();
    const [, field = "", value = ""] = /^([^:]*):? ?([\s\S]*)$/.exec(line) ?? [];
    if (field === "event") this.#name = value;
    if (field !== "data") return null;
    this.#chars += value.length + 1; // Its newline: lines without a letter take room, too.
    if (this.#chars > this.#maxChars) this.#tooLong();
    else this.#data.push(value);
    return null;
  }

  #tooLong(): void {
    if (!this.#isTooLong) this.#dropped += 1;
    this.#isTooLong = true;
    this.#data = [];
  }

  #finish(): StreamEvent | null {
    const event = { name: this.#name || "message", data: this.#data.join("\n") };
    const isNone = this.#data.length === 0 || this.#isTooLong;
    this.#name = "";
    this.#data = [];
    this.#chars = 0;
    this.#isTooLong = false;
    return isNone ? null : event;
  }
}
