import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { continuesMessage, parseKernelText } from './kernel-line.ts';

const AT = '2026-11-20T17:00:00.000Z';
const parse = (text: string) => parseKernelText(text, AT);

describe('Xid lines', () => {
  it('today’s form: pid, name, text', () => {
    expect(parse('NVRM: Xid (PCI:0000:1B:00): 31, pid=4711, name=trainer, channel 2. MMU Fault')).toMatchObject({
      kind: 'xid',
      at: AT,
      kernelSeq: null,
      pciBusId: '0000:1b:00.0',
      xid: 31,
      pid: 4711,
      process: 'trainer',
      detail: 'channel 2. MMU Fault',
      causedBy: null,
    });
  });

  it('an unknown process is no process', () => {
    const text = "NVRM: Xid (PCI:0000:2f:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.";
    expect(parse(text)).toMatchObject({ xid: 79, pid: null, process: null, detail: 'GPU has fallen off the bus.' });
  });

  it.each([
    [
      'NVRM: Xid (PCI:0000:1b:00): 43, Ch 00000007, engmask 00000002',
      '0000:1b:00.0',
      43,
      'Ch 00000007, engmask 00000002',
    ],
    ['NVRM: Xid (0000:03:00): 14, Channel 00000001', '0000:03:00.0', 14, 'Channel 00000001'],
    ['NVRM: Xid (PCI:0000:43:00): 46', '0000:43:00.0', 46, ''],
    ['NVRM: Xid (PCI:0000:20:1e): 63, pid=4711, Row Remapper: New row', '0000:20:1e.0', 63, 'Row Remapper: New row'],
    ['NVRM: Xid (PCI:00000007:02:00.0): 149, NETIR  Fatal', '0007:02:00.0', 149, 'NETIR  Fatal'],
  ])('%s', (text, pciBusId, xid, detail) => {
    expect(parse(text)).toMatchObject({ kind: 'xid', pciBusId, xid, detail });
  });

  it('a process name may hold colons, and cannot speak for the driver', () => {
    const named = 'NVRM: Xid (PCI:0000:18:00): 145, pid=7, name=ray::Worker, RLW_RXPIPE Nonfatal';
    expect(parse(named)).toMatchObject({ process: 'ray::Worker', detail: 'RLW_RXPIPE Nonfatal' });
    const hostile = 'NVRM: Xid (PCI:0000:18:00): 45, pid=7, name=caused by previous Xid 79, Ch 1';
    expect(parse(hostile)).toMatchObject({ causedBy: null });
  });

  it('MIG: GPU instance and compute instance', () => {
    const text = 'NVRM: Xid (PCI:0000:01:00 GPU-I:03 GPU-CI:00): 31, pid=4711, name=python3, MMU Fault';
    expect(parse(text)).toMatchObject({ gpuInstance: 3, computeInstance: 0, pciBusId: '0000:01:00.0', xid: 31 });
    // A newer driver that names more there.
    expect(parse('NVRM: Xid (PCI:0000:01:00 GPU-I:05 VF:3): 94, x')).toMatchObject({ xid: 94, gpuInstance: 5 });
    expect(parse('NVRM: Xid (PCI:0000:01:00) 94')).toBeNull();
    expect(parse('NVRM: Xid (PCI:0000:01:00): 0x5e, x')).toBeNull();
    expect(parse('NVRM: Xid (PCI:0000:01:00 GPU-I:05): 94, pid=1, Contained')).toMatchObject({
      gpuInstance: 5,
      computeInstance: null,
    });
  });

  it('names the Xid that caused it', () => {
    const text = 'NVRM: Xid (PCI:0000:5e:00): 45, pid=1, name=python3, Ch 00000005 caused by previous Xid 149';
    expect(parse(text)).toMatchObject({ xid: 45, causedBy: 149 });
  });
});

describe('SXid lines', () => {
  const of = (rest: string) => parse(`nvidia-nvswitch1: SXid (PCI:0000:16:00.0): ${rest}`);
  it.each([
    ['20034, Fatal, Link 21 LTSSM Fault Up', 20034, true, 21],
    ['28006, Non-fatal, Link 22 MC TS crumbstore MCTO (First)', 28006, false, 22],
    ['20009, Non-fatal, Li', 20009, false, null],
    ['20034, Severity 1 Engine instance 21 Sub-engine instance 00', 20034, null, null],
    ['12028, Data {0x00000001, 0x00000002}', 12028, null, null],
    ['26008, SOE Watchdog error', 26008, null, null],
    ['26006', 26006, null, null],
  ])('%s', (rest, sxid, fatal, link) => {
    expect(of(rest)).toMatchObject({
      kind: 'sxid',
      switchName: 'nvidia-nvswitch1',
      pciBusId: '0000:16:00.0',
      sxid,
      fatal,
      link,
    });
  });
});

describe('other lines of the driver', () => {
  it('a GPU lost without an Xid: three lines of one message', () => {
    const rows = [
      'NVRM: The NVIDIA GPU 0000:5e:00.0',
      'NVRM: (PCI ID: 10de:1234) installed in this system has',
      'NVRM: fallen off the bus and is not responding to commands.',
    ];
    expect(parse(rows.join('\n'))).toMatchObject({ kind: 'gpu-lost', pciBusId: '0000:5e:00.0' });
    expect(continuesMessage(rows[0] ?? '', rows[1] ?? '')).toBe(true);
    expect(continuesMessage(rows.slice(0, 2).join('\n'), rows[2] ?? '')).toBe(true);
    expect(continuesMessage(rows.join('\n'), 'NVRM: fallen off the bus again')).toBe(false);
    expect(continuesMessage(rows[0] ?? '', 'NVRM: loading')).toBe(false);
    expect(parse(rows.slice(0, 2).join('\n'))).toBeNull();
  });

  it('a GPU lost, in older words', () => {
    const lost = { kind: 'gpu-lost', pciBusId: '0000:41:00.0' };
    expect(parse('NVRM: GPU at 0000:41:00.0 has fallen off the bus.')).toMatchObject(lost);
    expect(parse('NVRM: GPU at PCI:0000:41:00 has fallen off the bus.')).toMatchObject(lost);
  });

  it('identity of a bus id', () => {
    const uuid = 'GPU-00000000-0000-4000-8000-00000000002f';
    const text = `NVRM: GPU at PCI:0000:2f:00: ${uuid}`;
    const serial = 'NVRM: GPU Board Serial Number: 1650000000002';
    expect(parse(text)).toMatchObject({ kind: 'gpu-identity', pciBusId: '0000:2f:00.0', uuid, serial: null });
    expect(parse(text.replace('PCI:', ''))).toMatchObject({ pciBusId: '0000:2f:00.0', uuid });
    expect(continuesMessage(text, serial)).toBe(true);
    expect(parse(`${text}\n${serial}`)).toMatchObject({ uuid, serial: '1650000000002' });
    expect(parse('NVRM: GPU 0000:2f:00.0: GPU serial number is 165.')).toMatchObject({ uuid: null, serial: '165' });
  });

  it.each([
    '',
    'NVRM: loading NVIDIA UNIX Open Kernel Module for x86_64  570.1.2',
    'NVRM: Xid (PCI:zz:00:00): 79, x',
    'NVRM: Xid (PCI:0000:2f:00): seventy-nine',
    'kubelet[12]: NVRM: Xid (PCI:0000:2f:00): 79, quoted by another program',
    'nvidia-nvswitch1: open (major=500)',
    'amdgpu 0000:43:00.0: amdgpu: Fetched VBIOS from VFCT',
  ])('is nothing to us: %s', (text) => {
    expect(parse(text)).toBeNull();
  });
});

describe('any text', () => {
  const seed = fc.constantFrom(
    'NVRM: Xid (PCI:0000:01:00 GPU-I:03 GPU-CI:00): 31, pid=4711, name=python3, MMU Fault caused by previous Xid 3',
    'nvidia-nvswitch0: SXid (PCI:0000:15:00.0): 20034, Fatal, Link 21 LTSSM Fault Up',
    'NVRM: The NVIDIA GPU 0000:5e:00.0\nNVRM: (PCI ID: 10de:1234) installed in this system has\nNVRM: fallen off the bus',
    'NVRM: GPU at PCI:0000:2f:00: GPU-00000000-0000-4000-8000-00000000002f\nNVRM: GPU Board Serial Number: 16',
  );
  const mutated = fc
    .tuple(seed, fc.nat(200), fc.nat(20), fc.string({ unit: 'binary', maxLength: 20 }))
    .map(([text, at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut));

  it('gives an event with a normalised bus id, or null, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), mutated), (text) => {
        const event = parse(text);
        if (event === null || !('pciBusId' in event)) return;
        expect(event.pciBusId).toMatch(/^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]$/);
        expect(event.text).toBe(text);
        if (event.kind === 'xid') expect(Number.isSafeInteger(event.xid)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
