import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HostCollector } from './host.ts';

const root = mkdtempSync(join(tmpdir(), 'trivet-host-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Invented; the shape of Linux 6. */
function machine(name: string, files: Readonly<Record<string, string>>): { proc: string; sys: string } {
  const base = join(root, name);
  const all = {
    'proc/sys/kernel/random/boot_id': '8e5dfd5b-0000-4000-8000-3a2a0c1b9d11\n',
    'proc/sys/kernel/osrelease': '6.8.0-49-generic\n',
    'proc/uptime': '4711.25 9000.00\n',
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), text);
  }
  return { proc: join(base, 'proc'), sys: join(base, 'sys') };
}

function device(busId: string, vendor: string, deviceClass: string): Record<string, string> {
  const path = `sys/bus/pci/devices/${busId}`;
  return { [`${path}/vendor`]: `${vendor}\n`, [`${path}/class`]: `${deviceClass}\n` };
}

describe('HostCollector', () => {
  it('sees a device come and go at once, and another one at the same address within a minute', async () => {
    const paths = machine('swapped', device('0000:1b:00.0', '0x10de', '0x030200'));
    let nowMs = 60_000;
    const host = new HostCollector(paths, () => nowMs);
    const gpus = async () => (await host.collect()).sample?.pciGpus.map(({ vendor }) => vendor);
    expect(await gpus()).toEqual(['nvidia']);
    machine('swapped', device('0000:2b:00.0', '0x1002', '0x120000'));
    expect(await gpus()).toEqual(['nvidia', 'amd']);
    rmSync(join(paths.sys, 'bus/pci/devices/0000:2b:00.0'), { recursive: true });
    expect(await gpus()).toEqual(['nvidia']);
    machine('swapped', device('0000:1b:00.0', '0x1002', '0x120000'));
    nowMs += 60_000;
    expect(await gpus()).toEqual(['amd']);
  });

  it('finds GPUs of both vendors by PCI class, and nothing else', async () => {
    const paths = machine('gpus', {
      ...device('0000:1b:00.0', '0x10de', '0x030200'),
      ...device('0000:01:00.0', '0x10de', '0x030000'),
      ...device('0000:01:00.1', '0x10de', '0x040300'),
      ...device('0000:05:00.0', '0x10de', '0x068000'),
      ...device('0000:0a:00.0', '0x1002', '0x120000'),
      ...device('0000:0b:00.0', '0x1002', '0x038000'),
      ...device('0000:03:00.0', '0x1a03', '0x030000'),
      ...device('0000:1b:00.4', '0x10de', '0x030200'),
      'sys/bus/pci/devices/0000:1b:00.4/physfn/vendor': '0x10de\n',
      ...device('10de1580:00:00.0', '0x10de', '0x030200'),
    });
    expect(await new HostCollector(paths).collect()).toEqual({
      state: 'ok',
      sample: {
        kernel: '6.8.0-49-generic',
        bootId: '8e5dfd5b-0000-4000-8000-3a2a0c1b9d11',
        uptimeSeconds: 4711.25,
        pciGpus: [
          { vendor: 'nvidia', pciBusId: '0000:01:00.0' },
          { vendor: 'amd', pciBusId: '0000:0a:00.0' },
          { vendor: 'amd', pciBusId: '0000:0b:00.0' },
          { vendor: 'nvidia', pciBusId: '0000:1b:00.0' },
          { vendor: 'nvidia', pciBusId: '10de1580:00:00.0' },
        ],
        modules: { nvidia: { state: 'unknown', version: null }, amdgpu: { state: 'unknown', version: null } },
        memoryControllers: [],
        forcedReadOnly: null,
      },
    });
  });

  it.each([
    ['still loading', { 'sys/module/nvidia/initstate': 'coming\n' }, { state: 'loading', version: null }],
    [
      'loaded',
      { 'sys/module/nvidia/initstate': 'live\n', 'sys/module/nvidia/version': '580.95.05\n' },
      { state: 'live', version: '580.95.05' },
    ],
    [
      'loaded, with its version in /proc',
      {
        'sys/module/nvidia/initstate': 'live\n',
        'proc/driver/nvidia/version': 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  595.10.01  Release\n',
      },
      { state: 'live', version: '595.10.01' },
    ],
    ['being unloaded', { 'sys/module/nvidia/initstate': 'going\n' }, { state: 'unloading', version: null }],
    ['not there', { 'sys/module/other/initstate': 'live\n' }, { state: 'absent', version: null }],
    ['built in', { 'sys/module/nvidia/parameters/x': '' }, { state: 'built-in', version: null }],
  ])('tells a driver that is %s', async (name, files, nvidia) => {
    const paths = machine(`driver ${name}`, { 'sys/bus/x': '', ...files });
    expect(await new HostCollector(paths).collect()).toMatchObject({ sample: { modules: { nvidia } } });
  });

  it('reads memory errors by controller, and leaves out what it cannot read', async () => {
    const mc = 'sys/devices/system/edac/mc';
    const paths = machine('memory', {
      'sys/bus/x': '',
      [`${mc}/mc0/ce_count`]: '12\n',
      [`${mc}/mc0/ue_count`]: '1\n',
      [`${mc}/mc1/ce_count`]: 'many\n',
      [`${mc}/mc1/ue_count`]: '0\n',
      [`${mc}/power/ce_count`]: '7\n',
    });
    expect(await new HostCollector(paths).collect()).toMatchObject({
      sample: { memoryControllers: [{ name: 'mc0', corrected: 12, uncorrected: 1 }] },
    });
  });

  it('finds the file systems that the kernel has shut, by the mounts of the host', async () => {
    const shut = '36 35 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 ro,errors=remount-ro\n';
    const paths = machine('shut', { 'sys/bus/x': '', 'proc/1/mountinfo': shut, 'proc/self/mountinfo': '' });
    expect(await new HostCollector(paths).collect()).toMatchObject({ sample: { forcedReadOnly: ['/'] } });
  });

  it('tells a machine without PCI from a /sys that cannot be read', async () => {
    const without = machine('no-pci', { 'sys/bus/usb/devices/usb1': '' });
    expect(await new HostCollector(without).collect()).toMatchObject({ state: 'ok', sample: { pciGpus: [] } });
    expect(await new HostCollector(machine('no-sys', {})).collect()).toMatchObject({ state: 'unknown' });
  });

  it('does not guess about a device that it cannot read', async () => {
    const odd = machine('odd', device('0000:1b:00.0', 'garbage', '0x030200'));
    const collected = await new HostCollector(odd).collect();
    expect(collected).toMatchObject({ state: 'unknown', reason: expect.stringContaining('0000:1b:00.0') });
  });

  it('is unknown without a boot id', async () => {
    expect(await new HostCollector({ proc: join(root, 'nowhere') }).collect()).toMatchObject({ state: 'unknown' });
  });

  it('keeps what it has when a fact is missing', async () => {
    const paths = machine('young', { 'proc/uptime': 'soon\n', 'proc/sys/kernel/osrelease': '', 'sys/bus/x': '' });
    expect(await new HostCollector(paths).collect()).toMatchObject({
      state: 'ok',
      sample: { kernel: null, uptimeSeconds: null },
    });
  });
});
