/** Installed by its own script, and upgraded by it: to a release that does not work, too. */

import assert from "node:assert/strict";
import { CURRENT, OTHER, SCRIPT_MAX_MS, TREE } from "./install.ts";
import type { Machine } from "./machine.ts";
import { type Note, onMachine } from "./promise.ts";

onMachine("the installer", (they) => {
  they.holds(
    "installed: enabled, ready, and nothing to do the second time",
    1500,
    async (m, note) => {
      await m.untilActive();
      assert.equal(await m.property("Type"), "notify");
      assert.equal(await m.property("UnitFileState"), "enabled");
      const before = await m.run(CURRENT);
      const again = `cd ${TREE} && scripts/install --from ${TREE} --yes --now 2>&1`;
      const said = await m.run(again, SCRIPT_MAX_MS);
      note(said.trim().split("\n").at(-1) ?? "");
      assert.match(said, /nothing to do/);
      assert.equal(await m.run(CURRENT), before);
    },
  );

  they.holds("an upgrade to a release that dies rolls back by itself", 1800, async (m, note) => {
    // It checks a configuration as ever, and dies as soon as it is to run.
    const said = await upgradeTo(m, note, 'if (process.argv[2] === "run") process.exit(1);');
    assert.match(said, /status=1\/FAILURE/, "the broken one was tried");
  });

  they.holds("an upgrade to a release that never says READY rolls back", 1800, async (m, note) => {
    const hang =
      'if (process.argv[2] === "run") await new Promise(() => setInterval(() => {}, 1e6));';
    const said = await upgradeTo(m, note, hang);
    assert.match(said, /Starting pipit\.service.*Started pipit\.service/s, "the old one is back");
  });
});

/** An upgrade to a release that has this line at its beginning: it must be refused, and the old one runs. */
async function upgradeTo(m: Machine, note: Note, line: string): Promise<string> {
  await m.restart();
  const before = await m.run(CURRENT);
  const mark = await m.mark();
  const broken = `sed -i '2i ${line}' ${OTHER}/dist/src/bundle/main.js`;
  await m.run(`rm -rf ${OTHER} && cp -a ${TREE} ${OTHER} && ${broken}`, SCRIPT_MAX_MS);
  const upgrade = `cd ${OTHER} && scripts/upgrade --built --now ${OTHER} 2>&1`;
  const { code, stdout } = await m.attempt(upgrade, SCRIPT_MAX_MS);
  note(`the script ended with ${code}`);
  assert.equal(code, 1, stdout);
  assert.match(stdout, /going back to release/);
  assert.equal(await m.run(CURRENT), before, stdout);
  await m.untilActive(400);
  assert.equal((await m.status())["state"], "idle");
  return (await m.saidSince(mark)).join("\n");
}
