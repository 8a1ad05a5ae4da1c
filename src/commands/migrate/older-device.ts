/** The older keys of `audio`, `session` and `system`. */

import { DEFAULTS } from "../../core/settings/table.ts";
import {
  assign,
  assignNumber,
  becomes,
  gone,
  isTemplate,
  keep,
  numeral,
  type Older,
  type OlderKey,
  type Outcome,
  renamed,
  renamedNumber,
  truth,
} from "./older-key.ts";

/** The older system also took PortAudio's numbers, which say nothing to ALSA. */
function device(value: unknown): Outcome {
  if (value === null) return { tag: "gone", why: "It has no value" };
  return numeral(value) === null ? keep() : { tag: "gone", why: DEVICE };
}

const DEVICE =
  "A device's number means nothing to ALSA: write part of the card's name (arecord -l shows it)";
const CHAIN = "Microphone and loudspeaker run at the API's 24 kHz mono; ALSA converts";
const LOUDNESS = "The API adjusts the level itself; set the card's gain with alsamixer";

function volume(value: unknown): Outcome {
  const given = numeral(value);
  const why = "Loudness of the answers";
  if (given === null || given <= 1) return assignNumber("audio.volume", value, why);
  const clip = "above 1 it would clip: raise the card's level with alsamixer";
  return assign("audio.volume", 1, `${why}; ${clip}`);
}

const DUPLEX = "half closes the microphone during an answer, full leaves it open";

/** Either of the two older switches kept the microphone shut during an answer. */
function duplex(value: unknown, older: Older): Outcome {
  if (truth(value) === null) return assign("audio.duplex", value, DUPLEX);
  const shut = ["audio.feedback_prevention", "audio.mute_during_response"].some(
    (key) => truth(older.at(key)) === true,
  );
  return assign("audio.duplex", shut ? "half" : "full", DUPLEX);
}

export const AUDIO_KEYS: readonly OlderKey[] = [
  becomes("audio.input_device", "audio.input_device", `a number is gone: ${DEVICE}`, device),
  becomes("audio.output_device", "audio.output_device", `a number is gone: ${DEVICE}`, device),
  gone("audio.sample_rate", CHAIN),
  gone("audio.channels", CHAIN),
  gone("audio.chunk_size", "Sound is passed on every 20 ms; there is nothing to set"),
  gone("audio.input_volume", LOUDNESS),
  becomes("audio.output_volume", "audio.volume", "above 1 becomes 1: it would clip", volume),
  becomes("audio.feedback_prevention", "audio.duplex", DUPLEX, duplex),
  gone(
    "audio.feedback_threshold",
    "See audio.duplex: the microphone is shut or open, nothing between",
  ),
  becomes("audio.mute_during_response", "audio.duplex", DUPLEX, duplex),
  gone("audio.agc_enabled", LOUDNESS),
  gone("audio.agc_target_rms", LOUDNESS),
  gone("audio.agc_max_gain", LOUDNESS),
  gone("audio.agc_min_gain", LOUDNESS),
  gone("audio.agc_attack_time", LOUDNESS),
  gone("audio.agc_release_time", LOUDNESS),
  gone("audio.agc_clipping_threshold", LOUDNESS),
];

const BOUNDED = "Each wait has its own bound: no_speech_s, follow_up_s, max_duration_s";
const GOODBYE =
  "The model ends the conversation when you say goodbye; describe words of your own in openai.instructions";

/** session.max_duration bounds a conversation of either mode; this one bounds it where that is absent. */
function multiTurnTimeout(value: unknown, older: Older): Outcome {
  if (older.at("session.max_duration") !== undefined) {
    return { tag: "gone", why: "session.max_duration_s, from max_duration, bounds a conversation" };
  }
  return assignNumber("session.max_duration_s", value, MAX_DURATION);
}

const MAX_DURATION = "The longest conversation, in seconds";

/** It reached the model through the instructions, as openai.language does. */
function sessionLanguage(value: unknown, older: Older): Outcome {
  if (older.at("openai.language") !== undefined) {
    return { tag: "gone", why: "openai.language decides" };
  }
  const code = typeof value === "string" && !isTemplate(value) ? value.toLowerCase() : value;
  return assign("openai.language", code, "There is one language");
}

export const SESSION_KEYS: readonly OlderKey[] = [
  renamed("session.conversation_mode", "session.mode", "The same two modes"),
  renamedNumber("session.max_duration", "session.max_duration_s", MAX_DURATION),
  renamedNumber(
    "session.extended_silence_threshold",
    "session.follow_up_s",
    "The silence after an answer that ends the conversation",
  ),
  renamedNumber(
    "session.multi_turn_max_turns",
    "session.max_turns",
    "The most questions in one conversation",
  ),
  becomes(
    "session.multi_turn_timeout",
    "session.max_duration_s",
    "Where max_duration is absent",
    multiTurnTimeout,
  ),
  renamedNumber(
    "session.interrupt_threshold",
    "openai.turn_detection.threshold",
    "How loud speech must be to count",
  ),
  becomes("session.language", "openai.language", "Where that is absent", sessionLanguage),
  gone("session.timeout", BOUNDED),
  gone("session.auto_end_silence", BOUNDED),
  gone("session.auto_end_after_response", "session.mode: single_turn ends after one answer"),
  gone("session.response_cooldown_delay", "audio.settle_ms is how long the room may ring out"),
  gone("session.multi_turn_end_phrases", GOODBYE),
  gone("session.multi_turn_end_phrases_dict", GOODBYE),
  gone("session.multi_turn_stuck_multiplier", BOUNDED),
];

const JOURNAL = "The journal stores and rotates the log: journalctl -u pipit";
const LEVELS: Readonly<Record<string, string>> = {
  trace: "debug",
  verbose: "debug",
  warn: "warning",
  critical: "error",
  fatal: "error",
};

function logLevel(value: unknown): Outcome {
  if (typeof value !== "string" || isTemplate(value)) return keep();
  const lower = value.toLowerCase();
  const level = LEVELS[lower] ?? lower;
  return level === value ? keep() : assign("system.log_level", level, "As the journal names them");
}

/** A single LED shows everything; the button that is there by default makes room for its pin. */
function led(value: unknown, older: Older): Outcome {
  if (value === null) return { tag: "gone", why: LED };
  const outcome = assign("leds.listening_pin", numeral(value) ?? value, LED);
  if (outcome.tag !== "set") return outcome;
  const alone = { key: "leds.status_pin", value: "none" } as const;
  const values = [...outcome.values, alone];
  const taken = numeral(value) === DEFAULTS["button.pin"];
  if (!taken || older.at("button.pin") !== undefined) return { ...outcome, values };
  const why = `${LED}; the button, which is at this pin by default, is switched off`;
  return { ...outcome, values: [...values, { key: "button.pin", value: "none" }], why };
}

const LED = "A single LED shows everything";

export const SYSTEM_KEYS: readonly OlderKey[] = [
  becomes("system.log_level", "system.log_level", "in small letters; CRITICAL is error", logLevel),
  gone("system.console_log_level", "There is one level: system.log_level"),
  gone("system.log_file", JOURNAL),
  gone("system.log_to_file", JOURNAL),
  gone("system.log_max_size_mb", JOURNAL),
  gone("system.log_backup_count", JOURNAL),
  becomes("system.led_gpio", ["leds.listening_pin", "leds.status_pin", "button.pin"], LED, led),
  gone("system.daemon", "systemd runs it: systemctl enable --now pipit"),
];
