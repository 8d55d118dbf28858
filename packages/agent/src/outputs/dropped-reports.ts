/**
 * Reports that will never be sent: counted durably beside the lost events, and said: once an outage for those that a newer
 * one overtook, each time for one that no frame holds.
 */
import type { Log } from '../log.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { DropReason } from './newest-report.ts';

export class DroppedReports {
  readonly #outbox: Pick<Outbox, 'countDroppedReport' | 'reportsDropped'>;
  readonly #log: Log;
  #isSaid = false;

  constructor(outbox: Pick<Outbox, 'countDroppedReport' | 'reportsDropped'>, log: Log) {
    this.#outbox = outbox;
    this.#log = log;
  }

  note(reason: DropReason): void {
    this.#outbox.countDroppedReport();
    const { reportsDropped } = this.#outbox;
    if (reason === 'too-large') {
      this.#log.error('report is too large even without evidence; it is dropped', { reportsDropped });
    } else if (!this.#isSaid) {
      this.#isSaid = true;
      const said = 'report was overtaken before it could be sent; it is dropped, as will be those until a connection';
      this.#log.warn(said, { reportsDropped });
    }
  }

  /** The next outage is said anew. */
  connected(): void {
    this.#isSaid = false;
  }
}
