/** A daemon with file devices, somebody who asks, and a simulated peer that answers. */

import { type Peer, type PeerOptions, startPeer } from "../../src/sim/peer/peer.ts";
import { type Config, configure, type Daemon, daemonEnv, launch } from "./daemon.ts";
import { type Again, ask, type Question } from "./question.ts";

interface Cleanup {
  after(clean: () => void | Promise<void>): void;
}

export interface SceneOptions {
  readonly scenario: NonNullable<PeerOptions["scenario"]>;
  /** Laid over the usual configuration. */
  readonly config?: Config;
  /** Laid over the environment of the daemon. */
  readonly env?: NodeJS.ProcessEnv;
  /** What is said after the first question. */
  readonly again?: readonly Again[];
}

export interface Scene {
  readonly peer: Peer;
  readonly daemon: Daemon;
  readonly question: Question;
}

/** The room hisses on after the question for longer than any test lasts. */
const ROOM_MS = 60_000;

/** Sets the scene; the daemon has been started, and everything goes when the test ends. */
export async function scene(test: Cleanup, options: SceneOptions): Promise<Scene> {
  const { scenario, config = {}, again = [], env = {} } = options;
  const peer = await startPeer({ scenario });
  test.after(() => peer.close());
  const openai = { base_url: peer.url, ...config["openai"] };
  const paths = configure(test, { ...config, openai });
  const question = ask(paths.question, ROOM_MS, again);
  return { peer, question, daemon: launch(test, paths, daemonEnv(env)) };
}
