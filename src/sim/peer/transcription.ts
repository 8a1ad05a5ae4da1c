/**
 * Input transcription: a second model that writes down what the user said, in its own time. It may
 * come after the answer, and it may fail; the peer knows only the words its scenario tells it.
 */

import { isObject, type JsonObject, objectAt } from "./json.ts";
import { pieces } from "./reply-plan.ts";
import type { Heard } from "./scenario.ts";
import type { Schedule } from "./schedule.ts";
import type { Outbox } from "./wire.ts";

export interface TranscriptionSetup {
  readonly session: JsonObject;
  readonly heard: Heard;
  readonly schedule: Schedule;
  readonly out: Outbox;
  /** Takes the words into the item, where a client may retrieve them from. */
  readonly written: (words: string) => void;
}

const NAME = "conversation.item.input_audio_transcription";

/** Plans the transcription events of one item; none where the session asks for no transcription. */
export function transcribe(itemId: string, audioMs: number, setup: TranscriptionSetup): void {
  const { heard, schedule, out } = setup;
  if (!isObject(objectAt(setup.session, "audio", "input")["transcription"])) return;
  const turn = out.turn;
  const place = { item_id: itemId, content_index: 0 };
  schedule.after(heard.delayMs, () => {
    if (heard.fails) {
      const message = "The audio could not be transcribed.";
      const error = { type: "transcription_error", code: "audio_unintelligible", message };
      return out.event(`${NAME}.failed`, { ...place, error: { ...error, param: null } }, turn);
    }
    for (const piece of pieces(heard.text, 3)) {
      out.event(`${NAME}.delta`, { ...place, delta: piece }, turn);
    }
    setup.written(heard.text);
    const usage = { type: "duration", seconds: audioMs / 1000 };
    out.event(`${NAME}.completed`, { ...place, transcript: heard.text, usage }, turn);
  });
}
