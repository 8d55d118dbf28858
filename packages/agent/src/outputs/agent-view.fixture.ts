/** What `/metrics` is made from, with every reading known: what no one node has all at once. Values are ours. */
import type { Finding } from '@trivet/shared/model/finding.ts';
import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import type { NvlinkSample } from '@trivet/shared/model/nvlink.ts';
import type { SiteCheckResult } from '@trivet/shared/model/site.ts';
import type { AgentView } from '../agent-metrics.ts';
import { amdGpuFixture, amdSampleFixture } from '../checks/amd-gpu.fixture.ts';
import { gpuFixture, sampleFixture } from '../checks/nvidia-gpu.fixture.ts';
import { KernelCounts, faultOf, xidOf } from '../kernel-counts.ts';
import { NewestReport } from './newest-report.ts';

const AT = '2026-11-20T17:00:00.000Z';
const no = { value: false };
const one = { value: 1 };
const degrees = { value: 90 };
const limits = { shutdown: degrees, slowdown: degrees, gpuMax: degrees, memoryMax: degrees };

const finding: Finding = {
  id: 'f',
  gpu: null,
  class: 'reboot',
  code: 'xid.79',
  strength: 'hard',
  action: 'drain-and-reboot',
  urgency: 'now',
  state: 'open',
  firstSeen: AT,
  lastSeen: AT,
  count: 1,
  evidence: [],
  rule: '',
};

const disk: SiteCheckResult = {
  name: 'disk',
  state: 'ok',
  text: 'fine',
  class: null,
  gpu: null,
  values: { free_bytes: 1e9 },
  endedAt: AT,
  toldAt: AT,
  durationMs: 250,
};

/** Old and new boards in one. */
export const KNOWN_NVIDIA = gpuFixture({
  resetRequired: { value: true },
  drainAndResetRecommended: no,
  unrepairableMemory: no,
  remappedRowsCorrectableInactive: one,
  remappedRowsUncorrectableInactive: one,
  retiredPagesSingleBit: one,
  retiredPagesDoubleBit: { value: 2 },
  retirementPending: { value: true },
  fabricHealth: { value: 'Healthy' },
  fabricHealthDetails: {
    bandwidth: { value: 'Full' },
    routeUnhealthy: no,
    routeRecoveryInProgress: no,
    accessTimeoutRecovery: no,
    incorrectConfiguration: { value: 'None' },
  },
  vgpuLicense: { value: 'Licensed (Expiry: 2027-1-1)' },
  migMode: { value: true },
  migDevices: [
    {
      index: 0,
      gpuInstanceId: 3,
      computeInstanceId: 0,
      uuid: null,
      profile: '1g.10gb',
      memoryTotalBytes: { value: 10_000_000_000 },
      memoryUsedBytes: { value: 1_048_576 },
      sramUncorrectable: { value: 0 },
    },
  ],
  temperatureTargetCelsius: degrees,
  temperatureLimitsCelsius: limits,
  modulePowerWatts: one,
  modulePowerLimitWatts: one,
  fanRatio: one,
  pcieLinkGenMaxHost: one,
  slowdown: {
    swPowerCapUs: { value: 2_500_000 },
    syncBoostUs: one,
    swThermalUs: one,
    hwThermalUs: one,
    hwPowerBrakeUs: one,
  },
});

const KNOWN_AMD = amdGpuFixture({
  badPageThresholdExceeded: no,
  edgeCelsius: degrees,
  edgeSlowdownCelsius: degrees,
  edgeShutdownCelsius: degrees,
  fanRatio: one,
  throttled: no,
});

const NVLINK: NvlinkSample = {
  gpus: [
    {
      uuid: KNOWN_NVIDIA.uuid ?? '',
      support: 'links',
      text: null,
      counters: ['replay', 'malformedPacket'],
      links: [
        { link: 0, active: true, bytesPerSecond: 26e9, errors: { replay: 2 } },
        { link: 1, active: false, bytesPerSecond: null, errors: { replay: 3 } },
      ],
    },
  ],
};

const PORT = {
  device: 'mlx5_0',
  port: 1,
  linkLayer: 'InfiniBand',
  state: 'active',
  physicalState: 'LinkUp',
  bitsPerSecond: 400e9,
  linkDowned: 1,
  linkErrorRecovery: 0,
  symbolErrors: 3,
};

export function viewFixture(watch: Partial<AgentView['watch']> = {}, over: Partial<AgentView> = {}): AgentView {
  const signals = ['host', 'kernel-log'].map(
    (name) => ({ name, state: 'ok', required: true, reason: null, ageMs: 1500 }) as const,
  );
  const xids = new KernelCounts(xidOf);
  const event = { kernelSeq: null, gpuInstance: null, computeInstance: null, pid: null, process: null } as const;
  const line = { text: '', detail: '', causedBy: null, at: AT, pciBusId: KNOWN_NVIDIA.pciBusId ?? '' } as const;
  xids.add([{ kind: 'xid', xid: 79, ...event, ...line }]);
  const faults = new KernelCounts(faultOf);
  faults.add([{ kind: 'gpu-lost', text: '', at: AT, kernelSeq: null, pciBusId: KNOWN_NVIDIA.pciBusId ?? '' }]);
  const pciGpus = [{ vendor: 'nvidia', pciBusId: KNOWN_NVIDIA.pciBusId ?? '' }] as const;
  return {
    node: 'n1',
    version: '0.1.0',
    expectedGpus: 2,
    dcgmNames: false,
    watch: {
      samples: {
        nvidia: sampleFixture([KNOWN_NVIDIA]),
        amd: amdSampleFixture([KNOWN_AMD]),
        nvlink: NVLINK,
        site: { checks: [disk] },
        host: hostFixture({
          pciGpus,
          memoryControllers: [{ name: 'mc0', corrected: 1, uncorrected: 0 }],
          forcedReadOnly: [],
        }),
        infiniband: { ports: [PORT] },
        tools: { hung: [{ tool: 'nvidia-smi', pid: 4242, since: AT, processState: 'D' }] },
      },
      findings: [finding],
      opened: 1,
      dropped: 0,
      signals: () => signals,
      kernelCounters: { records: 1, lost: 0, overruns: 0, forged: 0, malformed: 0, unreadXids: 0 },
      runs: [{ name: 'nvidia-smi', runs: 7, failures: 1, lastMs: 250, printedBytes: 20_000 }],
      xids,
      faults,
      uuidOf: () => KNOWN_NVIDIA.uuid,
      ...watch,
    },
    outbox: { agentId: 'a1', depth: 0, bytes: 0, lost: 2, reportsDropped: 3, failures: 0 },
    keeper: { failures: 0, lost: 4, waiting: 5 },
    push: { connected: true, counts: { welcomes: 1, refusals: 0, badFrames: 0 }, reports: new NewestReport() },
    ...over,
  };
}
