/**
 * Captured documents of nvidia-smi, each taken for what the tool would print for a quarter of an hour: what only a window shows.
 * Expectations were read off the documents by hand.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OverTime } from '@trivet/agent/checks/over-time.fixture.ts';
import { toSample } from '@trivet/agent/collectors/nvidia-sample.ts';
import { readXml } from '@trivet/agent/collectors/nvidia-xml.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS } from './expectations/nvidia-smi.ts';

const corpus = process.env['TRIVET_CORPUS'];
if (corpus === undefined) console.warn('TRIVET_CORPUS is not set: skipped "nvidia-smi captures: over time"');

function samplesOf(file: string): Samples {
  const xml = readXml(readFileSync(join(corpus ?? '', 'nvidia-smi', file), 'utf8'));
  if (xml.kind !== 'document') throw new Error(`${file}: ${xml.reason}`);
  return { nvidia: toSample(xml.root) };
}

function persistenceOff(...busIds: readonly string[]): string[] {
  return busIds.map((busId) => `persistence.off@${busId}`);
}

/** Besides what one look shows. Not listed: nothing. */
const LATER: Readonly<Record<string, readonly string[]>> = {
  // Persistence mode is off on these boards, all of them made for data centres.
  'a100-sxm4-40gb-510.47-v11-mig.xml': persistenceOff('0000:00:04.0'),
  'a100-sxm4-80gb-535.54-v12-attached4-only1.xml': persistenceOff('0000:01:00.0'),
  'a10g-515.105-v11.xml': persistenceOff('0000:00:1e.0'),
  'b200-x8-580.105-v13.xml': persistenceOff(...(DOCUMENTS['b200-x8-580.105-v13.xml']?.busIds ?? [])),
  'tesla-k80-430.26-v10-x4-unordered-retired-pages.xml': persistenceOff(
    '1580:00:00.0',
    '2df7:00:00.0',
    '4968:00:00.0',
    'f8d6:00:00.0',
  ),
  'tesla-p100-510.47-v11.xml': persistenceOff('0000:00:04.0'),
  'tesla-t4-515.105-v11.xml': persistenceOff('0000:00:1e.0'),
  // One lane of sixteen under load, and never more: the slots of a mining rig.
  'gtx1070-384.66-v9-attached6-only2.xml': [
    'pcie.width-below-maximum@0000:01:00.0',
    'pcie.width-below-maximum@0000:03:00.0',
  ],
  // GPU 2F under load: 93 C where the slowdown is at 89, memory 101 C where 95 are allowed, all three hardware reasons active, 8 lanes
  // where its twin has 16. That its replay counter shows 4711 is the past.
  'made-h100-x2-535.261-v12-hw-slowdown-hot.xml': [
    'pcie.width-dropped@0000:2f:00.0',
    'slowdown.power-brake@0000:2f:00.0',
    'slowdown.thermal@0000:2f:00.0',
    'temperature.memory@0000:2f:00.0',
    'temperature.slowdown@0000:2f:00.0',
  ],
};

describe.skipIf(corpus === undefined)('nvidia-smi captures: over time', () => {
  it.each(Object.entries(DOCUMENTS))('%s', (file, { findings = [] }) => {
    const watch = new OverTime();
    const samples = samplesOf(file);
    watch.minutes(15, samples);
    const open = watch.open.map((code) => code.replace(/@node$/, ''));
    expect(open).toEqual([...findings, ...(LATER[file] ?? [])].toSorted());
  });
});
