/**
 * What mutations begin with: our own fixtures, documents of the simulator's fake tool, and, where TRIVET_CORPUS names their
 * folder, every capture. Captures are read from there at every run and never copied into the repository.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fakeDocument } from '@trivet/simulator/fake-nvidia-document.ts';
import type { FakeGpu } from '@trivet/simulator/fake-nvidia-smi.ts';

export interface Seed {
  /** Path below its folder. */
  readonly name: string;
  readonly text: string;
}

const FIXTURES = join(import.meta.dirname, '../fixtures');
export const CORPUS = process.env['TRIVET_CORPUS'];

/** Files below `folder` of our fixtures and of the corpus whose names `pattern` matches. */
export function seedsIn(folder: string, pattern: RegExp): Seed[] {
  const roots = CORPUS === undefined ? [FIXTURES] : [FIXTURES, CORPUS];
  return roots.flatMap((root) => filesIn(join(root, folder)).filter(({ name }) => pattern.test(name)));
}

function filesIn(folder: string): Seed[] {
  let entries;
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch {
    // The corpus may have what our fixtures have not.
    return [];
  }
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => ({ name: path.slice(folder.length + 1), text: readFileSync(path, 'utf8') }));
}

/** Healthy and ill machines as the fake tool prints them: there are documents to begin with also without a corpus. */
export function fakeSeeds(): Seed[] {
  const faulty: Partial<FakeGpu>[] = [
    {},
    { remapPending: true },
    { dramUncorrectable: 3, retiredPages: { singleBit: 1, doubleBit: 2, pending: false } },
    { access: 'fields-lost' },
    { access: 'pci-info-lost' },
  ];
  return ['535.261.03', '580.105.08'].flatMap((driverVersion) =>
    faulty.map((fault, index) => {
      const gpus = [0, 1, 2, 3].map((number) => (number === 1 ? { ...fakeGpu(number), ...fault } : fakeGpu(number)));
      const text = fakeDocument({ driverVersion, cudaVersion: '12.8', gpus });
      return { name: `fake-${driverVersion}-${index}`, text };
    }),
  );
}

function fakeGpu(number: number): FakeGpu {
  return {
    uuid: `GPU-00000000-0000-4000-8000-00000000000${number}`,
    pciBusId: `0000:${number + 1}b:00.0`,
    serial: `165000000000${number}`,
    model: 'NVIDIA H100 80GB HBM3',
    minorNumber: number,
  };
}
