/** What the fake prints for `nvidia-smi nvlink -s` and `-e`: the texts of drivers 535 to 595, with the counters of boards before Blackwell. */
import type { FakeGpu, FakeGpuWorld } from './fake-nvidia-smi.ts';
import type { Output } from './fake-nvml-errors.ts';

export interface FakeNvlinks {
  /** 12 on A100, 18 on H100 and newer. */
  readonly links: number;
  /** Numbers of those that are down. */
  readonly down?: readonly number[];
  readonly replays?: number;
  readonly recoveries?: number;
  readonly crcErrors?: number;
}

const UNSUPPORTED = 'Device does not have or support Nvlink';
const DIVIDED = 'Nvlink queries are not supported for Devices in MIG mode';
const INACTIVE = 'NVML: Unable to retrieve NVLink information as all links are inactive';

export function nvlink(world: FakeGpuWorld, flag: string): Output {
  const sections = world.gpus.map((gpu, index) => {
    const head = `GPU ${index}: ${gpu.model} (UUID: ${gpu.uuid})`;
    return [head, ...lines(gpu, flag)].join('\n');
  });
  return { text: `${sections.join('\n')}\n`, code: 0 };
}

function lines({ nvlinks, migDevices }: FakeGpu, flag: string): string[] {
  if (nvlinks === undefined) return [UNSUPPORTED];
  if ((migDevices ?? 0) > 0) return [DIVIDED];
  const { links, down = [] } = nvlinks;
  if (down.length >= links) return [INACTIVE];
  const numbers = Array.from({ length: links }, (_, link) => link);
  if (flag === '-s')
    return numbers.map((link) => `\t Link ${link}: ${down.includes(link) ? '<inactive>' : '26.562 GB/s'}`);
  // All errors are on the first link.
  return numbers.flatMap((link) =>
    [
      `Replay Errors: ${link === 0 ? (nvlinks.replays ?? 0) : 0}`,
      `Recovery Errors: ${link === 0 ? (nvlinks.recoveries ?? 0) : 0}`,
      `CRC Errors: ${link === 0 ? (nvlinks.crcErrors ?? 0) : 0}`,
    ]
      .map((text) => `\t Link ${link}: ${text}`)
      .concat(''),
  );
}
