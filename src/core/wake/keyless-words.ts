/** The words inside the keyless engine (bumblebee-hotword-node 0.2.1, Porcupine 1.9). */
export const KEYLESS_KEYWORDS: readonly string[] = [
  "alexa",
  "bumblebee",
  "computer",
  "grasshopper",
  "hey_edison",
  "hey_google",
  "hey_siri",
  "jarvis",
  "ok_google",
  "porcupine",
  "terminator",
];
