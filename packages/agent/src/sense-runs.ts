/** What the node's senses cost and how often they fail, since the agent began: for its own metrics. */

export interface SenseRuns {
  readonly name: string;
  readonly runs: number;
  /** Runs whose answer was not `ok`. */
  readonly failures: number;
  readonly lastMs: number;
  /** Null: it reads no tool. */
  readonly printedBytes: number | null;
}

export class SenseLedger {
  readonly #runs = new Map<string, SenseRuns>();

  get all(): readonly SenseRuns[] {
    return [...this.#runs.values()];
  }

  note(
    name: string,
    run: { readonly isOk: boolean; readonly tookMs: number; readonly printedBytes: number | null },
  ): void {
    const before = this.#runs.get(name);
    this.#runs.set(name, {
      name,
      runs: (before?.runs ?? 0) + 1,
      failures: (before?.failures ?? 0) + Number(!run.isOk),
      lastMs: run.tookMs,
      printedBytes: run.printedBytes,
    });
  }
}
