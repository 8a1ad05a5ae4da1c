// A recorder like arecord, for tests: gives a ramp (sample n is n mod 32768) at real pace in chunks of
// odd sizes, and misbehaves as $STUB_MODE says: also as a dead, an overdriven and a good microphone.
const { STUB_MODE: mode = "ok" } = process.env;
const BYTES_PER_MS = 48;

function fail(text) {
  process.stderr.write(`${text}\n`, () => process.exit(1));
}

function soundAt(n) {
  if (mode === "dead") return 0;
  if (mode === "overdriven") return n % 48 < 24 ? 32767 : 0x8000;
  // A quiet room, -55 dBFS, in which somebody says something now and then.
  if (mode === "room") return ((n * 40503) & 127) - 64 + (n % 24000 < 4000 ? (n % 40) * 100 : 0);
  return n % 32768;
}

let sent = 0;
const started = performance.now();

function turn() {
  const due = Math.floor((performance.now() - started) * BYTES_PER_MS);
  while (sent < due) {
    const size = Math.min(due - sent, 1 + ((sent * 7) % 997));
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < size; i++) {
      const sample = soundAt((sent + i) >> 1);
      bytes[i] = (sent + i) % 2 === 0 ? sample & 255 : sample >> 8;
    }
    sent += size;
    process.stdout.write(bytes);
  }
  if (mode === "removed" && sent > 10_000) {
    fail("arecord: pcm_read:2221: read error: No such device");
  }
}

if (mode === "busy") fail("arecord: main:831: audio open error: Device or resource busy");
else if (mode === "rate") {
  process.stderr.write("Warning: rate is not accurate (requested = 24000Hz, got = 48000Hz)\n");
  setInterval(turn, 10);
} else if (mode === "mute") setInterval(() => undefined, 1000);
else setInterval(turn, 10);
