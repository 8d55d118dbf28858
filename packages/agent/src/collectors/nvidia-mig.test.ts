import { describe, expect, it } from 'vitest';
import type { CommandResult } from '../os/command.ts';
import { readMigNames } from './nvidia-mig.ts';
import { NvidiaSmiCollector } from './nvidia-smi.ts';

const GPU = 'GPU-00000000-0000-4000-8000-00000000000a';
const LIST = [
  `GPU 0: NVIDIA Invented 1 (UUID: ${GPU})`,
  '  MIG 3g.40gb     Device  0: (UUID: MIG-00000000-0000-5000-8000-000000000000)',
  '  MIG 1g.10gb+me  Device  1: (UUID: MIG-00000000-0000-5000-8000-000000000001)',
  'GPU 1: NVIDIA Invented 1 (UUID: GPU-00000000-0000-4000-8000-00000000000b)',
  '',
].join('\n');

function documentOf(...instances: readonly number[]): string {
  const devices = instances.map(
    (id, index) =>
      `<mig_device><index>${index}</index><gpu_instance_id>${id}</gpu_instance_id><compute_instance_id>0</compute_instance_id></mig_device>`,
  );
  const inside = `<mig_devices>${devices.join('')}</mig_devices><temperature><gpu_temp>30 C</gpu_temp></temperature>`;
  return `<nvidia_smi_log>\n<attached_gpus>1</attached_gpus><gpu id="00000000:01:00.0"><uuid>${GPU}</uuid>${inside}</gpu>\n</nvidia_smi_log>\n`;
}

function exited(stdout: string, code = 0): CommandResult {
  return { kind: 'exited', code, signal: null, stdout, stderr: '' };
}

describe('readMigNames', () => {
  it('reads them by GPU and index', () => {
    expect([...(readMigNames(LIST).get(GPU) ?? [])]).toEqual([
      [0, { uuid: 'MIG-00000000-0000-5000-8000-000000000000', profile: '3g.40gb' }],
      [1, { uuid: 'MIG-00000000-0000-5000-8000-000000000001', profile: '1g.10gb+me' }],
    ]);
    expect(readMigNames('  MIG 1g.10gb Device 0: (UUID: MIG-0)\nGPU is lost\n')).toEqual(new Map());
  });
});

describe('MIG devices of a GPU', () => {
  it('get their UUIDs from the list, which is asked for when the layout changes', async () => {
    const asked: string[] = [];
    let document = documentOf(2, 9);
    const collector = new NvidiaSmiCollector({
      path: 'nvidia-smi',
      run: async ({ args }) => {
        asked.push(args.join(' '));
        return exited(args[0] === '-L' ? LIST : document);
      },
    });
    const uuids = async () => {
      const collected = await collector.collect();
      expect(collected.state).toBe('ok');
      return collected.sample?.gpus[0]?.migDevices.map(({ uuid }) => uuid?.slice(-2));
    };
    expect(await uuids()).toEqual(['00', '01']);
    expect(await uuids()).toEqual(['00', '01']);
    expect(asked).toEqual(['-q -x', '-L', '-q -x']);
    document = documentOf(2, 9, 10);
    expect(await uuids()).toEqual(['00', '01', undefined]);
    expect(asked.slice(3)).toEqual(['-q -x', '-L']);
  });

  it('have none where the list fails, which is no reason to doubt the rest', async () => {
    const run = async ({ args }: { args: readonly string[] }) =>
      args[0] === '-L' ? exited('Unknown Error', 255) : exited(documentOf(2));
    expect(await new NvidiaSmiCollector({ path: 'nvidia-smi', run }).collect()).toMatchObject({
      state: 'ok',
      sample: { gpus: [{ migDevices: [{ gpuInstanceId: 2, uuid: null }] }] },
    });
  });
});
