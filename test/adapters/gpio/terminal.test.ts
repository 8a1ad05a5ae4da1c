/** LEDs and button on a terminal, a simulated one and a real pseudo-terminal. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { NoneButton, NoneLeds } from "../../../src/adapters/gpio/none.ts";
import {
  type Keyboard,
  TAP_MS,
  TerminalButton,
  TerminalLeds,
} from "../../../src/adapters/gpio/terminal.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { eventually, keptLines } from "../../helpers/host.ts";

class SimKeyboard extends EventEmitter implements Keyboard {
  readonly isTTY: boolean;
  raw: boolean = false;
  flowing: boolean = false;
  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }
  setRawMode(raw: boolean): void {
    this.raw = raw;
  }
  resume(): void {
    this.flowing = true;
  }
  pause(): void {
    this.flowing = false;
  }
  type(keys: string): void {
    this.emit("data", Buffer.from(keys));
  }
}

function pressed(isTTY: boolean) {
  const clock = new SimClock();
  const keyboard = new SimKeyboard(isTTY);
  const edges: string[] = [];
  const button = new TerminalButton(keyboard, clock, () => edges.push("interrupt"));
  button.start({ edge: (down, atMs) => edges.push(`${down ? "down" : "up"}@${atMs}`) });
  return { clock, keyboard, edges, button };
}

test("the LEDs print one line per change", () => {
  const sink = keptLines();
  const leds = new TerminalLeds(sink, false);
  for (const state of ["idle", "listening", "listening", "idle"] as const) leds.show(state);
  assert.deepEqual(sink.lines, ["led: idle", "led: listening", "led: idle"]);
  const bright = keptLines({ tty: true });
  new TerminalLeds(bright, true).show("listening");
  assert.deepEqual(bright.lines, ["led: \u001b[1;32mlistening\u001b[0m"]);
});

test("the LEDs are lit when their line is printed", () => {
  const leds = new TerminalLeds(keptLines(), false);
  let lit = 0;
  leds.show("listening", () => {
    lit += 1;
  });
  assert.equal(lit, 1);
});

test("space and Enter tap, a held key is one tap, other keys are nothing", () => {
  const { clock, keyboard, edges } = pressed(true);
  keyboard.type(" ");
  keyboard.type("  ");
  clock.advance(TAP_MS);
  keyboard.type("xyz\u001b[A");
  keyboard.type("\r");
  clock.advance(TAP_MS);
  assert.deepEqual(edges, ["down@0", `up@${TAP_MS}`, `down@${TAP_MS}`, `up@${2 * TAP_MS}`]);
});

test("a key that is held is one long press, however fast or slowly it repeats", () => {
  for (const everyMs of [33, 100]) {
    const { clock, keyboard, edges } = pressed(true);
    // As tmux and the console have it: the key, half a second of nothing, then repetitions.
    keyboard.type(" ");
    clock.advance(500);
    for (let ms = 0; ms < 2_000; ms += everyMs) {
      keyboard.type(" ");
      clock.advance(everyMs);
    }
    clock.advance(TAP_MS);
    assert.equal(edges.length, 4, `${everyMs}: ${edges.join(" ")}`);
    assert.equal(edges[2], "down@500");
    const upMs = Number(edges[3]?.replace("up@", ""));
    assert.ok(upMs >= 2_400, "held all the time");
  }
});

test("the key of the button is printed on a terminal only", () => {
  const said: string[] = [];
  const started = (isTerminal: boolean): void => {
    const print = (line: string) => said.push(line);
    const keyboard = new SimKeyboard(isTerminal);
    new TerminalButton(keyboard, new SimClock(), () => {}, print).start({ edge: () => {} });
  };
  started(false);
  assert.deepEqual(said, []);
  started(true);
  assert.match(said.join(), /^The space bar \(or Enter\) is the button here/);
});

test("Ctrl-C interrupts, and the keyboard is left as it was found", async () => {
  const { clock, keyboard, edges, button } = pressed(true);
  assert.deepEqual([keyboard.raw, keyboard.flowing], [true, true]);
  keyboard.type(" \u0003");
  await button.close();
  await button.close();
  keyboard.type(" ");
  assert.deepEqual([keyboard.raw, keyboard.flowing, clock.pending()], [false, false, 0]);
  assert.deepEqual(edges, ["down@0", "interrupt"]);
});

test("a keyboard that is no terminal is not touched", async () => {
  const { keyboard, edges, button } = pressed(false);
  keyboard.type(" ");
  assert.deepEqual([edges, keyboard.raw, keyboard.flowing], [[], false, false]);
  await button.close();
});

test("without LEDs and button: nothing happens, and no error", async () => {
  const leds = new NoneLeds();
  leds.show();
  await leds.close();
  const button = new NoneButton();
  button.start();
  await button.close();
});

const PROGRAM = `
  const { TerminalButton } = await import("PANEL");
  const { SystemClock } = await import("CLOCK");
  const button = new TerminalButton(process.stdin, new SystemClock(), () => {
    process.stdout.write("interrupted;");
    void button.close();
  });
  button.start({ edge: (down) => process.stdout.write(down ? "down;" : "up;") });
  process.stdout.write("ready;");
`
  .replace("PANEL", new URL("../../../src/adapters/gpio/terminal.js", import.meta.url).href)
  .replace("CLOCK", new URL("../../../src/adapters/os/clock.js", import.meta.url).href);

const noScript = spawnSync("script", ["--version"]).status !== 0;

test("on a real terminal: tap, Ctrl-C, and the process ends by itself", {
  skip: noScript,
}, async (t) => {
  const command = `${process.execPath} --input-type=module -e '${PROGRAM}'`;
  const child = spawn("script", ["-qfec", command, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => void child.kill("SIGKILL"));
  let heard = "";
  child.stdout.on("data", (chunk) => {
    heard += String(chunk);
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  await eventually("ready", () => heard.includes("ready;"));
  child.stdin.write(" ");
  await eventually("a whole tap", () => heard.includes("down;up;"));
  child.stdin.write("\u0003");
  assert.equal(await ended, 0);
  assert.ok(heard.includes("interrupted;"), heard);
});
