import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NvidiaSample } from '@trivet/shared/model/gpu.ts';
import { report } from '@trivet/shared/protocol/report-schema.ts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toSample } from './nvidia-sample.ts';
import { readXml } from './nvidia-xml.ts';

const FIXTURES = join(import.meta.dirname, '../../../../test/fixtures/nvidia-smi');

function sampleOf(text: string): NvidiaSample {
  const xml = readXml(text);
  if (xml.kind !== 'document') throw new Error(`${xml.kind}: ${xml.reason}`);
  return toSample(xml.root);
}

/** A document of GPUs, each given by its elements. */
function documentOf(...gpus: readonly string[]): string {
  const elements = gpus.map((inside, index) => `<gpu id="00000000:0${index}:00.0">${inside}</gpu>`).join('');
  return `<nvidia_smi_log><attached_gpus>${gpus.length}</attached_gpus>${elements}</nvidia_smi_log>`;
}

describe('toSample', () => {
  it('reads Windows line ends the same', () => {
    const text = readFileSync(join(FIXTURES, 'mig.xml'), 'utf8');
    expect(sampleOf(text.replaceAll('\n', '\r\n'))).toEqual(sampleOf(text));
  });

  it('is not led astray by process names', () => {
    const text = readFileSync(join(FIXTURES, 'hostile-process-names.xml'), 'utf8');
    expect(sampleOf(text).gpus[0]).toMatchObject({
      model: 'NVIDIA "L40S" & co',
      temperatureCelsius: { value: 29 },
      fabricState: { value: 'Completed' },
    });
  });

  it.each([
    ['-1 MiB', 'memoryTotalBytes', '<fb_memory_usage><total>', '</total></fb_memory_usage>'],
    ['1 GiB', 'memoryTotalBytes', '<fb_memory_usage><total>', '</total></fb_memory_usage>'],
    ['101 %', 'utilizationRatio', '<utilization><gpu_util>', '</gpu_util></utilization>'],
    ['1e9', 'pcieReplayTotal', '<pci><replay_counter>', '</replay_counter></pci>'],
    ['99999999999999999999', 'pcieReplayTotal', '<pci><replay_counter>', '</replay_counter></pci>'],
    ['constructor', 'remapFailure', '<remapped_rows><remapped_row_failure>', '</remapped_row_failure></remapped_rows>'],
    ['__proto__', 'resetRequired', '<gpu_reset_status><reset_required>', '</reset_required></gpu_reset_status>'],
    ['1e999', 'memoryTotalBytes', '<fb_memory_usage><total>', '</total></fb_memory_usage>'],
    ['Maybe', 'remapFailure', '<remapped_rows><remapped_row_failure>', '</remapped_row_failure></remapped_rows>'],
  ] as const)('does not guess what %s means', (text, key, before, after) => {
    expect(sampleOf(documentOf(before + text + after)).gpus[0]?.[key]).toEqual({ unknown: text });
  });

  it('makes a lost GPU known by its core readings, whatever shape they are left in', () => {
    const lost = documentOf(
      '<uuid>GPU is lost</uuid><product_name>GPU is lost</product_name><remapped_rows>GPU is lost</remapped_rows>' +
        '<temperature><gpu_temp>[GPU is lost]</gpu_temp></temperature><fan_speed>GPU is lost</fan_speed>',
    );
    expect(sampleOf(lost).gpus[0]).toMatchObject({
      uuid: null,
      model: null,
      pciBusId: '0000:00:00.0',
      errorTexts: [
        'temperature/gpu_temp: GPU is lost',
        'remapped_rows/remapped_row_unc: GPU is lost',
        'remapped_rows/remapped_row_pending: GPU is lost',
        'remapped_rows/remapped_row_failure: GPU is lost',
      ],
      remapFailure: { unknown: 'GPU is lost' },
    });
  });

  it('takes any text in place of a core reading for an error, in whatever words a driver puts it', () => {
    const readings = (text: string) => sampleOf(documentOf(`<utilization><gpu_util>${text}</gpu_util></utilization>`));
    const blocked = 'GPU access blocked by the operating system';
    expect(readings(blocked).gpus[0]?.errorTexts).toEqual([`utilization/gpu_util: ${blocked}`]);
    for (const fine of [
      'N/A',
      'Not available in WDDM driver model',
      '[Not Supported]',
      '0 %',
      '',
      'Requested functionality has been deprecated',
    ]) {
      expect(readings(fine).gpus[0]?.errorTexts).toEqual([]);
    }
  });

  it('does not add up counters of which one could not be read', () => {
    const half = (secded: string): string =>
      documentOf(
        '<ecc_errors><volatile><sram_uncorrectable_parity>1</sram_uncorrectable_parity>' +
          `<sram_uncorrectable_secded>${secded}</sram_uncorrectable_secded></volatile></ecc_errors>`,
      );
    const read = (text: string) => sampleOf(half(text)).gpus[0]?.eccVolatile.sramUncorrectable;
    expect(read('2')).toEqual({ value: 3 });
    expect(read('N/A')).toEqual({ value: 1 });
    expect(read('Unknown Error')).toEqual({ unknown: 'Unknown Error' });
  });

  it.each([
    [
      'a count that is no count',
      '<ecc_errors><volatile><dram_uncorrectable>99999999999999999999</dram_uncorrectable></volatile></ecc_errors>',
      'dram_uncorrectable: 99999999999999999999',
    ],
    [
      'a count below nought',
      '<remapped_rows><remapped_row_unc>-1</remapped_row_unc></remapped_rows>',
      'remapped_row_unc: -1',
    ],
    [
      'a flag that is no flag',
      '<gpu_reset_status><reset_required>Unknown Error</reset_required></gpu_reset_status>',
      'reset_required: Unknown Error',
    ],
    ['the driver’s verdict', '<gpu_recovery_action>Timeout</gpu_recovery_action>', 'gpu_recovery_action: Timeout'],
    [
      'two answers',
      '<remapped_rows><remapped_row_failure>No</remapped_row_failure></remapped_rows><remapped_rows><remapped_row_failure>Yes</remapped_row_failure></remapped_rows>',
      'remapped_row_failure: No and Yes',
    ],
    [
      'a number and an error',
      '<temperature><gpu_temp>40 C</gpu_temp><gpu_temp>GPU is lost</gpu_temp></temperature>',
      'gpu_temp: 40 C and GPU is lost',
    ],
  ])('takes for an error what would otherwise hide a fault: %s', (_, inside, text) => {
    expect(sampleOf(documentOf(inside)).gpus[0]?.errorTexts).toEqual([expect.stringContaining(text)]);
  });

  it.each(['40 C', '40 F', '3.5 GHz', '100', '-5 C', 'N/A', '[N/A]'])('takes no unit for an error: %s', (text) => {
    expect(sampleOf(documentOf(`<temperature><gpu_temp>${text}</gpu_temp></temperature>`)).gpus[0]?.errorTexts).toEqual(
      [],
    );
  });

  it('believes the worse of two layouts', () => {
    const both = '<dram_uncorrectable>0</dram_uncorrectable><double_bit><device_memory>7</device_memory></double_bit>';
    const [gpu] = sampleOf(documentOf(`<ecc_errors><volatile>${both}</volatile></ecc_errors>`)).gpus;
    expect(gpu?.eccVolatile.dramUncorrectable).toEqual({ value: 7 });
  });

  it('puts an error in place of a GPU among the lost, and believes no UUID that two boards claim', () => {
    const twins = documentOf('<uuid>GPU-same</uuid>', '<uuid>GPU-same</uuid>', '<uuid>GPU-own</uuid>');
    expect(sampleOf(twins).gpus.map(({ uuid }) => uuid)).toEqual([null, null, 'GPU-own']);
    const replaced = twins.replace('</nvidia_smi_log>', '<error_string>GPU is lost</error_string></nvidia_smi_log>');
    expect(sampleOf(replaced).lost).toEqual([
      { name: 'unnamed', pciBusId: null, uuid: null, kind: 'lost', text: 'GPU is lost' },
    ]);
    expect(sampleOf(documentOf('<error_string>Unknown Error</error_string>'))).toMatchObject({
      gpus: [],
      lost: [{ name: '00000000:00:00.0', pciBusId: '0000:00:00.0', kind: 'unreachable' }],
    });
  });

  it('takes no identifier that would break a table, and no more GPUs than a report holds', () => {
    const odd = documentOf(`<serial>a\nb</serial><product_name>${'x'.repeat(500)}</product_name><uuid>GPU-a b</uuid>`);
    expect(sampleOf(odd).gpus[0]).toMatchObject({ serial: null, model: null, uuid: null });
    expect(sampleOf(documentOf(...Array.from({ length: 400 }, () => ''))).gpus).toHaveLength(256);
  });

  it('makes of any texts a sample that an aggregator takes', () => {
    const layout = readFileSync(join(FIXTURES, 'mig.xml'), 'utf8');
    const hostile = fc.oneof(
      fc.constantFrom('constructor', '__proto__', '1e999', '-', '-1', '9'.repeat(400), 'GPU is lost', 'x'.repeat(9000)),
      fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[<&]/g, '')),
    );
    fc.assert(
      fc.property(hostile, fc.nat(), (text, every) => {
        let at = 0;
        const document = layout.replaceAll(/>[^<>\n]+</g, (whole) => ((at++ + every) % 3 === 0 ? `>${text}<` : whole));
        const nvidia: unknown = JSON.parse(JSON.stringify(sampleOf(document)));
        expect(report.shape.samples.safeParse({ nvidia }).error?.message).toBe(undefined);
      }),
    );
  });
});
