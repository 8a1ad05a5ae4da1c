/**
 * A stand-in for the service manager: receives datagrams on $NOTIFY_SOCKET. Python does it, because
 * Node has no datagram Unix sockets. It closes the descriptors it is sent (BARRIER=1), or else the
 * program systemd-notify would wait for that.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { eventually } from "./host.ts";

const RECEIVER = `
import json, os, socket, sys
path = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\\0" + path[1:] if path.startswith("@") else path)
print(json.dumps("bound"), flush=True)
while True:
    data, fds, _, _ = socket.recv_fds(s, 65536, 16)
    for fd in fds:
        os.close(fd)
    print(json.dumps(data.decode()), flush=True)
`;

/** Whether this machine can play the manager at all. */
export function canReceive(): boolean {
  return spawnSync("python3", ["-c", "import socket; socket.recv_fds"]).status === 0;
}

export interface Receiver {
  /** Each datagram, barriers left out. */
  readonly messages: string[];
  got(message: string): Promise<void>;
}

interface Cleanup {
  after(clean: () => void | Promise<void>): void;
}

/** Receives at `path` (`@name` is an abstract socket) until the test ends. */
export async function receiveAt(test: Cleanup, path: string): Promise<Receiver> {
  const child: ChildProcess = spawn("python3", ["-c", RECEIVER, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  test.after(() => void child.kill("SIGKILL"));
  const messages: string[] = [];
  let bound = false;
  if (child.stdout === null) throw new Error("no pipe");
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = String(JSON.parse(line));
    if (!bound) bound = message === "bound";
    else if (message !== "BARRIER=1") messages.push(message);
  });
  await eventually("the receiver is bound", () => bound);
  return {
    messages,
    got: (wanted) => eventually(`systemd got ${wanted}`, () => messages.includes(wanted)),
  };
}
