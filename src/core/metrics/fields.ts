/**
 * Every field of the metrics file: unit, formula, and what `null` means. The one place where they
 * are defined; the table of metrics/README.md is made from it, and a test compares it with rendered files both
 * ways. A path ends at a value; `[]` stands for each entry of a list.
 */

export interface MetricsField {
  readonly path: string;
  /** ms, US dollars, tokens …; empty for names and texts. */
  readonly unit: string;
  readonly formula: string;
  /** Empty: it is never null. */
  readonly nullMeans: string;
}

const NO_ANSWER = "no answer was heard";

export const METRICS_FIELDS: readonly MetricsField[] = [
  ...identity(),
  ...course(),
  ...latencies(),
  ...happenings(),
  ...tokens(),
  ...money(),
  ...sound(),
];

function field(path: string, unit: string, formula: string, nullMeans = ""): MetricsField {
  return { path, unit, formula, nullMeans };
}

function identity(): readonly MetricsField[] {
  return [
    field("schema_version", "", "2; grows when a field changes its meaning"),
    field("session_id", "", "six characters, as in the file's name"),
    field("started_at", "ISO 8601, UTC", "the wall clock when the conversation began"),
    field("ended_at", "ISO 8601, UTC", "started_at + how long it lasted by the monotonic clock"),
    field(
      "end_reason",
      "",
      "why it ended; `interrupted`: the process ended in the middle of it; `announced`: it was read out",
    ),
    field("recovered", "", "true: made at the next start, from the last checkpoint"),
    field(
      "trigger",
      "",
      "`wake-word`, `button`, `command`; `announcement`: no conversation, but `pipit say`",
    ),
  ];
}

function course(): readonly MetricsField[] {
  return [
    field("model", "", "that answered last"),
    field("model_requested", "", "the first one of the fallback chain"),
    field("fallbacks[].from", "", "a model that failed"),
    field("fallbacks[].to", "", "the one that was asked next"),
    field("fallbacks[].reason", "", "code of the fault"),
    field("voice", "", "that spoke"),
    field("protocol", "", "`ga` or `beta`"),
    field("turns", "turns", "questions, each counted once however often it was asked"),
    field("response_by.server", "questions", "the server responded by itself"),
    field("response_by.client", "questions", "the response was requested by Pipit"),
  ];
}

function latencies(): readonly MetricsField[] {
  return [
    field(
      "wake_to_led_ms",
      "ms",
      "end of the wake word as it was captured, the button's way down, or the command's arrival → light written to the LED",
      "no LED, or it shows nothing",
    ),
    field(
      "wake_to_listening_ms",
      "ms",
      "the same beginning → a session that takes what is said",
      "there never was one",
    ),
    field(
      "connection_latency_ms",
      "ms",
      "first dial → first word of the server on the connection that then served",
      "a session that was kept warm, or none came",
    ),
    field(
      "average_response_latency",
      "ms",
      "mean of response_latency_ms.all; it includes silence_ms, the silence that tells the server you have finished",
      NO_ANSWER,
    ),
    ...spread(
      "response_latency_ms",
      "end of your speech (the server's position on our capture clock, less silence_ms; push-to-talk: the release; semantic_vad: as the server tells it) → first sample at the speaker, for each answer",
      NO_ANSWER,
    ),
    ...spread(
      "commit_to_first_delta_ms",
      "your turn is committed (the server's word; push-to-talk: ours) → first sound of the answer arrives",
      "no answer came",
    ),
    ...spread(
      "delta_to_sound_ms",
      "first sound of a reply arrives → first sample at the speaker",
      "no reply was heard",
    ),
    ...spread(
      "press_to_silence_ms",
      "a reply is silenced: button's way down, end of the wake word, command, or beginning of your voice → the speaker is silent",
      "none was silenced",
    ),
  ];
}

function spread(path: string, formula: string, nullMeans: string): readonly MetricsField[] {
  return [
    field(`${path}.p50`, "ms", `median (nearest rank) of ${path}.all`, nullMeans),
    field(`${path}.p95`, "ms", `95th percentile (nearest rank) of ${path}.all`, nullMeans),
    field(`${path}.max`, "ms", `largest of ${path}.all`, nullMeans),
    field(`${path}.all`, "ms", `${formula}; in order, the first 200`),
  ];
}

function happenings(): readonly MetricsField[] {
  return [
    field("responses.completed", "responses", "that ended with status completed"),
    field("responses.cancelled", "responses", "that ended with status cancelled"),
    field("responses.incomplete", "responses", "that ended with status incomplete"),
    field("responses.failed", "responses", "that ended with status failed"),
    field(
      "responses.unbilled",
      "responses",
      "whose usage was not seen: the link was lost, we hung up, or the server told none",
    ),
    field("interruptions[].heard_ms", "ms", "of a reply that was cut: how much was heard"),
    field("interruptions[].received_ms", "ms", "of the same reply: how much had come"),
    field("function_calls[].name", "", "as the model called it"),
    field("function_calls[].ok", "", "false: its result was an error", "it has no result: see end"),
    field("function_calls[].ms", "ms", "call → its end; what is answered at once took 0"),
    field(
      "function_calls[].end",
      "",
      "held: answered with its result; late: the result came as a message; asked: the model was to ask first, and called again; refused: no yes came; given-up: the user went on to something else; lost: with the connection; unfinished: the conversation was over first",
    ),
    field("function_calls[].result_bytes", "bytes", "UTF-8 of the result", "it has no result"),
    field(
      "function_success_rate",
      "0 to 1",
      "calls that are ok / calls that have a result (ok is not null)",
      "none was called",
    ),
    field("repeated_events", "events", "of the server that came twice, and were passed over"),
    field("errors[].at", "ISO 8601, UTC", "the wall clock at an error"),
    field("errors[].code", "", "the server's code, or that of our fault"),
    field("errors[].message", "", "one line, without secrets"),
  ];
}

function tokens(): readonly MetricsField[] {
  const sum = (what: string): string => `sum over the responses' usage: ${what}`;
  const heard = (path: string, unit: string, formula: string): MetricsField =>
    field(path, unit, formula, "nothing was transcribed");
  return [
    field("tokens.input_text", "tokens", sum("text in, cached included")),
    field("tokens.input_audio", "tokens", sum("sound in, cached included")),
    field("tokens.input_image", "tokens", sum("images in, cached included")),
    field("tokens.cached_text", "tokens", sum("part of input_text")),
    field("tokens.cached_audio", "tokens", sum("part of input_audio")),
    field("tokens.cached_image", "tokens", sum("part of input_image")),
    field("tokens.output_text", "tokens", sum("text out, reasoning included")),
    field("tokens.output_audio", "tokens", sum("sound out")),
    field("tokens.reasoning", "tokens", sum("part of output_text")),
    heard("transcription.model", "", "that put your speech into words"),
    heard("transcription.input_text", "tokens", "text in of that model"),
    heard("transcription.input_audio", "tokens", "sound in of that model"),
    heard("transcription.output_text", "tokens", "words out of that model"),
    heard("transcription.seconds", "s", "of sound, where it is priced by length"),
  ];
}

function money(): readonly MetricsField[] {
  const cost = (kind: string, formula: string): MetricsField =>
    field(`cost.${kind}`, "US dollars", `${formula}; each response rounded to a micro-dollar`);
  const budget = (path: string, unit: string, formula: string): MetricsField =>
    field(path, unit, formula, "no budget is set");
  return [
    cost("input_text", "(input_text − cached_text) × price"),
    cost("cached_text", "cached_text × price of cached text"),
    cost("input_audio", "(input_audio − cached_audio) × price"),
    cost("cached_audio", "cached_audio × price of cached sound"),
    cost("input_image", "(input_image − cached_image) × price"),
    cost("cached_image", "cached_image × price of cached images"),
    cost("output_text", "output_text × price; reasoning is in it"),
    cost("output_audio", "output_audio × price"),
    cost("transcription", "transcription × its model's prices"),
    field(
      "estimated_cost",
      "US dollars",
      "known_cost, if everything is known",
      "a model's price is not known, or a response is unbilled",
    ),
    field("known_cost", "US dollars", "sum of cost"),
    field(
      "assumed_cost",
      "US dollars",
      "what the budget counts: known_cost and a cautious estimate of what is not known",
    ),
    budget("budget.daily_usd", "US dollars", "the budget of a day"),
    budget("budget.spent_today_usd", "US dollars", "of it, spent when the conversation was over"),
    budget("budget.action", "", "what happens at its end"),
    field("price_table", "", "date of the prices"),
  ];
}

function sound(): readonly MetricsField[] {
  return [
    field("audio.sent_ms", "ms", "of the microphone's sound, sent to the server"),
    field("audio.received_ms", "ms", "of replies that were to be heard"),
    field("audio.played_ms", "ms", "of them, really heard", "an announcement: it is heard later"),
    field(
      "audio.dropped_ms",
      "ms",
      "that found no room: ours on the way out, the reply's on the way in",
    ),
    field("audio.pre_roll_ms", "ms", "sent from before the detection or the press"),
    field("audio.underruns", "gaps", "in replies: the next sound came too late"),
  ];
}
