/** The manual page pipit(1), in man(7)'s macros, from the commands' own specs. */

import { type CommandSpec, optionTexts } from "../args.ts";

const SUMMARY = "voice appliance for the Raspberry Pi";

const DESCRIPTION = [
  "Pipit listens for a wake word on this machine, sends the question that follows to OpenAI's Realtime API and plays the answer.",
  "systemd runs it (pipit.service); the other commands look at it, change it and prepare it.",
];

const FILES: readonly (readonly [string, string])[] = [
  ["/etc/pipit/config.yaml", "the configuration; in force as soon as it is saved"],
  ["/etc/pipit/credentials/", "the keys, a file each (OPENAI_API_KEY), readable by root alone"],
  ["/etc/pipit/pipit.env", "more variables for the service"],
  ["/var/lib/pipit/metrics/", "a metrics file for each conversation"],
  ["/run/pipit/control.sock", "the socket that the commands ask"],
];

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["OPENAI_API_KEY", "the key of the account that pays"],
  ["OPENAI_BASE_URL", "another server that speaks the Realtime API"],
  ["PIPIT_CONFIG", "the configuration file, where --config does not name one"],
  ["PICOVOICE_ACCESS_KEY", "for wake_word.engine: porcupine"],
  ["MQTT_USERNAME", "the user at the broker of mqtt.url"],
  ["MQTT_PASSWORD", "its password"],
  ["HOME_ASSISTANT_TOKEN", "for home_assistant.url"],
];

const EXIT: readonly (readonly [string, string])[] = [
  ["0", "fine"],
  ["1", "failed"],
  ["2", "bad usage or configuration"],
];

/** `specs`: of all commands, in the order in which they are to stand. */
export function manPage(specs: readonly CommandSpec[], version: string): string {
  const lines = [
    '.\\" Made from the commands\' specs by "npm run docs".',
    `.TH PIPIT 1 "" "Pipit ${version}" "User Commands"`,
    ".SH NAME",
    `pipit \\- ${escaped(SUMMARY)}`,
    ".SH SYNOPSIS",
    ".B pipit",
    "\\fICOMMAND\\fR [\\fIoptions\\fR]",
    ".SH DESCRIPTION",
    ...DESCRIPTION.map(escaped),
    ".SH COMMANDS",
    ...specs.flatMap(command),
    ...section("FILES", FILES),
    ...section("ENVIRONMENT", ENVIRONMENT),
    ...section("EXIT STATUS", EXIT),
    ".SH SEE ALSO",
    escaped("journalctl -u pipit, systemctl(1), systemd.exec(5), arecord(1), gpioinfo(1)"),
  ];
  return `${lines.join("\n")}\n`;
}

function command(spec: CommandSpec): readonly string[] {
  const operands = spec.operands === undefined ? "" : ` ${escaped(spec.operands)}`;
  return [
    `.SS pipit ${escaped(spec.name)}${operands}`,
    `${escaped(sentence(spec.summary))}`,
    ...optionTexts(spec)
      .filter(([option]) => option !== "--help")
      .flatMap(([option, doc]) => [".TP", `\\fB${escaped(option)}\\fR`, escaped(doc)]),
  ];
}

function section(title: string, rows: readonly (readonly [string, string])[]): readonly string[] {
  return [
    `.SH ${title}`,
    ...rows.flatMap(([name, doc]) => [".TP", `\\fB${escaped(name)}\\fR`, escaped(doc)]),
  ];
}

function sentence(summary: string): string {
  const first = summary.charAt(0).toUpperCase() + summary.slice(1);
  return first.endsWith(".") ? first : `${first}.`;
}

/** Text that troff prints as it is: backslashes, hyphens as typed, no line that begins with a control. */
function escaped(text: string): string {
  const plain = text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
  return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}
