/** What routes may use: the read side of everything, and questions to agents. No way to change a node, a plan or the store. */
import type { Log } from '../log.ts';
import type { LatestReports, Receiver } from '../legs/telemetry/index.ts';
import type { PassOutcome } from '../passes/index.ts';
import type { Store } from '../store/index.ts';
import type { CheckRuns } from './check-runs.ts';
import type { Metrics } from './metrics.ts';

export interface ApiContext {
  readonly version: string;
  readonly cluster: string;
  readonly startedAt: Date;
  readonly now: () => Date;
  readonly passesDir: string;
  readonly store: Pick<Store, 'events' | 'findings' | 'agent' | 'lastPass' | 'sizeBytes'>;
  readonly latest: Pick<LatestReports, 'get' | 'nodes'>;
  readonly receiver: Pick<Receiver, 'connection' | 'connections'>;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  readonly passes: PassProgress;
  readonly checkRuns: Pick<CheckRuns, 'start'>;
  /** That whoever makes nodes work has to show; null: only programs on this host may. */
  readonly apiToken: string | null;
  /** Taken off the ends of node names. */
  readonly stripDomains: readonly string[];
  readonly log: Log;
}

/** Of this process. */
export interface PassProgress {
  /** The last good pass and when it ended; null before it. */
  readonly last: () => { readonly outcome: PassOutcome; readonly at: Date } | null;
  /** Set while the newest attempt failed. */
  readonly failure: () => { readonly at: Date; readonly message: string } | null;
}
