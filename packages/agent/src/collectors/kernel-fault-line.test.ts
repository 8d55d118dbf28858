/** Lines made from the kernel's format strings, with values of ours. What captured lines mean is in test/corpus. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CATALOGUE, isCatalogued } from '@trivet/shared/health/catalogue/index.ts';
import { continuesReport, parseFaultLine } from './kernel-fault-line.ts';
import { AMD_ROWS } from './kernel-rows-amd.ts';
import { HOST_ROWS } from './kernel-rows-host.ts';
import { NVIDIA_ROWS } from './kernel-rows-nvidia.ts';
import { NIC_ROWS, PCIE_ROWS } from './kernel-rows-pcie.ts';
import { severityOfStatus } from './kernel-rows.ts';

const ORIGIN = { at: '2026-11-20T17:00:00.000Z', kernelSeq: 7 };
const parse = (text: string) => parseFaultLine(text, ORIGIN);
/** `code bus-id`, what is over, or null. */
function meaning(text: string): string | null {
  const event = parse(text);
  if (event?.kind === 'fault') return [event.code, event.pciBusId ?? 'node', ...(event.isGpu ? ['gpu'] : [])].join(' ');
  return event?.kind === 'fault-over' ? `over: ${event.codes.join(' ')}` : (event?.kind ?? null);
}

describe('PCIe errors, in the words of several kernels', () => {
  const at = (rest: string) => meaning(`pcieport 0000:40:01.0: ${rest}`);
  it.each([
    ['AER: Corrected error received: id=4008', 'pcie.aer-corrected 0000:40:01.0'],
    ['AER: Multiple Corrected error received: 0000:41:00.0', 'pcie.aer-corrected 0000:40:01.0'],
    ['AER: Correctable error message received from 0000:41:00.0', 'pcie.aer-corrected 0000:40:01.0'],
    ['PCIe Bus Error: severity=Corrected, type=Physical Layer, (Receiver ID)', 'pcie.aer-corrected 0000:40:01.0'],
    ['AER: Uncorrected (Non-Fatal) error received: 0000:41:00.0', 'pcie.aer-nonfatal 0000:40:01.0'],
    ['PCIe Bus Error: severity=Uncorrectable (Non-Fatal), type=Transaction Layer', 'pcie.aer-nonfatal 0000:40:01.0'],
    ['AER: Uncorrectable (Fatal) error message received from 0000:41:00.0', 'pcie.aer-fatal 0000:40:01.0'],
    [
      'PCIe Bus Error: severity=Uncorrected (Fatal), type=Inaccessible, (Unregistered Agent ID)',
      'pcie.aer-fatal 0000:40:01.0',
    ],
    ['DPC: containment event, status:0x1f01 source:0x4100', 'pcie.contained 0000:40:01.0'],
    ['AER: device recovery failed', 'pcie.unrecovered 0000:40:01.0'],
    ['pciehp: Slot(7): Link Down', 'pcie.link-down 0000:40:01.0'],
    ['AER: device recovery successful', 'over: pcie.aer-nonfatal pcie.aer-fatal pcie.contained pcie.unrecovered'],
    ['AER: Root Port link has been reset (0)', null],
    ['   [12] Timeout', null],
    ['  device [8086:352a] error status/mask=00001000/00002000', null],
    ['AER: enabled with IRQ 120', null],
  ])('%s', (rest, expected) => {
    expect(at(rest)).toBe(expected);
  });

  it('a GPU is known by its driver', () => {
    expect(meaning('nvidia 0000:41:00.0: PCIe Bus Error: severity=Uncorrected (Fatal), type=Transaction Layer')).toBe(
      'pcie.aer-fatal 0000:41:00.0 gpu',
    );
    expect(meaning("amdgpu 0000:41:00.0: AER: can't recover (no error_detected callback)")).toBe(
      'pcie.unrecovered 0000:41:00.0 gpu',
    );
    expect(meaning('nvidia 0000:41:00.0: Unable to change power state from D3cold to D0, device inaccessible')).toBe(
      'pcie.inaccessible 0000:41:00.0 gpu',
    );
  });

  it('a firmware report is read whole, and by its first word alone', () => {
    const tag = '{12}[Hardware Error]:';
    const rows = [
      `${tag} Hardware error from APEI Generic Hardware Error Source: 3`,
      `${tag} event severity: fatal`,
      `${tag}   section_type: PCIe error`,
      `${tag}   device_id: 0000:41:00.0`,
    ];
    expect(continuesReport(rows[0] ?? '', rows[1] ?? '')).toBe(true);
    expect(continuesReport(rows[0] ?? '', '{13}[Hardware Error]: event severity: info')).toBe(false);
    expect(meaning(rows.join('\n'))).toBe('pcie.aer-fatal 0000:41:00.0');
    expect(rows.map(meaning)).toEqual([null, 'host.hardware-fatal node', null, null]);
    expect(meaning(`${tag} event severity: recoverable\n${tag}   section_type: memory error`)).toBe(
      'host.memory-uncorrected node',
    );
    expect(meaning(`${tag} event severity: info`)).toBeNull();
  });
});

describe('amdgpu', () => {
  const at = (rest: string) => meaning(`amdgpu 0000:43:00.0: ${rest}`);
  const gpu = '0000:43:00.0 gpu';
  it.each([
    ['amdgpu: ring sdma0 timeout, signaled seq=7, emitted seq=9', `amdgpu.ring-timeout ${gpu}`],
    [
      '[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx timeout, signaled seq=7, emitted seq=9',
      `amdgpu.ring-timeout ${gpu}`,
    ],
    ['amdgpu: ring sdma0 timeout, but soft recovered', null],
    ['[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx timeout, but soft recovered', null],
    ['amdgpu: Ring sdma0 reset succeeded', 'over: amdgpu.ring-timeout'],
    ['amdgpu: Ring sdma0 reset failed', `amdgpu.ring-reset-failed ${gpu}`],
    ['amdgpu: GPU reset begin!. Source:  3', `amdgpu.reset-begun ${gpu}`],
    ['amdgpu: GPU reset succeeded, trying to resume', 'gpu-reset'],
    ['amdgpu: GPU reset(2) failed', `amdgpu.reset-failed ${gpu}`],
    ['amdgpu: GPU reset end with ret = -19', `amdgpu.reset-failed ${gpu}`],
    ['amdgpu: GPU reset end with ret = 0', null],
    ['[drm] device wedged, needs recovery', `amdgpu.wedged ${gpu}`],
    ['[drm] device wedged, but recovered through reset', null],
    ['amdgpu: 3 uncorrectable hardware errors detected in gfx block', `amdgpu.ras-uncorrectable ${gpu}`],
    [
      'amdgpu: {4}socket: 1, die: 0, 1 new correctable hardware errors detected in umc block',
      `amdgpu.ras-correctable ${gpu}`,
    ],
    [
      'amdgpu: {4}socket: 1, die: 0, 5 deferred hardware errors detected in total in umc block',
      `amdgpu.ras-deferred ${gpu}`,
    ],
    [
      'amdgpu: socket: 1, die: 0 2 uncorrectable hardware errors detected in umc block',
      `amdgpu.ras-uncorrectable ${gpu}`,
    ],
    ['amdgpu: 00 uncorrectable hardware errors detected in gfx block', null],
    ['amdgpu: no correctable hardware errors detected in gfx block', null],
    ['amdgpu: 2097120 uncorrectable hardware errors detected in umc block', `amdgpu.ras-implausible ${gpu}`],
    ['amdgpu: {9}[Hardware Error]: aca entry[03].STATUS=0xb000000000000137', `amdgpu.ras-uncorrectable ${gpu}`],
    ['amdgpu: {9}[Hardware Error]: aca entry[03].STATUS=0x9000000000000137', `amdgpu.ras-correctable ${gpu}`],
    ['amdgpu: {9}[Hardware Error]: aca entry[03].ADDR=0xb000000000000137', null],
    ['amdgpu: failed to reserve bad page 0x1234', `amdgpu.bad-page-in-use ${gpu}`],
    ['amdgpu: bad page 0x1234 reserved successfully', `amdgpu.bad-page ${gpu}`],
    ['amdgpu: RAS records:230 exceeds 90% of threshold:256', `amdgpu.bad-pages-near-limit ${gpu}`],
    ['amdgpu: RAS records:300 exceed threshold:256', `amdgpu.bad-pages-limit ${gpu}`],
    ['amdgpu: Saved bad pages 256 reaches threshold value 256', `amdgpu.bad-pages-limit ${gpu}`],
    ['amdgpu: device lost from bus!', `amdgpu.lost ${gpu}`],
    ['PCI error: detected callback, state(3)!!', `amdgpu.lost ${gpu}`],
    ['PCI error: detected callback, state(1)!!', `pcie.aer-fatal ${gpu}`],
    ['amdgpu: [mmhub0] no-retry page fault (src_id:0 ring:8 vmid:2 pasid:32770)', `amdgpu.page-fault ${gpu}`],
    ['amdgpu: MES(1) failed to respond to msg=SUSPEND', `amdgpu.mes-timeout ${gpu}`],
    ['amdgpu: SMU: response:0xFFFFFFFF for index:18', `amdgpu.smu-timeout ${gpu}`],
    ['amdgpu: [powerplay] Failed to send message 0x3, response 0x0', `amdgpu.smu-timeout ${gpu}`],
    ['amdgpu: Dumping IP State', null],
  ])('%s', (rest, expected) => {
    expect(at(rest)).toBe(expected);
  });

  it('recovered is not reset: the driver also says so when it skipped the reset', () => {
    expect(at('amdgpu: GPU reset(1) succeeded!')).toBe(
      'over: amdgpu.ring-timeout amdgpu.ring-reset-failed amdgpu.reset-begun amdgpu.mes-timeout',
    );
  });

  it('lines without an address name no GPU', () => {
    expect(meaning('amdgpu: Failed to evict queues of pasid 0x8001')).toBe('amdgpu.queues-stuck node');
    expect(meaning('kfd kfd: amdgpu: Failed to evict process queues')).toBe('amdgpu.queues-stuck node');
    expect(meaning('amdgpu: GPU reset succeeded, trying to resume')).toBeNull();
  });
});

describe('NVIDIA without an Xid, and adapters', () => {
  it.each([
    ['NVRM: GPU 0000:41:00.0: RmInitAdapter failed! (0x62:0x40:1234)', 'nvrm.init-failed 0000:41:00.0 gpu'],
    ['NVRM: GPU 0000:41:00.0: rm_init_adapter failed, device minor number 3', 'nvrm.init-failed 0000:41:00.0 gpu'],
    ['NVRM: GPU3 RmInitAdapter failed! (0x62:0x40:1234)', 'nvrm.init-failed node'],
    ['NVRM: rm_init_adapter(0) failed', 'nvrm.init-failed node'],
    ['NVRM: RmInitAdapter: Cannot initialize GSP firmware RM', null],
    [
      'NVRM: Rate limiting GSP RPC error prints for GPU at PCI:0000:41:00 (printing 1 of every 30).',
      'nvrm.gsp-rate-limited 0000:41:00.0 gpu',
    ],
    ['NVRM: someCall: failed with status 0x0000000f for fn 1!', 'nvrm.gpu-is-lost node'],
    ['NVRM: someCall: failed with status 0x00000065 for fn 1!', null],
    ['NVRM: API mismatch: the client has the version 1', 'nvrm.version-mismatch node'],
    [
      'mlx5_core 0000:a1:00.0: mlx5_cmd_out_err:800:(pid 9): QUERY_X(0x123) op_mod(0x0) failed, status bad',
      'nic.command-failed 0000:a1:00.0',
    ],
    [
      "mlx5_core 0000:a1:00.0: poll_health:800:(pid 0): device's health compromised - reached miss count",
      'nic.health 0000:a1:00.0',
    ],
    ['mlx5_core 0000:a1:00.0: Port module event: module 0, Cable unplugged', null],
    ['mlx5_core 0000:a1:00.0: Port module event: module 0, Cable plugged', 'over: nic.module'],
    [
      'mlx5_core 0000:a1:00.0: mlx5_pcie_event:300:(pid 9): PCIe slot advertised sufficient power (75W).',
      'over: nic.slot-power',
    ],
    ['mlx5_core 0000:a1:00.0: mlx5_health_try_recover:300:(pid 9): health recovery succeeded', 'over: nic.health'],
  ])('%s', (text, expected) => {
    expect(meaning(text)).toBe(expected);
  });
});

it('a machine check status says how bad it is by its bits', () => {
  expect(
    ['8000000000000000', 'a000000000000000', '8000100000000000', '8000080000000000'].map(severityOfStatus),
  ).toEqual(['corrected', 'uncorrected', 'deferred', 'deferred']);
});

describe('the tables', () => {
  const rows = [...AMD_ROWS, ...HOST_ROWS, ...NVIDIA_ROWS, ...NIC_ROWS, ...PCIE_ROWS];

  it('name codes that the catalogue has', () => {
    const unknown = rows.flatMap(({ means }) => (typeof means === 'string' && !isCatalogued(means) ? [means] : []));
    expect(unknown).toEqual([]);
  });

  it('have patterns that are anchored', () => {
    for (const { pattern } of rows) expect(pattern.source).toMatch(/^\^/);
  });

  const words = fc.constantFrom(
    'amdgpu 0000:43:00.0: ',
    'amdgpu: ',
    '{1}',
    '[Hardware Error]: ',
    '[drm] ',
    'ring ',
    ' timeout, ',
    'GPU reset(',
    '1) succeeded!',
    'socket: 1, die: 0, ',
    '99999999999999999 ',
    'uncorrectable hardware errors detected in umc block',
    'pcieport 0000:00:01.0: ',
    'AER: ',
    'Uncorrected (Fatal) error received',
    'NVRM: ',
    'mce: ',
    'CPU 1: Machine Check: 0 Bank 1: ',
    'ffffffffffffffffff',
    'INFO: task ',
    ':1 blocked for more than 1',
    'EDAC MC0: ',
    '1 UE',
    ': segfault at ',
    ' in libnccl',
    '\n',
    '\u0000',
    ' ',
  );

  it('give an event that the catalogue knows, or null, for any text', () => {
    const known = new Set(CATALOGUE.map(({ code }) => code));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(words, { maxLength: 12 }).map((all) => all.join('')),
        ),
        (text) => {
          const event = parse(text);
          if (event?.kind === 'fault') expect(known).toContain(event.code);
          if (event?.kind === 'fault-over') for (const code of event.codes) expect(known).toContain(code);
          if (event?.kind === 'gpu-reset')
            expect(event.pciBusId).toMatch(/^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]$/);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
