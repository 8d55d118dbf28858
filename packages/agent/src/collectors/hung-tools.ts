/** Tools of ours that were ended and live on: they wait inside a driver, and what they would have told is not known. */
import type { ToolsSample } from '@trivet/shared/model/report.ts';
import type { Tool } from '../os/command.ts';
import { PROC, readProcessState } from '../os/procfs.ts';
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
      const survivor = hung();
      if (survivor === null) return [];
      const { pid, startedAt: since, hasEnded } = survivor;
      // The number may be another process's by now.
      return [{ tool, pid, since, processState: hasEnded() ? null : readProcessState(this.#proc, pid) }];
    });
    return { state: 'ok', sample: { hung } };
  }
}
