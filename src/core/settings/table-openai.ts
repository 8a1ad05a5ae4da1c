/**
 * The rows of the section `openai`: who answers, with which voice, and when a turn ends.
 *
 * Invariant: a key stands here only when something reads it.
 */

import { ALL_VOICES } from "../voices.ts";
import type { Pattern } from "./row.ts";
import {
  boolean,
  fromEnvironment,
  int,
  intOr,
  list,
  number,
  oneOf,
  prose,
  secretText,
  text,
} from "./row.ts";

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
    doc: "Where the Realtime API is; http(s) becomes ws(s) and /realtime is appended.",
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
    doc: "Tried when model is refused, and used alone with model_selection: legacy. OpenAI shut gpt-4o-realtime-preview down on 2026-05-07.",
  }),
  "openai.fallback_models": list({
    default: ["gpt-realtime-2.1", "gpt-realtime-1.5"],
    minItems: 0,
    maxItems: 8,
    loneText: false,
    pattern: MODEL_NAME,
    reload: "session",
    doc: "Tried in this order after legacy_model, so that a retired model does not silence the appliance.",
  }),
  "openai.model_selection": oneOf(["auto", "new", "legacy"], {
    default: "auto",
    reload: "session",
    doc: "auto starts with model and falls back; new uses only model; legacy uses only legacy_model.",
  }),
  "openai.protocol": oneOf(["ga", "beta"], {
    default: "ga",
    reload: "session",
    doc: "The dialect of the API. OpenAI itself speaks only ga since 2026-05-12; beta is for other servers.",
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
    doc: "The voice to take when the model lacks the wanted one.",
  }),
  "openai.auto_select_voice": boolean({
    default: true,
    reload: "session",
    doc: "Take another voice when the model lacks the wanted one; false: a model without it is not asked.",
  }),
  "openai.temperature": number({
    default: 0.8,
    min: 0.6,
    max: 1.2,
    reload: "session",
    doc: "How varied the answers are. Sent only with protocol: beta, for the ga protocol has no such field.",
  }),
  "openai.language": text({
    default: "en",
    required: true,
    pattern: LANGUAGE,
    reload: "session",
    doc: "The language in which it answers unless it is asked for another one.",
  }),
  "openai.instructions": prose({
    default: "",
    reload: "session",
    doc: "What the model should know and how it should behave, in your own words. Several lines: write | and indent them below.",
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
    doc: "How long a reasoning model thinks; more is slower and dearer. It is not sent to other models.",
  }),
  "openai.truncation": int({
    default: 8000,
    min: 0,
    max: 120_000,
    unit: "tokens",
    reload: "session",
    doc: "How much of a long conversation is kept, and paid for again with each answer; 0 leaves it to the API.",
  }),
  "openai.noise_reduction": oneOf(["off", "near_field", "far_field"], {
    default: "far_field",
    reload: "session",
    doc: "What the API does about noise: near_field for a headset, far_field for a room.",
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
    doc: "server_vad: how much before the start of speech belongs to it.",
  }),
  "openai.turn_detection.eagerness": oneOf(["low", "medium", "high", "auto"], {
    default: "auto",
    reload: "session",
    doc: "semantic_vad: how soon it answers; low waits longest.",
  }),
} as const;

export const OPENAI_ROWS = { ...WHO, ...HOW, ...TURNS } as const;
