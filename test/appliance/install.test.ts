/** Installed by its own script, and upgraded by it: to a release that does not work, too. */

import assert from "node:assert/strict";
import { TREE } from "./install.ts";
import { onMachine } from "./promise.ts";

const SCRIPT_MAX_MS = 900_000;
const CURRENT = "readlink /opt/pipit/current";

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
    await m.restart();
    const before = await m.run(CURRENT);
    const mark = await m.mark();
    // It checks a configuration as ever, and dies as soon as it is to run.
    const die = 'if (process.argv[2] === "run") process.exit(1);';
    await m.run(
      `rm -rf /root/broken && cp -a ${TREE} /root/broken && sed -i '2i ${die}' /root/broken/dist/src/main.js`,
      SCRIPT_MAX_MS,
    );
    const upgrade = "cd /root/broken && scripts/upgrade --built --now /root/broken 2>&1";
    const { code, stdout } = await m.attempt(upgrade, SCRIPT_MAX_MS);
    note(`the script ended with ${code}`);
    assert.equal(code, 1, stdout);
    assert.equal(await m.run(CURRENT), before, stdout);
    await m.untilActive(400);
    const said = (await m.saidSince(mark)).join("\n");
    assert.match(said, /status=1\/FAILURE/, "the broken one was tried");
    assert.equal((await m.status())["state"], "idle");
  });
});
