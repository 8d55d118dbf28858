/** Captured outputs of nvidia-smi (documents of drivers 352 to 595, plain text of some to 610) through collector, checks and verdict. Never copied into the repository. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NO_PAST, NodeObserver, assess } from '@trivet/agent/check-node.ts';
import type { Assessment } from '@trivet/agent/check-node.ts';
import type { Collected } from '@trivet/agent/collectors/collector.ts';
import { NvidiaSmiCollector } from '@trivet/agent/collectors/nvidia-smi.ts';
import { nvidiaSense } from '@trivet/agent/senses.ts';
import { readXml } from '@trivet/agent/collectors/nvidia-xml.ts';
import type { CommandResult } from '@trivet/agent/os/command.ts';
import type { NvidiaSample } from '@trivet/shared/model/gpu.ts';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS, FAILURES } from './expectations/nvidia-smi.ts';

const corpus = process.env['TRIVET_CORPUS'];
const folder = join(corpus ?? '', 'nvidia-smi');
const files =
  corpus === undefined
    ? []
    : readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
        .sort();

if (corpus === undefined) {
  for (const name of ['documents', 'failures', 'everything else', 'documents without an expectation']) {
    console.warn(`TRIVET_CORPUS is not set: skipped "nvidia-smi captures: ${name}"`);
  }
}

function textOf(file: string): string {
  return readFileSync(join(folder, file), 'utf8');
}

function exited(code: number | null, stdout: string): CommandResult {
  return { kind: 'exited', code, signal: code === null ? 'SIGKILL' : null, stdout, stderr: '' };
}

interface Judged {
  readonly collected: Collected<NvidiaSample>;
  readonly assessment: Assessment;
}

/** As if the tool had printed this, and could not list its GPUs. */
async function judge(stdout: string, code: number | null): Promise<Judged> {
  const nvidia = new NvidiaSmiCollector({
    path: 'nvidia-smi',
    run: async ({ args, reduce }) =>
      args[0] === '-L' ? exited(255, '') : exited(code, reduce?.(Buffer.from(stdout)).toString('utf8') ?? stdout),
  });
  const collected = await nvidia.collect();
  const none = { state: 'unknown', reason: 'not read in this test' } as const;
  const senses = {
    others: [nvidiaSense({ name: nvidia.name, collect: async () => collected })],
    host: { name: 'host', collect: async () => none },
    kernelLog: { name: 'kernel-log', collect: async () => none },
  };
  const demands = {
    given: new Set(['nvidia'] as const),
    isOwnNode: false,
    kernelLogRequired: false,
    expectedGpus: null,
  };
  const observation = await new NodeObserver(senses, demands).observe();
  const assessment = assess(observation, { ...NO_PAST, node: 'n1', expectedGpus: null });
  return { collected, assessment };
}

function codesOf({ findings }: Assessment): string[] {
  return findings.map(({ code, gpu }) => (gpu === null ? code : `${code}@${gpu.pciBusId ?? gpu.uuid}`)).toSorted();
}

describe.skipIf(corpus === undefined)('nvidia-smi captures: documents', () => {
  it.each(Object.entries(DOCUMENTS))('%s', async (file, expected) => {
    const { collected, assessment } = await judge(textOf(file), 0);
    expect(collected.sample?.attachedGpus).toBe(expected.attached);
    expect(collected.sample?.gpus.map(({ pciBusId }) => pciBusId)).toEqual(expected.busIds);
    expect(codesOf(assessment)).toEqual(expected.findings ?? []);
    expect(assessment.verdict).toBe(expected.verdict);
    expect(collected.state).toBe(expected.reason === undefined ? 'ok' : 'unknown');
    if (expected.reason !== undefined) expect('reason' in collected && collected.reason).toMatch(expected.reason);
  });
});

describe.skipIf(corpus === undefined)('nvidia-smi captures: failures', () => {
  it.each(Object.entries(FAILURES))('%s', async (file, expected) => {
    const { collected, assessment } = await judge(textOf(join('errors', file)), expected.code);
    expect(collected).toMatchObject({ state: expected.state, reason: expect.stringMatching(expected.reason) });
    expect(collected.sample?.lost.map(({ kind, pciBusId }) => ({ kind, pciBusId }))).toEqual(
      expected.lost === undefined ? undefined : [expected.lost],
    );
    expect(assessment.verdict).toBe(expected.lost?.kind === 'lost' ? 'unhealthy' : 'unknown');
  });
});

const others = files.filter((file) => !(file in DOCUMENTS) && !(file.slice('errors/'.length) in FAILURES));

describe.skipIf(corpus === undefined)('nvidia-smi captures: everything else', () => {
  it('is there', () => {
    expect(files.length).toBeGreaterThan(Object.keys(DOCUMENTS).length + Object.keys(FAILURES).length);
  });

  it.each(others.filter((file) => readXml(textOf(file)).kind !== 'document'))('%s is no answer', async (file) => {
    for (const code of [0, 1, 4, 6, 9, 12, 15, 18, 255, null]) {
      const { collected, assessment } = await judge(textOf(file), code);
      expect(collected.state).not.toBe('ok');
      expect('reason' in collected ? collected.reason : '').not.toBe('');
      expect(['unknown', 'unhealthy']).toContain(assessment.verdict);
    }
  });

  it.each(files)('%s, with any exit status, is never healthy unless all was told', async (file) => {
    for (const code of [0, 15, 255, null]) {
      const { collected, assessment } = await judge(textOf(file), code);
      if (assessment.verdict !== 'healthy') continue;
      expect(code).toBe(0);
      expect(collected.sample?.gpus.length).toBe(collected.sample?.attachedGpus);
      expect(collected.sample?.gpus.flatMap(({ errorTexts }) => errorTexts)).toEqual([]);
    }
  });
});

const unjudged = others.filter((file) => readXml(textOf(file)).kind === 'document');
for (const file of unjudged)
  console.warn(`${file}: a whole document without an expectation in test/corpus/expectations`);

describe.skipIf(unjudged.length === 0)('nvidia-smi captures: documents without an expectation', () => {
  it.each(unjudged)('%s describes what it counts, or is unknown', async (file) => {
    const { collected } = await judge(textOf(file), 0);
    expect(collected.sample?.gpus.every(({ pciBusId, uuid }) => pciBusId !== null || uuid !== null)).toBe(true);
    if (collected.state === 'ok') expect(collected.sample.gpus).toHaveLength(collected.sample.attachedGpus ?? -1);
  });
});
