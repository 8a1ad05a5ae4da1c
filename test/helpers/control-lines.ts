/** Talks to a control socket as any program might: raw lines, or none. */

import { connect, type Socket } from "node:net";

/** Sends `text` (and the end, if wanted), resolves with all that comes until the other side ends. */
export function say(path: string, text: string, end = true): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let heard = "";
    socket.setEncoding("utf8");
    socket.on("connect", () => (end ? socket.end(text) : socket.write(text)));
    socket.on("data", (chunk) => {
      heard += chunk;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(heard));
  });
}

/** An open connection that says nothing. */
export function silent(path: string, more: { allowHalfOpen?: boolean } = {}): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, ...more }, () => resolve(socket));
    socket.on("error", reject);
  });
}
