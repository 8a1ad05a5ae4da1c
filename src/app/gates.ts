/** The ways of sound, set as the views of the state say. Nothing is decided here. */

import type { State } from "../core/assistant/state.ts";
import { isSpeakerHeld, type MicrophoneGate } from "../core/assistant/views.ts";
import type { Downlink } from "./audio/downlink.ts";
import type { Uplink } from "./audio/uplink.ts";

export class Gates {
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;

  constructor(uplink: Uplink, downlink: Downlink) {
    this.#uplink = uplink;
    this.#downlink = downlink;
  }

  /** The microphone's gate is going to be this: before anything is sent, what was open is closed. */
  leave(gate: MicrophoneGate): void {
    const goesOn = gate.tag === "closing" && gate.fromSample === null;
    if (!goesOn) this.#uplink.close();
  }

  /** All has been sent: now it is this. */
  enter(gate: MicrophoneGate): void {
    switch (gate.tag) {
      case "closed":
        return;
      case "open":
        this.#uplink.open(gate.fromSample);
        return;
      case "closing":
        this.#uplink.flush(gate.fromSample, gate.toSample);
        return;
    }
  }

  /** Sound of a reply is kept back while the user may be speaking. */
  speaker(state: State): void {
    this.#downlink.hold(isSpeakerHeld(state));
  }
}
