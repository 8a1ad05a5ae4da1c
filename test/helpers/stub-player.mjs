// A player like aplay, for tests: takes raw 24 kHz s16le mono at real pace, keeps what has sounded in
// $STUB_OUT, and misbehaves as $STUB_MODE says.
import { appendFileSync } from "node:fs";

const { STUB_MODE: mode = "ok", STUB_OUT: out = "/dev/null" } = process.env;
const BYTES_PER_MS = 48;
/** The device's buffer, as we ask aplay for. */
const BUFFER_MS = 100;

const queue = [];
let ended = false;
let buffered = Buffer.alloc(0);
let last = performance.now();

function fail(text) {
  process.stderr.write(`${text}\n`, () => process.exit(1));
}

function turn() {
  const now = performance.now();
  const due = Math.floor((now - last) * BYTES_PER_MS) & ~1;
  if (buffered.length === 0) last = now;
  else last += due / BYTES_PER_MS;
  const played = buffered.subarray(0, due);
  appendFileSync(out, played);
  buffered = buffered.subarray(played.length);
  while (queue.length > 0 && buffered.length < BUFFER_MS * BYTES_PER_MS) {
    buffered = Buffer.concat([buffered, queue.shift()]);
  }
  if (mode === "removed" && played.length > 0) {
    fail("aplay: pcm_write:2178: write error: No such device");
  } else if (ended && queue.length === 0 && buffered.length === 0) process.exit(0);
}

if (mode === "busy") fail("aplay: main:831: audio open error: Device or resource busy");
else {
  process.stderr.write("Hardware PCM card 0 'Stub' device 0 subdevice 0\nIts setup is:\n");
  process.stdin.on("data", (chunk) => queue.push(chunk));
  process.stdin.on("end", () => {
    ended = true;
  });
  setInterval(turn, 2);
}
