/**
 * The worker thread of the keyless wake-word engine: nothing but the binding behind the protocol.
 * Invariant: it holds no timer and prints nothing; it ends when its port is closed.
 */

import { parentPort } from "node:worker_threads";
import { PorcupineWasm } from "./porcupine-wasm.ts";
import { serveWake } from "./protocol.ts";

const port = parentPort;
if (port !== null) {
  const take = serveWake(
    (setup) => new PorcupineWasm(setup.words),
    (reply) => port.postMessage(reply),
  );
  port.on("message", take);
}
