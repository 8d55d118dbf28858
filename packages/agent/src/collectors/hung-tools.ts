/** Vendors' tools that did not end by themselves: what they would have told is not known, and some of them live on inside the driver. */
import type { ToolsSample } from '@trivet/shared/model/report.ts';
import { PROC, readProcessState } from '../os/procfs.ts';
import type { Tool } from '../os/tool.ts';
import type { Collected, Collector } from './collector.ts';

export class HungToolsCollector implements Collector<ToolsSample> {
  readonly name = 'tools';
  readonly #tools: Readonly<Record<string, Pick<Tool, 'hung'>>>;
  readonly #proc: string;

  /** By the names of their collectors. */
  constructor(tools: Readonly<Record<string, Pick<Tool, 'hung'>>>, proc: string = PROC) {
    this.#tools = tools;
    this.#proc = proc;
  }

  async collect(): Promise<Collected<ToolsSample>> {
    const hung = Object.entries(this.#tools).flatMap(([tool, { hung }]) => {
      const hang = hung();
      if (hang === null) return [];
      const { since, survivor } = hang;
      // Of one that has ended the number may be another process's by now.
      const pid = survivor?.hasEnded() === false ? survivor.pid : null;
      return [{ tool, since, pid, processState: pid === null ? null : readProcessState(this.#proc, pid) }];
    });
    return { state: 'ok', sample: { hung } };
  }
}
