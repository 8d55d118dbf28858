import { describe, expect, it } from 'vitest';
import type { IngestBatch } from '../../store/index.ts';
import { createIngest, type Work } from './ingest.ts';
import type { TelemetryMeter } from './meter.ts';

const work = (seq: number, bytes = 100): Work => ({
  agent: null,
  events: [{ agent_id: 'a', stream_id: 's', seq, node: 'n', kind: 'k', at: '', received_at: '', body: '{}' }],
  stream: { agentId: 'a', streamId: 's', node: 'n', ackedSeq: seq, missing: 1 },
  report: null,
  bytes,
});

function setUp(commit: (batch: IngestBatch) => Promise<void>) {
  const batches: IngestBatch[] = [];
  const failed: string[] = [];
  const ignore = () => undefined;
  const meter: TelemetryMeter = {
    connection: ignore,
    message: ignore,
    refused: ignore,
    asked: ignore,
    strayResult: ignore,
    duplicates: ignore,
    missing: ignore,
    committed: ignore,
    commitFailed: () => failed.push('batch'),
  };
  const store = {
    commitBatch: async (batch: IngestBatch) => {
      batches.push(batch);
      await commit(batch);
      return { stored: batch.events.length, duplicate: 0 };
    },
  };
  return { ingest: createIngest(store, meter), batches, failed };
}

describe('group commit', () => {
  it('puts what comes together into one transaction, progress once a stream', async () => {
    const { ingest, batches } = setUp(async () => undefined);
    await Promise.all([ingest.add(work(1)), ingest.add(work(2)), ingest.add(work(3))]);
    expect(batches).toHaveLength(1);
    expect(batches[0]?.events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(batches[0]?.streams).toEqual([{ agentId: 'a', streamId: 's', node: 'n', ackedSeq: 3, missing: 3 }]);
  });

  it('tells nobody before the commit, and commits one batch at a time', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const { ingest, batches } = setUp(() => {
      begun.resolve();
      return gate.promise;
    });
    const told: string[] = [];
    const first = ingest.add(work(1)).then(() => told.push('first'));
    await begun.promise;
    const second = ingest.add(work(2)).then(() => told.push('second'));
    const flushed = ingest.flush();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect([batches.length, told]).toEqual([1, []]);
    gate.resolve();
    await Promise.all([first, second, flushed]);
    expect([batches.length, told]).toEqual([2, ['first', 'second']]);
  });

  it('tells everybody in a batch that failed, and goes on with the next', async () => {
    let fail = true;
    const { ingest, failed } = setUp(async () => {
      if (fail) throw new Error('disk full');
    });
    const results = await Promise.allSettled([ingest.add(work(1)), ingest.add(work(2))]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(failed).toEqual(['batch']);
    fail = false;
    await expect(ingest.add(work(3))).resolves.toBeUndefined();
  });

  it('keeps nothing that came behind a batch that failed: an acknowledgement of it would cover what was lost', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const { ingest, batches } = setUp(() => {
      begun.resolve();
      return gate.promise;
    });
    const first = ingest.add(work(1));
    await begun.promise;
    const behind = ingest.add(work(2));
    gate.reject(new Error('connection to the database lost'));
    const results = await Promise.allSettled([first, behind, ingest.flush()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(batches.flatMap(({ events }) => events.map(({ seq }) => seq))).toEqual([1]);
    expect(ingest.isFull()).toBe(false);
  });

  it('is full while more waits for the disk than it may hold', async () => {
    const { ingest } = setUp(async () => undefined);
    const added = ingest.add(work(1, 64 * 1024 * 1024));
    expect(ingest.isFull()).toBe(true);
    await added;
    await ingest.flush();
    expect(ingest.isFull()).toBe(false);
  });
});
