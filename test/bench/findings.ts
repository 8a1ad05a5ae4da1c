/**
 * What the bench measures: one list of rows, and what was found for each.
 *
 * Invariant: every row of ROWS is reported exactly once, with a finite number or with the reason why
 * there is none. The value is the median of its samples, and the spread their least and greatest.
 *
 * Bars are from the project's own targets (facts/users.md, section 3.4, and issues 2 and 4); of the
 * 50 ms from a press to the LED, the kernel's debounce takes 20.
 */

interface RowSpec {
  readonly what: string;
  readonly unit: string;
  /** The most that is good, in the row's unit. */
  readonly most?: number;
}

export const ROWS = {
  floor_cpu: { what: "bare socket loop: CPU per second of conversation", unit: "ms/s" },
  floor_rss: { what: "bare socket loop: RSS", unit: "MB" },
  floor_pss: { what: "bare socket loop: PSS", unit: "MB" },
  conversation_cpu: {
    what: "daemon, sound in files, connecting too: CPU per second",
    unit: "ms/s",
  },
  conversation_cpu_over_floor: { what: "the same over bare socket loop, CPU", unit: "times" },
  idle_quiet_cpu: { what: "daemon: CPU per second, waiting in a quiet room", unit: "ms/s" },
  idle_speech_cpu: { what: "daemon: CPU per second, waiting while people talk", unit: "ms/s" },
  device_quiet_wakes: { what: "quiet room: our Node woken", unit: "a second", most: 8 },
  device_people_wakes: { what: "people talk: our Node woken", unit: "a second" },
  device_listening_wakes: { what: "listening: our Node woken", unit: "a second", most: 60 },
  device_speaking_wakes: { what: "speaking by aplay: our Node woken", unit: "a second", most: 90 },
  device_quiet_cpu: { what: "quiet room, recorder's pipe: CPU per second, tree", unit: "ms/s" },
  device_people_cpu: { what: "people talk, recorder's pipe: CPU per second, tree", unit: "ms/s" },
  engine_cpu: { what: "meanwhile the engine alone, sound as it comes: its CPU", unit: "ms/s" },
  device_people_beyond: {
    what: "people talk: our Node beyond the engine itself",
    unit: "ms/s",
    most: 9,
  },
  device_listening_cpu: { what: "listening, recorder's pipe: CPU per second, tree", unit: "ms/s" },
  device_speaking_cpu: { what: "speaking by aplay: CPU per second, tree", unit: "ms/s" },
  device_rss: { what: "all processes, aplay: RSS after a conversation", unit: "MB", most: 75 },
  device_pss: { what: "the same: PSS", unit: "MB" },
  bare_quiet_cpu: { what: "bare Node reading its microphone: its CPU per second", unit: "ms/s" },
  bare_listening_cpu: { what: "bare loop with devices, sending: CPU, tree", unit: "ms/s" },
  bare_speaking_cpu: { what: "bare loop with devices, playing: CPU, tree", unit: "ms/s" },
  device_quiet_share: { what: "quiet room: our Node over bare Node", unit: "times", most: 0.4 },
  device_talk_share: {
    what: "conversation with devices over bare loop",
    unit: "times",
    most: 0.75,
  },
  device_talk_own_share: {
    what: "the same, Node alone: without the sound programs",
    unit: "times",
    most: 1.3,
  },
  agents_talk_share: { what: "agents-realtime with devices over bare loop", unit: "times" },
  agents_rss: { what: "agents-realtime with devices: RSS after a conversation", unit: "MB" },
  speaker_speaking_wakes: { what: "speaking by speaker: our two Nodes woken", unit: "a second" },
  speaker_speaking_cpu: { what: "speaking by speaker: CPU per second, tree", unit: "ms/s" },
  speaker_share: { what: "speaking: speaker over aplay", unit: "times", most: 1.4 },
  full_speaking_wakes: {
    what: "speaking in full duplex: our Node woken",
    unit: "a second",
    most: 40,
  },
  full_speaking_cpu: { what: "speaking in full duplex: CPU per second, tree", unit: "ms/s" },
  speaker_child_rss: { what: "the child of speaker: RSS", unit: "MB", most: 42 },
  rss: { what: "daemon and its children: RSS after a conversation", unit: "MB", most: 120 },
  pss: { what: "daemon and its children: PSS after a conversation", unit: "MB" },
  house_rss: { what: "Home Assistant and MQTT, over none: RSS, waiting", unit: "MB", most: 35 },
  house_bridge_rss: { what: "Home Assistant alone, over none: RSS, waiting", unit: "MB" },
  start_ready: { what: "start of the process to Ready", unit: "ms", most: 1000 },
  press_led: { what: "press edge, debounced, to LED line written", unit: "ms", most: 30 },
  wake_led: { what: "wake word reported to LED written", unit: "ms", most: 50 },
  wake_listening: { what: "wake to listening, server on loopback", unit: "ms" },
  trips_first: { what: "RTT 100 ms, first conversation: dial to sound", unit: "RTT", most: 4.4 },
  trips_again: { what: "the same set-up again: dial to sound", unit: "RTT", most: 3.4 },
  trips_preconnect: { what: "the same, preconnect: gate", unit: "RTT", most: 2.4 },
  trips_turn_first: { what: "first turn: beyond the server's own", unit: "RTT" },
  trips_turn: { what: "second turn on: beyond the server's own", unit: "RTT", most: 0.1 },
  connect_lost: { what: "sound lost from the pre-roll on", unit: "ms", most: 0 },
  loop_delay_p99: { what: "event-loop delay in a conversation, p99", unit: "ms" },
  loop_delay_max: { what: "event-loop delay in a conversation, longest", unit: "ms" },
  first_file: { what: "first delta to first sample: file", unit: "ms", most: 120 },
  first_stub: { what: "first delta to first sample: aplay, stub player", unit: "ms", most: 120 },
  first_speaker: { what: "first delta to first sample: speaker on ALSA", unit: "ms", most: 120 },
  first_aplay: { what: "first delta to first sample: aplay on ALSA", unit: "ms", most: 120 },
  flush_file: { what: "press to silence, as reported: file", unit: "ms", most: 100 },
  flush_stub: { what: "press to silence, as reported: aplay, stub player", unit: "ms", most: 100 },
  flush_speaker: { what: "press to silence, as reported: speaker on ALSA", unit: "ms", most: 100 },
  silent_speaker: { what: "press to silence, as recorded: speaker on ALSA", unit: "ms", most: 100 },
  flush_aplay: { what: "press to silence, as reported: aplay on ALSA", unit: "ms", most: 100 },
  silent_aplay: { what: "press to silence, as recorded: aplay on ALSA", unit: "ms", most: 100 },
  frame_p99: { what: "one 20 ms frame, capture to socket, p99", unit: "ms", most: 4 },
  uplink_cpu: { what: "uplink: CPU per second of sound", unit: "ms/s" },
  gate_cpu: { what: "speech gate: CPU per second of sound", unit: "ms/s" },
  resample_cpu: { what: "resampler 24 to 16 kHz: CPU per second of sound", unit: "ms/s" },
  echo_cpu: { what: "echo path, an answer plays: CPU per second", unit: "ms/s", most: 20 },
  echo_full_cpu: { what: "the same in full duplex: CPU per second", unit: "ms/s", most: 20 },
  echo_idle_cpu: { what: "echo path, nothing plays: CPU per second", unit: "ms/s", most: 1 },
  wake_cpu: { what: "wake-word engine, without a pause: CPU per second of sound", unit: "ms/s" },
  micro_cpu: { what: "microWakeWord model alexa: CPU per second of sound", unit: "ms/s" },
  micro_share: { what: "the same beside the wake-word engine", unit: "times", most: 0.35 },
  missed_computer: { what: "computer, keyless: missed, clean", unit: "%", most: 3 },
  missed_computer_pink: { what: "the same, 10 dB above pink noise", unit: "%", most: 10 },
  missed_jarvis: { what: "jarvis, keyless: missed, clean", unit: "%", most: 4 },
  missed_jarvis_pink: { what: "the same, 10 dB above pink noise", unit: "%", most: 10 },
  missed_alexa: { what: "alexa, micro (two voices): missed, clean", unit: "%", most: 2 },
  missed_alexa_pink: { what: "the same, 5 dB above pink noise", unit: "%", most: 5 },
  missed_alexa_babble: { what: "the same, 5 dB above babble", unit: "%", most: 35 },
  missed_alexa_babble_speeds: { what: "the same, said up to 8 % slower or faster", unit: "%" },
  missed_alexa_keyless: { what: "alexa, keyless, same sound: clean", unit: "%" },
  missed_alexa_keyless_pink: { what: "the same, 5 dB above pink noise", unit: "%" },
  missed_alexa_keyless_babble: { what: "the same, 5 dB above babble", unit: "%" },
  missed_alexa_synthetic: { what: "alexa, micro, espeak-ng's voices: clean", unit: "%" },
  alarms_computer: {
    what: "other words, said one by one: computer, keyless, heard",
    unit: "times",
    most: 0,
  },
  alarms_jarvis: {
    what: "other words, said one by one: jarvis, keyless, heard",
    unit: "times",
    most: 0,
  },
  alarms_alexa: {
    what: "other words, said one by one: alexa, micro, heard",
    unit: "times",
    most: 0,
  },
  alarms_hey_jarvis: {
    what: "other words, said one by one: hey jarvis, micro, heard",
    unit: "times",
  },
  alarms_hey_mycroft: {
    what: "other words, said one by one: hey mycroft, micro, heard",
    unit: "times",
  },
  alarms_okay_nabu: {
    what: "other words, said one by one: okay nabu, micro, heard",
    unit: "times",
  },
  alarms_stop: { what: "other words, said one by one: stop, micro, heard", unit: "times" },
  alarms_hard: { what: "texts in 20 languages read aloud, a crowd: any heard", unit: "times" },
  alarms_near: { what: "words that sound like one, read aloud: any heard", unit: "times" },
  delta_cpu: { what: "decode and hand on a delta of 200 ms", unit: "us" },
  steps: { what: "state machine", unit: "steps/s" },
  year_event: { what: "an event after a year of 50 conversations a day", unit: "times", most: 2 },
  year_heap: { what: "the same year: heap that it leaves behind", unit: "MB", most: 2 },
  call_output: { what: "a call of a function to its output", unit: "ms" },
  call_output_p99: { what: "a call of a function to its output, p99", unit: "ms", most: 5 },
  calls_loop_delay: { what: "100 slow calls at once: event-loop delay, p99", unit: "ms", most: 5 },
  calls_heap: { what: "the same again and again: heap that it leaves", unit: "MB", most: 2 },
  report_10k: { what: "pipit metrics over 10,000 conversations", unit: "ms", most: 800 },
  report_10k_rss: { what: "the same: peak RSS", unit: "MB", most: 95 },
} as const satisfies Readonly<Record<string, RowSpec>>;

/** Why a row is empty that nobody filled or gave up. */
export const NOTHING_MEASURED = "nothing was measured";

export type RowId = keyof typeof ROWS;

const SPECS: Readonly<Record<RowId, RowSpec>> = ROWS;

export interface Row {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  /** Null: see `reason`. */
  readonly value: number | null;
  readonly least: number | null;
  readonly greatest: number | null;
  readonly n: number;
  readonly bar: number | null;
  readonly reason: string | null;
  readonly note: string | null;
}

/** The value below which `share` (0 to 1) of the samples lie, by nearest rank; NaN of none. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle sample, or the mean of the two in the middle; NaN of none. */
function medianOf(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const lower = sorted[Math.ceil(half) - 1] ?? Number.NaN;
  return (lower + (sorted[Math.floor(half)] ?? Number.NaN)) / 2;
}

export class Findings {
  readonly #samples = new Map<RowId, number[]>();
  readonly #reasons = new Map<RowId, string>();
  readonly #notes = new Map<RowId, string>();

  /** Adds samples to a row. What is no finite number is a mistake of the bench, and throws. */
  add(id: RowId, ...samples: readonly number[]): void {
    for (const sample of samples) {
      if (!Number.isFinite(sample)) throw new RangeError(`${id}: ${sample} is no measurement`);
    }
    this.#samples.set(id, [...(this.#samples.get(id) ?? []), ...samples]);
  }

  /** Why a row has no number; it counts only while there is none. */
  missing(id: RowId, reason: string): void {
    if (!this.#reasons.has(id)) this.#reasons.set(id, reason);
  }

  note(id: RowId, note: string): void {
    this.#notes.set(id, note);
  }

  /** Does a part of the bench; when that fails, the rows it left empty say why. */
  async section(ids: readonly RowId[], work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      for (const id of ids) this.missing(id, why);
    }
  }

  median(id: RowId): number | null {
    const samples = this.#samples.get(id) ?? [];
    return samples.length === 0 ? null : medianOf(samples);
  }

  rows(): Row[] {
    return Object.entries(SPECS).map(([key, spec]) => {
      const id = key as RowId; // Object.entries forgets the keys of our own table.
      const samples = this.#samples.get(id) ?? [];
      const value = this.median(id);
      return {
        id,
        what: spec.what,
        unit: spec.unit,
        value,
        least: value === null ? null : Math.min(...samples),
        greatest: value === null ? null : Math.max(...samples),
        n: samples.length,
        bar: spec.most ?? null,
        reason: value === null ? (this.#reasons.get(id) ?? NOTHING_MEASURED) : null,
        note: this.#notes.get(id) ?? null,
      };
    });
  }
}

/** Three significant figures, and no exponent. */
function figure(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, Math.min(3, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toFixed(digits);
}

function cells(row: Row): string[] {
  const { value, least, greatest, bar } = row;
  if (value === null || least === null || greatest === null) {
    return [row.what, "none", row.unit, "", "", bar === null ? "" : `<= ${bar}`, row.reason ?? ""];
  }
  const bound = bar === null ? "" : `<= ${bar}${value > bar ? " MISSED" : ""}`;
  const spread = row.n === 1 ? "" : `${figure(least)} … ${figure(greatest)}`;
  return [row.what, figure(value), row.unit, spread, String(row.n), bound, row.note ?? ""];
}

/** The rows as one table for people. */
export function table(rows: readonly Row[]): string {
  const head = ["what", "median", "unit", "least … most", "n", "bar", ""];
  const lines = [head, ...rows.map(cells)];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? "").length)));
  const numeric = new Set([1, 3, 4]);
  return lines
    .map((line) =>
      line
        .map((cell, i) =>
          numeric.has(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
