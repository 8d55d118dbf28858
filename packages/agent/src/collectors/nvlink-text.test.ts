/** Texts in the tool's shape; names and values are ours. Captured ones: test/corpus/nvlink.test.ts. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNvlinkStates, withNvlinkErrors } from './nvlink-text.ts';

const UUID = 'GPU-00000000-0000-4000-8000-00000000000a';
const OTHER = 'GPU-00000000-0000-4000-8000-00000000000b';
const head = (uuid: string): string => `GPU 0: NVIDIA Invented (SXM) 1 (UUID: ${uuid})`;

describe('readNvlinkStates', () => {
  it('reads links that are up, that are down, and that are neither', () => {
    const text = `${head(UUID)}\n\t Link 0: 26.562 GB/s\n\t Link 1: <inactive>\n\t Link 2: retraining\n\t Link 3: 0 GB/s\n`;
    expect(readNvlinkStates(text)).toEqual([
      {
        uuid: UUID,
        support: 'links',
        text: null,
        counters: [],
        links: [
          { link: 0, active: true, bytesPerSecond: 26_562_000_000, errors: {} },
          { link: 1, active: false, bytesPerSecond: null, errors: {} },
          { link: 2, active: null, bytesPerSecond: null, errors: {} },
          { link: 3, active: null, bytesPerSecond: null, errors: {} },
        ],
      },
    ]);
  });

  it.each([
    ['inactive', 'NVML: Unable to retrieve NVLink information as all links are inactive'],
    ['inactive', 'NVML: Unable to retrieve Nvlink information as all links are inActive'],
    ['none', 'Device does not have or support Nvlink'],
    ['none', '\t NVML: Unable to retrieve NVLink information: Not Supported'],
    ['mig', 'Nvlink queries are not supported for Devices in MIG mode'],
    ['unknown', 'NVML: Unable to retrieve NVLink information: GPU is lost'],
    ['unknown', ''],
  ] as const)('tells %s by "%s", on a line of its own or not', (support, words) => {
    for (const between of ['\n', ' ']) {
      const [first, second] = readNvlinkStates(`${head(UUID)}${between}${words}\n${head(OTHER)}\n\t Link 0: 25 GB/s\n`);
      expect(first).toMatchObject({ uuid: UUID, support, links: [] });
      expect(second).toMatchObject({ uuid: OTHER, support: 'links', links: [{ active: true }] });
    }
  });

  it('believes no link twice, and takes a line outside of every GPU for nothing', () => {
    const text = `\t Link 7: 25 GB/s\n${head(UUID)}\r\n\t Link 1: <inactive>\r\n\t Link 1: 25 GB/s\r\n\t Link 0: 25 GB/s\r\n`;
    expect(readNvlinkStates(text)).toMatchObject([
      {
        links: [
          { link: 0, active: true },
          { link: 1, active: false },
        ],
      },
    ]);
  });

  it('reads any text without failing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(head(UUID), '\t Link 0: 25 GB/s', '\t Link 99999: x', '(UUID: ', '\0')),
        (lines) => {
          const gpus = readNvlinkStates(lines.join('\n'));
          expect(withNvlinkErrors(gpus, lines.join('\n'))).toHaveLength(gpus.length);
        },
      ),
    );
  });
});

describe('withNvlinkErrors', () => {
  const states = readNvlinkStates(`${head(UUID)}\n\t Link 0: 25 GB/s\n\t Link 1: 25 GB/s\n`);
  const errorsOf = (...lines: readonly string[]) =>
    withNvlinkErrors(states, [head(UUID), ...lines].map((line) => `${line}\n`).join(''))[0];

  it('reads the counters of older boards, CRC of flits and of data as one', () => {
    const gpu = errorsOf(
      '\t Link 0: Replay Errors: 3',
      '\t Link 0: Recovery Errors: 0',
      '\t Link 0: CRC Flit Errors: 5',
      '\t Link 0: CRC Data Errors: 2',
      '',
      '\t Link 1: Replay Errors: 0',
      '\t Link 1: Recovery Errors: 1',
      '\t Link 1: CRC Errors: N/A',
    );
    expect(gpu?.links.map(({ errors }) => errors)).toEqual([{ replay: 3, crc: 7 }, { recovery: 1 }]);
    // CRC could not be read on the second link: it is not zero there.
    expect(gpu?.counters).toEqual(['replay', 'recovery']);
  });

  it('reads the counters of Blackwell, and neither traffic nor corrected symbols nor rates', () => {
    const lines = (link: number): string[] =>
      [
        'Tx packets: 12345',
        'Malformed packet Errors: 0',
        'Rx Errors: 2',
        'Link recovery failed events: 1',
        'Effective BER: 15e-255',
        'Symbol Errors: 4',
        'FEC Errors - 0: 36140749276',
      ].map((line) => `\t Link ${link}: ${line}`);
    const gpu = errorsOf(...lines(0), ...lines(1));
    expect(gpu?.links[1]?.errors).toEqual({ receive: 2, recoveryFailed: 1, symbol: 4 });
    expect(gpu?.counters).toEqual(['malformedPacket', 'receive', 'recoveryFailed', 'symbol']);
  });

  it('tells that nothing was read', () => {
    expect(errorsOf()?.counters).toEqual([]);
  });
});
