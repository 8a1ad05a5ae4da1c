/**
 * The names of the older system's keys, by section: what the validator knows of them. What becomes of
 * each is the business of `pipit migrate-config`, which has a row for every name here.
 */

/** The names in each section, the section left out. */
export const OLDER_BY_SECTION = {
  openai: [
    "api_key",
    "voice",
    "voice_fallback",
    "auto_select_voice",
    "model",
    "legacy_model",
    "model_selection",
    "temperature",
    "language",
  ],
  audio: [
    "input_device",
    "output_device",
    "sample_rate",
    "channels",
    "chunk_size",
    "input_volume",
    "output_volume",
    "feedback_prevention",
    "feedback_threshold",
    "mute_during_response",
    "agc_enabled",
    "agc_target_rms",
    "agc_max_gain",
    "agc_min_gain",
    "agc_attack_time",
    "agc_release_time",
    "agc_clipping_threshold",
  ],
  wake_word: [
    "enabled",
    "engine",
    "model",
    "sensitivity",
    "model_path",
    "porcupine_access_key",
    "cooldown",
    "timeout",
    "vad_enabled",
    "test_mode",
    "confirmation_beep_enabled",
    "audio_gain",
    "audio_gain_mode",
    "highpass_filter_enabled",
    "highpass_filter_cutoff",
    "inference_framework",
    "enable_speex_noise_suppression",
  ],
  session: [
    "conversation_mode",
    "max_duration",
    "extended_silence_threshold",
    "multi_turn_max_turns",
    "multi_turn_timeout",
    "interrupt_threshold",
    "language",
    "timeout",
    "auto_end_silence",
    "auto_end_after_response",
    "response_cooldown_delay",
    "multi_turn_end_phrases",
    "multi_turn_end_phrases_dict",
    "multi_turn_stuck_multiplier",
  ],
  system: [
    "log_level",
    "console_log_level",
    "log_file",
    "log_to_file",
    "log_max_size_mb",
    "log_backup_count",
    "led_gpio",
    "daemon",
  ],
  home_assistant: [
    "url",
    "token",
    "language",
    "timeout",
    "mcp.sse_endpoint",
    "mcp.auth_method",
    "mcp.connection_timeout",
    "mcp.reconnect_attempts",
    "mcp.ssl_verify",
    "mcp.ssl_ca_bundle",
    "mcp.max_reconnect_attempts",
    "mcp.reconnect_base_delay",
    "mcp.reconnect_max_delay",
    "mcp.sse_read_timeout",
    "mcp.native_mode",
    "mcp.endpoint",
    "mcp.approval_mode",
    "mcp.approval_timeout",
    "mcp.enable_fallback",
    "mcp.performance_tracking",
    "mcp.cache_tool_definitions",
    "mcp.tool_timeout",
  ],
  web_ui: [
    "enabled",
    "host",
    "port",
    "auth.enabled",
    "auth.username",
    "auth.password_hash",
    "auth.session_timeout",
    "tls.enabled",
    "tls.cert_file",
    "tls.key_file",
  ],
  advanced: [
    "reconnect_delay",
    "max_reconnect_attempts",
    "audio_buffer_size",
    "cost_tracking",
    "debug_audio",
  ],
} as const;

type Section = keyof typeof OLDER_BY_SECTION;

/** Sections with nothing in them that stands by itself, and a section that was one value. */
const WHOLE = [
  "home_assistant.mcp",
  "web_ui",
  "web_ui.auth",
  "web_ui.tls",
  "advanced",
  "persona",
] as const;

/** A dotted key of the older system. */
export type OlderName =
  | { [S in Section]: `${S}.${(typeof OLDER_BY_SECTION)[S][number]}` }[Section]
  | (typeof WHOLE)[number];

const NAMES: ReadonlySet<string> = new Set([
  ...WHOLE,
  ...Object.entries(OLDER_BY_SECTION).flatMap(([section, names]) =>
    names.map((name) => `${section}.${name}`),
  ),
]);

/** All names, for the test that each has its row. */
export const OLDER_NAMES: readonly string[] = [...NAMES];

/** Has the migration something to say about this key or section? */
export function isOlder(key: string): boolean {
  return NAMES.has(key);
}
