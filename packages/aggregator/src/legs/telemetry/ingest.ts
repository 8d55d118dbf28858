/**
 * Group commit: what many connections bring within a moment goes into one transaction, so that one sync of the disk pays
 * for all of them. Whoever adds something is told when it is on the disk.
 */
import { performance } from 'node:perf_hooks';
import type { AgentsTable, IngestBatch, NewEvent, Store, StoredReport, StreamProgress } from '../../store/index.ts';
import type { TelemetryMeter } from './meter.ts';

export interface Work {
  /** Of a hello. */
  readonly agent: AgentsTable | null;
  readonly events: readonly NewEvent[];
  readonly stream: StreamProgress | null;
  readonly report: StoredReport | null;
  /** Size of the frame that brought it. */
  readonly bytes: number;
}

export interface Ingest {
  /** Resolves after the commit; rejects when nothing of it was kept. */
  add(work: Work): Promise<void>;
  /** Too much is waiting for the disk: read no more for now. */
  isFull(): boolean;
  /** Commits what is waiting. */
  flush(): Promise<void>;
}

/** An acknowledgement may wait this long for company: far below anything an agent waits for. */
const COLLECT_MS = 10;
/** Enough to begin at once. */
const EVENTS_ENOUGH = 1_000;
/** Waiting for the disk, of all connections together; beyond it they are not read. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;

interface Pending {
  readonly work: Work[];
  readonly done: PromiseWithResolvers<void>;
}

export function createIngest(store: Pick<Store, 'commitBatch'>, meter: TelemetryMeter): Ingest {
  let pending = emptyBatch();
  let events = 0;
  let waitingBytes = 0;
  let timer: NodeJS.Timeout | null = null;
  let last: Promise<void> = Promise.resolve();

  function add(work: Work): Promise<void> {
    pending.work.push(work);
    events += work.events.length;
    waitingBytes += work.bytes;
    const { promise } = pending.done;
    if (events >= EVENTS_ENOUGH) void flush();
    else timer ??= setTimeout(() => void flush(), COLLECT_MS);
    return promise;
  }

  /** One transaction at a time: what comes meanwhile makes the next batch. */
  function flush(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    last = last.then(commitPending);
    return last;
  }

  async function commitPending(): Promise<void> {
    if (pending.work.length === 0) return;
    const batch = take();
    try {
      await write(batch.work, store, meter);
      batch.done.resolve();
    } catch (error) {
      meter.commitFailed();
      batch.done.reject(error);
      // What came behind fails with it: progress is cumulative, so to commit a stream's later events would acknowledge the lost.
      const behind = take();
      behind.done.reject(error);
      waitingBytes -= bytesOf(behind.work);
    }
    waitingBytes -= bytesOf(batch.work);
  }

  function take(): Pending {
    const taken = pending;
    pending = emptyBatch();
    events = 0;
    return taken;
  }

  return { add, flush, isFull: () => waitingBytes >= WAITING_BYTES_MAX };
}

async function write(work: readonly Work[], store: Pick<Store, 'commitBatch'>, meter: TelemetryMeter): Promise<void> {
  const begin = performance.now();
  const batch = merge(work);
  const { stored, duplicate } = await store.commitBatch(batch);
  const seconds = (performance.now() - begin) / 1000;
  meter.committed({ events: batch.events.length, stored, duplicate, reports: batch.reports.length, seconds });
}

function bytesOf(work: readonly Work[]): number {
  return work.reduce((total, { bytes }) => total + bytes, 0);
}

function emptyBatch(): Pending {
  const done = Promise.withResolvers<void>();
  // Everyone who added something handles the failure; a batch without takers must not end the process.
  done.promise.catch(() => undefined);
  return { work: [], done };
}

/** Progress once a stream, the newest hello and report once a node. */
function merge(work: readonly Work[]): IngestBatch {
  const agents = new Map<string, AgentsTable>();
  const streams = new Map<string, StreamProgress>();
  const reports = new Map<string, StoredReport>();
  for (const { agent, stream, report } of work) {
    if (agent !== null) agents.set(agent.node, agent);
    if (report !== null) reports.set(report.row.node, report);
    if (stream === null) continue;
    const key = JSON.stringify([stream.agentId, stream.streamId]);
    const before = streams.get(key);
    streams.set(key, {
      ...stream,
      ackedSeq: Math.max(stream.ackedSeq, before?.ackedSeq ?? 0),
      missing: stream.missing + (before?.missing ?? 0),
    });
  }
  return {
    agents: [...agents.values()],
    events: work.flatMap(({ events }) => events),
    streams: [...streams.values()],
    reports: [...reports.values()],
  };
}
