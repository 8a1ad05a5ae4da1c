/**
 * The daemon is told to stop while a partner hangs: it ends in good order within the time its owner
 * waits, and nothing that it has started outlives it.
 */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";

import {
  type Config,
  configure,
  type Daemon,
  daemonEnv,
  launch,
  type Paths,
} from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { sendSignal } from "../helpers/processes.ts";
import { writeWav } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";

/** "The daemon stops within 3 s" (systemd/pipit.service), and a little for a machine under load. */
const STOP_MAX_MS = 3_500;

/** Deaf to the end of its input and to TERM; a child of its own, too. */
const STUBBORN = `#!/bin/sh
trap '' TERM HUP INT PIPE
sleep 997 &
while :; do sleep 998; done
`;

/** The same without children. */
const DEAF = "#!/bin/sh\ntrap '' TERM HUP INT PIPE\nexec sleep 996\n";

/** What runs of a folder, by its command line or its environment. */
function left(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
        return `${line}${environment}`.includes(folder) ? [`${pid} ${line}`] : [];
      } catch {
        return [];
      }
    });
}

function stubborn(paths: Paths, name: string, script = STUBBORN): string {
  const bin = join(paths.folder, "bin");
  mkdirSync(bin, { recursive: true });
  const path = join(bin, name);
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

/** Takes connections and never says a word. */
async function silent(t: TestContext): Promise<{ port: number; taken: () => number }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    taken: () => sockets.length,
  };
}

interface Row {
  readonly name: string;
  readonly config: (paths: Paths, port: number) => Config;
  /** The partner hangs when this holds. */
  readonly hangs: (daemon: Daemon, taken: number) => boolean;
  /** What makes it hang. */
  readonly act?: (daemon: Daemon) => void;
}

const runs = (daemon: Daemon, program: string): boolean =>
  left(daemon.paths.folder).some((line) => line.includes(`/bin/${program}`));

const ROWS: readonly Row[] = [
  {
    name: "a server of tools that is a deaf program",
    config: (paths) => ({
      mcp: { servers: { deaf: { command: [stubborn(paths, "deaf")], env: { F: paths.folder } } } },
    }),
    hangs: (daemon) => runs(daemon, "deaf"),
  },
  {
    name: "a server of tools over HTTP that never answers",
    config: (_, port) => ({ mcp: { servers: { mute: { url: `http://127.0.0.1:${port}/mcp` } } } }),
    hangs: (_, taken) => taken > 0,
  },
  {
    name: "a house that never answers",
    config: (_, port) => ({
      home_assistant: { url: `http://127.0.0.1:${port}`, token: "t".repeat(40) },
    }),
    hangs: (_, taken) => taken > 0,
  },
  {
    name: "a broker that never welcomes",
    config: (_, port) => ({ mqtt: { url: `mqtt://127.0.0.1:${port}` } }),
    hangs: (_, taken) => taken > 0,
  },
  {
    name: "a camera's program that hangs",
    config: (paths) => {
      stubborn(paths, "rpicam-still");
      return { camera: { source: "rpicam" } };
    },
    act: (daemon) => void daemon.command("tools", "call", "look"),
    hangs: (daemon) => runs(daemon, "rpicam-still"),
  },
  {
    name: "a command of the owner's that is deaf",
    config: (paths) => ({
      tools: {
        sandbox: "none",
        custom: { wait: { description: "Waits.", command: [stubborn(paths, "wait")] } },
      },
    }),
    act: (daemon) => void daemon.command("tools", "call", "wait"),
    hangs: (daemon) => runs(daemon, "wait"),
  },
  {
    name: "a voice that hangs",
    config: (paths) => {
      stubborn(paths, "espeak-ng", DEAF);
      return {};
    },
    act: (daemon) => void daemon.command("say", "--offline", "hello"),
    hangs: (daemon) => left(daemon.paths.folder).some((line) => line.includes("sleep 996")),
  },
];

for (const row of ROWS) {
  test(`told to stop while there is ${row.name}: it ends, and alone`, async (t) => {
    const { port, taken } = await silent(t);
    const paths = configure(t);
    const more = row.config(paths, port);
    const written = JSON.parse(readFileSync(paths.config, "utf8"));
    const tools = { sandbox: "none", ...more["tools"] };
    writeFileSync(paths.config, JSON.stringify({ ...written, ...more, tools }));
    writeWav(paths.question, new Int16Array(24_000));
    const path = `${join(paths.folder, "bin")}:${process.env["PATH"]}`;
    const daemon = launch(t, paths, daemonEnv({ PATH: path }));
    await daemon.says("Ready");
    row.act?.(daemon);
    await eventually(`${row.name} hangs`, () => row.hangs(daemon, taken()));
    const { code, ms } = await daemon.stop();
    t.diagnostic(`${Math.round(ms)} ms`);
    t.after(() => {
      for (const line of left(paths.folder)) sendSignal(Number.parseInt(line, 10), "SIGKILL");
    });
    assert.equal(code, 0, daemon.output);
    assert.ok(ms < STOP_MAX_MS, `${ms} ms\n${daemon.output}`);
    const rest = left(paths.folder).filter((line) => !/ (tools|say) /.test(line));
    assert.deepEqual(rest, [], daemon.output);
  });
}

const NAMES = "127.0.0.77";
const MAY_MOUNT = { skip: process.getuid?.() !== 0 && "only root can give it another name server" };

/** Who is dialled while the name server is silent, and what makes it so. */
const NAMED: readonly {
  readonly name: string;
  readonly config: Config;
  /** Ended without waiting for a thread of Node's pool: of the Realtime server alone. */
  readonly inPool: boolean;
}[] = [
  { name: "a broker", config: { mqtt: { url: "mqtt://broker.example.test" } }, inPool: false },
  {
    name: "a house",
    config: { home_assistant: { url: "http://house.example.test", token: "t".repeat(40) } },
    inPool: false,
  },
  {
    name: "servers of tools",
    config: {
      mcp: {
        servers: {
          one: { url: "http://one.example.test/mcp" },
          two: { url: "http://two.example.test/sse", transport: "sse" },
        },
      },
    },
    inPool: false,
  },
  {
    name: "the Realtime server",
    config: { openai: { base_url: "wss://api.example.test/v1" } },
    inPool: true,
  },
];

for (const { name, config, inPool } of NAMED) {
  test(
    `told to stop while the name of ${name} is asked for, and nobody answers: ended in good order`,
    MAY_MOUNT,
    async (t) => {
      const server = createSocket("udp4");
      let asked = 0;
      server.on("message", () => {
        asked += 1;
      });
      await new Promise<void>((resolve) => server.bind(53, NAMES, resolve));
      t.after(() => server.close());
      const paths = configure(t, { wake_word: { enabled: false }, ...config });
      writeWav(paths.question, new Int16Array(24_000));
      const resolver = join(paths.folder, "resolv.conf");
      writeFileSync(resolver, `nameserver ${NAMES}\n`);
      const script = `mount --bind "${resolver}" /etc/resolv.conf && exec "$@"`;
      const daemon = launch(t, paths, daemonEnv(), "", ["unshare", "-m", "sh", "-c", script, "sh"]);
      await daemon.says("Ready");
      void daemon.command("wake");
      await eventually("a question to the name server", () => asked > 0);
      const { code, ms } = await daemon.stop();
      assert.equal(code, 0, daemon.output);
      assert.ok(ms < STOP_MAX_MS, `${ms} ms`);
      const isLeft = /the name server did not answer; ended without waiting for it/;
      if (inPool) assert.match(daemon.output, isLeft);
      else assert.doesNotMatch(daemon.output, isLeft);
      const rest = [...left(paths.folder), ...left("example.test")];
      assert.deepEqual(
        rest.filter((line) => !line.includes(" wake ")),
        [],
      );
    },
  );
}
