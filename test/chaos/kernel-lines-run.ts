/** One run of kernel-lines.test.ts: faults in a seeded order, then peace, then the books of both ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { faults, overflow } from './kernel-lines-faults.ts';
import { World } from './kernel-lines-world.ts';
import type { WorldOptions } from './kernel-lines-world.ts';

export interface Outcome {
  readonly lines: number;
  /** Of the store, as they stand there: one that is there twice is there twice. */
  readonly arrived: readonly number[];
  /** By the agent's metric, and by its last beat. */
  readonly lost: number;
  readonly lostByBeat: number;
  readonly overcountMax: number;
  readonly streams: number;
  readonly refusals: number;
  readonly exits: readonly (number | null | undefined)[];
}

export interface RunOptions extends WorldOptions {
  readonly lines: number;
  readonly progress: (text: string) => void;
}

const LINES_A_ROUND = 120;
/** From here on a tenth of the lines and more is written while nothing takes them: more than an outbox of 1 MiB holds. */
const OVERFLOW_FROM = 5_000;
const OVERFLOW_LINES = 4_000;

export async function run(options: RunOptions): Promise<Outcome> {
  const world = new World(options);
  try {
    await world.start();
    const { lines } = options;
    const overflowing = lines >= OVERFLOW_FROM ? OVERFLOW_LINES : 0;
    await unrest(world, lines - overflowing - 1, options.progress);
    if (overflowing > 0) {
      options.progress(`overflow, ${overflowing} lines`);
      await overflow(world, overflowing);
    }
    return await peace(world, options);
  } finally {
    await world.clear();
  }
}

/** Every fault once, then again in another order, until the lines are written. */
async function unrest(world: World, lines: number, progress: (text: string) => void): Promise<void> {
  const known = faults(world.disks);
  const rounds = Math.max(known.length, Math.round(lines / LINES_A_ROUND));
  let order: typeof known = [];
  for (let round = 1; round <= rounds; round++) {
    if (order.length === 0) order = shuffled(known, world.random);
    const [name, fault] = order[0] ?? known[0] ?? ['', async () => undefined];
    order = order.slice(1);
    progress(`${round}/${rounds} ${name}, ${world.lines} lines written`);
    await fault(world, Math.round((lines - world.lines) / (rounds - round + 1)));
    // Some faults meet what the last one has left; before the others everything goes its way for a moment.
    if (world.random() < 0.5) await sleep(world.random() * 1500);
  }
}

function shuffled<Value>(values: readonly Value[], random: () => number): readonly Value[] {
  return values
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

async function peace(world: World, { lines, progress }: RunOptions): Promise<Outcome> {
  progress('peace');
  await world.write(lines - world.lines, 0);
  // Lines are delivered in order: when the last one is there, and nothing waits, nothing more comes.
  await world.until('the last line', () => world.hasArrived(lines));
  await world.until('an empty outbox', async () => {
    const { agent } = await world.books();
    return value(agent, 'trivet_agent_outbox_events') === 0 && value(agent, 'trivet_agent_unstored_events') === 0;
  });
  const { agent } = await world.books();
  const lost = value(agent, 'trivet_agent_events_lost_total');
  await world.until('a beat with the same count', async () => lostOf((await world.books()).node) === lost);
  const lostByBeat = lostOf((await world.books()).node);
  const exits = await world.end();
  const { numbers: arrived, streams } = world.stored();
  const { overcountMax, refusals } = world;
  return { lines, arrived, lost, lostByBeat, overcountMax, streams, refusals, exits };
}

function value(metrics: string, name: string): number {
  const line = metrics.split('\n').find((row) => row.startsWith(`${name} `));
  return Number(line?.split(' ')[1] ?? Number.NaN);
}

function lostOf(node: unknown): number {
  const agent = typeof node === 'object' && node !== null && 'agent' in node ? node.agent : null;
  return typeof agent === 'object' && agent !== null && 'lost' in agent ? Number(agent.lost) : Number.NaN;
}
