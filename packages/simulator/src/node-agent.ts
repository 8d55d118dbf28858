/** An agent of the demo, simulated or real: what the run needs of it. */
import type { AgentView } from './world.ts';

export interface NodeAgent {
  readonly node: string;
  /** Says what the node looks like at this pass; resolves when it was sent, not when it was received. */
  deliver(view: AgentView, pass: number, at: Date): Promise<void>;
  /** Whether this report, as the aggregator received it, is the one that shows the node at this pass. */
  isReportOf(reportId: string, pass: number): boolean;
  /** Why it could not deliver; null while nothing is wrong. */
  problem(): string | null;
  stop(): Promise<void>;
}
