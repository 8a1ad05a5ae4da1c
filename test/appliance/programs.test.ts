/**
 * Programs of the owner's under the shipped units: another user starts them, and neither what they read
 * nor what they leave behind touches Pipit.
 */

import assert from "node:assert/strict";
import { KEY, type Machine } from "./machine.ts";
import { onMachine } from "./promise.ts";

/** The helper is a Node process of its own, which an emulated processor starts in half a minute. */
const CALL_MAX_MS = 240_000;
const TIMEOUT_S = 120;
/** Its minute without work, and some. */
const IDLE_MAX_S = 180;

const SECRETS = [
  "/etc/pipit/config.yaml",
  "/etc/pipit/credentials/OPENAI_API_KEY",
  "/run/credentials/pipit.service/OPENAI_API_KEY",
  "/proc/$(pgrep -o -u pipit)/environ",
];

const SCRIPTS = {
  peek: [
    "id -un",
    ...SECRETS.map((path) => `cat ${path} 2>/dev/null && echo OPEN ${path}`),
    "pipit stop >/dev/null 2>&1 && echo ASKED",
    "touch kept && echo wrote",
    "true",
  ].join("\n"),
  forks: "setsid sleep 7777 & env -i setsid sleep 7778 & sleep 7777 & echo done",
  many: "for i in $(seq 400); do sleep 7779 & done; wait",
};

async function runWith(machine: Machine): Promise<void> {
  const custom = Object.fromEntries(
    Object.entries(SCRIPTS).map(([name, script]) => [
      name,
      {
        description: "For the rig.",
        command: ["/bin/sh", "-c", script],
        cwd: "/var/lib/pipit-tools",
        timeout_s: name === "many" ? 30 : TIMEOUT_S,
      },
    ]),
  );
  await machine.runWith({ tools: { custom } });
}

const call = (machine: Machine, name: string) =>
  machine.attempt(`pipit tools call ${name} '{}' 2>&1`, CALL_MAX_MS);

onMachine("programs of the owner", (they) => {
  they.holds("run as another user, with neither key nor settings", 900, async (m, note) => {
    await runWith(m);
    // The first list compiles the schemas: on an emulated processor longer than the command waits.
    await m.until("the list of functions", "pipit tools >/run/listed.txt", 180);
    const listed = await m.run("cat /run/listed.txt");
    assert.match(listed, /programs run as the user pipit-tools/);
    const { stdout } = await call(m, "peek");
    assert.match(stdout, /pipit-tools/);
    assert.match(stdout, /wrote/);
    assert.doesNotMatch(stdout, /OPEN|ASKED/);
    assert.ok(!stdout.includes(KEY.slice(3)), "the key was read");
    assert.equal(await m.run("stat -c '%U %a' /run/pipit-tools/socket"), "pipit 600\n");
    const doctor = await m.attempt("pipit doctor --quick 2>&1", CALL_MAX_MS);
    assert.match(doctor.stdout, /programs .*can read neither key nor settings/);
    note(stdout.trim().split("\n").join(" | "));
  });

  they.holds("leave nothing behind, and the helper ends with its work", 900, async (m, note) => {
    await runWith(m);
    assert.match((await call(m, "forks")).stdout, /done/);
    await m.until("what left its group is gone", "! pgrep -f '[s]leep 7777'");
    // Without its environment it is not known whose it is: it goes when the helper does.
    await m.until("what hides is gone", "! pgrep -f '[s]leep 7778'", IDLE_MAX_S);
    await m.until("the helper has ended", "! systemctl is-active -q pipit-tools.service");
    assert.match((await call(m, "peek")).stdout, /wrote/, "the socket starts it again");
    note("started again by the next call");
  });

  they.holds("four hundred processes are its own trouble", 900, async (m, note) => {
    await runWith(m);
    const pid = await m.property("MainPID");
    const { stdout } = await call(m, "many");
    note(stdout.trim().slice(0, 200));
    await m.until("they are gone", "! pgrep -f '[s]leep 7779'", 120);
    assert.equal(await m.property("MainPID"), pid);
    assert.equal((await m.status())["state"], "idle");
  });
});
