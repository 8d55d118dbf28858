import { describe, expect, it } from 'vitest';
import { parseKernelText } from './collectors/kernel-line.ts';
import { kernelEvents } from './watch-events.ts';

const AT = '2026-11-20T17:00:00.000Z';
function events(...texts: readonly string[]) {
  return texts.flatMap((text, index) => {
    const event = parseKernelText(text, AT, index);
    return event === null ? [] : [event];
  });
}
const XID = 'NVRM: Xid (PCI:0000:41:00): 31, pid=1, name=x, MMU Fault';
const FATAL = 'pcieport 0000:40:01.0: AER: Uncorrected (Fatal) error received: 0000:41:00.0';

describe('events for the outbox', () => {
  it('every Xid is one', () => {
    expect(kernelEvents(events(XID, XID), 'boot')).toMatchObject([
      { kind: 'kernel.xid', at: AT, body: { bootId: 'boot', xid: 31, kernelSeq: 0 } },
      { kind: 'kernel.xid', body: { kernelSeq: 1 } },
    ]);
  });

  it('a fault that repeats in one look is told once, with its count, in its place', () => {
    const other = FATAL.replace('0000:40:01.0', '0000:40:02.0');
    expect(kernelEvents(events(FATAL, XID, FATAL, other, FATAL), 'boot')).toMatchObject([
      { kind: 'kernel.fault', body: { code: 'pcie.aer-fatal', pciBusId: '0000:40:01.0', kernelSeq: 0, count: 3 } },
      { kind: 'kernel.xid' },
      { kind: 'kernel.fault', body: { pciBusId: '0000:40:02.0', count: 1 } },
    ]);
  });

  it('a flood of notes pushes nothing out', () => {
    const corrected = Array.from(
      { length: 1000 },
      () => 'pcieport 0000:40:01.0: AER: Corrected error received: id=4008',
    );
    expect(kernelEvents(events(...corrected, FATAL), 'boot')).toMatchObject([{ body: { code: 'pcie.aer-fatal' } }]);
  });
});
