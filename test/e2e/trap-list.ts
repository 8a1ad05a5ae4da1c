/**
 * The 33 traps of facts/realtime-api.md, section 5, and where it is shown that each cannot happen
 * here: a file of tests and words of the test's name. traps.test.ts looks whether they are there.
 */

export interface Trap {
  readonly number: number;
  readonly trap: string;
  /** Files under test/ and words of a test in each. */
  readonly shown: readonly (readonly [file: string, words: string])[];
}

const CONVERSATION = "app/conversation.test";
const LIFE = "app/connection-life.test";
const PROPERTY = "core/assistant-property.test";
const HERE = "e2e/traps.test";
const HANDSHAKE = "e2e/fault-rows-handshake";
const CLOSE = "e2e/fault-rows-close";
const SETUP = "e2e/fault-rows-setup";
const ANSWERS = "e2e/fault-rows-answers";
const COLLISIONS = "e2e/fault-rows-collisions";
const LADDER = "e2e/fault-rows-ladder";

function trap(number: number, what: string, ...shown: Trap["shown"]): Trap {
  return { number, trap: what, shown };
}

export const TRAPS: readonly Trap[] = [
  trap(
    1,
    "cut later than what was received",
    [PROPERTY, "steps of a faithful world"],
    [COLLISIONS, "interrupted; late deltas before response.done"],
  ),
  trap(2, "cut before any sound was heard", [CONVERSATION, "items of which nothing was heard"]),
  trap(3, "never cut at all", [CONVERSATION, "truncates at what was heard"]),
  trap(4, "echo", [CONVERSATION, "half duplex: the microphone is shut"]),
  trap(
    5,
    "microphone open at response.done",
    [CONVERSATION, "half duplex: the microphone is shut"],
    [HERE, "trap 5"],
  ),
  trap(
    6,
    "a second response.create",
    [PROPERTY, "steps of a faithful world"],
    [COLLISIONS, "conversation_already_has_active_response"],
  ),
  trap(7, "a response for each tool output", [COLLISIONS, "three functions at once"]),
  trap(8, "the cancel race", [COLLISIONS, "response_cancel_not_active, and it goes on"]),
  trap(
    9,
    "late deltas are played",
    [COLLISIONS, "interrupted; late deltas after response.done"],
    [PROPERTY, "steps of a faithful world"],
  ),
  trap(10, "the 60-minute end", [CLOSE, "the session expires"], [LIFE, "renewed between turns"]),
  trap(
    11,
    "a reconnect taken for a resume",
    [LIFE, "a new connection is told what was said"],
    [HERE, "trap 11"],
  ),
  trap(
    12,
    "half-open TCP",
    [CLOSE, "half open in mid-reply"],
    ["adapters/realtime/socket.test", "found within 10 s"],
  ),
  trap(13, "no handshake timeout", [HANDSHAKE, "the upgrade is never answered, once"]),
  trap(14, "a send buffer without bound", [HERE, "trap 14"]),
  trap(15, "a frame cap that kills long answers", [SETUP, "an event of 20 MB"]),
  trap(16, "sound before session.updated", [CONVERSATION, "nothing is sent before the server has"]),
  trap(
    17,
    "a refused set-up is ignored",
    [SETUP, "a voice that the server does not know: refused"],
    ["core/realtime/events.test", "every client event fits the strict schema"],
  ),
  trap(18, "a failed response is ignored", [ANSWERS, "every response fails (server_error)"]),
  trap(
    19,
    "close code and reason are dropped",
    [CLOSE, "while it thinks"],
    ["core/realtime/faults.test", "a link that ends with"],
  ),
  trap(20, "cached tokens counted twice", [HERE, "trap 20"]),
  trap(21, "reasoning tokens billed twice", [HERE, "trap 21"]),
  trap(22, "runaway of tokens", [HERE, "trap 22"]),
  trap(23, "paid transcription that nobody uses", [HERE, "trap 23"]),
  trap(24, "two audio items", [ANSWERS, "two audio items, told interleaved"]),
  trap(25, "MCP results that are never spoken", [HERE, "trap 25"]),
  trap(26, "commits of less than 100 ms", [HERE, "trap 26"]),
  trap(27, "a wrong sample rate", [HERE, "trap 27"]),
  trap(28, "a voice changed in mid-session", [HERE, "trap 28"]),
  trap(
    29,
    "a hard-coded model",
    [LADDER, "of 4 models gone, seen by"],
    ["core/models/retirement.test", "the server's dates win"],
  ),
  trap(30, "transcripts of the user that drive logic", [COLLISIONS, "transcripts of the user"]),
  trap(31, "server_error bursts", [ANSWERS, "a response failed (server_error) twice"]),
  trap(32, "a time-out that leaves the response running", [HERE, "trap 32"]),
  trap(33, "Home Assistant bypassed", [HERE, "trap 33"]),
];
