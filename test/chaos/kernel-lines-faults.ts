/** What goes wrong in kernel-lines.test.ts. Each fault takes its share of the lines and writes them while it lasts. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SmallDisk } from './small-disk.ts';
import type { World } from './kernel-lines-world.ts';

export type Fault = (world: World, lines: number) => Promise<void>;

/** Half of the lines before the instant of the fault, half after it. */
function halves(lines: number): readonly [number, number] {
  return [Math.floor(lines / 2), lines - Math.floor(lines / 2)];
}

const BRIEF_MS = 400;
/** Room for some blocks: enough for a batch of events now and then, seldom for the whole state and its copy. */
const LEFT_BYTES = 16 * 1024;
/** From a batch on its way until it is committed and acknowledged: some milliseconds, more on a busy machine. */
const UNDER_WAY_MS = 30;

/** An instant in the middle of a delivery of these lines, as near as it can be met from outside. */
async function underWay(world: World, lines: number): Promise<void> {
  const seen = world.proxy.next(world.random() < 0.5 ? 'batch' : 'ack');
  world.writeNow(lines);
  await seen;
  await sleep(world.random() * UNDER_WAY_MS);
}

async function agentKilled(world: World, lines: number): Promise<void> {
  const [before, after] = halves(lines);
  if (world.random() < 0.5) await underWay(world, before);
  else await world.write(before, world.random() * BRIEF_MS);
  await world.killAgent();
  await world.write(after, world.random() * BRIEF_MS);
  world.startAgent();
}

/** Before it has told anybody anything, perhaps before it has read its own state. */
async function agentKilledAtStart(world: World, lines: number): Promise<void> {
  await world.killAgent();
  for (let times = 0; times < 3; times++) {
    world.startAgent();
    await world.write(Math.floor(lines / 4), 200 + world.random() * 600);
    await world.killAgent();
  }
  await world.write(lines - 3 * Math.floor(lines / 4), 0);
  world.startAgent();
}

async function aggregatorKilled(world: World, lines: number): Promise<void> {
  const [before, after] = halves(lines);
  await underWay(world, before);
  await world.killAggregator();
  await world.write(after, world.random() * BRIEF_MS);
  await world.startAggregator();
}

async function bothKilled(world: World, lines: number): Promise<void> {
  const [before, after] = halves(lines);
  await underWay(world, before);
  await Promise.all([world.killAgent(), world.killAggregator()]);
  await world.write(after, 0);
  world.startAgent();
  await world.startAggregator();
}

async function wayReset(world: World, lines: number): Promise<void> {
  for (const share of halves(lines)) {
    await underWay(world, share);
    world.proxy.reset();
  }
}

async function wayCut(world: World, lines: number): Promise<void> {
  world.proxy.mode = 'refusing';
  world.proxy.reset();
  await world.write(lines, BRIEF_MS);
  world.proxy.heal();
}

/** Neither end is told. What was under way comes late, perhaps after the agent has come back over another connection. */
async function waySilent(world: World, lines: number): Promise<void> {
  const [before, after] = halves(lines);
  await world.write(before, world.random() * BRIEF_MS);
  world.proxy.silence();
  await world.write(after, 300 + world.random() * 1200);
  world.proxy.heal();
}

async function waySlow(world: World, lines: number): Promise<void> {
  world.proxy.delayMs = 20 + world.random() * 80;
  await world.write(lines, 2 * BRIEF_MS);
  world.proxy.heal();
}

function diskFull(disk: SmallDisk): Fault {
  return async (world, lines) => {
    const [before, after] = halves(lines);
    disk.fill(world.agentPid, Math.floor(world.random() * LEFT_BYTES));
    await world.write(before, 2 * BRIEF_MS);
    // Half of the times it is killed on the full disk, and starts on it.
    if (world.random() < 0.5) {
      await world.killAgent();
      world.startAgent();
      await sleep(500);
    }
    await world.write(after, 2 * BRIEF_MS);
    disk.free(world.agentPid);
  };
}

/** What a machine leaves that lost power in the middle of a write, or whose disk lied about what it had synced. */
async function tornWrite(world: World, lines: number): Promise<void> {
  const [before, after] = halves(lines);
  await world.write(before, BRIEF_MS);
  await world.killAgent();
  world.tearProgress();
  const segment = world.segment();
  if (segment !== null) tear(world, segment);
  world.append(join(world.stateDir, 'state.json.tmp'), '{"v":1,"node":"gpu-');
  await world.write(after, 0);
  world.startAgent();
}

function tear(world: World, { path, bytes }: { path: string; bytes: Buffer }): void {
  const last = bytes.subarray(bytes.lastIndexOf(0x0a, bytes.length - 2) + 1);
  const draw = world.random();
  if (draw < 0.4) return world.append(path, last.subarray(0, Math.floor(world.random() * (last.length - 1))));
  if (draw < 0.7) {
    // Whole lines that are no records may have been events: each counts as one.
    world.overcountMax += 2;
    return world.append(path, `${'0'.repeat(40)}\n${'\0'.repeat(200)}\n`);
  }
  // It may have been acknowledged before; then it has arrived, and is counted as lost.
  world.overcountMax += 1;
  world.truncate(path, bytes.length - 1 - Math.floor(world.random() * (last.length - 2)));
}

/** More than the outbox holds, while nobody takes anything from it: the oldest go, counted. */
export async function overflow(world: World, lines: number): Promise<void> {
  await world.killAggregator();
  await world.write(lines, 2 * BRIEF_MS);
  await sleep(3000);
  await world.startAggregator();
}

export function faults(disks: readonly SmallDisk[]): readonly (readonly [string, Fault])[] {
  return [
    ['agent killed', agentKilled],
    ['agent killed at start', agentKilledAtStart],
    ['aggregator killed', aggregatorKilled],
    ['both killed', bothKilled],
    ['way reset', wayReset],
    ['way cut', wayCut],
    ['way silent', waySilent],
    ['way slow', waySlow],
    ['torn write', tornWrite],
    ...disks.map((disk) => [`disk full (${disk.kind})`, diskFull(disk)] as const),
  ];
}
