import type { AmdSample } from '@trivet/shared/model/amd.ts';
import type { NvidiaSample } from '@trivet/shared/model/gpu.ts';
import type { HostSample } from '@trivet/shared/model/report.ts';
import type { SiteSample } from '@trivet/shared/model/site.ts';
import { describe, expect, it } from 'vitest';
import { NO_PAST, NodeObserver, assess } from './check-node.ts';
import type { Assessment, NodeObservation } from './check-node.ts';
import { amdGpuFixture, amdSampleFixture } from './checks/amd-gpu.fixture.ts';
import type { KernelEvent } from './checks/kernel-event.ts';
import type { Collected, Collector } from './collectors/collector.ts';
import type { KernelLogSample } from './collectors/kernel-log.ts';
import { parseKernelText } from './collectors/kernel-line.ts';
import { toSample } from './collectors/nvidia-sample.ts';
import { readXml } from './collectors/nvidia-xml.ts';
import { amdSense, nvidiaSense, siteSense } from './senses.ts';
import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import type { Demands } from './senses.ts';

type Vendor = 'nvidia' | 'amd';

function host(...vendors: readonly Vendor[]): Collected<HostSample> {
  const pciGpus = vendors.map((vendor, index) => ({ vendor, pciBusId: `0000:0${index}:00.0` }));
  return { state: 'ok', sample: hostFixture({ bootId: 'boot-1', pciGpus }) };
}

function nvidia(count: number): NvidiaSample {
  const gpus = Array.from(
    { length: count },
    (_, index) => `<gpu id="00000000:0${index}:00.0"><temperature><gpu_temp>30 C</gpu_temp></temperature></gpu>`,
  );
  const xml = readXml(`<nvidia_smi_log><attached_gpus>${count}</attached_gpus>${gpus.join('')}</nvidia_smi_log>`);
  if (xml.kind !== 'document') throw new Error(xml.reason);
  return toSample(xml.root);
}

function log(events: readonly KernelEvent[], seq: number): Collected<KernelLogSample> {
  const counters = { records: seq, lost: 0, overruns: 0, forged: 0, malformed: 0, unreadXids: 0 };
  return { state: 'ok', sample: { events, counters, cursor: { path: '/dev/kmsg', bootId: 'boot-1', seq } } };
}

/** Answers in order, the last one for ever. */
function collector<Sample>(...answers: readonly Collected<Sample>[]): Collector<Sample> & { calls: number } {
  const self = {
    name: 'nvidia-smi',
    calls: 0,
    async collect(): Promise<Collected<Sample>> {
      const answer = answers[Math.min(self.calls, answers.length - 1)];
      self.calls += 1;
      return answer ?? { state: 'unknown', reason: 'nothing' };
    },
  };
  return self;
}

interface World {
  readonly host?: Collected<HostSample>;
  readonly nvidia?: Collected<NvidiaSample>;
  readonly amd?: Collected<AmdSample>;
  readonly kernelLog?: Collected<KernelLogSample>;
}

const DEMANDS: Demands = { given: new Set(), isOwnNode: true, kernelLogRequired: false, expectedGpus: null };
const AT = '2026-11-20T17:00:00.000Z';
const NO_TOOL = { state: 'failed', reason: 'no such program' } as const;
const NO_LOG = { state: 'unknown', reason: 'may not be read' } as const;

function judge(observation: NodeObservation, expectedGpus: number | null = null): Assessment {
  return assess(observation, { ...NO_PAST, node: 'n1', expectedGpus });
}

async function look(world: World, demands: Partial<Demands> = {}) {
  const tool = collector(world.nvidia ?? NO_TOOL);
  const senses = {
    host: collector(world.host ?? host()),
    kernelLog: collector(world.kernelLog ?? log([], 1)),
    others: [nvidiaSense(tool), amdSense({ ...collector(world.amd ?? NO_TOOL), name: 'amd-smi' })],
  };
  const all = { ...DEMANDS, ...demands };
  const observation = await new NodeObserver(senses, all, () => 0).observe();
  const { verdict, findings } = judge(observation, all.expectedGpus);
  const signals = Object.fromEntries(observation.signals.map(({ name, ...rest }) => [name, rest]));
  return { verdict, codes: findings.map(({ code }) => code), signals, asked: tool.calls };
}

describe('one look at a node', () => {
  it('is healthy without any GPU, and asks no tool', async () => {
    expect(await look({})).toMatchObject({
      verdict: 'healthy',
      asked: 0,
      signals: { 'nvidia-smi': { required: false } },
    });
  });

  it('needs the tool where PCI shows a GPU', async () => {
    const ok = { state: 'ok', sample: nvidia(2) } as const;
    expect(await look({ host: host('nvidia', 'nvidia'), nvidia: ok })).toMatchObject({ verdict: 'healthy', codes: [] });
    expect(await look({ host: host('nvidia') })).toMatchObject({
      verdict: 'unknown',
      signals: { 'nvidia-smi': { state: 'failed', required: true, reason: 'no such program', ageMs: null } },
    });
  });

  it('needs the tool where a GPU is expected', async () => {
    expect(await look({}, { expectedGpus: 8 })).toMatchObject({ verdict: 'unknown', asked: 1 });
    expect(await look({}, { expectedGpus: 0 })).toMatchObject({ verdict: 'healthy', asked: 0 });
  });

  it('shows that PCI and the tool count differently', async () => {
    const ok = { state: 'ok', sample: nvidia(1) } as const;
    expect(await look({ host: host('nvidia', 'nvidia'), nvidia: ok })).toMatchObject({
      verdict: 'degraded',
      codes: ['gpu.count'],
    });
  });

  it('compares a tool that was named with nothing, and needs PCI no more', async () => {
    const given = { given: new Set(['nvidia'] as const), isOwnNode: false };
    const ok = { state: 'ok', sample: nvidia(1) } as const;
    expect(await look({ nvidia: ok }, given)).toMatchObject({ verdict: 'healthy', codes: [] });
    expect(await look({ nvidia: ok, host: NO_LOG }, given)).toMatchObject({ verdict: 'healthy' });
    expect(await look({ host: host('amd'), nvidia: ok }, given)).toMatchObject({ verdict: 'healthy' });
    expect(await look({}, given)).toMatchObject({ verdict: 'unknown' });
  });

  it('cannot tell where PCI cannot be read, but asks the tool all the same', async () => {
    const ok = { state: 'ok', sample: nvidia(1) } as const;
    expect(await look({ host: NO_LOG, nvidia: ok })).toMatchObject({ verdict: 'unknown', asked: 1 });
  });

  it('is not healthy by its silence about AMD GPUs', async () => {
    expect(await look({ host: host('amd') })).toMatchObject({
      verdict: 'unknown',
      signals: { 'amd-smi': { state: 'failed', required: true, reason: 'no such program' } },
    });
  });

  it('counts the GPUs of both vendors, boards and not logical ones', async () => {
    const bus = (index: number) => ({ uuid: null, pciBusId: `0000:0${index}:00.0` });
    const partitions = [0, 1, 2, 3].map((id) => ({ index: id, partitionId: id }));
    const one = { state: 'ok', sample: amdSampleFixture([amdGpuFixture({ ...bus(1), partitions })]) } as const;
    const both = { host: host('nvidia', 'amd'), nvidia: { state: 'ok', sample: nvidia(1) } as const };
    expect(await look({ ...both, amd: one }, { expectedGpus: 2 })).toMatchObject({ verdict: 'healthy', codes: [] });
    expect(await look({ ...both, amd: one }, { expectedGpus: 3 })).toMatchObject({ codes: ['gpu.count'] });
    // Of one vendor the number is not known: neither count nor expectation says anything.
    expect(await look({ ...both }, { expectedGpus: 1 })).toMatchObject({ verdict: 'unknown', codes: [] });
    expect(await look({ host: host('amd', 'amd'), amd: one })).toMatchObject({
      verdict: 'degraded',
      codes: ['gpu.count'],
    });
  });

  it('does not take partitions whose board is not known for boards that may be missed later', () => {
    const parts = Array.from({ length: 8 }, () => amdGpuFixture({ uuid: null, pciBusId: null }));
    const samples = { amd: amdSampleFixture(parts) };
    const looked = { begunAt: AT, at: AT, samples, comparable: samples, comparesPci: true };
    const observation = { ...looked, events: [], signals: [] };
    const assessed = assess(observation, { ...NO_PAST, node: 'n1', expectedGpus: null, mostGpusSeen: 1 });
    expect({ most: assessed.mostGpusSeen, findings: assessed.findings }).toEqual({ most: 1, findings: [] });
  });

  it('needs no AMD tool where the tool of another vendor was named', async () => {
    const given = { given: new Set(['amd'] as const), isOwnNode: false, expectedGpus: 1 };
    const one = { state: 'ok', sample: amdSampleFixture([amdGpuFixture()]) } as const;
    expect(await look({ amd: one }, given)).toMatchObject({ verdict: 'healthy', asked: 0 });
    expect(await look({}, given)).toMatchObject({ verdict: 'unknown', asked: 0 });
  });

  it('leaves the verdict alone without the kernel log, unless it is required', async () => {
    expect(await look({ kernelLog: NO_LOG })).toMatchObject({
      verdict: 'healthy',
      signals: { 'kernel-log': { state: 'unknown' } },
    });
    expect(await look({ kernelLog: NO_LOG }, { kernelLogRequired: true })).toMatchObject({ verdict: 'unknown' });
  });

  it('uses what an answer that is not ok proves', async () => {
    const lost = [{ name: '1', pciBusId: null, uuid: null, kind: 'lost', text: 'GPU is lost' }] as const;
    const sample = { ...nvidia(0), attachedGpus: null, lost };
    const answer = { state: 'unknown', reason: 'exit 15', sample } as const;
    expect(await look({ host: host('nvidia'), nvidia: answer })).toMatchObject({
      verdict: 'unhealthy',
      codes: ['gpu.lost'],
      signals: { 'nvidia-smi': { state: 'unknown', ageMs: 0 } },
    });
  });

  it('reads the kernel log to its end, in portions', async () => {
    const event = (kernelSeq: number): KernelEvent => ({
      kind: 'lost-records',
      at: '2026-11-20T17:00:00.000Z',
      kernelSeq,
      text: '',
      count: 1,
    });
    const kernelLog = collector(log([event(1)], 1), log([event(2)], 2), log([], 2), log([event(9)], 9));
    const senses = { host: collector(host()), kernelLog, others: [] };
    const { events } = await new NodeObserver(senses, DEMANDS).observe();
    expect(events.map(({ kernelSeq }) => kernelSeq)).toEqual([1, 2]);
    let seq = 0;
    const endless = { name: 'endless', collect: async () => log([], ++seq) };
    const { signals } = await new NodeObserver({ ...senses, kernelLog: endless }, DEMANDS).observe();
    expect(signals.find(({ name }) => name === 'kernel-log')).toMatchObject({ state: 'unknown' });
  });

  it('remembers how old the last good answer is, and the most GPUs seen', async () => {
    let nowMs = 1000;
    const tool = collector<NvidiaSample>({ state: 'ok', sample: nvidia(3) }, NO_TOOL);
    const senses = {
      host: collector(host('nvidia')),
      kernelLog: collector(log([], 1)),
      others: [nvidiaSense(tool)],
    };
    const observer = new NodeObserver(senses, DEMANDS, () => nowMs);
    expect(judge(await observer.observe()).mostGpusSeen).toBe(3);
    nowMs = 61_000;
    const { signals } = await observer.observe();
    expect(signals.find(({ name }) => name === 'nvidia-smi')).toMatchObject({ state: 'failed', ageMs: 60_000 });
  });

  it('takes a boot that it could not read for the one before', async () => {
    const senses = {
      host: collector(host(), NO_LOG),
      kernelLog: collector(log([], 1)),
      others: [],
    };
    const observer = new NodeObserver(senses, DEMANDS);
    const { ledger } = judge(await observer.observe());
    const second = assess(await observer.observe(), { ...NO_PAST, node: 'n1', ledger, expectedGpus: null });
    expect(second.ledger.bootId).toBe('boot-1');
  });

  it('takes the first boot that it can read for no proof of a reboot', async () => {
    const offBus = parseKernelText('NVRM: Xid (PCI:0000:1b:00): 79, x', '2026-11-20T17:00:00.000Z', 1);
    if (offBus === null) throw new Error('no event');
    const senses = {
      host: collector<HostSample>({ state: 'unknown', reason: '/sys' }, host()),
      kernelLog: collector(log([offBus], 1), log([], 1)),
      others: [],
    };
    const observer = new NodeObserver(senses, DEMANDS);
    const { ledger } = judge(await observer.observe());
    const second = assess(await observer.observe(), { ...NO_PAST, node: 'n1', ledger, expectedGpus: null });
    expect(second.ledger.bootId).toBe('boot-1');
    expect(second.findings.map(({ code }) => code)).toEqual(['xid.79']);
  });

  it('shows what a seldom asked sense said last, with its age, and lets no check take it for new', async () => {
    let nowMs = 0;
    const tool = collector<NvidiaSample>({ state: 'ok', sample: nvidia(1) });
    const seldom = { ...nvidiaSense(tool), everyMs: 60_000 };
    const senses = { host: collector(host('nvidia')), kernelLog: collector(log([], 1)), others: [seldom] };
    const observer = new NodeObserver(senses, DEMANDS, () => nowMs);
    const first = await observer.observe();
    expect(first.comparable.nvidia).toBeDefined();
    nowMs = 59_000;
    const second = await observer.observe();
    expect(tool.calls).toBe(1);
    expect(second.samples.nvidia).toBeDefined();
    expect(second.comparable.nvidia).toBeUndefined();
    expect(second.signals.find(({ name }) => name === 'nvidia-smi')).toMatchObject({ state: 'ok', ageMs: 59_000 });
    nowMs = 60_000;
    expect((await observer.observe()).comparable.nvidia).toBeDefined();
    expect(tool.calls).toBe(2);
    // A clock that was set back does not silence it.
    nowMs = 1000;
    await observer.observe();
    expect(tool.calls).toBe(3);
  });

  it('shows a sample as old as its collector says it is, and never younger than now', async () => {
    const told = { state: 'ok', sample: { checks: [] } } as const;
    const site = collector<SiteSample>({ ...told, takenAtMs: 1_000 }, { ...told, takenAtMs: 99_000 });
    const senses = { host: collector(host()), kernelLog: collector(log([], 1)), others: [siteSense(site, true)] };
    const observer = new NodeObserver(senses, DEMANDS, () => 61_000);
    const ageMs = async () => (await observer.observe()).signals.find(({ name }) => name === site.name);
    expect(await ageMs()).toMatchObject({ required: true, ageMs: 60_000 });
    expect(await ageMs()).toMatchObject({ ageMs: 0 });
  });

  it('reads registers in kernel lines by the driver that is loaded, then by the one last sampled', () => {
    const line = 'NVRM: Xid (PCI:0000:00:00): 144, SAW_MVB Fatal XC0 i0 Link 01 (0x00000001 0x00000002';
    const at = '2026-11-20T17:00:00.000Z';
    const event = parseKernelText(line, at);
    const codes = (version: string | null, sampled: string | null): string[] => {
      const modules = { ...hostFixture().modules, nvidia: { state: 'live', version } } as const;
      const samples = { host: hostFixture({ bootId: 'b', modules }) };
      const events = event === null ? [] : [event];
      const ledger = { ...NO_PAST.ledger, bootId: 'b', driverVersion: sampled };
      const observation = { begunAt: at, at, samples, comparable: {}, comparesPci: true, events, signals: [] };
      return assess(observation, { ...NO_PAST, node: 'n', ledger, expectedGpus: null }).findings.map(
        ({ code }) => code,
      );
    };
    expect(codes('580.95.05', '570.1')).toEqual(['xid.144.reset']);
    expect(codes('570.1', '580.95.05')).toEqual(['xid.144']);
    expect(codes(null, '570.1')).toEqual(['xid.144']);
    expect(codes(null, '580.95.05')).toEqual(['xid.144.reset']);
  });
});
