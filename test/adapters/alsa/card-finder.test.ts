/** Cards as they come and go under /proc, /sys and /dev: which one is meant, and whether it is gone. */

import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  alsaName,
  CardFinder,
  devicesText,
  readCards,
} from "../../../src/adapters/alsa/card-finder.ts";
import { CardWatch } from "../../../src/adapters/alsa/card-watch.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

/** A machine whose plugs are pulled and put in by the test. */
class Machine {
  readonly folders;
  readonly #cards = new Map<number, { id: string; port: string }>();

  constructor(t: TestContext) {
    const root = tempFolder(t);
    this.folders = { proc: join(root, "proc"), sys: join(root, "sys"), dev: join(root, "dev") };
    for (const folder of Object.values(this.folders)) mkdirSync(folder);
    this.#change();
  }

  plug(index: number, id: string, port: string): void {
    this.#cards.set(index, { id, port });
    mkdirSync(join(this.folders.sys, `card${index}`));
    symlinkSync(`../../../${port}:1.0`, join(this.folders.sys, `card${index}`, "device"));
    writeFileSync(join(this.folders.dev, `controlC${index}`), "");
    this.#change();
  }

  unplug(index: number): void {
    this.#cards.delete(index);
    rmSync(join(this.folders.sys, `card${index}`), { recursive: true });
    rmSync(join(this.folders.dev, `controlC${index}`));
    this.#change();
  }

  #change(): void {
    const cards = [...this.#cards].map(
      ([index, { id }]) => ` ${index} [${id.padEnd(15)}]: USB-Audio - USB PnP\n    Maker of it\n`,
    );
    const pcm = [...this.#cards.keys()].map((index) => `0${index}-00: USB : USB : playback 1\n`);
    writeFileSync(join(this.folders.proc, "cards"), cards.join(""));
    writeFileSync(join(this.folders.proc, "pcm"), pcm.join(""));
  }
}

test("a card is found again under another number, another id, another order", (t) => {
  const machine = new Machine(t);
  const byName = new CardFinder("usb pnp", "playback", machine.folders);
  const byPort = new CardFinder("usb:1-1.3", "playback", machine.folders);
  assert.equal(byName.now(), "usb pnp", "not plugged in yet");
  machine.plug(1, "Device", "1-1.3");
  assert.equal(byName.now(), "plughw:CARD=Device,DEV=0");
  machine.unplug(1);
  machine.plug(1, "Device", "1-1.2");
  machine.plug(4, "Device_1", "1-1.3");
  assert.equal(byPort.now(), "plughw:CARD=Device_1,DEV=0");
  assert.equal(byName.now(), "plughw:CARD=Device_1,DEV=0", "of two, the port used last");
  assert.throws(() => alsaName("usb pnp", "playback", readCards(machine.folders)), /fits several/);
});

test("the watch reports a card that was removed or replugged", (t) => {
  const machine = new Machine(t);
  machine.plug(1, "Device", "1-1.3");
  const clock = new SimClock();
  const finder = new CardFinder("plughw:CARD=Device", "playback", machine.folders);
  const watch = new CardWatch(clock, finder);
  let gone = 0;
  const after = (ms: number): number => {
    gone = 0;
    clock.advance(ms);
    return gone;
  };
  watch.start(() => {
    gone += 1;
  });
  assert.equal(after(10_000), 0, "never opened");
  finder.now();
  assert.equal(after(10_000), 0);
  machine.unplug(1);
  assert.equal(after(2_000), 1);
  finder.now();
  assert.equal(after(10_000), 0, "known to be away");
  machine.plug(2, "Device", "1-1.3");
  finder.now();
  machine.unplug(2);
  machine.plug(2, "Device", "1-1.3");
  assert.equal(after(2_000), 1, "the same name and number, and yet another one");
  watch.close();
  assert.equal(after(10_000), 0);
});

test("names that belong to no card are never gone; no sound at all is no cards", (t) => {
  const machine = new Machine(t);
  const finder = new CardFinder("default", "playback", machine.folders);
  assert.equal(finder.now(), "default");
  assert.equal(finder.isGone, false);
  const nowhere = { proc: "/nowhere", sys: "/nowhere", dev: "/nowhere" };
  assert.deepEqual(readCards(nowhere), []);
});

test("what is learned of two devices is theirs: the text names the cards behind them, and their ports", (t) => {
  const machine = new Machine(t);
  const text = (speaker: string): string =>
    devicesText("default", speaker, readCards(machine.folders));
  assert.equal(text("usb:1-1.4"), "default | usb:1-1.4", "nothing is plugged in");
  machine.plug(1, "Device", "1-1.3");
  assert.equal(text("default"), "default | default (USB PnP, 1-1.3)");
  assert.equal(text("usb pnp"), "default | usb pnp (USB PnP, 1-1.3)");
  machine.plug(2, "Other", "1-1.4");
  assert.equal(text("default"), "default | default (USB PnP, 1-1.3; USB PnP, 1-1.4)");
  assert.equal(text("plughw:CARD=Other"), "default | plughw:CARD=Other (USB PnP, 1-1.4)");
  machine.unplug(2);
  assert.equal(text("plughw:CARD=Other"), "default | plughw:CARD=Other");
});
