/**
 * What the agent must not forget: open findings, how far the kernel log was read, and the events that follow from both. They
 * are one file, written in one step, and that step is the only commit: a line of the kernel log has been read, counted and
 * queued, or none of the three. Events carry a running number and go from here to the outbox, which remembers the highest
 * number it has in the same record as the event (its cursor). So after a kill at any instant nothing is read twice,
 * counted twice or sent twice, and nothing is passed over.
 *
 * When the disk refuses, state is kept in memory and tried again, and events wait here; reports go on all the same. What has
 * to be dropped meanwhile, the oldest first, is counted in the state itself: a kill that comes before the count is saved
 * also undoes the drop, because the lines are then read again.
 */
import { dirname } from 'node:path';
import type { Hardware } from '@trivet/shared/model/node.ts';
import { EMPTY_DURABLE } from './checks/history.ts';
import type { DurableHistory } from './checks/history.ts';
import { EMPTY_LEDGER } from './checks/ledger.ts';
import type { Ledger } from './checks/ledger.ts';
import type { KernelCursor } from './collectors/kernel-log.ts';
import { errorText } from './errors.ts';
import type { Log } from './log.ts';
import type { NewEvent, Outbox } from './outbox/outbox.ts';
import { makeFolder, readJsonFile, writeFileAtomic } from './state-file.ts';

export interface AgentState {
  readonly v: 1;
  /** Findings of another node are not ours, even if its disk is. */
  readonly node: string;
  readonly ledger: Ledger;
  readonly history: DurableHistory;
  /** Most GPUs that this node was ever seen with. */
  readonly mostGpusSeen: number;
  /** As last seen whole: a tool that hangs must not make it another machine. */
  readonly hardware: Hardware;
  readonly kernelCursor: KernelCursor | null;
  /** Numbers given out so far. */
  readonly eventCount: number;
  /** Not yet known to be in the outbox, oldest first; the last one has number `eventCount`. */
  readonly events: readonly NewEvent[];
  /** Events that never came to the outbox, or that it lost without a trace. */
  readonly lost: number;
  /** The highest number among them. */
  readonly lostUpTo: number;
}

const EMPTY_STATE: AgentState = {
  v: 1,
  node: '',
  ledger: EMPTY_LEDGER,
  history: EMPTY_DURABLE,
  mostGpusSeen: 0,
  hardware: { serial: null, gpus: [] },
  kernelCursor: null,
  eventCount: 0,
  events: [],
  lost: 0,
  lostUpTo: 0,
};
/** The name under which the outbox remembers our numbers. */
const SOURCE = 'agent';
/** About 3 MB on disk; more wait only where the disk has been full for long. */
const EVENTS_MAX = 10_000;
/** Of their bodies, in characters: a few hundred of the longest kernel messages, or EVENTS_MAX of the usual ones. */
const WAITING_MAX = 8 * 1024 * 1024;
/** Bounds one write to the outbox. */
const APPEND_MAX = 64;
/** A cursor that is this old makes a restart read some lines again, which hold no events; it does not lose any. */
const CURSOR_SAVE_MS = 30_000;

export class StateKeeper {
  readonly #path: string;
  readonly #outbox: Outbox;
  readonly #log: Log;
  #state: AgentState;
  #isSaved = true;
  /** The kernel log was read on, and nothing else has changed since the last write. */
  #isBehind = false;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;

  /** Throws what the file system says when there is a file that cannot be read. */
  constructor(path: string, node: string, outbox: Outbox, log: Log) {
    this.#path = path;
    this.#outbox = outbox;
    this.#log = log;
    this.#state = { ...load(path, node, log), node };
    const inOutbox = Number(outbox.cursor(SOURCE) ?? '0');
    // Also when the state was lost: numbers that the outbox knows are not given out again.
    if (inOutbox > this.#state.eventCount) this.#state = { ...this.#state, eventCount: inOutbox, events: [] };
    this.#noticeTornOff(inOutbox);
    this.#feed();
  }

  get state(): AgentState {
    return this.#state;
  }
  /** Events lost on their way to the outbox, since the state began. */
  get lost(): number {
    return this.#state.lost;
  }
  /** Events in memory that the disk has not taken yet. */
  get waiting(): number {
    return this.#state.events.length;
  }
  /** Writes that the disk refused. */
  get failures(): number {
    return this.#failures;
  }
  /** Nothing waits to be written. */
  get isDurable(): boolean {
    return this.#isSaved && !this.#isBehind && this.#state.events.length === 0;
  }

  /** Takes what one look brought, and its events. */
  commit(change: Partial<Omit<AgentState, 'v' | 'node' | 'events' | 'eventCount'>>, events: readonly NewEvent[]): void {
    const eventCount = this.#state.eventCount + events.length;
    const waiting = [...this.#state.events, ...events];
    const dropped = overflow(waiting);
    this.#state = { ...this.#state, ...change, eventCount, events: waiting.slice(dropped) };
    if (dropped > 0) {
      this.#lose(dropped, eventCount - waiting.length + dropped);
      this.#log.error('events that could not be stored were dropped, oldest first', { dropped, lost: this.lost });
    }
    this.#isSaved = false;
    this.save();
  }

  /** Bookkeeping (when something was last seen to hold, how long a GPU has worked): written with the next news, never by itself. */
  note(change: Partial<Pick<AgentState, 'ledger'>>): void {
    this.#state = { ...this.#state, ...change };
    this.#isBehind = true;
    this.save();
  }

  /** The kernel log was read on and held nothing of interest: not worth a write of its own. */
  readUpTo(kernelCursor: KernelCursor | null, nowMs: number): void {
    const isSame = kernelCursor?.seq === this.#state.kernelCursor?.seq;
    if (isSame && kernelCursor?.bootId === this.#state.kernelCursor?.bootId) return;
    this.#state = { ...this.#state, kernelCursor };
    this.#isBehind = true;
    if (nowMs - this.#savedAtMs < CURSOR_SAVE_MS) return;
    this.#savedAtMs = nowMs;
    this.saveAll();
  }

  /** With what was not worth a write before. */
  saveAll(): void {
    if (this.#isBehind) this.#isSaved = false;
    this.save();
  }

  /** Writes what is not written yet. Called again after a failure. */
  save(): void {
    if (this.#isSaved || this.#write()) this.#feed();
  }

  #write(): boolean {
    try {
      // A disk that was full at the start, or somebody who cleaned up: the folder may not be there.
      if (this.#failures > 0) makeFolder(dirname(this.#path));
      writeFileAtomic(this.#path, `${JSON.stringify(this.#state)}\n`);
      this.#isSaved = true;
      this.#isBehind = false;
    } catch (error) {
      this.#isSaved = false;
      this.#failures += 1;
      this.#log.error('state could not be saved; it is kept in memory and tried again', { reason: errorText(error) });
    }
    return this.#isSaved;
  }

  #lose(events: number, lostUpTo: number): void {
    this.#state = { ...this.#state, lost: this.#state.lost + events, lostUpTo };
    this.#isSaved = false;
  }

  /** The outbox once had every number that is not listed here: a disk that forgets what it has synced took them off its end. */
  #noticeTornOff(inOutbox: number): void {
    const { eventCount, events, lostUpTo } = this.#state;
    const fed = eventCount - events.length;
    const missing = fed - Math.max(inOutbox, lostUpTo);
    // A new outbox knows no number: what it has forgotten was another one's to count.
    if (inOutbox === 0 || missing <= 0) return;
    this.#lose(missing, fed);
    this.#log.error('the end of the outbox is gone although it was synced: its events are counted as lost', {
      missing,
    });
    this.save();
  }

  /** Only what is saved may go to the outbox: else a kill would make it twice. */
  #feed(): void {
    const { events, eventCount } = this.#state;
    const known = Number(this.#outbox.cursor(SOURCE) ?? '0');
    const first = eventCount - events.length + 1;
    const fresh = events
      .map((event, index) => ({ ...event, cursor: { source: SOURCE, position: String(first + index) } }))
      .slice(Math.max(0, known - first + 1));
    for (let start = 0; start < fresh.length; start += APPEND_MAX) {
      if (this.#outbox.append(fresh.slice(start, start + APPEND_MAX)) === null) return;
    }
    if (events.length === 0) return;
    this.#state = { ...this.#state, events: [] };
    // Before they can be sent, so that none that was is ever brought again: not even where a disk loses the outbox's end,
    // whose numbers are all that says that they are there.
    this.#write();
  }
}

/** How many have to go, oldest first, for the others to fit. The newest always stays. */
function overflow(events: readonly NewEvent[]): number {
  let first = Math.max(0, events.length - EVENTS_MAX);
  const sizes = events.map(({ body }) => JSON.stringify(body).length);
  let total = sizes.slice(first).reduce((sum, size) => sum + size, 0);
  while (total > WAITING_MAX && first < events.length - 1) {
    total -= sizes[first] ?? 0;
    first += 1;
  }
  return first;
}

function load(path: string, node: string, log: Log): AgentState {
  const file = readJsonFile(path);
  if (file === undefined) return EMPTY_STATE;
  if ('value' in file && isAgentState(file.value)) {
    if (file.value.node === node) return { ...EMPTY_STATE, ...file.value };
    log.error('state is of another node; it is not used', { path, of: file.value.node });
    return EMPTY_STATE;
  }
  log.error('state was damaged: findings are built again from the kernel log and the tools', { path });
  return EMPTY_STATE;
}

/** Renamed into place whole, so its shape tells whether it is ours; what is inside the lists is not looked at. */
function isAgentState(value: unknown): value is AgentState {
  if (!isRecord(value)) return false;
  const { v, node, ledger, history, hardware, mostGpusSeen, eventCount, events } = value;
  return (
    v === 1 &&
    typeof node === 'string' &&
    isRecord(ledger) &&
    Array.isArray(ledger['entries']) &&
    isRecord(ledger['uuids']) &&
    typeof ledger['dropped'] === 'number' &&
    isHistory(history) &&
    isRecord(hardware) &&
    Array.isArray(hardware['gpus']) &&
    typeof mostGpusSeen === 'number' &&
    typeof eventCount === 'number' &&
    Array.isArray(events)
  );
}

/** Agents before this one kept none: that is no damage, and their findings and cursor go on. */
function isHistory(value: unknown): boolean {
  return value === undefined || (isRecord(value) && isRecord(value['bursts']) && isRecord(value['baselines']));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
