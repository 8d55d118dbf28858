/**
 * A short run of the fuzzer, the same documents each time, and proof that its judge can say no: a run without failures means
 * little when the oracle is blind. The long one is `npm run fuzz`.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeDocument } from '@trivet/simulator/fake-nvidia-document.ts';
import { parseDom } from './dom.ts';
import { whyNotHealthy } from './healthy-oracle.ts';
import { HOSTILE_VALUES } from './mutate-text.ts';
import { exited } from './node.ts';
import { assessed, falseHealthy } from './nvidia.ts';
import { CORPUS, fakeSeeds } from './seeds.ts';
import { fuzzOne, subjects } from './subjects.ts';

/** Some five seconds. */
const DOCUMENTS = 3000;
const SEED = 20_261_120;

if (CORPUS === undefined) console.warn('TRIVET_CORPUS is not set: fuzzing begins with our own fixtures only');

const SUBJECTS = subjects();

describe('damaged documents', () => {
  it.each(SUBJECTS)('$name: no crash, no false healthy', async (subject) => {
    const failed: string[] = [];
    const verdicts = new Set<string>();
    for (let document = 0; document < DOCUMENTS / SUBJECTS.length; document++) {
      const { failures, made, verdict } = await fuzzOne([subject], SEED, document);
      verdicts.add(verdict);
      if (failures.length > 0) failed.push(`${document} ${made}: ${failures.join('; ')}`);
    }
    expect(failed).toEqual([]);
    // Not all is so damaged that nothing is left to judge.
    expect(verdicts.has('healthy') && verdicts.size > 1).toBe(true);
  });

  it('are the same for the same seed', async () => {
    for (const document of [1, 2, 3]) {
      expect(await fuzzOne(SUBJECTS, 7, document)).toEqual(await fuzzOne(SUBJECTS, 7, document));
    }
  });
});

/** Documents out of nothing: mostly good values at the places that are read, each place absent, there once or there twice. */
const PLACES = [
  ['temperature/gpu_temp', '40 C'],
  ['fb_memory_usage/total', '81559 MiB'],
  ['remapped_rows/remapped_row_pending', 'No'],
  ['remapped_rows/remapped_row_failure', 'No'],
  ['retired_pages/pending_retirement', 'No'],
  ['retired_pages/double_bit_retirement/retired_count', '0'],
  ['gpu_reset_status/reset_required', 'No'],
  ['ecc_errors/volatile/dram_uncorrectable', '0'],
  ['ecc_errors/volatile/double_bit/device_memory', '0'],
  ['ecc_errors/aggregate/sram_threshold_exceeded', 'No'],
  ['gpu_recovery_action', 'None'],
  ['fabric/state', 'Completed'],
  ['fabric/status', 'Success'],
] as const;
const anything = fc.oneof(
  fc.constantFrom(...HOSTILE_VALUES),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.integer(),
);
const reading = fc
  .tuple(fc.constantFrom(...PLACES), fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, anything))
  .map(([[path, good], other]) =>
    path.split('/').reduceRight((inside, name) => `<${name}>${inside}</${name}>`, String(other ?? good)),
  );
const gpu = fc.array(reading, { maxLength: 12 }).map((readings) => readings.join('\n'));

describe('documents out of nothing', () => {
  it('are healthy only where the judge has nothing against it', async () => {
    const verdicts = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(gpu, { maxLength: 3 }), fc.constantFrom(0, 0, 0, 1), async (gpus, more) => {
        const inside = gpus.map((text, index) => `<gpu id="00000000:0${index}:00.0">${text}</gpu>`).join('\n');
        const text = `<nvidia_smi_log><attached_gpus>${gpus.length + more}</attached_gpus>\n${inside}</nvidia_smi_log>`;
        const told = { result: exited(0, text), list: exited(255, ''), pciGpus: null };
        const now = await assessed(told);
        verdicts.add(now.verdict);
        expect(falseHealthy(now, told.result, null)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
    expect(verdicts).toContain('healthy');
  });
});

describe('the judge of what is healthy', () => {
  const [healthy] = fakeSeeds();
  const text = healthy?.text ?? '';
  const told = { stdout: text, stderr: '', code: 0, pciGpus: 4 };

  it('has nothing against a whole document of healthy GPUs', () => {
    expect(whyNotHealthy(told)).toEqual([]);
  });

  it.each([
    ['an exit status', { ...told, code: 15 }],
    ['words on standard error', { ...told, stderr: 'x' }],
    ['more GPUs on PCI', { ...told, pciGpus: 5 }],
    ['a cut document', { ...told, stdout: text.slice(0, -20) }],
    ['two documents', { ...told, stdout: text + text }],
    [
      'no GPU',
      { ...told, pciGpus: null, stdout: fakeDocument({ driverVersion: '580.1', cudaVersion: '13', gpus: [] }) },
    ],
    ['another count', { ...told, stdout: text.replace('<attached_gpus>4<', '<attached_gpus>5<') }],
    ['a flag', { ...told, stdout: text.replace('<remapped_row_failure>No<', '<remapped_row_failure>Yes<') }],
    ['a counter', { ...told, stdout: text.replace('<dram_uncorrectable>0<', '<dram_uncorrectable>1<') }],
    ['an error text', { ...told, stdout: text.replace(/<gpu_temp>[^<]*</, '<gpu_temp>GPU is lost<') }],
    [
      'a container that is text',
      { ...told, stdout: text.replace(/<fb_memory_usage>[^]*?<\//, '<fb_memory_usage>Unknown Error</') },
    ],
  ])('says no to %s', (_, changed) => {
    expect(whyNotHealthy(changed)).not.toEqual([]);
  });

  it('is strict about being well-formed, and lets names be names', () => {
    expect(parseDom('<a><b></a></b>')).toHaveProperty('problem');
    expect(parseDom('<a b="1" b="2"/>')).toHaveProperty('problem');
    expect(parseDom('<a>AT&T &lt; \0</a>')).toHaveProperty('root');
    expect(parseDom('<a><processes><x</processes></a>')).toHaveProperty('root');
  });
});
