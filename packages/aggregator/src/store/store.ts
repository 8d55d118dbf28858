/**
 * The store as the rest of the aggregator sees it: functions, no SQL and no driver. Everything in it outlives a restart;
 * nothing else does.
 */
import type { Hello } from '@trivet/shared/protocol/messages.ts';
import type { PassState } from '../core/state.ts';
import type { PassOutcome } from '../passes/index.ts';
import { ackedSeq, commitBatch, type Committed, type IngestBatch, type StoredReport } from './ingest.ts';
import { lastPass, loadPassState, savePass } from './pass-state.ts';
import {
  agentOf,
  eventsOf,
  findingsOf,
  lastEventId,
  latestReports,
  type EventRecord,
  type FindingRecord,
} from './read.ts';
import { prune, type Pruned, type Retention } from './retention.ts';
import type { AgentsTable, PassesTable } from './schema.ts';
import type { OpenDatabase } from './sqlite.ts';

export interface Store {
  /** On the disk when it resolves; not kept at all when it rejects. */
  commitBatch(batch: IngestBatch): Promise<Committed>;
  /** Highest sequence number that was taken over from this stream; 0 for a new one. */
  ackedSeq(hello: Pick<Hello, 'agentId' | 'streamId'>): Promise<number>;
  latestReports(): Promise<StoredReport[]>;
  events(node: string, page: { readonly limit: number; readonly before: number }): Promise<EventRecord[]>;
  findings(node: string, limit: number): Promise<FindingRecord[]>;
  agent(node: string): Promise<AgentsTable | null>;
  passState(cluster: string): Promise<PassState | null>;
  savePass(cluster: string, outcome: PassOutcome, at: string): Promise<void>;
  lastPass(cluster: string): Promise<PassesTable | null>;
  prune(retention: Retention, now: Date): Promise<Pruned>;
  sizeBytes(): number;
  close(): Promise<void>;
}

export async function createStore({ db, sizeBytes, close }: OpenDatabase): Promise<Store> {
  let eventId = await lastEventId(db);
  const nextId = () => ++eventId;
  return {
    commitBatch: (batch) => commitBatch(db, batch, nextId),
    ackedSeq: (hello) => ackedSeq(db, hello),
    latestReports: () => latestReports(db),
    events: (node, page) => eventsOf(db, node, page),
    findings: (node, limit) => findingsOf(db, node, limit),
    agent: (node) => agentOf(db, node),
    passState: (cluster) => loadPassState(db, cluster),
    savePass: (cluster, outcome, at) => savePass(db, cluster, outcome, at),
    lastPass: (cluster) => lastPass(db, cluster),
    prune: (retention, now) => prune(db, retention, now),
    sizeBytes,
    close,
  };
}
