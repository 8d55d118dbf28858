import { mkdtempSync, rmSync, truncateSync, writeFileSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '@trivet/shared/model/finding.ts';
import { EMPTY_STATE } from '../core/state.ts';
import { createStore, openSqlite, type NewEvent, type Store, type StoredReport } from './index.ts';

let dir: string;
let path: string;
let open: Store[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trivet-store-'));
  path = join(dir, 'state', 'trivet.db');
});
afterEach(async () => {
  await Promise.all(open.map((store) => store.close()));
  open = [];
  rmSync(dir, { recursive: true, force: true });
});

async function start(): Promise<Store> {
  const store = await createStore(await openSqlite(path));
  open.push(store);
  return store;
}

async function stop(store: Store): Promise<void> {
  open = open.filter((other) => other !== store);
  await store.close();
}

const NOW = '2026-11-20T17:00:00.000Z';
const STREAM = { agentId: 'a', streamId: 's' };
const NOTHING = { agents: [], events: [], streams: [], reports: [] };
const event = (seq: number, receivedAt = NOW): NewEvent => ({
  agent_id: 'a',
  stream_id: 's',
  seq,
  node: 'n1',
  kind: 'kernel.xid',
  at: NOW,
  received_at: receivedAt,
  body: JSON.stringify({ n: seq }),
});
const progress = (ackedSeq: number, missing = 0) => ({ agentId: 'a', streamId: 's', node: 'n1', ackedSeq, missing });
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => event(from + index));
const finding = (id: string): Finding => ({
  id,
  gpu: { uuid: 'GPU-1', pciBusId: null },
  class: 'reboot',
  code: 'xid.79',
  strength: 'hard',
  action: 'drain-and-reboot',
  urgency: 'now',
  state: 'open',
  firstSeen: NOW,
  lastSeen: NOW,
  count: 1,
  evidence: [],
  rule: '',
});
const report = (receivedAt: string, findings: Finding[]): StoredReport => ({
  reportId: receivedAt,
  agentId: 'a',
  row: {
    node: 'n1',
    receivedAt,
    takenAt: receivedAt,
    bootId: 'b',
    hardware: { serial: 'S1', gpus: [] },
    verdict: 'healthy',
    findings,
    signals: [],
    versions: { agent: '1', driver: null, firmware: null },
  },
});

describe('events', () => {
  it('are there after a restart, each once, with the progress of their stream', async () => {
    const first = await start();
    expect(await first.ackedSeq(STREAM)).toBe(0);
    const batch = { ...NOTHING, events: range(1, 1200), streams: [progress(1200)] };
    expect(await first.commitBatch(batch)).toEqual({ stored: 1200, duplicate: 0 });
    expect(await first.commitBatch({ ...batch, events: range(1190, 1210), streams: [progress(1210)] })).toEqual({
      stored: 10,
      duplicate: 11,
    });
    await stop(first);
    const second = await start();
    expect(await second.ackedSeq(STREAM)).toBe(1210);
    await second.commitBatch({ ...NOTHING, events: [event(1211)], streams: [progress(1211)] });
    const seqs = (await second.events('n1', { limit: 5000, before: Number.MAX_SAFE_INTEGER })).map(({ seq }) => seq);
    expect(seqs).toEqual(
      range(1, 1211)
        .map(({ seq }) => seq)
        .reverse(),
    );
  });

  it('are all kept or none: a batch that fails leaves nothing', async () => {
    const store = await start();
    const broken = { ...event(2), body: Symbol('not text') } as unknown as NewEvent;
    await expect(
      store.commitBatch({ ...NOTHING, events: [...range(1, 700), broken], streams: [progress(701)] }),
    ).rejects.toThrow('cannot be stored');
    expect(await store.events('n1', { limit: 10, before: Number.MAX_SAFE_INTEGER })).toEqual([]);
    expect(await store.ackedSeq(STREAM)).toBe(0);
  });

  it('never take progress back, and add up what was missing', async () => {
    const store = await start();
    await store.commitBatch({ ...NOTHING, streams: [progress(10, 3)] });
    await store.commitBatch({ ...NOTHING, streams: [progress(5)] });
    expect(await store.ackedSeq(STREAM)).toBe(10);
  });

  it('are deleted by age and by count, oldest first, and numbering goes on', async () => {
    const store = await start();
    const old = Array.from({ length: 6000 }, (_, index) => event(index + 1, '2026-01-01T00:00:00.000Z'));
    await store.commitBatch({ ...NOTHING, events: [...old, ...range(6001, 6100)], streams: [progress(6100)] });
    const policy = { eventDays: 30, eventsMax: 1000, historyDays: 400 };
    expect(await store.prune(policy, new Date(NOW))).toMatchObject({ events: 6000 });
    expect(await store.prune({ ...policy, eventsMax: 10 }, new Date(NOW))).toMatchObject({ events: 90 });
    const left = await store.events('n1', { limit: 100, before: Number.MAX_SAFE_INTEGER });
    expect(left.map(({ seq }) => seq)).toEqual([6100, 6099, 6098, 6097, 6096, 6095, 6094, 6093, 6092, 6091]);
    // All too old: the newest stays, so that ids are not given twice.
    expect(await store.prune(policy, new Date('2030-01-01T00:00:00.000Z'))).toMatchObject({ events: 9 });
    expect(await store.ackedSeq(STREAM)).toBe(6100);
  });
});

describe('agents', () => {
  it('are remembered, the newest a node', async () => {
    const store = await start();
    const agent = {
      node: 'n1',
      agent_id: 'a',
      stream_id: 's',
      boot_id: 'b',
      version: '1',
      hardware: '{}',
      connected_at: NOW,
    };
    await store.commitBatch({ ...NOTHING, agents: [agent] });
    await store.commitBatch({ ...NOTHING, agents: [{ ...agent, boot_id: 'c' }] });
    expect(await store.agent('n1')).toEqual({ ...agent, boot_id: 'c' });
    expect(await store.agent('n2')).toBeNull();
  });
});

describe('findings', () => {
  it('are history: asserted times move on, nothing is closed, and old ones go', async () => {
    const store = await start();
    const commit = (at: string, ...ids: string[]) =>
      store.commitBatch({ ...NOTHING, reports: [report(at, ids.map(finding))] });
    await commit('2026-11-20T17:00:00.000Z', 'f1', 'f2', 'f2');
    await commit('2026-11-20T17:01:00.000Z', 'f2');
    expect(await store.findings('n1', 10)).toMatchObject([
      {
        finding: { id: 'f2' },
        firstAssertedAt: '2026-11-20T17:00:00.000Z',
        lastAssertedAt: '2026-11-20T17:01:00.000Z',
      },
      { finding: { id: 'f1', state: 'open' }, lastAssertedAt: '2026-11-20T17:00:00.000Z' },
    ]);
    const policy = { eventDays: 1, eventsMax: 10, historyDays: 1 };
    expect(await store.prune(policy, new Date('2026-11-21T17:00:30.000Z'))).toMatchObject({ findings: 1 });
    expect((await store.findings('n1', 10)).map(({ finding: { id } }) => id)).toEqual(['f2']);
  });

  it('come back with the newest report of each node', async () => {
    const first = await start();
    await first.commitBatch({ ...NOTHING, reports: [report(NOW, [finding('f1')])] });
    await stop(first);
    expect(await (await start()).latestReports()).toEqual([report(NOW, [finding('f1')])]);
  });
});

describe('state of passes', () => {
  const outcome = {
    id: '20261120T170000000Z',
    folder: '',
    summary: '',
    outcome: 'planned',
    state: { ...EMPTY_STATE, expected: ['n1'] },
    setSizes: { 'derived/refused': 3 },
    planned: 2,
    refusals: { budget: 3, protected: 1 },
    headroom: 4,
    legAgesSeconds: {},
    legErrors: {},
    durationMs: 12.7,
  };

  it('is kept a cluster each, with the head of the last pass', async () => {
    const store = await start();
    expect(await store.passState('east')).toBeNull();
    await store.savePass('east', outcome, NOW);
    expect(await store.passState('east')).toEqual(outcome.state);
    expect(await store.passState('west')).toBeNull();
    expect(await store.lastPass('east')).toMatchObject({ id: outcome.id, planned: 2, refused: 3, headroom: 4 });
  });

  it('that cannot be read is an error, never an empty state', async () => {
    const first = await start();
    await first.savePass('east', outcome, NOW);
    await stop(first);
    const file = new DatabaseSync(path);
    file.exec(`UPDATE pass_state SET state = '{"version":'`);
    file.close();
    await expect((await start()).passState('east')).rejects.toMatchObject({ code: 'store.corrupt' });
  });
});

describe('a database file', () => {
  it('lies in a folder that only its user may read', async () => {
    await start();
    expect(statSync(join(dir, 'state')).mode & 0o077).toBe(0);
  });

  it('that is no database is refused and left alone', async () => {
    await stop(await start());
    const text = 'these are my notes, not a database, and longer than a header';
    writeFileSync(path, text);
    await expect(start()).rejects.toMatchObject({ code: 'store.corrupt', message: expect.stringContaining(path) });
    expect(readFileSync(path, 'utf8')).toBe(text);
    writeFileSync(path, 'short');
    await expect(start()).rejects.toMatchObject({ code: 'store.corrupt' });
  });

  it('that was cut short is refused', async () => {
    const store = await start();
    await store.commitBatch({ ...NOTHING, events: range(1, 2000) });
    await stop(store);
    truncateSync(path, 8192);
    await expect(start()).rejects.toMatchObject({ code: 'store.corrupt', message: expect.stringContaining('backup') });
  });

  it('of another program is refused and left alone', async () => {
    await stop(await start());
    rmSync(path);
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE bookmarks (url TEXT)');
    other.close();
    const before = readFileSync(path);
    await expect(start()).rejects.toMatchObject({ code: 'store.foreign' });
    expect(readFileSync(path)).toEqual(before);
  });

  it('of a newer version is refused', async () => {
    await stop(await start());
    const newer = new DatabaseSync(path);
    newer.exec(`INSERT INTO kysely_migration (name, timestamp) VALUES ('0099-future', '${NOW}')`);
    newer.close();
    await expect(start()).rejects.toMatchObject({
      code: 'store.newer-schema',
      message: expect.stringContaining('0099-future'),
    });
  });

  it('that is full says so, keeps nothing of the batch, and goes on when there is room', async () => {
    const opened = await openSqlite(path);
    const store = await createStore(opened);
    open.push(store);
    const pages = (count: number) => sql`PRAGMA max_page_count = ${sql.raw(String(count))}`.execute(opened.db);
    await pages(1);
    const batch = { ...NOTHING, events: range(1, 2000), streams: [progress(2000)] };
    await expect(store.commitBatch(batch)).rejects.toMatchObject({
      code: 'store.unusable',
      message: expect.stringContaining('database or disk is full'),
    });
    await pages(1_000_000);
    expect(await store.ackedSeq(STREAM)).toBe(0);
    expect(await store.commitBatch(batch)).toEqual({ stored: 2000, duplicate: 0 });
  });

  it('with a report that cannot be read is refused, and says which', async () => {
    await stop(await start());
    const broken = new DatabaseSync(path);
    broken.exec(`INSERT INTO reports VALUES ('n1', 'r', 'a', '${NOW}', '{cut')`);
    broken.close();
    const store = await start();
    await expect(store.latestReports()).rejects.toMatchObject({
      code: 'store.corrupt',
      message: expect.stringContaining('report of n1'),
    });
  });

  it('has one writer', async () => {
    await start();
    await expect(openSqlite(path, 50)).rejects.toMatchObject({
      code: 'store.in-use',
      message: expect.stringContaining('--dir'),
    });
  });
});
