import { describe, expect, it } from 'vitest';
import type { JsonObject } from './amd-json.ts';
import { toAmdSample } from './amd-sample.ts';
import type { Section, Sections } from './amd-sample.ts';

const NONE: Sections = { metric: [], list: null, static: null, pages: null, links: null };
const MEASURED = { temperature: { hotspot: 40 } };

function put(sections: Partial<Record<Section, readonly JsonObject[]>>) {
  return toAmdSample({ ...NONE, ...sections });
}

function listed(gpu: number, bdf: string, rest: JsonObject = {}): JsonObject {
  return { gpu, bdf, uuid: `uuid-${gpu}00000`, ...rest };
}

describe('toAmdSample', () => {
  it('matches the subcommands by the number of the GPU, not by place', () => {
    const { sample, gaps } = put({
      metric: [
        { gpu: 1, temperature: { hotspot: 51 } },
        { gpu: 0, temperature: { hotspot: 50 } },
      ],
      list: [listed(0, '0000:05:00.0'), listed(1, '0000:15:00.0')],
    });
    expect(gaps).toEqual([]);
    expect(sample.gpus).toMatchObject([
      { pciBusId: '0000:05:00.0', hotspotCelsius: { value: 50 } },
      { pciBusId: '0000:15:00.0', hotspotCelsius: { value: 51 } },
    ]);
  });

  it('puts partitions of one address together, and those that have the partition in place of the function', () => {
    const part = (gpu: number, bdf: string, id: number) => listed(gpu, bdf, { partition_id: id });
    const metric = [0, 1, 2].map((gpu) => ({ gpu, temperature: gpu === 0 ? { hotspot: 40 } : 'N/A' }));
    for (const bdfs of [
      ['0000:05:00.0', '0000:05:00.0', '0000:05:00.0'],
      ['0000:05:00.0', '0000:05:00.1', '0000:05:00.2'],
    ]) {
      const { sample, gaps } = put({ metric, list: bdfs.map((bdf, id) => part(id, bdf, id)) });
      expect(gaps).toEqual([]);
      expect(sample.gpus).toMatchObject([
        { pciBusId: '0000:05:00.0', uuid: 'uuid-000000', partitions: { length: 3 }, hotspotCelsius: { value: 40 } },
      ]);
    }
  });

  it('believes one device of two GPUs only where a partition explains it', () => {
    const metric = [0, 1].map((gpu) => ({ gpu, ...MEASURED }));
    for (const bdf of ['0000:05:00.0', '0000:05:00.1']) {
      const { sample, gaps } = put({ metric, list: [listed(0, '0000:05:00.0'), listed(1, bdf)] });
      expect(sample.gpus).toMatchObject([{ pciBusId: '0000:05:00.0', partitions: { length: 2 } }]);
      expect(gaps).toEqual(['GPU 0000:05:00.0: described 2 times, and no partition explains it']);
    }
    expect(put({ metric, list: [listed(0, '0000:05:00.0'), listed(1, '0000:06:00.0')] }).sample.gpus).toHaveLength(2);
  });

  it('says which GPU is named by one subcommand and not by another', () => {
    const { gaps, sample } = put({
      metric: [{ gpu: 0, ...MEASURED }],
      list: [listed(0, '0000:05:00.0'), listed(1, '0000:15:00.0')],
      static: [],
    });
    expect(sample.gpus).toHaveLength(2);
    expect(gaps).toEqual([
      'GPU 1: in `list`, not in `metric`',
      'GPU 0: in `metric`, not in `static`',
      'GPU 0000:15:00.0: named, but neither temperature nor memory is given',
    ]);
  });

  it('tells of two GPUs with one number, of errors in place of readings, and of none at all', () => {
    expect(put({ metric: [{ gpu: 0 }, { gpu: 0 }] }).gaps).toContain('`metric` has two GPUs of one number');
    const error = { gpu: 0, temperature: { hotspot: 'AMDSMI_STATUS_IO' } };
    expect(put({ metric: [error], list: [listed(0, '0000:05:00.0')] }).gaps).toEqual([
      'GPU 0000:05:00.0: metric/temperature/hotspot: AMDSMI_STATUS_IO',
    ]);
    expect(put({}).gaps).toEqual(['no GPU is described']);
  });

  it('does not take an error text, or what two boards share, for a UUID', () => {
    const metric = [
      { gpu: 0, ...MEASURED },
      { gpu: 1, ...MEASURED },
    ];
    const uuids = (uuid: string) =>
      put({ metric, list: [listed(0, '0000:05:00.0', { uuid }), listed(1, '0000:15:00.0', { uuid })] }).sample.gpus.map(
        (gpu) => gpu.uuid,
      );
    expect(uuids('AMDSMI_STATUS_NOT_SUPPORTED - Feature not supported')).toEqual([null, null]);
    expect(uuids('a0ff740f-0000-1000-8000-000000000000')).toEqual([null, null]);
  });

  it.each([
    ['No bad pages found.', { value: 0 }],
    ['N/A', { unknown: 'not available' }],
    [{ page_address: 1, page_size: 4096, status: 'PENDING' }, { value: 1 }],
    [[{ page_address: 1 }, { page_address: 2 }], { value: 2 }],
    ['permission denied', { unknown: 'permission denied' }],
  ])('bad pages %j: %j', (pending, expected) => {
    const { sample } = put({ metric: [{ gpu: 0, ...MEASURED }], pages: [{ gpu: 0, pending }] });
    expect(sample.gpus[0]?.badPagesPending).toEqual(expected);
    // Neither none nor `N/A`: what is wrong has to be seen.
    const isTold = 'value' in expected || expected.unknown === 'not available';
    expect(sample.gpus[0]?.errorTexts).toEqual(isTold ? [] : ['pages/pending: permission denied']);
  });

  it.each([
    ['AMDSMI_XGMI_STATUS_NO_ERRORS', { value: 0 }],
    ['No errors detected', { value: 0 }],
    ['AMDSMI_XGMI_STATUS_ERROR', { value: 1 }],
    ['AMDSMI_XGMI_STATUS_MULTIPLE_ERRORS', { value: 2 }],
    [1, { value: 1 }],
    ['N/A', { unknown: 'not available' }],
    ['WEDGED', { unknown: 'WEDGED' }],
  ])('XGMI status %j: %j', (xgmi_err, expected) => {
    const { sample } = put({ metric: [{ gpu: 0, ...MEASURED, xgmi_err }] });
    expect(sample.gpus[0]?.xgmiErrors).toEqual(expected);
  });

  it.each([
    [['U', 'D', 'U', 'X'], { value: 2 }, { value: 1 }],
    [['X', 'X'], { unknown: 'not available' }, { unknown: 'not available' }],
    ['N/A', { unknown: 'not available' }, { unknown: 'not available' }],
    [['U', '?'], { unknown: '?' }, { unknown: '?' }],
  ])('links %j: %j up, %j down', (link_status, up, down) => {
    const { sample } = put({ metric: [{ gpu: 0, ...MEASURED }], links: [{ gpu: 0, link_status }] });
    expect(sample.gpus[0]).toMatchObject({ xgmiLinksUp: up, xgmiLinksDown: down });
  });

  it('reads limits, firmware and blocks under the names of the newest and the oldest releases', () => {
    const { sample } = put({
      metric: [
        {
          gpu: 0,
          ...MEASURED,
          pcie: { bandwidth: { value: 80, unit: 'Mb/s' } },
          ecc_block: { umc: { correctable_count: 1 } },
        },
      ],
      static: [
        {
          gpu: 0,
          ifwi: { name: 'N/A', version: '022.040.003' },
          limit: { ppt0: { socket_power_limit: { value: 1000, unit: 'W' } } },
          partition: { accelerator_partition: 'DPX' },
          ras: {
            bad_page_threshold: 65_535,
            bad_page_threshold_exceeded: 'False',
            ecc_block_state: { UMC: 'DISABLED' },
          },
        },
      ],
    });
    expect(sample.gpus[0]).toMatchObject({
      vbios: '022.040.003',
      powerLimitWatts: { value: 1000 },
      computePartition: { value: 'DPX' },
      badPageThreshold: { unknown: 'not available' },
      badPageThresholdExceeded: { value: false },
      eccMode: { value: false },
      pcieBytesPerSecond: { value: 10e6 },
      ras: [{ block: 'UMC', correctable: { value: 1 }, uncorrectable: { unknown: 'absent' } }],
    });
  });
});
