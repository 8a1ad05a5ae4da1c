/** What the words on the page mean, in the order of the page; `plots` are those that link here. */
export const PAGE_WORDS: readonly {
  readonly id: string;
  readonly word: string;
  readonly plots: readonly string[];
  readonly meaning: string;
}[] = [
  {
    id: "word-latency",
    word: "Response latency",
    plots: ["latency"],
    meaning:
      "From the end of your speech to the first sound of the answer at the loudspeaker, the silence included that tells the server you have finished. average_response_latency and response_latency_ms in the files; p50 and p95 are taken over all answers of the time.",
  },
  {
    id: "word-cost",
    word: "Cost",
    plots: ["cost"],
    meaning:
      "US dollars, from the tokens that the server reported and the dated price table: known_cost in the files, estimated_cost in older ones. What is not known (a model without a price, an answer whose bill was lost) is not guessed: those conversations are counted instead.",
  },
  {
    id: "word-time",
    word: "Where the time goes",
    plots: ["time"],
    meaning:
      "The parts of the response latency: until the server knows that your turn is over (most of it is the silence of openai.turn_detection.silence_ms), then commit_to_first_delta_ms (the model and the network), then delta_to_sound_ms (this appliance and its loudspeaker). connection_latency_ms is paid once, while you are still speaking.",
  },
  {
    id: "word-hours",
    word: "Wake without speech",
    plots: ["hours"],
    meaning:
      "The wake word was heard and nobody said anything: most often a false alarm. Many of them: lower wake_word.sensitivity, or move the microphone away from the radio.",
  },
  {
    id: "word-turn",
    word: "Conversation, turn",
    plots: ["turns"],
    meaning:
      "A conversation goes from the wake word or the press until it is quiet again; a turn is one thing said to the assistant in it.",
  },
  {
    id: "word-interruption",
    word: "Interruption",
    plots: ["interruptions"],
    meaning: "An answer that was cut short: by the wake word, the button, or your voice.",
  },
  {
    id: "word-token",
    word: "Token",
    plots: ["tokens", "cost"],
    meaning:
      "The unit of the bill: a tenth of a second of what you say, a twentieth of what is answered, a few letters of text. With every answer the whole conversation goes in again, most of it cached, which is cheaper.",
  },
  {
    id: "word-fault",
    word: "Fault",
    plots: ["faults"],
    meaning: "An error of the conversation (errors in the files), or a function call that failed.",
  },
  {
    id: "word-success",
    word: "Function success",
    plots: ["faults"],
    meaning: "The share of function calls that succeeded; none without a call.",
  },
];
