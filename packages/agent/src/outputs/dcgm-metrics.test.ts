import { renderExposition } from '@trivet/shared/exposition/text.ts';
import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import { describe, expect, it } from 'vitest';
import { gpuFixture, sampleFixture } from '../checks/nvidia-gpu.fixture.ts';
import { KNOWN_NVIDIA } from './agent-view.fixture.ts';
import { dcgmFamilies } from './dcgm-metrics.ts';

const ONE = { node: 'n1', samples: { nvidia: sampleFixture([KNOWN_NVIDIA]) } };

function render(view: Parameters<typeof dcgmFamilies>[0]): string {
  return [...renderExposition(dcgmFamilies(view))].join('');
}

describe('names of dcgm-exporter', () => {
  it('come with its labels and its units', () => {
    const text = render({ ...ONE, lastXid: () => 0 });
    const labels =
      'gpu="0",UUID="GPU-00000000-0000-0000-0000-000000000001",pci_bus_id="00000000:1B:00.0",device="nvidia0",' +
      'modelName="NVIDIA H100 80GB HBM3",Hostname="n1",DCGM_FI_DRIVER_VERSION="570.158.01"';
    expect(text).toContain(`DCGM_FI_DEV_GPU_TEMP{${labels}} 40\n`);
    expect(text).toContain(`DCGM_FI_DEV_SM_CLOCK{${labels}} 1980\n`);
    expect(text).toContain(`DCGM_FI_DEV_FB_FREE{${labels}} 81559\n`);
    expect(text).toContain(`DCGM_FI_DEV_XID_ERRORS{${labels}} 0\n`);
    expect(text).toContain(`DCGM_FI_DEV_FB_USED{${labels},GPU_I_PROFILE="1g.10gb",GPU_I_ID="3"} 1\n`);
  });

  it('number GPUs as NVML does, and a lost one keeps its number', () => {
    const gpus = ['0000:9b:00.0', '0000:1b:00.0'].map((pciBusId, index) =>
      gpuFixture({ pciBusId, uuid: `GPU-${index}` }),
    );
    const pciGpus = ['0000:1b:00.0', '0000:2f:00.0', '0000:9b:00.0', '0001:01:00.0'].map(
      (pciBusId) => ({ vendor: 'nvidia', pciBusId }) as const,
    );
    const text = render({ node: 'n1', samples: { nvidia: sampleFixture(gpus), host: hostFixture({ pciGpus }) } });
    expect(text).toMatch(/^DCGM_FI_DEV_GPU_TEMP\{gpu="2",UUID="GPU-0",.*device="nvidia2"/m);
    expect(text).toMatch(/^DCGM_FI_DEV_GPU_TEMP\{gpu="0",UUID="GPU-1"/m);
  });

  it('tell no Xid where the kernel log is not read, and nothing that is not known', () => {
    const unread = gpuFixture({ temperatureCelsius: { unknown: 'not available' } });
    const text = render({ node: 'n1', samples: { nvidia: sampleFixture([unread]) } });
    expect(text).not.toContain('XID_ERRORS');
    expect(text).not.toContain('GPU_TEMP');
  });
});

/** Of grafana/dcgm-exporter-dashboard.json of dcgm-exporter: metric, and the labels that its queries select and group by. */
const DASHBOARD = [
  ['DCGM_FI_DEV_GPU_TEMP', true],
  ['DCGM_FI_DEV_POWER_USAGE', true],
  ['DCGM_FI_DEV_SM_CLOCK', true],
  ['DCGM_FI_DEV_FB_USED', true],
  ['DCGM_FI_DEV_FB_FREE', true],
  // Profiling counters, which nvidia-smi does not have.
  ['DCGM_FI_PROF_GR_ENGINE_ACTIVE', false],
  ['DCGM_FI_PROF_PIPE_TENSOR_ACTIVE', false],
] as const;

describe("queries of dcgm-exporter's own dashboard", () => {
  it.each(DASHBOARD)('%s: %s', (name, works) => {
    const text = render(ONE);
    expect(new RegExp(`^${name}\\{gpu="0",.*UUID="GPU-.*Hostname="n1"`, 'm').test(text)).toBe(works);
  });
});
