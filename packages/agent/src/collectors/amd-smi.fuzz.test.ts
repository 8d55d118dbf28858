/**
 * Whatever the tools print, the collector answers: no crash, nothing that the protocol would refuse, and never a healthy board
 * that was not described. Documents are made up, and whole ones are damaged.
 */
import fc from 'fast-check';
import { amdSample } from '@trivet/shared/protocol/amd-schema.ts';
import { known } from '@trivet/shared/model/gpu.ts';
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { describe, expect, it } from 'vitest';
import type { CommandResult } from '../os/command.ts';
import { AmdSmiCollector } from './amd-smi.ts';
import type { Json } from './amd-json.ts';

const RUNS = { numRuns: 200, seed: 20_261_120 };

/** Keys that are read, and some that are not: made-up ones alone would never be looked at. */
const KEYS = [
  'gpu',
  'gpu_data',
  'bdf',
  'uuid',
  'partition_id',
  'asic',
  'bus',
  'limit',
  'ras',
  'partition',
  'temperature',
  'hotspot',
  'edge',
  'mem',
  'ecc',
  'ecc_blocks',
  'UMC',
  'total_uncorrectable_count',
  'uncorrectable_count',
  'correctable_count',
  'pcie',
  'width',
  'throttle',
  'mem_usage',
  'used_vram',
  'value',
  'unit',
  'retired',
  'pending',
  'link_status',
  'card0',
  'card1',
  'PCI Bus',
  'Temperature (Sensor edge) (C)',
  'VRAM Total Used Memory (B)',
  '__proto__',
  'constructor',
  'x',
];
const value = fc.oneof(
  fc.constantFrom(
    'N/A',
    '0000:c1:00.0',
    '16 W',
    '(800Mhz)',
    'ACTIVE',
    'ERROR',
    '',
    '0',
    'No bad pages found.',
    'U',
    '31.0',
  ),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.string({ maxLength: 20 }),
);
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', maxDepth: 6 },
    value,
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('json'), { maxKeys: 8 }),
  ),
}));

const GPU = {
  gpu: 0,
  bdf: '0000:c1:00.0',
  uuid: 'a0ff740f-0000-1000-8000-000000000001',
  bus: { bdf: '0000:c1:00.0', max_pcie_width: 16 },
  temperature: { edge: 'N/A', hotspot: { value: 45, unit: 'C' }, mem: { value: 40, unit: 'C' } },
  ecc: { total_correctable_count: 0, total_uncorrectable_count: 0, total_deferred_count: 0 },
  ecc_blocks: { UMC: { correctable_count: 0, uncorrectable_count: 0, deferred_count: 0 } },
  mem_usage: { total_vram: { value: 65_536, unit: 'MB' }, used_vram: { value: 10, unit: 'MB' } },
  retired: 'No bad pages found.',
  pending: 'No bad pages found.',
  un_res: 'No bad pages found.',
  link_status: ['U', 'X'],
};
const WHOLE = JSON.stringify({ gpu_data: [GPU, { ...GPU, gpu: 1, bdf: '0000:c2:00.0', bus: {}, uuid: 'b' }] }, null, 2);
const CARDS = JSON.stringify({
  card0: { 'PCI Bus': '0000:C1:00.0', 'Temperature (Sensor edge) (C)': '31.0', 'VRAM Total Used Memory (B)': '1' },
  card1: { 'PCI Bus': '0000:C2:00.0', 'Temperature (Sensor edge) (C)': '31.0', 'VRAM Total Used Memory (B)': '1' },
  system: { 'Driver version': '6.12.12' },
});

function exited(stdout: string): CommandResult {
  return { kind: 'exited', code: 0, signal: null, stdout, stderr: '' };
}

async function answer(tool: 'amd-smi' | 'rocm-smi', stdout: string, table = '== RAS Info ==') {
  const isAmd = tool === 'amd-smi';
  return new AmdSmiCollector({
    amdSmi: isAmd ? tool : null,
    rocmSmi: isAmd ? null : tool,
    run: async ({ args }) => exited(args.includes('--showrasinfo') ? table : stdout),
  }).collect();
}

function isLookedAt(gpu: AmdGpu): boolean {
  const { pciBusId, errorTexts, edgeCelsius, hotspotCelsius, memoryCelsius, memoryUsedBytes } = gpu;
  const readings = [edgeCelsius, hotspotCelsius, memoryCelsius, memoryUsedBytes];
  return pciBusId !== null && errorTexts.length === 0 && readings.some(known);
}

async function holds(tool: 'amd-smi' | 'rocm-smi', stdout: string, table?: string): Promise<void> {
  const collected = await answer(tool, stdout, table);
  const { sample } = collected;
  if (sample !== undefined) expect(amdSample.parse(sample)).toEqual(sample);
  if (collected.state === 'ok') {
    expect(sample?.gpus.length).toBeGreaterThan(0);
    expect(sample?.gpus.every(isLookedAt)).toBe(true);
  } else expect(collected.reason).not.toBe('');
}

describe.each(['amd-smi', 'rocm-smi'] as const)('%s, whatever it prints', (tool) => {
  const whole = tool === 'amd-smi' ? WHOLE : CARDS;

  it('is ok when whole', async () => {
    expect(await answer(tool, whole)).toMatchObject({ state: 'ok', sample: { gpus: { length: 2 } } });
  });

  it('any JSON', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (document) => holds(tool, JSON.stringify(document))),
      RUNS,
    );
  });

  it('any text', async () => {
    const pieces = fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '\n', 'card0', 'gpu', '0', 'N/A');
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(pieces, { maxLength: 60 }).map((all) => all.join('')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (stdout) => holds(tool, stdout, stdout)),
      RUNS,
    );
  });

  it('a whole document, cut: never ok', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), async (length) => {
        expect((await answer(tool, whole.slice(0, length))).state).not.toBe('ok');
      }),
      RUNS,
    );
  });

  it('a whole document, damaged', async () => {
    const damage = fc.record({
      at: fc.integer({ min: 0, max: whole.length }),
      removed: fc.integer({ min: 0, max: 40 }),
      added: fc.oneof(
        fc.string({ maxLength: 10 }),
        fc.constantFrom('"N/A"', 'null', '-1', '{}', '[]', '65535', '1e999'),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
        const text = damages.reduce(
          (text, { at, removed, added }) => text.slice(0, at) + added + text.slice(at + removed),
          whole,
        );
        await holds(tool, text, text);
      }),
      RUNS,
    );
  });

  it('a document of many megabytes, without end', async () => {
    const many = tool === 'amd-smi' ? '{"gpu": 0, "temperature": {}},' : '"card0": {},';
    const open = tool === 'amd-smi' ? '[' : '{';
    await holds(tool, open + many.repeat(20_000));
    const gpus = Array.from({ length: 20_000 }, (_, gpu) => ({ ...GPU, gpu }));
    const cards = gpus.map(({ bdf }, card) => [`card${card}`, { 'PCI Bus': bdf }]);
    await holds(tool, JSON.stringify(tool === 'amd-smi' ? gpus : Object.fromEntries(cards)));
    const keys = Array.from({ length: 20_000 }, (_, index) => `"key${index}": ${index}`).join(',');
    for (const piece of ['\n', ' ', '[\n', '[1]', '{"a":[\n']) await holds(tool, piece.repeat(200_000));
    await holds(tool, tool === 'amd-smi' ? `[{"gpu": 0, "ecc_blocks": {${keys}}}]` : `{"card0": {${keys}}}`);
  });
});
