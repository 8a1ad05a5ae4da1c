/**
 * The floor: the least that any program holding this conversation has to do. It connects, sends the
 * same 24 kHz sound as base64 in events of 40 ms at the same pace, holds its tongue while an answer
 * plays as the daemon does, and drops what it receives. No capture, no wake word, no playing, no
 * decisions.
 *
 * Usage: node floor-client.js URL FILE.raw SECONDS REPLY_MS KEY. Prints `open` when the server has
 * greeted it and `done` after SECONDS of it, then waits to be ended.
 */

import { readFileSync } from "node:fs";
import { WebSocket } from "ws";

const CHUNK_MS = 40;
/** 24 kHz mono s16le. */
const CHUNK_BYTES = CHUNK_MS * 48;
/** An audio delta shows its type in its first characters. */
const HEAD_CHARS = 100;

const [url = "", path = "", seconds = "0", replyMs = "0", key = ""] = process.argv.slice(2);
const sound = readFileSync(path);
const socket = new WebSocket(url, {
  perMessageDeflate: false,
  headers: { Authorization: `Bearer ${key}` },
});
let startedMs = 0;
let chunks = 0;
let silentUntilMs = 0;
let answering = false;

socket.on("message", (data) => {
  const head = String(data).slice(0, HEAD_CHARS);
  if (startedMs === 0) start();
  else if (head.includes("response.output_audio.delta") && !answering) {
    answering = true;
    silentUntilMs = performance.now() + Number(replyMs);
  } else if (head.includes('"response.done"')) answering = false;
});
socket.on("error", (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});

function start(): void {
  startedMs = performance.now();
  process.stdout.write("open\n");
  setTimeout(() => {
    chunks = Number.POSITIVE_INFINITY;
    process.stdout.write("done\n");
  }, Number(seconds) * 1000);
  turn();
}

function turn(): void {
  const nowMs = performance.now();
  while (startedMs + chunks * CHUNK_MS <= nowMs) {
    if (nowMs >= silentUntilMs)
      send(sound.subarray(chunks * CHUNK_BYTES, (chunks + 1) * CHUNK_BYTES));
    chunks += 1;
  }
  setTimeout(turn, Math.min(CHUNK_MS, startedMs + chunks * CHUNK_MS - nowMs));
}

function send(chunk: Buffer): void {
  const audio = chunk.toString("base64");
  if (audio !== "") socket.send(`{"type":"input_audio_buffer.append","audio":"${audio}"}`);
}
