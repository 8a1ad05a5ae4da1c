/** What a public client tells its application, kept in order, with a way to wait for more of it. */

import { isObject, type JsonObject, parseJson } from "../../src/sim/peer/json.ts";

/** A test that waits for longer than this has failed, milliseconds. */
const WAIT_MAX_MS = 20_000;

export class Diary {
  readonly events: JsonObject[] = [];
  readonly #taken = new Set<JsonObject>();
  #wake: () => void = () => undefined;

  add(event: unknown): void {
    const plain = parseJson(JSON.stringify(event));
    if (isObject(plain)) this.events.push(plain);
    this.#wake();
  }

  /** The next event of a kind that was not seen yet. */
  async see(type: string): Promise<JsonObject> {
    return await this.seeThat(type, (event) => event["type"] === type);
  }

  async seeThat(what: string, fits: (event: JsonObject) => boolean): Promise<JsonObject> {
    const deadline = AbortSignal.timeout(WAIT_MAX_MS);
    for (;;) {
      const found = this.events.find((event) => fits(event) && !this.#taken.has(event));
      if (found !== undefined) {
        this.#taken.add(found);
        return found;
      }
      const seen = this.events.map((event) => String(event["type"])).slice(-12);
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        deadline.onabort = () => reject(new Error(`${what} was not seen; got ${seen.join(" ")}`));
      });
    }
  }

  all(type: string): JsonObject[] {
    return this.events.filter((event) => event["type"] === type);
  }
}
