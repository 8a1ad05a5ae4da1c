/**
 * The bare loop's conversation by `@openai/agents-realtime`: what its user pays for the same sound on
 * the same devices, with its usual turn detection, and the microphone shut while an answer plays.
 *
 * Usage: node agents-devices.js URL KEY REPLY_MS; it prints what floor-devices prints.
 */

import { spawn } from "node:child_process";
import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession } from "@openai/agents-realtime";

const FORMAT = ["-t", "raw", "-f", "S16_LE", "-r", "24000", "-c", "1"];

const [url = "", key = "", replyMs = "0"] = process.argv.slice(2);
const say = (word: string): void => void process.stdout.write(`${word}\n`);
const recorder = spawn("arecord", ["-D", "pipe_in", ...FORMAT, "--period-time=20000", "-"], {
  stdio: ["ignore", "pipe", "ignore"],
});
const buffering = ["--period-time=20000", "--buffer-time=100000", "--start-delay=1"];
const player = spawn("aplay", ["-q", "-D", "null_out", ...FORMAT, ...buffering, "-"], {
  stdio: ["pipe", "ignore", "ignore"],
});
process.once("exit", () => {
  recorder.kill("SIGKILL");
  player.kill("SIGKILL");
});

const agent = new RealtimeAgent({ name: "Pipit", instructions: "Answer briefly." });
const transport = new OpenAIRealtimeWebSocket();
const session = new RealtimeSession(agent, { transport, model: "gpt-realtime" });
let isAnswering = false;
let silentUntilMs = 0;
session.on("audio", ({ data }) => {
  player.stdin.write(Buffer.from(data));
  if (isAnswering) return;
  isAnswering = true;
  silentUntilMs = performance.now() + Number(replyMs);
  say("speaking");
  setTimeout(() => {
    isAnswering = false;
    say("heard");
  }, Number(replyMs));
});
session.on("error", ({ error }) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
await session.connect({ apiKey: key, url });
say("open");
recorder.stdout.on("data", (chunk: Buffer) => {
  if (performance.now() < silentUntilMs) return;
  const { buffer, byteOffset, byteLength } = chunk;
  session.sendAudio(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
});
