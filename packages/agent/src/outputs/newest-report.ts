/**
 * The report that waits to be sent: only the newest, because each replaces the one before it: a report that is overtaken
 * before it could be sent is dropped and counted, so reports never take room from events. Evidence is for people and goes
 * first when a frame is too small; findings are never cut out of a report.
 */
import type { Report } from '@trivet/shared/model/report.ts';
import { FRAME_MAX_BYTES } from '@trivet/shared/protocol/messages.ts';

export type DropReason = 'superseded' | 'too-large';

export class NewestReport {
  /** Overtaken before they were sent. */
  superseded = 0;
  /** Not sent, because they do not fit a frame even without evidence. */
  tooLarge = 0;
  readonly #dropped: (reason: DropReason) => void;
  #report: Report | null = null;
  #waiting = false;

  /** `dropped` is told of each report that will never be sent. */
  constructor(dropped: (reason: DropReason) => void = () => {}) {
    this.#dropped = dropped;
  }

  get waiting(): boolean {
    return this.#waiting;
  }

  put(report: Report): void {
    if (this.#waiting) {
      this.superseded += 1;
      this.#dropped('superseded');
    }
    this.#report = report;
    this.#waiting = true;
  }

  /** A new connection is told the newest one again. */
  renew(): void {
    this.#waiting = this.#report !== null;
  }

  /** The frame to send now, null when nothing waits or it is too large. */
  take(maxBytes: number = FRAME_MAX_BYTES): string | null {
    const report = this.#waiting ? this.#report : null;
    this.#waiting = false;
    if (report === null) return null;
    for (const keep of [Number.POSITIVE_INFINITY, 1, 0]) {
      const frame = reportFrame(report, keep);
      if (Buffer.byteLength(frame) <= maxBytes) return frame;
    }
    this.tooLarge += 1;
    this.#dropped('too-large');
    return null;
  }
}

function reportFrame(report: Report, evidence: number): string {
  const findings = report.findings.map((finding) => ({
    ...finding,
    evidence: evidence === 0 ? [] : finding.evidence.slice(-evidence),
  }));
  return JSON.stringify({ type: 'report', ...report, findings });
}
