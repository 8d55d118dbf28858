/**
 * The newest report of every node, in memory: what passes and the API read, so that neither waits for the database. It is
 * filled from the store at the start and holds nothing that was not committed.
 */
import type { StoredReport } from '../../store/index.ts';

export interface Latest extends StoredReport {
  /** Reports of this node since our start. */
  readonly delivered: number;
  /** Newest report of another agent that spoke for this node before; null when there was none. */
  readonly rival: StoredReport | null;
}

export interface LatestReports {
  put(report: StoredReport): void;
  get(node: string): Latest | undefined;
  all(): Iterable<Latest>;
  /** Sorted. */
  nodes(): readonly string[];
}

export function createLatestReports(stored: readonly StoredReport[]): LatestReports {
  const byNode = new Map<string, Latest>(
    stored.map((report) => [report.row.node, { ...report, delivered: 0, rival: null }]),
  );
  let names: readonly string[] | null = null;
  return {
    put: (report) => {
      const previous = byNode.get(report.row.node);
      if (previous === undefined) names = null;
      byNode.set(report.row.node, {
        ...report,
        delivered: (previous?.delivered ?? 0) + 1,
        rival: rivalOf(previous, report),
      });
    },
    get: (node) => byNode.get(node),
    all: () => byNode.values(),
    nodes: () => (names ??= [...byNode.keys()].sort()),
  };
}

function rivalOf(previous: Latest | undefined, report: StoredReport): Latest['rival'] {
  if (previous === undefined) return null;
  if (previous.agentId === report.agentId) return previous.rival;
  const { reportId, agentId, row } = previous;
  return { reportId, agentId, row };
}
