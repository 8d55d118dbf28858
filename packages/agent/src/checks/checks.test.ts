/** Every check: what it sees, what it takes as proof of absence, and that a missing reading is neither. */
import { describe, expect, it } from 'vitest';
import { isCatalogued } from '@trivet/shared/health/catalogue/index.ts';
import { parseKernelText } from '../collectors/kernel-line.ts';
import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import type { NvidiaGpu, NvidiaSample } from '@trivet/shared/model/gpu.ts';
import type { CheckInput } from './check.ts';
import { QUIET } from './check-input.fixture.ts';
import { CHECKS, runChecks } from './index.ts';
import { gpuFixture, sampleFixture } from './nvidia-gpu.fixture.ts';

const { at: AT, sampledAt: BEGUN } = QUIET;
const unavailable = { unknown: 'not available' };

function ofSample(nvidia: NvidiaSample, over: Partial<CheckInput> = {}) {
  return runChecks({ ...QUIET, samples: { nvidia }, ...over });
}
function ofGpu(over: Partial<NvidiaGpu>) {
  const { seen, absent } = ofSample(sampleFixture([gpuFixture(over)]));
  const codes = seen.map(({ code }) => code).filter((code) => code !== 'recovery-action.0');
  return { codes, absent: absent.map(({ code }) => code), seen };
}
function ofLines(...lines: readonly string[]) {
  const events = lines.map((line, seq) => parseKernelText(line, AT, seq)).filter((event) => event !== null);
  return runChecks({ ...QUIET, events });
}

describe('conditions of a GPU', () => {
  const counts = gpuFixture().eccVolatile;
  const remapless = { remapPending: unavailable, remapFailure: unavailable };
  const eccOff = { eccModeCurrent: { value: false }, eccModePending: { value: false } };
  const retires = {
    retiredPagesSingleBit: { value: 0 },
    retiredPagesDoubleBit: { value: 1 },
    retirementPending: { value: false },
  };

  it('sees nothing on a healthy GPU, and proves every condition absent that it could read', () => {
    const { codes, absent } = ofGpu({});
    expect(codes).toEqual([]);
    expect(absent).toContain('remap.failure');
    expect(absent).toContain('gpu.lost');
    // Not available on this board: no proof.
    expect(absent).not.toContain('retired.limit');
    expect(absent).not.toContain('ecc.unrepairable-memory');
  });

  it.each<[string, Partial<NvidiaGpu>, string[]]>([
    ['remap pending', { remapPending: { value: true } }, ['remap.pending']],
    ['remap failed', { remapFailure: { value: true } }, ['remap.failure']],
    [
      'DRAM error on a board that remaps',
      { eccVolatile: { ...counts, dramUncorrectable: { value: 2 } } },
      ['ecc.dram-uncorrectable'],
    ],
    [
      'DRAM error on a board that retires pages',
      { ...remapless, ...retires, eccVolatile: { ...counts, dramUncorrectable: { value: 2 } } },
      ['ecc.dram-uncorrectable-no-remap'],
    ],
    [
      'DRAM error on a board that tells neither: the weaker reading',
      { ...remapless, eccVolatile: { ...counts, dramUncorrectable: { value: 2 } } },
      ['ecc.dram-uncorrectable'],
    ],
    ['SRAM error', { eccVolatile: { ...counts, sramUncorrectable: { value: 1 } } }, ['ecc.sram-uncorrectable']],
    [
      'errors of the past',
      { eccAggregate: { ...counts, sramUncorrectable: { value: 9 } } },
      ['ecc.aggregate-uncorrectable'],
    ],
    ['SRAM threshold', { sramThresholdExceeded: { value: true } }, ['ecc.sram-threshold']],
    ['channel repair', { channelRepairPending: { value: true } }, ['ecc.channel-repair-pending']],
    ['TPC repair', { tpcRepairPending: { value: true } }, ['ecc.tpc-repair-pending']],
    ['unrepairable', { unrepairableMemory: { value: true } }, ['ecc.unrepairable-memory']],
    ['ECC off', eccOff, ['ecc.off']],
    ['ECC off as delivered', { ...eccOff, model: 'NVIDIA RTX A6000' }, []],
    ['a page to retire', { ...remapless, ...retires, retirementPending: { value: true } }, ['retired.pending']],
    ['63 pages', { ...retires, retiredPagesSingleBit: { value: 62 } }, []],
    ['64 pages', { ...retires, retiredPagesSingleBit: { value: 63 } }, ['retired.limit']],
    ['fabric not started', { fabricState: { value: 'Not Started' }, fabricStatus: unavailable }, ['fabric.not-ready']],
    [
      'fabric at work',
      { fabricState: { value: 'In Progress' }, fabricStatus: { value: 'Success' } },
      ['fabric.not-ready'],
    ],
    ['fabric failed', { fabricStatus: { value: 'Timeout' } }, ['fabric.unhealthy']],
    ['fabric unwell', { fabricHealth: { value: 'Unhealthy' } }, ['fabric.unhealthy']],
    ['no fabric', { fabricState: unavailable, fabricStatus: unavailable }, []],
    ['reset required', { resetRequired: { value: true } }, ['reset-status.required']],
    ['reset recommended', { drainAndResetRecommended: { value: true } }, ['reset-status.recommended']],
    [
      'lost by its readings',
      { errorTexts: ['temperature/gpu_temp: GPU is lost', 'clocks/sm_clock: GPU is lost'] },
      ['gpu.lost'],
    ],
    ['unknown error', { errorTexts: ['temperature/gpu_temp: Unknown Error'] }, ['gpu.unknown-error']],
    [
      'in need of a reset by its readings',
      { errorTexts: ['clocks/sm_clock: GPU requires reset'] },
      ['reset-status.required'],
    ],
    ['readings that time out', { errorTexts: ['clocks/sm_clock: Timeout'] }, ['gpu.unreachable']],
  ])('%s', (_, over, expected) => {
    const { codes, absent, seen } = ofGpu(over);
    expect(codes).toEqual(expected);
    for (const code of expected) {
      expect(absent).not.toContain(code);
      expect(isCatalogued(code)).toBe(true);
    }
    for (const { text, gpu } of seen) {
      expect(text).not.toBe('');
      expect(gpu).toEqual({ uuid: gpuFixture().uuid, pciBusId: '0000:1b:00.0' });
    }
  });

  it('takes a reading that is missing neither for a fault nor for its absence', () => {
    const unset = { persistenceMode: unavailable, migModePending: unavailable, inforomImage: unavailable };
    const unknownCounts = { ...counts, dramUncorrectable: unavailable, sramUncorrectable: unavailable };
    const { codes, absent } = ofGpu({
      ...remapless,
      eccVolatile: unknownCounts,
      eccAggregate: unknownCounts,
      sramThresholdExceeded: unavailable,
      channelRepairPending: unavailable,
      tpcRepairPending: unavailable,
      eccModeCurrent: unavailable,
      fabricState: unavailable,
      fabricStatus: unavailable,
      recoveryAction: unavailable,
      remapBanks: { ...gpuFixture().remapBanks, none: unavailable },
      ...unset,
    });
    expect(codes).toEqual([]);
    expect(absent.filter((code) => !code.startsWith('gpu.'))).toEqual([]);
  });

  it('dates proofs at the begin of the sample', () => {
    const { absent } = ofSample(sampleFixture([gpuFixture()]));
    expect(new Set(absent.map(({ at }) => at))).toEqual(new Set([BEGUN]));
  });
});

describe('recovery action', () => {
  it.each([
    ['None', 'recovery-action.0'],
    ['Reset', 'recovery-action.1'],
    ['GPU Reset Required', 'recovery-action.1'],
    ['Reboot', 'recovery-action.2'],
    ['Drain P2P', 'recovery-action.3'],
    ['Drain and Reset', 'recovery-action.4'],
    ['Recover IMEX Domain', 'recovery-action.5'],
    ['Bus Reset', 'recovery-action.6'],
    ['System Reboot', 'recovery-action.7'],
    ['Turn it off and on', 'recovery-action.unclassified'],
    ['constructor', 'recovery-action.unclassified'],
  ])('of the tool: %s', (words, code) => {
    const { seen } = ofSample(sampleFixture([gpuFixture({ recoveryAction: { value: words } })]));
    expect(seen.map((one) => one.code)).toEqual([code]);
  });

  it.each([
    ['from 0x0 (None) to 0x1 (PF FLR)', 'recovery-action.1'],
    ['from 0x0 (None) to 0x2 (OS Reboot)', 'recovery-action.2'],
    ['from 0x4 (Drain and Reset) to 0x1 (GPU Reset Required)', 'recovery-action.1'],
    ['from 0x1 (GPU Reset Required) to 0x0 (None)', 'recovery-action.0'],
    ['from 0x0 (None) to 0x5 (Recover IMEX Domain)', 'recovery-action.5'],
    ['from 0x0 (None) to 0x8 (Levitate)', 'recovery-action.unclassified'],
    ['became something else', 'xid.154'],
  ])('of Xid 154: %s', (change, code) => {
    const { seen } = ofLines(`NVRM: Xid (PCI:0000:1b:00): 154, GPU recovery action changed ${change}`);
    expect(seen).toMatchObject([{ code, gpu: { uuid: null, pciBusId: '0000:1b:00.0' }, source: 'kernel-log' }]);
  });
});

describe('kernel events', () => {
  it('joins the UUID from the sample, or from a line that named it', () => {
    const line = 'NVRM: Xid (PCI:0000:1b:00): 79, GPU has fallen off the bus.';
    const uuid = 'GPU-11111111-0000-0000-0000-000000000001';
    expect(ofLines(`NVRM: GPU at PCI:0000:1b:00: ${uuid}`, line).seen).toMatchObject([
      { code: 'xid.79', gpu: { uuid } },
    ]);
    const event = parseKernelText(line, AT, 1);
    const events = event === null ? [] : [event];
    const { seen } = ofSample(sampleFixture([gpuFixture()]), { events });
    expect(seen[0]).toMatchObject({ code: 'xid.79', gpu: { uuid: gpuFixture().uuid } });
  });

  it('keeps the order of events across checks, samples last', () => {
    const events = [154, 48, 154].map((xid) => {
      const text = xid === 48 ? 'DBE' : 'GPU recovery action changed from 0x1 (x) to 0x0 (None)';
      return parseKernelText(`NVRM: Xid (PCI:0000:1b:00): ${xid}, ${text}`, AT, 1);
    });
    const { seen } = ofSample(sampleFixture([gpuFixture({ remapPending: { value: true } })]), {
      events: events.filter((event) => event !== null),
    });
    expect(seen.map(({ code }) => code)).toEqual([
      'recovery-action.0',
      'xid.48',
      'recovery-action.0',
      'recovery-action.0',
      'remap.pending',
    ]);
  });

  it('names the cause that the line names', () => {
    const { seen } = ofLines('NVRM: Xid (PCI:0000:dc:00): 45, pid=1, name=x, Ch 1 caused by previous Xid 149');
    expect(seen).toMatchObject([{ code: 'xid.45', causedBy: 'xid.149' }]);
  });

  it('a GPU that left the bus is one fault, with an Xid or without', () => {
    const lost = 'NVRM: GPU 0000:2f:00.0: GPU has fallen off the bus.';
    expect(ofLines('NVRM: Xid (PCI:0000:2f:00): 79, x', lost).seen.map(({ code }) => code)).toEqual(['xid.79']);
    expect(ofLines(lost).seen).toMatchObject([{ code: 'gpu.lost', gpu: { pciBusId: '0000:2f:00.0' } }]);
  });

  it('counts a switch event once, by the line that says fatal or not', () => {
    const of = (rest: string) => `nvidia-nvswitch0: SXid (PCI:0000:05:00.0): ${rest}`;
    const severity = of('20034, Severity 1 Engine instance 20 Sub-engine instance 00');
    expect(ofLines(of('20034, Fatal, Link 62 LTSSM Fault Up'), severity).seen).toMatchObject([
      { code: 'sxid.20034', gpu: null },
    ]);
    expect(ofLines(severity).seen).toHaveLength(1);
    expect(ofLines(of('99999, Fatal, Link 1 x')).seen).toMatchObject([{ code: 'sxid.99999.fatal' }]);
    expect(ofLines(of('20009, Fatal, Link 1 x')).seen).toMatchObject([{ code: 'sxid.20009.fatal' }]);
    expect(ofLines(of('99999, Non-fatal, Link 1 x')).seen).toMatchObject([{ code: 'sxid.99999' }]);
  });
});

describe('lost and counted GPUs', () => {
  const two = [gpuFixture(), gpuFixture({ uuid: 'GPU-2', pciBusId: '0000:2b:00.0' })];
  const lost = {
    name: '0000:3b:00.0',
    pciBusId: '0000:3b:00.0',
    uuid: null,
    kind: 'lost',
    text: 'GPU is lost',
  } as const;
  const codes = (nvidia: NvidiaSample, over: Partial<CheckInput> = {}) =>
    ofSample(nvidia, over)
      .seen.map(({ code }) => code)
      .filter((code) => code.startsWith('gpu.'));

  it('takes the tool’s word for a lost GPU; what it could not open is not lost', () => {
    expect(codes(sampleFixture(two, { lost: [lost], attachedGpus: 3 }))).toEqual(['gpu.lost']);
    expect(codes(sampleFixture(two, { lost: [{ ...lost, kind: 'unreachable' }], attachedGpus: 3 }))).toEqual([
      'gpu.unreachable',
    ]);
  });

  it('proves nothing of a GPU that is named as lost, and a GPU named by index only when all answer', () => {
    const described = { ...lost, pciBusId: '0000:2b:00.0' };
    const { absent } = ofSample(sampleFixture(two, { lost: [described] }), { mostGpusSeen: 2 });
    const busIds = absent.filter(({ code }) => code === 'gpu.lost').map(({ gpu }) => gpu?.pciBusId);
    expect(busIds).toEqual(['0000:1b:00.0']);
    const after = (mostGpusSeen: number) =>
      ofSample(sampleFixture(two), { mostGpusSeen }).absent.some(
        ({ code, gpu }) => code === 'gpu.lost' && gpu === null,
      );
    expect([after(2), after(3)]).toEqual([true, false]);
  });

  it.each<[string, Partial<NvidiaSample>, Partial<CheckInput>, string[]]>([
    ['all agree', {}, { expectedGpus: 2, mostGpusSeen: 2 }, []],
    ['some are listed only', { attachedGpus: 3, listed: [{ uuid: 'GPU-3', model: 'H100' }] }, { mostGpusSeen: 3 }, []],
    ['the tool counts more than it describes', { attachedGpus: 3 }, {}, ['gpu.count']],
    ['more are expected than ever seen', {}, { expectedGpus: 8, mostGpusSeen: 2 }, ['gpu.count']],
    ['fewer than before', {}, { mostGpusSeen: 3 }, ['gpu.fewer-than-before']],
    [
      'fewer than before and than expected',
      {},
      { mostGpusSeen: 3, expectedGpus: 3 },
      ['gpu.count', 'gpu.fewer-than-before'],
    ],
    ['fewer than before, as expected', {}, { mostGpusSeen: 3, expectedGpus: 2 }, []],
    ['one lost is not one fewer', { lost: [lost], attachedGpus: 3 }, { mostGpusSeen: 3 }, ['gpu.lost']],
    [
      'a failed handle hides the others',
      { gpus: [], lost: [lost], attachedGpus: null },
      { mostGpusSeen: 3 },
      ['gpu.lost'],
    ],
  ])('%s', (_, sample, input, expected) => {
    expect(codes(sampleFixture(two, sample), input)).toEqual(expected);
  });

  it('compares with PCI where the host was read', () => {
    const pciGpus = ['1b', '2b', '3b'].map((bus) => ({ vendor: 'nvidia', pciBusId: `0000:${bus}:00.0` }) as const);
    const host = hostFixture({ pciGpus });
    const { seen } = ofSample(sampleFixture(two), { samples: { nvidia: sampleFixture(two), host } });
    expect(seen.find(({ code }) => code === 'gpu.count')?.text).toBe('2 GPUs present, but PCI shows 3');
  });
});

it('every check says nothing of nothing', () => {
  expect(runChecks(QUIET)).toEqual({ seen: [], absent: [] });
  expect(new Set(CHECKS.map(({ name }) => name)).size).toBe(CHECKS.length);
});
