/** Names asked for by a program: a stub that answers, refuses or hangs, and the system's own. */

import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { NameLookup } from "../../../src/adapters/os/name-lookup.ts";
import { eventually } from "../../helpers/host.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const BOTH = `fe80::1%eth0    STREAM house.test
fe80::1%eth0    DGRAM
192.0.2.7       STREAM
192.0.2.7       DGRAM
2001:db8::7     STREAM
nonsense
`;

function stub(t: TestContext, script: string): string {
  const path = join(tempFolder(t), "getent");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

type Found = { error: string | null; all: readonly LookupAddress[] };

function ask(names: NameLookup, host: string, family = 0, all = true): Promise<Found> {
  return new Promise((resolve) => {
    names.lookup(host, { family, all }, (error, address, kind) => {
      const found = Array.isArray(address) ? address : [{ address, family: kind ?? 0 }];
      resolve({ error: error?.code ?? null, all: error === null ? found : [] });
    });
  });
}

test("the answer in the system's order, each address once, of the family that is wanted", async (t) => {
  const names = new NameLookup({
    program: stub(t, `printf '${BOTH.replaceAll("\n", "\\n").replace("%", "%%")}'`),
  });
  const texts = async (family: number): Promise<readonly string[]> => {
    return (await ask(names, "house.test", family)).all.map(({ address }) => address);
  };
  assert.deepEqual(await texts(0), ["fe80::1%eth0", "192.0.2.7", "2001:db8::7"]);
  assert.deepEqual(await texts(4), ["192.0.2.7"]);
  assert.deepEqual(await texts(6), ["fe80::1%eth0", "2001:db8::7"]);
  const first = await ask(names, "house.test", 0, false);
  assert.deepEqual(first, { error: null, all: [{ address: "fe80::1%eth0", family: 6 }] });
});

test("no such name, no answer in time, no such program, a name like an option", async (t) => {
  const none = new NameLookup({ program: stub(t, "exit 2") });
  assert.equal((await ask(none, "house.test")).error, "ENOTFOUND");
  const late = new NameLookup({ program: stub(t, "exec sleep 60"), maxMs: 200 });
  assert.equal((await ask(late, "house.test")).error, "EAI_AGAIN");
  // The system's own way answers instead; what it says of this name is its own.
  const gone = await ask(new NameLookup({ program: "/nowhere/getent" }), "127.0.0.1");
  assert.deepEqual(gone.all, [{ address: "127.0.0.1", family: 4 }]);
  const odd = new NameLookup({
    program: stub(t, 'test "$2" = -- && test "$3" = --help && echo 192.0.2.9'),
  });
  assert.deepEqual((await ask(odd, "--help")).all, [{ address: "192.0.2.9", family: 4 }]);
});

test("an answer counts for a while, for all who ask; that there is none does not", async (t) => {
  const log = join(tempFolder(t), "log");
  const program = stub(t, `echo "$3" >> ${log}; test "$3" = house.test && echo 192.0.2.7`);
  const asked = (): readonly string[] => readFileSync(log, "utf8").trim().split("\n");
  for (let n = 0; n < 3; n++) {
    const { all } = await ask(new NameLookup({ program }), "house.test");
    assert.deepEqual(all, [{ address: "192.0.2.7", family: 4 }]);
    assert.equal((await ask(new NameLookup({ program }), "gone.test")).error, "ENOTFOUND");
  }
  assert.deepEqual(asked(), ["house.test", "gone.test", "gone.test", "gone.test"]);
  for (let n = 0; n < 20; n++)
    await ask(new NameLookup({ program: stub(t, "echo 192.0.2.8") }), "x");
  await ask(new NameLookup({ program }), "house.test");
  assert.equal(asked().at(-1), "house.test", "few are kept");
});

test("who asks no more is answered at once, and its program is gone", async (t) => {
  const marker = join(tempFolder(t), "began");
  const names = new NameLookup({ program: stub(t, `echo > ${marker}; exec sleep 61.37`) });
  const beganMs = performance.now();
  const asked = ask(names, "house.test");
  setTimeout(() => names.close(), 300);
  assert.equal((await asked).error, "EAI_AGAIN");
  assert.ok(performance.now() - beganMs < 10_000);
});

test("the system's getent answers as a connection wants it", async () => {
  const names = new NameLookup();
  const { error, all } = await ask(names, "127.0.0.1");
  assert.deepEqual([error, all], [null, [{ address: "127.0.0.1", family: 4 }]]);
  assert.equal((await ask(names, "no-such-host.invalid.")).error, "ENOTFOUND");
  let refused = "";
  get({ host: "localhost", port: 9, lookup: names.lookup }).on("error", (failed) => {
    refused = "code" in failed ? String(failed.code) : String(failed);
  });
  await eventually("an answer", () => refused !== "");
  assert.match(refused, /ECONNREFUSED/);
});
