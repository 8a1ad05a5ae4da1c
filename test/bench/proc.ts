/**
 * What a process and all its children cost, read from /proc.
 *
 * CPU is utime + stime of proc(5), in ticks of 10 ms, with those of ended and waited-for children.
 * Where a process has the same threads before and after, and lost no child, the kernel's nanoseconds
 * for each thread (schedstat) stand instead: in a quiet room a second costs about one tick.
 */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** sysconf(_SC_CLK_TCK): 100 on every Linux that Node runs on. */
const TICK_MS = 10;

interface ProcessSample {
  /** Of the process's own threads, ended ones included. */
  readonly ownTicks: number;
  /** Of children that ended and were waited for. */
  readonly reapedTicks: number;
  /** Nanoseconds by thread; null where the kernel does not tell. */
  readonly threads: ReadonlyMap<string, number> | null;
}

export interface CpuSample {
  readonly atMs: number;
  readonly processes: ReadonlyMap<number, ProcessSample>;
}

interface Stat {
  readonly parent: number;
  readonly ownTicks: number;
  readonly reapedTicks: number;
}

/** Null when the process has ended. */
function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, field 2, may hold anything: what follows its last bracket begins with field 3.
    const from3 = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const field = (n: number): number => Number(from3[n - 3]);
    return {
      parent: field(4),
      ownTicks: field(14) + field(15),
      reapedTicks: field(16) + field(17),
    };
  } catch {
    return null;
  }
}

/** The process and everything below it. Throws where there is no /proc. */
export function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = statOf(Number(name))?.parent;
    if (parent === undefined) continue;
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

function threadsOf(pid: number): ReadonlyMap<string, number> | null {
  try {
    const threads = new Map<string, number>();
    for (const tid of readdirSync(`/proc/${pid}/task`)) {
      const ns = Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, "utf8").split(" ")[0]);
      threads.set(tid, ns);
    }
    return threads;
  } catch {
    return null;
  }
}

/** The meter reading of a whole tree, now. */
export function cpuSample(root: number): CpuSample {
  const processes = new Map<number, ProcessSample>();
  const atMs = performance.now();
  for (const pid of treeOf(root)) {
    const stat = statOf(pid);
    if (stat !== null) processes.set(pid, { ...stat, threads: threadsOf(pid) });
  }
  return { atMs, processes };
}

/** CPU milliseconds per second between two readings; 1000 is one core. */
export function cpuRate(before: CpuSample, after: CpuSample): number {
  let ms = 0;
  for (const [pid, now] of after.processes) {
    const then = before.processes.get(pid);
    ms += (now.reapedTicks - (then?.reapedTicks ?? 0)) * TICK_MS + ownMs(then, now);
  }
  return (ms * 1000) / (after.atMs - before.atMs);
}

function ownMs(before: ProcessSample | undefined, after: ProcessSample): number {
  const then = before?.threads ?? null;
  const now = after.threads;
  if (then !== null && now !== null && then.size === now.size) {
    let ns = 0;
    let same = true;
    for (const [tid, used] of now) {
      ns += used - (then.get(tid) ?? 0);
      same &&= then.has(tid);
    }
    if (same) return ns / 1e6;
  }
  return (after.ownTicks - (before?.ownTicks ?? 0)) * TICK_MS;
}

export interface Sample {
  readonly cpu: CpuSample;
  /** Voluntary context switches of our own Node: of the process and of children that are Node, too. */
  readonly switches: ReadonlyMap<string, number>;
  /** Nanoseconds of the process alone, its threads as they are now. */
  readonly ownNs: number;
}

export interface Cost {
  /** Of the whole tree; 1000 is one core. */
  readonly msPerS: number;
  /** Of the process alone. */
  readonly ownMsPerS: number;
  /** Of our own Node: how often it went to sleep and was woken. */
  readonly wakesPerS: number;
}

/** CPU and wake-ups, now. */
export function sampleOf(root: number): Sample {
  const switches = new Map<string, number>();
  for (const pid of treeOf(root)) {
    if (pid !== root && !isNode(pid)) continue;
    for (const tid of namesIn(`/proc/${pid}/task`)) {
      const count = figureOf(`/proc/${pid}/task/${tid}/status`, "voluntary_ctxt_switches");
      switches.set(tid, count);
    }
  }
  const own = threadsOf(root) ?? new Map<string, number>();
  const ownNs = [...own.values()].reduce((sum, ns) => sum + ns, 0);
  return { cpu: cpuSample(root), switches, ownNs };
}

/** What was spent between two samples of the same tree. */
export function costBetween(before: Sample, after: Sample): Cost {
  const seconds = (after.cpu.atMs - before.cpu.atMs) / 1000;
  let wakes = 0;
  for (const [tid, count] of after.switches) wakes += count - (before.switches.get(tid) ?? 0);
  return {
    msPerS: cpuRate(before.cpu, after.cpu),
    ownMsPerS: (after.ownNs - before.ownNs) / 1e6 / seconds,
    wakesPerS: wakes / seconds,
  };
}

function isNode(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) === process.execPath;
  } catch {
    return false; // It has ended meanwhile.
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export interface Memory {
  readonly rssMb: number;
  readonly pssMb: number;
  /** Resident, of children that are Node. */
  readonly childMb: number;
}

/** Megabytes (10^6 bytes) of a whole tree: resident, and with shared pages counted by their share. */
export function memoryOf(root: number): Memory {
  let rssMb = 0;
  let pssMb = 0;
  let childMb = 0;
  for (const pid of treeOf(root)) {
    const resident = kilobytes(`/proc/${pid}/status`, "VmRSS") / 1000;
    rssMb += resident;
    if (pid !== root && isNode(pid)) childMb += resident;
    pssMb += kilobytes(`/proc/${pid}/smaps_rollup`, "Pss") / 1000;
  }
  return { rssMb, pssMb, childMb };
}

/** Resident memory of one process, kB. */
export function residentKb(pid: number): number {
  return kilobytes(`/proc/${pid}/status`, "VmRSS");
}

function kilobytes(path: string, name: string): number {
  return figureOf(path, name) * 1.024;
}

/** The number in the line that begins with a name; 0 for a process that has ended meanwhile. */
function figureOf(path: string, name: string): number {
  try {
    const [, found] = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(path, "utf8")) ?? [];
    return Number(found ?? 0);
  } catch {
    return 0;
  }
}
