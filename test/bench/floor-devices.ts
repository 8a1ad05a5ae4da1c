/**
 * The floor with devices: a bare socket loop on arecord and aplay. It sends each 20 ms as they come,
 * as base64, holds its tongue while an answer plays, and writes what it receives to aplay. No wake
 * word, no decisions, no silence on demand.
 *
 * Usage: node floor-devices.js URL KEY REPLY_MS; URL "none": it only reads its microphone. Prints
 * `open` when it sends, `speaking` at the first delta of an answer, `heard` REPLY_MS later.
 */

import { spawn } from "node:child_process";
import { WebSocket } from "ws";

const PERIOD_US = 20_000;
/** 20 ms of 24 kHz mono s16le. */
const CHUNK_BYTES = 960;
/** An audio delta shows its type in its first characters. */
const HEAD_CHARS = 100;
const FORMAT = ["-t", "raw", "-f", "S16_LE", "-r", "24000", "-c", "1"];

const [url = "none", key = "", replyMs = "0"] = process.argv.slice(2);
const say = (word: string): void => void process.stdout.write(`${word}\n`);
const recorder = spawn("arecord", ["-D", "pipe_in", ...FORMAT, `--period-time=${PERIOD_US}`, "-"], {
  stdio: ["ignore", "pipe", "ignore"],
});
process.once("exit", () => recorder.kill("SIGKILL"));

if (url === "none") {
  recorder.stdout.on("data", () => undefined);
  say("open");
} else converse();

function converse(): void {
  const buffering = ["--period-time=20000", "--buffer-time=100000", "--start-delay=1"];
  const player = spawn("aplay", ["-q", "-D", "null_out", ...FORMAT, ...buffering, "-"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  process.once("exit", () => player.kill("SIGKILL"));
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    headers: { Authorization: `Bearer ${key}` },
  });
  let isOpen = false;
  let isAnswering = false;
  let silentUntilMs = 0;
  let rest: Buffer = Buffer.alloc(0);
  socket.on("message", (data) => {
    const text = String(data);
    if (!isOpen) {
      isOpen = true;
      say("open");
    } else if (text.slice(0, HEAD_CHARS).includes("response.output_audio.delta")) {
      const { delta } = JSON.parse(text);
      player.stdin.write(Buffer.from(String(delta), "base64"));
      if (isAnswering) return;
      isAnswering = true;
      silentUntilMs = performance.now() + Number(replyMs);
      say("speaking");
      setTimeout(() => say("heard"), Number(replyMs));
    } else if (text.slice(0, HEAD_CHARS).includes('"response.done"')) isAnswering = false;
  });
  socket.on("error", (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
  recorder.stdout.on("data", (chunk: Buffer) => {
    if (!isOpen || performance.now() < silentUntilMs) return;
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (; rest.length >= CHUNK_BYTES; rest = rest.subarray(CHUNK_BYTES)) {
      const audio = rest.subarray(0, CHUNK_BYTES).toString("base64");
      socket.send(`{"type":"input_audio_buffer.append","audio":"${audio}"}`);
    }
  });
}
