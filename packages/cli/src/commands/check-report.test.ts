import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import { NO_PAST, assess } from '@trivet/agent/check-node.ts';
import type { NodeObservation } from '@trivet/agent/check-node.ts';

import type { Signal } from '@trivet/shared/model/node.ts';
import { describe, expect, it } from 'vitest';
import { checkJson, checkText } from './check-report.ts';

const AT = '2026-11-20T17:00:00.000Z';
const SAMPLE = { driverVersion: null, cudaVersion: null, attachedGpus: null, gpus: [], lost: [] };

function signal(name: string, rest: Partial<Signal> = {}): Signal {
  return { name, state: 'ok', required: true, reason: null, ageMs: 0, ...rest };
}

function reportOf(rest: Partial<NodeObservation>) {
  const observation = {
    begunAt: AT,
    at: AT,
    samples: {},
    comparable: {},
    comparesPci: true,
    events: [],
    signals: [],
    ...rest,
  };
  const assessment = assess(observation, { ...NO_PAST, node: 'n1', expectedGpus: null });
  return { node: 'n1', observation, assessment };
}

describe('checkText', () => {
  it('says in one line that there is no GPU', () => {
    expect(checkText(reportOf({})).split('\n')[0]).toBe('healthy: no GPU');
  });

  it('says that Xids were not checked, without calling it a fault', () => {
    const skipped = signal('kernel-log', { state: 'unknown', required: false, reason: 'may not be read' });
    const text = checkText(reportOf({ signals: [skipped] }));
    expect(text).toMatch(/^healthy/);
    expect(text).toMatch(/kernel-log +not checked +no +xid: not checked: may not be read/);
  });

  it('names what it could not tell', () => {
    const blind = signal('kernel-log', { state: 'unknown', reason: 'may not be read' });
    expect(checkText(reportOf({ signals: [blind, signal('host')] })).split('\n')[0]).toBe(
      'unknown: no GPU; could not tell: kernel-log',
    );
  });

  it('does not call it no GPU when it could not look', () => {
    const blind = signal('nvidia-smi', { state: 'failed', reason: 'exit 9' });
    expect(checkText(reportOf({ signals: [blind] })).split('\n')[0]).toBe(
      'unknown: number of GPUs not known; could not tell: nvidia-smi',
    );
  });

  it('shows every GPU that anybody named', () => {
    const lost = [{ name: '1', pciBusId: null, uuid: null, kind: 'lost', text: 'GPU is lost' }] as const;
    const onPci = ['0000:1b:00.0', '0000:2b:00.0', '0000:3b:00.0'].map(
      (pciBusId) => ({ vendor: 'nvidia', pciBusId }) as const,
    );
    const comparable = {
      nvidia: { ...SAMPLE, lost, listed: [{ uuid: 'GPU-0', model: 'H100' }] },
      host: hostFixture({ pciGpus: onPci }),
    };
    const report = reportOf({ samples: comparable, comparable });
    const text = checkText(report);
    expect(text).toMatch(/^unhealthy: 3 GPUs; gpu\.lost/);
    expect(text).toMatch(/GPU 1 .*lost$/m);
    expect(text).toMatch(/H100 .*GPU-0 .*listed, not described$/m);
    expect(text).toMatch(/0000:1b:00\.0 .*on PCI, not described$/m);
    expect(checkJson(report)).toMatchObject({
      schema: 'trivet.check/v1',
      verdict: 'unhealthy',
      gpus: {
        0: { state: 'lost' },
        1: { state: 'listed, not described' },
        2: { state: 'on PCI, not described' },
        length: 5,
      },
    });
    // As many on PCI as were named without a bus id: the same ones.
    const same = { ...comparable, host: { ...comparable.host, pciGpus: onPci.slice(1) } };
    expect(checkText(reportOf({ samples: same, comparable: same }))).not.toContain('on PCI');
  });
});
