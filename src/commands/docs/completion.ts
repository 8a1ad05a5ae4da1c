/** Completion of the command line for bash, from the commands' own specs. */

import { type CommandSpec, optionTexts } from "../args.ts";

/** `specs`: of all commands that an owner types. */
export function bashCompletion(specs: readonly CommandSpec[]): string {
  const names = specs.map(({ name }) => name).join(" ");
  return `# bash completion for pipit(1). Made from the commands' specs by "npm run docs".
_pipit() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} words= files=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "${names} --help --version" -- "$word")
    return
  fi
  case \${COMP_WORDS[1]}:$before in
${valueCases(specs)}
  esac
  case \${COMP_WORDS[1]} in
${wordCases(specs)}
  esac
  if [[ $files && $word != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  fi
}
complete -o filenames -F _pipit pipit
`;
}

const PATHS: Readonly<Record<string, string>> = { FILE: "-f", WAV: "-f", DIR: "-d" };

/** After an option that takes a value: files, folders, or nothing to offer. */
function valueCases(specs: readonly CommandSpec[]): string {
  const byKind = new Map<string, string[]>();
  for (const spec of specs) {
    for (const [option] of optionTexts(spec)) {
      const [name, value] = option.split(" ");
      if (name === undefined || value === undefined) continue;
      const kind = PATHS[value] ?? "";
      byKind.set(kind, [...(byKind.get(kind) ?? []), `${spec.name}:${name}`]);
    }
  }
  return [...byKind]
    .map(([kind, cases]) => {
      const fill =
        kind === "" ? "return" : `mapfile -t COMPREPLY < <(compgen ${kind} -- "$word"); return`;
      return `    ${cases.join(" | ")}) ${fill} ;;`;
    })
    .join("\n");
}

/** Options, and the operands that are words. */
function wordCases(specs: readonly CommandSpec[]): string {
  return specs
    .map((spec) => {
      const options = optionTexts(spec).map(([option]) => option.split(" ")[0] ?? "");
      const files = spec.operands?.includes("FILE") === true ? " files=1" : "";
      return `    ${spec.name}) words="${[...operandWords(spec), ...options].join(" ")}"${files} ;;`;
    })
    .join("\n");
}

/** The words in `on|off`; what is written in capitals is the owner's to fill in. */
function operandWords({ operands = "" }: CommandSpec): readonly string[] {
  return operands.match(/(?<![\w-])[a-z][a-z-]+(?![\w=])/g) ?? [];
}
