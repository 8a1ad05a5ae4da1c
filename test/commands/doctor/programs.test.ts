/** What the doctor says of the owner's programs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { judgePrograms, type ProgramFacts } from "../../../src/commands/doctor/programs.ts";

test("programs: whether they are run, as whom, and what they could read", () => {
  const base: ProgramFacts = { wanted: true, sandbox: "auto", helper: { tag: "absent" } };
  const refused = (error: string) => ({ tag: "refused", error }) as const;
  const ran = (...readable: string[]) => ({ tag: "ran", user: "pipit-tools", readable }) as const;
  const rows: readonly (readonly [Partial<ProgramFacts>, RegExp])[] = [
    [{ wanted: false }, /^skip: The configuration names no program -> $/],
    [{ sandbox: "none" }, /^warn: .*can read the API key -> tools\.sandbox: auto/],
    [{}, /^fail: .*pipit-tools\.socket is not there -> Run scripts\/install/],
    [{ helper: refused("the helper pipit-tools: EACCES") }, /^skip: .*with sudo -> $/],
    [{ helper: refused("the helper pipit-tools: ECONNRESET") }, /^fail: .*ECONNRESET -> .*journal/],
    [
      { helper: ran("/etc/pipit/config.yaml") },
      /^fail: .*can read \/etc\/pipit\/config\.yaml -> sudo chmod o-rwx \/etc\/pipit\/config\.yaml$/,
    ],
    [{ helper: ran() }, /^ok: Your programs run as pipit-tools and can read neither key nor/],
  ];
  for (const [changes, expected] of rows) {
    const { grade, says, remedy } = judgePrograms({ ...base, ...changes });
    assert.match(`${grade}: ${says} -> ${remedy}`, expected);
  }
});
