/** Releases come and go by their own scripts, and what is the owner's stays. */

import assert from "node:assert/strict";
import { CURRENT, OTHER, SCRIPT_MAX_MS, TREE } from "./install.ts";
import { METRICS } from "./machine.ts";
import { onMachine } from "./promise.ts";

const KEPT = "/etc/pipit/config.yaml /etc/pipit/credentials/OPENAI_API_KEY";

onMachine("releases", (they) => {
  they.holds("upgraded to a newer release, and back by rollback", 1800, async (m, note) => {
    await m.restart();
    const before = await m.run(CURRENT);
    const newer = `s/"version": "[^"]*"/"version": "99.0.0"/`;
    await m.run(
      `rm -rf ${OTHER} && cp -a ${TREE} ${OTHER} && sed -i '${newer}' ${OTHER}/package.json`,
      SCRIPT_MAX_MS,
    );
    await m.run(`cd ${OTHER} && scripts/upgrade --built --now ${OTHER} 2>&1`, SCRIPT_MAX_MS);
    await m.untilActive(400);
    const status = await m.status();
    assert.equal(status["version"], "99.0.0");
    note(`in force: ${(await m.run(CURRENT)).trim()}`);
    await m.run("/opt/pipit/current/scripts/rollback --now 2>&1", SCRIPT_MAX_MS);
    await m.untilActive(400);
    assert.equal(await m.run(CURRENT), before);
    assert.notEqual((await m.status())["version"], "99.0.0");
  });

  they.holds(
    "uninstalled and installed again: config, key, metrics stay",
    1800,
    async (m, note) => {
      await m.restart();
      const kept = `cd / && sha256sum ${KEPT} && ls ${METRICS}`;
      const before = await m.run(kept);
      const said = await m.run("/opt/pipit/current/scripts/uninstall 2>&1", SCRIPT_MAX_MS);
      note(said.trim().split("\n").at(-1) ?? "");
      const gone = "/opt/pipit /usr/local/bin/pipit /etc/systemd/system/pipit.service";
      await m.run(`for path in ${gone}; do [ ! -e $path ] || { echo $path; exit 1; }; done`);
      assert.match((await m.attempt("systemctl is-active pipit")).stdout, /^inactive/);
      assert.equal((await m.attempt("pgrep -u pipit")).stdout, "", "no process is left");
      await m.run(`cd ${TREE} && scripts/install --from ${TREE} --yes --now 2>&1`, SCRIPT_MAX_MS);
      await m.untilActive(400);
      assert.equal(await m.run(kept), before);
      assert.equal((await m.status())["state"], "idle");
    },
  );
});
