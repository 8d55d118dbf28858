/** Captured outputs of amd-smi and rocm-smi through collector, checks and verdict. Never copied into the repository. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NO_PAST, NodeObserver, assess } from '@trivet/agent/check-node.ts';
import { readJson } from '@trivet/agent/collectors/amd-json.ts';
import { AmdSmiCollector } from '@trivet/agent/collectors/amd-smi.ts';
import type { CommandResult } from '@trivet/agent/os/command.ts';
import { amdSense } from '@trivet/agent/senses.ts';
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { valueOf } from '@trivet/shared/model/gpu.ts';
import { amdSample } from '@trivet/shared/protocol/amd-schema.ts';
import { describe, expect, it } from 'vitest';
import { AMD_DOCUMENTS } from './expectations/amd.ts';
import type { BoardExpectation } from './expectations/amd.ts';

const corpus = process.env['TRIVET_CORPUS'];
const root = corpus ?? '';
const files =
  corpus === undefined
    ? []
    : ['amd-smi', 'rocm-smi'].flatMap((tool) =>
        readdirSync(join(root, tool), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile() && !/\.(md|tsv)$/.test(entry.name))
          .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replace(/^\/+/, ''))
          .sort(),
      );

if (corpus === undefined) {
  for (const name of ['documents', 'everything else', 'documents without an expectation']) {
    console.warn(`TRIVET_CORPUS is not set: skipped "AMD captures: ${name}"`);
  }
}

function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function isDocument(file: string): boolean {
  return readJson(textOf(file)).kind === 'documents';
}

function exited(code: number | null, stdout: string): CommandResult {
  return { kind: 'exited', code, signal: code === null ? 'SIGKILL' : null, stdout, stderr: '' };
}

/** What the other subcommands of amd-smi print, and the table of rocm-smi: nothing of any GPU. */
const NO_TABLE = '======= RAS Info =======\n';

interface Printed {
  readonly tool: 'amd-smi' | 'rocm-smi';
  readonly stdout: string;
  readonly code: number | null;
  /** Null: any of them prints it. */
  readonly subcommand: string | null;
}

/** As if the tool had printed this. */
async function judge({ tool, stdout, code, subcommand }: Printed) {
  const collector = new AmdSmiCollector({
    amdSmi: tool === 'amd-smi' ? tool : null,
    rocmSmi: tool === 'rocm-smi' ? tool : null,
    run: async ({ args }) => {
      if (args.includes('--showrasinfo')) return exited(0, NO_TABLE);
      if (subcommand === null || tool === 'rocm-smi' || args[0] === subcommand) return exited(code, stdout);
      return args[0] === 'metric' ? exited(0, '[]') : exited(2, '');
    },
  });
  const collected = await collector.collect();
  const none = { state: 'unknown', reason: 'not read in this test' } as const;
  const senses = {
    host: { name: 'host', collect: async () => none },
    kernelLog: { name: 'kernel-log', collect: async () => none },
    others: [amdSense({ name: 'amd-smi', collect: async () => collected })],
  };
  const demands = { given: new Set(['amd'] as const), isOwnNode: false, kernelLogRequired: false, expectedGpus: null };
  const observation = await new NodeObserver(senses, demands).observe();
  return { collected, assessment: assess(observation, { ...NO_PAST, node: 'n1', expectedGpus: null }) };
}

function toolOf(file: string): Printed['tool'] {
  return file.startsWith('amd-smi') ? 'amd-smi' : 'rocm-smi';
}

/** Only what the expectation speaks of. */
function described(gpu: AmdGpu, expected: BoardExpectation): BoardExpectation {
  const all: BoardExpectation = {
    busId: gpu.pciBusId,
    model: gpu.model,
    serial: gpu.serial,
    uuid: gpu.uuid,
    partitions: gpu.partitions.length,
    celsius: [
      valueOf(gpu.edgeCelsius) ?? null,
      valueOf(gpu.hotspotCelsius) ?? null,
      valueOf(gpu.memoryCelsius) ?? null,
    ],
    watts: valueOf(gpu.powerWatts) ?? null,
    limitWatts: valueOf(gpu.powerLimitWatts) ?? null,
    vramBytes: valueOf(gpu.memoryTotalBytes) ?? null,
    replays: valueOf(gpu.pcieReplayTotal) ?? null,
  };
  return { busId: all.busId, ...Object.fromEntries(Object.entries(all).filter(([key]) => key in expected)) };
}

describe.skipIf(corpus === undefined)('AMD captures: documents', () => {
  it.each(Object.entries(AMD_DOCUMENTS))('%s', async (file, expected) => {
    const { subcommand = null, boards } = expected;
    const asked = subcommand === 'topology' ? 'metric' : subcommand;
    const { collected, assessment } = await judge({
      tool: toolOf(file),
      stdout: textOf(file),
      code: 0,
      subcommand: asked,
    });
    const gpus = collected.sample?.gpus ?? [];
    expect(gpus.map((gpu, index) => described(gpu, boards[index] ?? { busId: null }))).toEqual(boards);
    expect(assessment.findings.map(({ code }) => code)).toEqual([]);
    expect(assessment.verdict).toBe(expected.verdict);
    expect(collected.state).toBe(expected.reason === undefined ? 'ok' : 'unknown');
    if (expected.reason !== undefined) expect('reason' in collected && collected.reason).toMatch(expected.reason);
    if (expected.driver !== undefined) expect(collected.sample?.driverVersion).toBe(expected.driver);
  });
});

const others = files.filter((file) => !(file in AMD_DOCUMENTS));

describe.skipIf(corpus === undefined)('AMD captures: everything else', () => {
  it('is there', () => {
    expect(Object.keys(AMD_DOCUMENTS).every((file) => files.includes(file))).toBe(true);
    expect(others.length).toBeGreaterThan(0);
  });

  it.each(others.filter((file) => !isDocument(file)))('%s is no answer', async (file) => {
    for (const code of [0, 1, 2, 255, null]) {
      const { collected, assessment } = await judge({
        tool: toolOf(file),
        stdout: textOf(file),
        code,
        subcommand: null,
      });
      expect(collected.state).not.toBe('ok');
      expect('reason' in collected ? collected.reason : '').not.toBe('');
      expect(assessment.verdict).toBe('unknown');
    }
  });

  it.each(files)('%s, cut anywhere or ended by a signal, is never healthy', async (file) => {
    const text = textOf(file).trimEnd();
    const cuts = [0.1, 0.5, 0.9, 0.999].map((part) => text.slice(0, Math.floor(text.length * part)));
    for (const stdout of [...cuts, text]) {
      const code = stdout === text ? null : 0;
      const { assessment } = await judge({ tool: toolOf(file), stdout, code, subcommand: null });
      expect(assessment.verdict).not.toBe('healthy');
    }
  });
});

const unjudged = others.filter(isDocument);
for (const file of unjudged)
  console.warn(`${file}: a whole document without an expectation in test/corpus/expectations/amd.ts`);

describe.skipIf(unjudged.length === 0)('AMD captures: documents without an expectation', () => {
  it.each(unjudged)('%s describes every board that it names, or is unknown', async (file) => {
    for (const subcommand of [null, 'metric', 'static', 'bad-pages', 'list']) {
      const { collected, assessment } = await judge({ tool: toolOf(file), stdout: textOf(file), code: 0, subcommand });
      const { sample } = collected;
      if (sample !== undefined) expect(amdSample.parse(sample)).toEqual(sample);
      const busIds = (sample?.gpus ?? []).map(({ pciBusId }) => pciBusId);
      expect(new Set(busIds.filter((id) => id !== null)).size).toBe(busIds.filter((id) => id !== null).length);
      if (collected.state !== 'ok') continue;
      expect(busIds.length).toBeGreaterThan(0);
      expect(busIds).not.toContain(null);
      expect(sample?.gpus.flatMap(({ errorTexts }) => errorTexts)).toEqual([]);
      if (assessment.verdict === 'healthy') expect(assessment.findings).toEqual([]);
    }
  });
});
