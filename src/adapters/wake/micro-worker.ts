/**
 * The worker thread of the engine micro: nothing but the detector behind the protocol.
 * Invariant: it holds no timer and prints nothing; it ends when its port is closed.
 */

import { parentPort } from "node:worker_threads";
import { MicroDetector } from "./micro-detector.ts";
import { serveWake } from "./protocol.ts";

const port = parentPort;
if (port !== null) {
  const take = serveWake(
    (setup) => new MicroDetector(setup.words),
    (reply) => port.postMessage(reply),
  );
  port.on("message", take);
}
