/** What proves that something the kernel log said is over, and what does not. */
import { describe, expect, it } from 'vitest';
import type { GpuRef } from '@trivet/shared/model/finding.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import type { Seen } from './check.ts';
import { EMPTY_LEDGER, applySeen, findings } from './ledger.ts';
import type { Applied, Ledger } from './ledger.ts';
import { amdGpuFixture, amdSampleFixture } from './amd-gpu.fixture.ts';
import { gpuFixture, sampleFixture } from './nvidia-gpu.fixture.ts';

const START = Date.UTC(2026, 10, 20, 12);
const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();
const GPU: GpuRef = { uuid: null, pciBusId: '0000:1b:00.0' };

interface Step {
  readonly at: number;
  readonly seen?: readonly Seen[];
  readonly samples?: Samples;
}
function line(code: string, seconds: number, over: Partial<Seen> = {}): Seen {
  return { gpu: GPU, code, at: at(seconds), source: 'kernel-log', text: `line ${code}`, ...over };
}
function sample(over: Partial<NvidiaGpu>): Samples {
  return { nvidia: sampleFixture([gpuFixture(over)]) };
}
function run(steps: readonly Step[]): Applied[] {
  let ledger: Ledger = EMPTY_LEDGER;
  return steps.map((step) => {
    const { seen = [], samples = {} } = step;
    const applied = applySeen(ledger, { node: 'n', bootId: 'b', at: at(step.at), seen, absent: [], samples });
    ledger = JSON.parse(JSON.stringify(applied.ledger));
    return applied;
  });
}
const open = (steps: readonly Step[]) => findings(run(steps).at(-1)?.ledger ?? EMPTY_LEDGER).map(({ code }) => code);

describe('the log itself', () => {
  const hang = [line('amdgpu.ring-timeout', 0), line('amdgpu.reset-begun', 1), line('amdgpu.ras-uncorrectable', 2)];
  const reset = line('gpu-reset', 3, { over: { isReset: true } });
  const recovered = line('amdgpu.reset-begun', 4, { over: { codes: ['amdgpu.ring-timeout', 'amdgpu.reset-begun'] } });

  it('a hardware reset mends what was before it, once the driver says that it goes on', () => {
    expect(open([{ at: 3, seen: [...hang, reset] }])).toEqual(hang.map(({ code }) => code));
    const failed = line('amdgpu.reset-failed', 4);
    expect(open([{ at: 4, seen: [...hang, reset, failed] }])).toHaveLength(4);
    const between = line('amdgpu.ras-uncorrectable', 3.5);
    expect(open([{ at: 4, seen: [...hang, reset, between, recovered] }])).toEqual(['amdgpu.ras-uncorrectable']);
    expect(open([{ at: 4, seen: [...hang, reset, recovered] }])).toEqual([]);
    expect(open([{ at: 5, seen: [...hang, reset, recovered, line('amdgpu.ring-timeout', 5)] }])).toEqual([
      'amdgpu.ring-timeout',
    ]);
  });

  it('a recovery without a reset mends the hang only', () => {
    expect(open([{ at: 4, seen: [...hang, recovered] }])).toEqual(['amdgpu.ras-uncorrectable']);
    expect(open([{ at: 3, seen: [line('amdgpu.ras-fatal', 0), reset] }])).toEqual([]);
  });

  it('speaks of one GPU, and never of what only a reboot or another board mends', () => {
    const other = { gpu: { uuid: null, pciBusId: '0000:2b:00.0' } };
    expect(open([{ at: 3, seen: [...hang, { ...reset, ...other }] }])).toHaveLength(3);
    const lasting = [line('amdgpu.lost', 0), line('amdgpu.bad-pages-limit', 0), reset];
    expect(open([{ at: 3, seen: lasting }])).toEqual(['amdgpu.lost', 'amdgpu.bad-pages-limit']);
  });

  it('closes what the host said is over', () => {
    const hot = line('host.cpu-temperature', 0, { gpu: null });
    const cool = { ...hot, at: at(9), over: { codes: ['host.cpu-temperature'] } };
    expect(
      open([
        { at: 1, seen: [hot, line('host.soft-lockup', 0, { gpu: null })] },
        { at: 9, seen: [cool] },
      ]),
    ).toEqual(['host.soft-lockup']);
  });

  it('speaks of one port or adapter, of which each has its own finding', () => {
    const at = (device: string, seconds: number) => line('pcie.aer-fatal', seconds, { gpu: null, device });
    const over = { ...at('0000:40:01.0', 9), over: { codes: ['pcie.aer-fatal'] } };
    const [both, one] = run([
      { at: 1, seen: [at('0000:40:01.0', 0), at('0000:40:02.0', 0), at('0000:40:02.0', 1)] },
      { at: 9, seen: [over] },
    ]);
    expect(both?.opened.map(({ count }) => count)).toEqual([1, 2]);
    expect(findings(one?.ledger ?? EMPTY_LEDGER)).toMatchObject([{ id: both?.opened[1]?.id, gpu: null, count: 2 }]);
  });

  it('a repeat after its proof is a new opening', () => {
    const steps = run([
      { at: 0, seen: hang },
      { at: 4, seen: [reset, recovered] },
      { at: 60, seen: [line('amdgpu.ras-uncorrectable', 60)] },
    ]);
    expect(steps[1]?.closed.map(({ code }) => code).toSorted()).toEqual(hang.map(({ code }) => code).toSorted());
    expect(steps[2]?.opened).toMatchObject([{ code: 'amdgpu.ras-uncorrectable', count: 1, firstSeen: at(60) }]);
  });
});

describe('the first line of a boot', () => {
  it('closes what the log said before it, but for a board to be replaced; what comes after it is open', () => {
    const boot = line('boot', 5, { gpu: null, over: { isBoot: true } });
    // Stamps of the boot before may be anything.
    const seen = [line('xid.79', 9000), line('xid.64', 2), boot, line('xid.95', 6)];
    expect(open([{ at: 10, seen }]).toSorted()).toEqual(['xid.64', 'xid.95']);
  });
});

describe('volatile ECC counters that fell', () => {
  const counts = (dramUncorrectable: number) => ({
    eccVolatile: { ...gpuFixture().eccVolatile, dramUncorrectable: { value: dramUncorrectable } },
  });
  const before = { at: 20, samples: sample(counts(3)) };

  it('prove it for the links of that GPU, not for a switch', () => {
    const seen = [line('xid.74.link', 10), line('sxid.20034', 11, { gpu: null })];
    expect(open([{ at: 12, seen }, before, { at: 30, samples: sample(counts(0)) }])).toEqual(['sxid.20034']);
  });

  it('prove a reset between the two samples', () => {
    const xid = { at: 10, seen: [line('xid.95', 10), line('xid.79', 10)] };
    expect(open([xid, before, { at: 30, samples: sample(counts(0)) }])).toEqual(['xid.79']);
    expect(open([xid, before, { at: 30, samples: sample(counts(3)) }])).toEqual(['xid.95', 'xid.79']);
  });

  it('do not prove it for what came after the earlier sample', () => {
    expect(open([before, { at: 25, seen: [line('xid.95', 25)] }, { at: 30, samples: sample(counts(0)) }])).toEqual([
      'xid.95',
    ]);
  });

  it.each<[string, Partial<NvidiaGpu>]>([
    ['the driver still asks for something', { recoveryAction: { value: 'Drain and Reset' } }],
    ['a reading is an error', { errorTexts: ['power: Unknown Error'] }],
    ['a remap still waits', { remapPending: { value: true } }],
    ['the driver lets go of an idle GPU', { persistenceMode: { value: false } }],
  ])('do not prove it while %s', (_, over) => {
    const steps = [
      { at: 10, seen: [line('xid.95', 10)] },
      before,
      { at: 30, samples: sample({ ...counts(0), ...over }) },
    ];
    expect(open(steps)).toEqual(['xid.95']);
  });

  it('are not compared where they were those of MIG devices, which come and go', () => {
    const device = { index: 0, gpuInstanceId: 1, computeInstanceId: 0, uuid: null, profile: null };
    const memory = { memoryTotalBytes: { value: 1 }, memoryUsedBytes: { value: 0 } };
    const divided = (errors: number) =>
      sample({
        migDevices: [{ ...device, ...memory, sramUncorrectable: { value: errors } }],
        eccVolatile: { ...gpuFixture().eccVolatile, sramUncorrectable: { value: errors } },
      });
    const xid = { at: 10, seen: [line('xid.95', 10)] };
    for (const after of [divided(0), sample({})]) {
      expect(open([xid, { at: 20, samples: divided(2) }, { at: 30, samples: after }])).toEqual(['xid.95']);
    }
  });

  it('are not compared with what was not known', () => {
    const unknown = { eccVolatile: { ...gpuFixture().eccVolatile, dramUncorrectable: { unknown: 'not available' } } };
    const steps = [
      { at: 10, seen: [line('xid.95', 10)] },
      before,
      { at: 30, samples: sample(unknown) },
      { at: 40, samples: sample(counts(0)) },
    ];
    expect(open(steps)).toEqual(['xid.95']);
  });
});

describe('a GPU that did not start', () => {
  const failed = { at: 0, seen: [line('nvrm.init-failed', 0)] };
  it('has, when it answers a sample that was begun afterwards', () => {
    expect(open([failed, { at: 10, samples: sample({}) }])).toEqual([]);
    expect(open([{ ...failed, samples: sample({}) }])).toEqual(['nvrm.init-failed']);
    expect(open([failed, { at: 10, samples: sample({ errorTexts: ['power: Unknown Error'] }) }])).toHaveLength(1);
    expect(open([failed, { at: 10, samples: sample({ uuid: 'GPU-2', pciBusId: '0000:2b:00.0' }) }])).toHaveLength(1);
    const none = { unknown: 'absent' };
    expect(
      open([failed, { at: 10, samples: sample({ temperatureCelsius: none, memoryTotalBytes: none }) }]),
    ).toHaveLength(1);
  });
});

describe('another name of the GPU in the slot', () => {
  const named = (uuid: string): Samples => ({ amd: amdSampleFixture([amdGpuFixture({ uuid })]) });
  const broken = {
    at: 10,
    seen: [line('amdgpu.bad-pages-limit', 10, { gpu: { uuid: null, pciBusId: amdGpuFixture().pciBusId } })],
  };

  it('proves another board only where both are of one kind', () => {
    const first = { at: 0, samples: named('10ff74a1-0000-1000-8000-000000000001') };
    const steps = [first, broken];
    expect(open([...steps, { at: 20, samples: named('0x2150e7d042a1124') }])).toEqual(['amdgpu.bad-pages-limit']);
    expect(open([...steps, { at: 20, samples: named('20ff74a1-0000-1000-8000-000000000002') }])).toEqual([]);
  });

  it('means the same GPU, so that what was seen under one name is not open twice', () => {
    const again = { ...broken, at: 30, seen: broken.seen.map((seen) => ({ ...seen, at: at(30) })) };
    const steps = [{ at: 0, samples: named('0x2150e7d042a1124') }, broken];
    expect(open([...steps, { at: 20, samples: named('10ff74a1-0000-1000-8000-000000000001') }, again])).toHaveLength(1);
  });
});

describe('an hour of work without a repeat', () => {
  const busy = { utilizationRatio: { value: 0.9 } };
  /** Samples a minute apart. */
  function work(minutes: number, over: Partial<NvidiaGpu> = busy, from = 60): Step[] {
    return Array.from({ length: minutes + 1 }, (_, index) => ({ at: from + index * 60, samples: sample(over) }));
  }
  const light = { at: 0, seen: [line('xid.31', 0), line('xid.149.peer', 0), line('xid.45', 0)] };

  it('closes light faults of that GPU, and no others', () => {
    expect(open([light, ...work(59)])).toHaveLength(3);
    expect(open([light, ...work(60)])).toEqual([]);
    const heavy = ['xid.95', 'xid.13.repeat', 'xid.79', 'xid.999', 'sxid.20034'];
    const seen = heavy.map((code) => line(code, 0, code.startsWith('sxid') ? { gpu: null } : {}));
    expect(open([{ at: 0, seen }, ...work(90)])).toEqual(heavy);
  });

  it('is counted anew after a repeat', () => {
    expect(open([light, ...work(40), { at: 2500, seen: [line('xid.31', 2500)] }, ...work(40, busy, 2520)])).toEqual([
      'xid.31',
    ]);
  });

  it('is not time that passed: idle, unknown, silent or broken GPUs prove nothing', () => {
    expect(open([light, ...work(200, { utilizationRatio: { value: 0 } })])).toHaveLength(3);
    expect(open([light, ...work(200, { utilizationRatio: { unknown: 'not available' } })])).toHaveLength(3);
    expect(open([light, ...work(200, { ...busy, errorTexts: ['power: Unknown Error'] })])).toHaveLength(3);
    expect(open([light, { at: 60, samples: sample(busy) }, { at: 90_000, samples: sample(busy) }])).toHaveLength(3);
    expect(open([light, { at: 90_000 }])).toHaveLength(3);
  });
});
