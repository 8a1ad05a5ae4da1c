/**
 * Names that the migration guide or the older system has and the table has not: what it is called
 * here, or that it is not there. Rows stay when a later version has the key: the answer then names it.
 *
 * Invariant: a key is only named when the table has it.
 */

import { ROWS, SECTIONS } from "./table.ts";

interface GuideKey {
  /** Last part of the name, wherever it stands. */
  readonly names: readonly string[];
  /** Keys or sections of today, the first that exists counts. */
  readonly here: readonly string[];
  /** Where none of them exists. */
  readonly otherwise: string;
}

const LOG =
  "the journal has everything that logs/assistant.log had: journalctl -u pipit; into a file: journalctl -u pipit > pipit.log";

const GUIDE_KEYS: readonly GuideKey[] = [
  {
    names: ["mcp_servers", "mcp_server", "mcp"],
    here: ["openai.mcp_servers", "mcp.servers", "mcp", "home_assistant"],
    otherwise: "the guide's mcp_servers are not in this version of Pipit",
  },
  {
    names: ["image_input", "images", "vision"],
    here: ["camera.source", "camera"],
    otherwise: "the guide's image_input is not in this version of Pipit",
  },
  {
    names: ["async_function_calls", "async_functions"],
    here: ["openai.async_functions"],
    otherwise: "functions always run beside the conversation",
  },
  {
    names: ["session_config"],
    here: [],
    otherwise: "it must have keys indented below it, such as voice; here they stand in openai",
  },
  {
    names: ["modalities", "output_modalities"],
    here: [],
    otherwise: "there is nothing to set: answers are always sound",
  },
  {
    names: ["input_audio_format", "output_audio_format"],
    here: [],
    otherwise: "there is nothing to set: sound is 24 kHz PCM both ways",
  },
  {
    names: ["input_audio_transcription"],
    here: [],
    otherwise: "what you say is not written down, and no transcription is paid for",
  },
  {
    names: ["tool_choice", "parallel_tool_calls"],
    here: [],
    otherwise: "there is nothing to set: the model chooses; tools.disabled takes functions away",
  },
  {
    names: ["create_response", "interrupt_response"],
    here: ["session.response_by"],
    otherwise: "Pipit decides that",
  },
  { names: ["speed"], here: [], otherwise: "the speed of the voice cannot be set" },
  { names: ["log_file", "logfile", "log_path"], here: ["system.log_file"], otherwise: LOG },
  { names: ["logs", "logging"], here: [], otherwise: `${LOG}; how much it says: system.log_level` },
  {
    names: ["functions", "function_calling", "tools"],
    here: ["tools.custom", "tools"],
    otherwise: "functions of your own are not in this version of Pipit",
  },
  {
    names: ["privacy", "save_transcripts", "transcripts"],
    here: ["system.privacy"],
    otherwise: "Pipit never writes down what is said, and has nothing to switch",
  },
  {
    names: ["timers", "alarms"],
    here: ["timers"],
    otherwise: "timers and alarms are not in this version of Pipit",
  },
  {
    names: ["home_assistant", "homeassistant", "hass"],
    here: ["home_assistant"],
    otherwise: "Home Assistant by voice is not in this version of Pipit",
  },
  {
    names: ["wake_sound", "beep", "activation_sound"],
    here: ["audio.wake_sound", "audio.earcons"],
    otherwise: "a sound at the wake word is not in this version of Pipit",
  },
];

/** A clause about a name that the table has not; null for one that nobody has promised. */
export function guideKey(path: readonly string[]): string | null {
  const name = path.at(-1)?.toLowerCase() ?? "";
  const row = GUIDE_KEYS.find(({ names }) => names.includes(name));
  if (row === undefined) return null;
  const here = row.here.find(
    (key) => ROWS.some(([known]) => known === key) || Object.hasOwn(SECTIONS, key),
  );
  return here === undefined || here === path.join(".") ? row.otherwise : `here it is ${here}`;
}
