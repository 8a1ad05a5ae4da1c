/**
 * The settings table: one row per key, in the order of the example file. Default, bounds, unit, reload
 * class and the owner's sentence stand together, and nowhere else (see table.ts).
 *
 * Invariant: a key stands here only when something reads it.
 */

import { CAMERA_SOURCE } from "../camera/source.ts";
import { LED_MODES, LED_PATTERN, TIME_OF_DAY } from "../panel/led-pattern.ts";
import { LED_COLOUR, STRIP_MAX } from "../panel/strip.ts";
import { ALL_VOICES } from "../voices.ts";
import type { Pattern } from "./row.ts";
import {
  boolean,
  fromEnvironment,
  int,
  intOr,
  list,
  number,
  numberOr,
  oneOf,
  password,
  path,
  paths,
  prose,
  secretText,
  text,
  tree,
  VISIBLE_ASCII,
} from "./row.ts";

// ---------------------------------------------------------------- openai
const TOOL_NAMES = { type: "array", items: { type: "string" } };
/** For editors; core/mcp/remote.ts decides. */
const REMOTE_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    url: { type: "string", description: "Public, and https: the API itself calls it." },
    description: { type: "string", description: "What it is for, as the model shall know it." },
    authorization: { type: "string", description: "A token; keep it in the environment." },
    headers: { type: "object", additionalProperties: { type: "string" } },
    allowed_tools: { ...TOOL_NAMES, description: "Only these tools; each costs input tokens." },
    require_approval: {
      description: "Is the user asked first? Always, if absent.",
      oneOf: [
        { enum: ["always", "never"] },
        {
          type: "object",
          additionalProperties: false,
          properties: { always: TOOL_NAMES, never: TOOL_NAMES },
        },
      ],
    },
    server_url: { type: "string", description: "The same as url." },
    server_description: { type: "string", description: "The same as description." },
    type: { const: "mcp" },
  },
};

/** Model names go into an address and into journal lines. */
const MODEL_NAME: Pattern = {
  regex: /^[A-Za-z0-9][\w.:/@-]*$/,
  says: "a model name (letters, digits and . _ : / @ -)",
};
/** What an address must be beyond this is a rule of rules.ts. */
const ADDRESS: Pattern = {
  regex: /^\S+$/,
  says: "an address that begins with https://, http://, wss:// or ws://",
};
const LANGUAGE: Pattern = {
  regex: /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/,
  says: "a language code such as en, de or pt-BR",
};

const WHO = {
  "openai.api_key": secretText({
    default: fromEnvironment("OPENAI_API_KEY"),
    required: true,
    reload: "session",
    doc: "The key of your OpenAI account. Keep it in the environment, not in this file.",
  }),
  "openai.base_url": text({
    default: fromEnvironment("OPENAI_BASE_URL", "https://api.openai.com/v1"),
    required: true,
    pattern: ADDRESS,
    reload: "session",
    doc: "The address of the Realtime API. Pipit turns http(s) into ws(s) and appends /realtime.",
  }),
  "openai.model": text({
    default: "gpt-realtime",
    required: true,
    pattern: MODEL_NAME,
    reload: "session",
    doc: "The model that answers. OpenAI has announced the end of gpt-realtime for 2027-01-20.",
  }),
  "openai.legacy_model": text({
    default: "gpt-4o-realtime-preview",
    required: true,
    pattern: MODEL_NAME,
    reload: "session",
    doc: "The model that Pipit tries when the API refuses model; with model_selection: legacy, the only one. OpenAI shut gpt-4o-realtime-preview down on 2026-05-07.",
  }),
  "openai.fallback_models": list({
    default: ["gpt-realtime-2.1", "gpt-realtime-1.5"],
    minItems: 0,
    maxItems: 8,
    loneText: false,
    pattern: MODEL_NAME,
    reload: "session",
    doc: "Models that Pipit tries in this order after legacy_model, so that a retired model does not silence it.",
  }),
  "openai.model_selection": oneOf(["auto", "new", "legacy"], {
    default: "auto",
    reload: "session",
    doc: "auto starts with model and falls back; new uses only model; legacy uses only legacy_model.",
  }),
  "openai.protocol": oneOf(["ga", "beta"], {
    default: "ga",
    reload: "session",
    doc: "The version of the protocol. OpenAI accepts only ga since 2026-05-12; beta is for other servers.",
  }),
} as const;

const HOW = {
  "openai.voice": oneOf(ALL_VOICES, {
    default: "alloy",
    reload: "session",
    doc: "The voice of the answers. marin and cedar are the newest; the preview models lack them.",
  }),
  "openai.voice_fallback": oneOf(ALL_VOICES, {
    default: "alloy",
    reload: "session",
    doc: "The voice that Pipit takes when the model lacks the one in voice.",
  }),
  "openai.auto_select_voice": boolean({
    default: true,
    reload: "session",
    doc: "true takes another voice when the model lacks the one in voice; false skips models that lack it.",
  }),
  "openai.temperature": number({
    default: 0.8,
    min: 0.6,
    max: 1.2,
    reload: "session",
    doc: "How varied the answers are. Pipit sends it only with protocol: beta; ga has no such field.",
  }),
  "openai.language": text({
    default: "en",
    required: true,
    pattern: LANGUAGE,
    reload: "session",
    doc: "The language of the answers, unless you ask for another one.",
  }),
  "openai.instructions": prose({
    default: "",
    reload: "session",
    doc: "What the model should know and how it should behave, in your own words. Several lines: write | and indent them below. About 3,500 tokens always fit; see Room in config/TOOLS.md.",
  }),
  "openai.max_output_tokens": intOr(["inf"], {
    default: 4096,
    min: 1,
    max: 4096,
    unit: "tokens",
    reload: "session",
    doc: "The longest answer; a second of speech is 20 tokens. inf leaves it to the model.",
  }),
  "openai.reasoning_effort": oneOf(["default", "minimal", "low", "medium", "high", "xhigh"], {
    default: "default",
    reload: "session",
    doc: "How long a reasoning model thinks; more is slower and costs more. Pipit does not send it to other models.",
  }),
  "openai.async_functions": boolean({
    default: true,
    reload: "session",
    doc: "What happens to a function that takes longer than seven seconds. true: it goes on while you talk, and Pipit reports the result when it is there. false: Pipit ends it and says that it failed.",
  }),
  "openai.truncation": int({
    default: 8000,
    min: 0,
    max: 120_000,
    unit: "tokens",
    reload: "session",
    doc: "How much of a long conversation the model keeps; you pay for it again with each answer. 0 leaves it to the API.",
  }),
  "openai.noise_reduction": oneOf(["off", "near_field", "far_field"], {
    default: "far_field",
    reload: "session",
    doc: "How the API reduces noise: near_field is for a headset, far_field for a room.",
  }),
  "openai.mcp_servers": tree({
    default: {},
    below: REMOTE_SCHEMA,
    orList: true,
    reload: "session",
    doc: "Public MCP servers that the API calls by itself, by label: url, authorization, allowed_tools, require_approval (default always: the user is asked first). Servers in your own network belong in mcp.servers. See config/TOOLS.md.",
  }),
} as const;

const TURNS = {
  "openai.turn_detection.type": oneOf(["server_vad", "semantic_vad"], {
    default: "server_vad",
    reload: "session",
    doc: "server_vad ends your turn after silence; semantic_vad when the sentence sounds complete.",
  }),
  "openai.turn_detection.threshold": number({
    default: 0.5,
    min: 0,
    max: 1,
    reload: "session",
    doc: "server_vad: how loud speech must be; higher for a noisy room.",
  }),
  "openai.turn_detection.silence_ms": int({
    default: 500,
    min: 100,
    max: 5000,
    unit: "ms",
    reload: "session",
    doc: "server_vad: the silence that ends your turn.",
  }),
  "openai.turn_detection.prefix_ms": int({
    default: 300,
    min: 0,
    max: 5000,
    unit: "ms",
    reload: "session",
    doc: "server_vad: how much sound from before the start of speech is kept.",
  }),
  "openai.turn_detection.eagerness": oneOf(["low", "medium", "high", "auto"], {
    default: "auto",
    reload: "session",
    doc: "semantic_vad: how soon it answers; low waits longest.",
  }),
} as const;

const OPENAI_ROWS = { ...WHO, ...HOW, ...TURNS } as const;

// ---------------------------------------------------------------- gpio
const BACKENDS = ["auto", "gpiochip", "onoff", "panel", "none"] as const;
const LED_BACKENDS = [...BACKENDS, "apa102"] as const;
/** Pins of the 40-pin header, by their BCM number. */
const BCM_MAX = 27;
const LOOK: Pattern = {
  regex: LED_PATTERN,
  says: `STATE=PATTERN or STATE=LISTENING+STATUS, of the patterns ${LED_MODES.join(", ")}`,
};
const COLOUR: Pattern = { regex: LED_COLOUR, says: "STATE=#rrggbb, such as thinking=#ffa000" };
const SPI_DEVICE: Pattern = { regex: /^\/\S+$/, says: "an absolute path such as /dev/spidev0.0" };
const TIME: Pattern = {
  regex: new RegExp(`^$|${TIME_OF_DAY.source}`),
  says: "a time of day such as 22:30, or empty",
};
/** What a press can do; holding can do one thing more. */
const ACTIONS = ["wake-or-stop", "mute", "repeat", "shutdown", "none"] as const;

const LEDS = {
  "leds.backend": oneOf(LED_BACKENDS, {
    default: "auto",
    reload: "restart",
    doc:
      "What shows the state: gpiochip and onoff drive LEDs at pins, panel draws them on the terminal; " +
      "auto takes the first of these that is there. apa102 drives the coloured LEDs of a HAT (ReSpeaker, Voice Bonnet), " +
      "see leds.device; the HAT's button is usually at GPIO 17, the default of button.pin.",
  }),
  "leds.device": text({
    default: "/dev/spidev0.0",
    required: true,
    pattern: SPI_DEVICE,
    reload: "restart",
    doc: "apa102: the SPI device of the LEDs; /dev/spidev0.1 for the ReSpeaker 4-Mic. Enable SPI with raspi-config, then run scripts/install again: the service needs access to it.",
  }),
  "leds.count": int({
    default: 3,
    min: 1,
    max: STRIP_MAX,
    reload: "restart",
    doc: "apa102: the number of LEDs; 3 on the ReSpeaker 2-Mic and the Voice Bonnet, 12 on the ReSpeaker 4-Mic.",
  }),
  "leds.power_pin": intOr(["none"], {
    default: "none",
    min: 0,
    max: BCM_MAX,
    reload: "restart",
    doc: "apa102: a pin (BCM number) that switches the LEDs' supply on; 5 for the ReSpeaker 4-Mic.",
  }),
  "leds.colours": list({
    default: [],
    minItems: 0,
    maxItems: 16,
    loneText: true,
    pattern: COLOUR,
    reload: "live",
    doc: "apa102: colours of your own, such as listening=#00ff00.",
  }),
  "leds.listening_pin": intOr(["none"], {
    default: 27,
    min: 0,
    max: BCM_MAX,
    reload: "restart",
    doc: "The pin of the LED that is on while the microphone is open (BCM number). If it is the only LED, it shows every state.",
  }),
  "leds.status_pin": intOr(["none"], {
    default: 22,
    min: 0,
    max: BCM_MAX,
    reload: "restart",
    doc: "The pin of the LED that shows thinking, speaking, muted and faults (BCM number).",
  }),
  "leds.active_low": boolean({
    default: false,
    reload: "restart",
    doc: "true for LEDs between 3.3 V and the pin: they are on while the pin is low.",
  }),
  "leds.pwm": boolean({
    default: false,
    reload: "restart",
    doc:
      "true dims LEDs at pins 12, 13, 18 and 19 with the kernel's PWM. " +
      "It needs dtoverlay=pwm or pwm-2chan in config.txt.",
  }),
  "leds.brightness": number({
    default: 1,
    min: 0.01,
    max: 1,
    reload: "live",
    doc: "With pwm and apa102: the highest brightness; 1 is full. Other pins are only on or off.",
  }),
  "leds.patterns": list({
    default: [],
    minItems: 0,
    maxItems: 16,
    loneText: true,
    pattern: LOOK,
    reload: "live",
    doc: "Patterns of your own, such as idle=pulse, or speaking=off+breathe for both LEDs.",
  }),
  "leds.quiet_from": text({
    default: "",
    pattern: TIME,
    reload: "live",
    doc: "From this local time on the LEDs stay dark at rest; they still show conversations and faults.",
  }),
  "leds.quiet_to": text({
    default: "",
    pattern: TIME,
    reload: "live",
    doc: "The end of the quiet hours, which may pass midnight.",
  }),
} as const;

const BUTTON = {
  "button.backend": oneOf(BACKENDS, {
    default: "auto",
    reload: "restart",
    doc:
      "What the button is: gpiochip and onoff read a pin, panel is a key on the terminal; " +
      "auto takes the first of these that is there.",
  }),
  "button.pin": intOr(["none"], {
    default: 17,
    min: 0,
    max: BCM_MAX,
    reload: "restart",
    doc: "The pin of the button (BCM number).",
  }),
  "button.pull": oneOf(["up", "down", "none"], {
    default: "up",
    reload: "restart",
    doc:
      "up for a button to ground, down for a button to 3.3 V, none for a button to ground with its own resistor. " +
      "onoff cannot set it: put gpio=17=ip,pu into config.txt.",
  }),
  "button.debounce_ms": int({
    default: 20,
    min: 0,
    max: 200,
    unit: "ms",
    reload: "restart",
    doc: "How long the pin must keep its level before a press or a release counts.",
  }),
  "button.hold_ms": int({
    default: 600,
    min: 300,
    max: 10_000,
    unit: "ms",
    reload: "live",
    doc: "A press of this length is a hold.",
  }),
  "button.double_ms": int({
    default: 350,
    min: 0,
    max: 1_000,
    unit: "ms",
    reload: "live",
    doc: "The longest time between the two presses of a double; 0 turns doubles off.",
  }),
  "button.tap": oneOf(ACTIONS, {
    default: "wake-or-stop",
    reload: "live",
    doc: "What a short press does: at once if double and hold are none, otherwise at the release.",
  }),
  "button.double": oneOf(ACTIONS, {
    default: "none",
    reload: "live",
    doc: "What two presses do; a lone tap then waits double_ms.",
  }),
  "button.hold": oneOf([...ACTIONS, "push-to-talk"], {
    default: "none",
    reload: "live",
    doc:
      "What a hold does. push-to-talk opens the microphone while you hold the button; the release asks. " +
      "shutdown powers the machine off.",
  }),
} as const;

const GPIO_ROWS = { ...LEDS, ...BUTTON } as const;

// ---------------------------------------------------------------- device
const DEVICE: Pattern = {
  // A number alone is no name: that of a card changes with every start.
  regex: /^(?:file:.+\.wav|(?!file:|\d+$)\S.*)$/i,
  says: "an ALSA name such as plughw:1, part of a card's name, usb:PORT, or file:PATH.wav",
};
const WAKE_SOUND: Pattern = {
  regex: /^(?:off|tick|chime|file:.+\.wav)$/i,
  says: "off, tick, chime, or file:PATH.wav",
};
const KEYWORD: Pattern = {
  regex: /^\S(?:.{0,62}\S)?$/,
  says: "a wake word of at most 64 characters",
};
/** sun_path of unix(7) has 108 bytes, the last one zero. */
const SOCKET_PATH_MAX_CHARS = 107;

const AUDIO = {
  "audio.input_device": text({
    default: "default",
    required: true,
    pattern: DEVICE,
    reload: "restart",
    doc: "The microphone: default, an ALSA name such as plughw:CARD=Device, part of a card's name, usb:PORT (of two alike; see pipit devices), or file:PATH.wav.",
  }),
  "audio.input_channel": intOr(["auto"], {
    default: "auto",
    min: 1,
    max: 32,
    reload: "restart",
    doc: "The channel to listen to on a microphone with several, counted from 1; Pipit never mixes them. auto takes the processed channel of the arrays that Pipit knows, otherwise the first.",
  }),
  "audio.input_backend": oneOf(["auto", "arecord", "alsa"], {
    default: "auto",
    reload: "restart",
    doc: "What records the sound: the package node-record-lpcm16 with the program arecord, or ALSA inside Pipit's own process. The latter needs no second process (6 MB) and less CPU, but a crash of ALSA, or of a plugin of its, then ends Pipit, and systemd starts it again. auto takes arecord.",
  }),
  "audio.output_device": text({
    default: "default",
    required: true,
    pattern: DEVICE,
    reload: "restart",
    doc: "The loudspeaker, named like the microphone; file:PATH.wav records what it would play.",
  }),
  "audio.output_backend": oneOf(["auto", "speaker", "aplay"], {
    default: "auto",
    reload: "restart",
    doc: "What plays the sound: the package speaker or the program aplay. The package needs a process of its own (42 MB) and a little more CPU while it plays. auto takes the package if it works and the machine has at least 1 GB of memory, otherwise aplay.",
  }),
  "audio.lead_in_ms": int({
    default: 0,
    min: 0,
    max: 1_500,
    unit: "ms",
    reload: "restart",
    doc: "Silence before the first sound after a pause, for HDMI screens and USB or Bluetooth amplifiers that sleep and swallow the beginning of an answer: try 700. It delays each answer after a pause by as much.",
  }),
  "audio.volume": number({
    default: 1,
    min: 0,
    max: 1,
    reload: "live",
    doc: "Loudness of the answers; 1 leaves them unchanged.",
  }),
  "audio.duplex": oneOf(["auto", "half", "full"], {
    default: "auto",
    reload: "session",
    doc: "half sends nothing from the microphone to the API during an answer; full goes on sending, so that you can speak over the answer. auto: full when audio.echo allows it, otherwise half.",
  }),
  "audio.echo": oneOf(["auto", "off", "wake", "full"], {
    default: "auto",
    reload: "restart",
    doc: "When Pipit removes its own answers from the microphone's sound. wake: so that the wake word can interrupt an answer. full: so that any speech of half a second can; a shorter sound only makes the answer softer. auto: wake, and full as long as two answers or pipit doctor --echo have shown that your voice gets through (see pipit status). off: never, for a device with its own echo canceller. audio.duplex: half keeps full from being used.",
  }),
  "audio.pre_roll_ms": int({
    default: 1000,
    min: 0,
    max: 3000,
    unit: "ms",
    reload: "session",
    doc: "How much sound from before the detected wake word Pipit sends, so that no syllable is lost.",
  }),
  "audio.settle_ms": int({
    default: 200,
    min: 0,
    max: 2000,
    unit: "ms",
    reload: "session",
    doc: "half duplex: how long Pipit waits after an answer, for the echo of the room, before it opens the microphone.",
  }),
  "audio.wake_sound": text({
    default: "off",
    required: true,
    pattern: WAKE_SOUND,
    reload: "session",
    doc: "The sound at the wake word and at the button, and, softly, during a slow connection: off, tick, chime, or file:PATH.wav of at most two seconds. Pipit does not send it.",
  }),
  "audio.earcons": boolean({
    default: true,
    reload: "live",
    doc: "true says aloud what went wrong: no network, key refused, no credit, service busy.",
  }),
} as const;

const WAKE_WORD = {
  "wake_word.enabled": boolean({
    default: true,
    reload: "restart",
    doc: "true listens for the wake word; false leaves the button and pipit wake.",
  }),
  "wake_word.engine": oneOf(["porcupine-keyless", "porcupine", "micro"], {
    default: "porcupine-keyless",
    reload: "restart",
    doc: "porcupine-keyless knows eleven words and needs no account. micro runs microWakeWord models (model_path), which hear better in noise. porcupine needs access_key. With each engine Pipit also listens for the words of the models in model_path.",
  }),
  "wake_word.keyword": list({
    default: ["computer"],
    minItems: 1,
    maxItems: 8,
    loneText: true,
    pattern: KEYWORD,
    reload: "restart",
    doc: "The wake word, or a list of them. With micro Pipit always listens for the words of the models; the keyless engine hears the other words named here.",
  }),
  "wake_word.sensitivity": numberOr(["auto"], {
    default: "auto",
    min: 0,
    max: 1,
    reload: "restart",
    doc: "A higher value misses fewer calls and has more false alarms. auto takes a value for each word: porcupine-keyless 0.9 for computer, otherwise 0.7; micro 0.97 for alexa, otherwise 0.7. The Porcupine engines take the number as it is. For micro, 0.7 is the threshold that the model's author chose, 1 is half of it, 0 is almost certainty. pipit doctor --wake recommends a value from what it hears.",
  }),
  "wake_word.model_path": paths({
    default: [],
    minItems: 0,
    maxItems: 8,
    reload: "restart",
    doc: "Manifests (.json) of microWakeWord models, one word each, with the model beside each manifest. The word stop silences an answer; Pipit listens for it only during answers. For the engine porcupine: your own keyword file (.ppn).",
  }),
  "wake_word.access_key": secretText({
    default: fromEnvironment("PICOVOICE_ACCESS_KEY", ""),
    reload: "restart",
    doc: "The Picovoice AccessKey for the engine porcupine.",
  }),
  "wake_word.cooldown_s": number({
    default: 2,
    min: 0,
    max: 60,
    unit: "s",
    reload: "live",
    doc: "How long Pipit ignores the wake word after a detection.",
  }),
  "wake_word.arbitrate": oneOf(["off", "lan"], {
    default: "off",
    reload: "restart",
    doc: "lan: if several Pipits in one network hear the wake word, only the one that hears it loudest answers; each call waits 0.15 s for that. They send each other word and level, no sound, by UDP multicast (239.255.112.73, port 47373): the firewall and the access point must let it through. Anybody in the network can keep your Pipits silent, one call with each datagram (in a flood all answer), and do nothing else; wake_word.arbitrate_secret prevents that.",
  }),
  "wake_word.arbitrate_secret": password({
    default: "",
    pattern: VISIBLE_ASCII,
    reload: "restart",
    doc: "lan: a secret, the same on each Pipit. Pipit ignores datagrams that are not signed with it (HMAC-SHA256). A recorded datagram counts at most once, on a Pipit that has heard nothing from its sender since. Empty: Pipit accepts all datagrams.",
  }),
} as const;

const SESSION = {
  "session.mode": oneOf(["multi_turn", "single_turn"], {
    default: "multi_turn",
    reload: "session",
    doc: "multi_turn listens again after an answer; single_turn ends the conversation.",
  }),
  "session.response_by": oneOf(["auto", "server", "client"], {
    default: "auto",
    reload: "session",
    doc: "Who starts the response when you have finished. server saves a round trip (40 to 150 ms) in each turn, but also responds to a cough or to the wake word alone; Pipit then cancels that response. client: Pipit requests each response. auto: server, except with push-to-talk, in a turn that the wake word opened, and near the end of the budget.",
  }),
  "session.preconnect": oneOf(["off", "gate"], {
    default: "off",
    reload: "session",
    doc: "gate starts to connect at any sound, before Pipit knows whether it is the wake word. It saves about two round trips (80 to 300 ms) at the start of a conversation. Pipit closes an unused connection after 4 s, and sends no sound over it. The price: up to 6 connections a minute, 360 in an hour of talk in the room, of about 6 KB each for TLS; and the API sees your address whenever you talk. session.keep_warm_s saves more when one conversation follows another.",
  }),
  "session.follow_up_s": number({
    default: 8,
    min: 1,
    max: 60,
    unit: "s",
    reload: "session",
    doc: "multi_turn: how long after an answer you can speak without the wake word.",
  }),
  "session.keep_warm_s": number({
    default: 0,
    min: 0,
    max: 600,
    unit: "s",
    reload: "session",
    doc: "How long Pipit keeps the connection after a conversation. The next conversation then starts at once, and the model remembers this one.",
  }),
  "session.no_speech_s": number({
    default: 6,
    min: 1,
    max: 60,
    unit: "s",
    reload: "session",
    doc: "How long Pipit waits for the first word after the wake word.",
  }),
  "session.max_duration_s": number({
    default: 300,
    min: 10,
    max: 3540,
    unit: "s",
    reload: "session",
    doc: "The longest conversation; the API itself ends one after an hour.",
  }),
  "session.max_turns": int({
    default: 20,
    min: 1,
    max: 1000,
    unit: "turns",
    reload: "session",
    doc: "The most questions in one conversation; each costs more than the one before.",
  }),
  "session.min_speech_ms": int({
    default: 120,
    min: 0,
    max: 2000,
    unit: "ms",
    reload: "session",
    doc: "Pipit takes shorter sounds for noise and does not answer them.",
  }),
} as const;

const TEXTFILE: Pattern = {
  regex: /^(?:|\/(?:.*\/)?[^/]+\.prom)$/,
  says: "empty, or an absolute path that ends in .prom",
};

const REST = {
  "metrics.dir": path({
    default: "metrics",
    required: true,
    reload: "restart",
    doc: "The folder for the metrics files, one per conversation. A relative path starts where you started pipit.",
  }),
  "metrics.max_files": int({
    default: 1000,
    min: 1,
    max: 100_000,
    unit: "files",
    reload: "live",
    doc: "How many files to keep; Pipit removes the oldest.",
  }),
  "metrics.max_mb": int({
    default: 20,
    min: 1,
    max: 10_000,
    unit: "MB",
    reload: "live",
    doc: "How much room on the card the files may take; Pipit removes the oldest. A file takes at least 4 KiB.",
  }),
  "metrics.max_age_days": int({
    default: 365,
    min: 0,
    max: 36_500,
    unit: "days",
    reload: "live",
    doc: "Pipit removes older files once the clock is right; 0 keeps them.",
  }),
  "metrics.textfile": path({
    default: "",
    pattern: TEXTFILE,
    reload: "restart",
    doc: "A file with totals and latencies for node_exporter's textfile collector, such as /run/pipit-fleet/pipit.prom; empty for none.",
  }),
  "system.log_level": oneOf(["debug", "info", "notice", "warning", "error"], {
    default: "info",
    reload: "live",
    doc: "The least urgent lines that Pipit writes to the journal.",
  }),
  "system.location": text({
    default: "",
    maxChars: 120,
    reload: "session",
    doc: "Where Pipit is, in your own words, such as the kitchen in Lyon. Pipit tells the model.",
  }),
  "system.control_socket": path({
    default: "",
    maxChars: SOCKET_PATH_MAX_CHARS,
    reload: "restart",
    doc: "The socket for pipit status and the like. Empty: $RUNTIME_DIRECTORY/control.sock, or one for your user.",
  }),
} as const;

const DEVICE_ROWS = { ...AUDIO, ...WAKE_WORD, ...SESSION, ...GPIO_ROWS, ...REST } as const;

// ---------------------------------------------------------------- tools
/** For editors; core/functions/custom.ts decides. */
const FUNCTION_SCHEMA = {
  type: "object",
  required: ["description"],
  additionalProperties: false,
  properties: {
    description: { type: "string", description: "For the model: what it does, when to call it." },
    parameters: {
      type: "object",
      description: "Names with JSON Schemas, such as place: {type: string}.",
      additionalProperties: { type: "object" },
    },
    required: { type: "array", items: { type: "string" }, description: "Absent: all parameters." },
    command: {
      type: "array",
      items: { type: "string" },
      minItems: 1,
      description: "A program and its words; {name} as a whole word stands for that argument.",
    },
    stdin: { type: "boolean", description: "The arguments go to standard input as JSON." },
    cwd: { type: "string", description: "The folder it runs in." },
    http: {
      type: "object",
      required: ["url"],
      additionalProperties: false,
      properties: {
        url: { type: "string", description: "{name} stands for that argument, encoded." },
        method: { enum: ["GET", "POST", "PUT", "PATCH", "DELETE"] },
        headers: { type: "object", additionalProperties: { type: "string" } },
        body: { type: "boolean", description: "The arguments are the body, as JSON." },
      },
    },
    timeout_s: { type: "number", minimum: 1, maximum: 600 },
    confirm: { type: "boolean", description: "The user is asked first." },
    long: { type: "boolean", description: "It takes long: its result is told when it is there." },
    after: { type: "boolean", description: "A result after the conversation may be spoken." },
  },
};

const TOOLS_ROWS = {
  "tools.disabled": list({
    default: [],
    minItems: 0,
    maxItems: 64,
    loneText: true,
    pattern: {
      regex: /^[A-Za-z0-9_-]{1,64}$/,
      says: "the name of a function, as pipit tools lists it",
    },
    reload: "session",
    doc: "Functions that Pipit does not offer to the model; pipit tools lists all functions.",
  }),
  "tools.memory": oneOf(["off", "on"], {
    default: "off",
    reload: "session",
    doc: "on keeps what you ask Pipit to remember in memory.yaml; pipit memory lists and edits it.",
  }),
  "tools.custom": tree({
    default: {},
    below: FUNCTION_SCHEMA,
    reload: "session",
    doc: "Functions of your own, by name: a program or an HTTP request. See config/FUNCTIONS.md and the four in config/examples; pipit tools call NAME tries one.",
  }),
  "tools.sandbox": oneOf(["auto", "none"], {
    default: "auto",
    reload: "session",
    doc: "auto runs programs as a user who cannot read the key: pipit-tools under systemd, nobody if Pipit runs as root; otherwise it does not run them. none runs them as Pipit's own user, who can read it.",
  }),
  "tools.patience_s": number({
    default: 2,
    min: 0,
    max: 10,
    unit: "s",
    reload: "live",
    doc: 'How long Pipit waits for a function before it says "one moment"; 0 never says it.',
  }),
  "timers.volume": number({
    default: 0.8,
    min: 0.05,
    max: 1,
    reload: "live",
    doc: "The highest loudness of the ringing, which begins softly. audio.volume does not change it.",
  }),
  "timers.ring_max_min": int({
    default: 15,
    min: 1,
    max: 60,
    unit: "min",
    reload: "live",
    doc: "How long a timer rings if nobody stops it; Pipit then reports it as missed.",
  }),
} as const;

// ---------------------------------------------------------------- mqtt
/** Levels of plain words: no wildcards, none of the broker's own. */
const TOPIC = /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+){0,7}$/;

const MQTT_ROWS = {
  "mqtt.url": text({
    default: "",
    pattern: {
      regex: /^$|^mqtts?:\/\/\S+$/,
      says: "empty, or an address that begins with mqtt:// or mqtts://",
    },
    reload: "live",
    doc: "The MQTT broker that receives Pipit's state and may send commands, such as mqtt://homeassistant.local:1883; empty for none.",
  }),
  "mqtt.username": text({
    default: fromEnvironment("MQTT_USERNAME", ""),
    reload: "live",
    doc: "The user name at the broker; empty for none.",
  }),
  "mqtt.password": password({
    default: fromEnvironment("MQTT_PASSWORD", ""),
    pattern: null,
    reload: "live",
    doc: "The password at the broker. Keep it in the credential MQTT_PASSWORD or in the environment, not in this file.",
  }),
  "mqtt.ca_file": path({
    default: "",
    reload: "live",
    doc: "mqtts: the certificate (PEM) of the authority that signed the broker's certificate; empty trusts the public authorities.",
  }),
  "mqtt.discovery": text({
    default: "homeassistant",
    maxChars: 64,
    pattern: {
      regex: new RegExp(`^$|${TOPIC.source}`),
      says: "a topic of letters, digits, _ and -, such as homeassistant, or empty",
    },
    reload: "live",
    doc: "The topic under which Home Assistant looks for devices; Pipit announces itself there. Empty: Pipit announces nothing, and removes its earlier announcement.",
  }),
  "mqtt.prefix": text({
    default: "pipit",
    required: true,
    maxChars: 64,
    pattern: { regex: TOPIC, says: "a topic of letters, digits, _ and -, such as pipit" },
    reload: "live",
    doc: "The beginning of all topics. Each Pipit publishes PREFIX/ID/state, one JSON object; ID is the machine's.",
  }),
  "mqtt.name": text({
    default: "",
    maxChars: 60,
    reload: "live",
    doc: "The name of the device, such as Kitchen; empty for Pipit and the machine's name.",
  }),
} as const;

// ---------------------------------------------------------------- servers of tools, the house
/** For editors; core/mcp/servers.ts decides. */
const SERVER_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    command: {
      type: "array",
      items: { type: "string" },
      minItems: 1,
      description: "A program and its words: it is started, and talked to through its pipes.",
    },
    env: { type: "object", additionalProperties: { type: "string" } },
    cwd: { type: "string", description: "The folder it runs in." },
    url: { type: "string", description: "Of a server that runs by itself." },
    transport: { enum: ["auto", "http", "sse"] },
    headers: { type: "object", additionalProperties: { type: "string" } },
    prefix: { type: "string", description: "Before the names of its tools; its name if absent." },
    allow: { ...TOOL_NAMES, description: "Only these tools; * stands for anything." },
    deny: { ...TOOL_NAMES, description: "Not these." },
    confirm: { ...TOOL_NAMES, description: "The user is asked first." },
    trust: { ...TOOL_NAMES, description: "Not asked first, though the server says destructive." },
    timeout_s: { type: "number", minimum: 1, maximum: 600 },
    result_max_kb: { type: "number", minimum: 1, maximum: 64 },
  },
};

const HOUSE_ROWS = {
  "mcp.servers": tree({
    default: {},
    below: SERVER_SCHEMA,
    orList: true,
    reload: "session",
    doc: "MCP servers by name: a command, or a url with headers. See config/TOOLS.md. pipit tools lists their tools, pipit doctor checks each server.",
  }),
  "home_assistant.url": text({
    default: "",
    reload: "session",
    doc: "The address of Home Assistant, such as http://homeassistant.local:8123 (newer versions: without a port); empty for none. Home Assistant needs the integration Model Context Protocol Server.",
  }),
  "home_assistant.token": secretText({
    default: fromEnvironment("HOME_ASSISTANT_TOKEN", ""),
    reload: "session",
    doc: "A long-lived access token, from the profile page of Home Assistant. Keep it in the environment, not in this file.",
  }),
  "home_assistant.area": text({
    default: "",
    maxChars: 120,
    reload: "session",
    doc: "The area of Home Assistant in which Pipit is. Commands that name no room apply to it.",
  }),
  "home_assistant.language": text({
    default: "",
    pattern: LANGUAGE,
    reload: "session",
    doc: "The language of whole sentences that Pipit hands to Home Assistant (ask); empty for Home Assistant's own.",
  }),
  "home_assistant.tools": list({
    default: [],
    minItems: 0,
    maxItems: 64,
    loneText: true,
    pattern: { regex: /^-?[A-Za-z0-9_.*-]{1,100}$/, says: "a tool's name, or -name" },
    reload: "session",
    doc: "The tools of Home Assistant to offer, as pipit tools lists them; a - before a name excludes it; * stands for anything. Fewer tools cost less in each conversation.",
  }),
  "home_assistant.confirm": list({
    default: ["lock", "door", "garage", "gate", "alarm", "valve"],
    minItems: 0,
    maxItems: 64,
    loneText: true,
    pattern: { regex: /\S/, says: "a kind of device, or the name of a device or a tool" },
    reload: "session",
    doc: "What Pipit asks about first: kinds of devices, devices or tools, by a word of their name. [] never asks.",
  }),
  "home_assistant.ask": oneOf(["off", "on"], {
    default: "off",
    reload: "session",
    doc: "on lets Pipit hand whole sentences to Home Assistant, which may start automations.",
  }),
} as const;

// ---------------------------------------------------------------- camera
const SOURCE: Pattern = {
  regex: CAMERA_SOURCE,
  says: "off, auto, rpicam, usb, or file:PATH.jpg",
};

const CAMERA_ROWS = {
  "camera.source": text({
    default: "off",
    required: true,
    pattern: SOURCE,
    reload: "session",
    doc: "The camera that the model uses when you ask it to look: rpicam at the ribbon cable, usb, auto for the first of these that is there, or file:PATH.jpg, a picture that another program writes (at most 1024 pixels a side). Pipit sends the picture to the API and never stores it; the LEDs show when it takes one. Run scripts/install after you switch it on: the service needs access to the camera. A picture costs about 0.4 cents.",
  }),
} as const;

// ---------------------------------------------------------------- budget
const BUDGET_ROWS = {
  "budget.daily_usd": number({
    default: 0,
    min: 0,
    max: 10_000,
    unit: "US dollars",
    reload: "live",
    doc: "What a day may cost, from midnight to midnight in your time zone. 0 sets no limit.",
  }),
  "budget.warn_at": number({
    default: 0.8,
    min: 0,
    max: 1,
    reload: "live",
    doc: "The share of daily_usd at which Pipit warns you, once a day.",
  }),
  "budget.action": oneOf(["warn", "mini", "refuse"], {
    default: "refuse",
    reload: "live",
    doc: "What Pipit does about the budget. warn only warns you. mini lets budget.mini_model answer from warn_at on, and refuses when the budget is spent. refuse refuses when it is spent.",
  }),
  "budget.mini_model": text({
    default: "gpt-realtime-2.1-mini",
    required: true,
    pattern: {
      regex: /^[A-Za-z0-9][\w.:/@-]*$/,
      says: "a model name (letters, digits and . _ : / @ -)",
    },
    reload: "live",
    doc: "The model that answers with action: mini.",
  }),
  "budget.prices": list({
    default: [],
    minItems: 0,
    maxItems: 32,
    loneText: true,
    pattern: {
      regex: /\S/,
      says: "a line in quotes, such as 'gpt-realtime: text_in=4 audio_in=32'",
    },
    reload: "live",
    doc: "Your own prices, one line per model, in US dollars per million tokens: 'gpt-realtime: text_in=4 text_cached=0.4 text_out=16 audio_in=32 audio_cached=0.4 audio_out=64 image_in=5 image_cached=0.5'.",
  }),
} as const;

/** Every row, by its key. */
export const TABLE = {
  ...OPENAI_ROWS,
  ...DEVICE_ROWS,
  ...TOOLS_ROWS,
  ...MQTT_ROWS,
  ...HOUSE_ROWS,
  ...CAMERA_ROWS,
  ...BUDGET_ROWS,
} as const;
