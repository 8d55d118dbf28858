/** The results as Markdown, to be put into docs/measurements.md as they are. */
import type { Footprint } from './footprint.ts';
import type { Latency } from './latency.ts';
import type { Soak } from './soak.ts';
import type { Streamed } from './stream.ts';

/** Rows under a head; cells are texts already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function number(value: number, digits = 1): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits);
}

export function footprintTable(rows: readonly Footprint[]): string {
  const head = [
    '',
    'private dirty MB (highest)',
    'PSS MB',
    'RSS MB',
    'CPU ms a poll',
    'idle ms/s',
    'all, ms a poll interval',
  ];
  return table(
    [...head, 'child ms a poll', 'scrape ms', 'ready ms'],
    rows.map((row) => [
      row.label,
      `${number(row.privateDirtyMb)} (${number(row.highestDirtyMb)})`,
      ...[row.pssMb, row.rssMb, row.cpuMsPerPoll].map((value) => number(value)),
      number(row.idleMsPerSecond, 2),
      ...[row.cpuMsPerPollInterval, row.childMsPerPoll, row.scrapeMs].map((value) => number(value)),
      number(row.readyMs, 0),
    ]),
  );
}

export function latencyTable(rows: readonly Latency[]): string {
  const head = ['kernel line → API', 'lines', 'event p50 / p99 / max ms', 'finding p50 / p99 / max ms'];
  return table(
    head,
    rows.map(({ label, lines, event, finding }) => [
      label,
      String(lines),
      ...[event, finding].map(
        ({ count, p50Ms, p99Ms, maxMs }) =>
          `${[p50Ms, p99Ms, maxMs].map((value) => number(value, 0)).join(' / ')}${count === lines ? '' : ` (of ${count})`}`,
      ),
    ]),
  );
}

export function soakTable({ minutes, samples, ...soak }: Soak): string {
  const slope = ({ perX, error }: Soak['dirtySlope']): string => `${number(perX, 2)} ± ${number(error, 2)} MB/h`;
  return table(
    ['soak', 'samples', 'private dirty first, last, highest MB', 'its slope', 'slope of RSS', 'CPU ms/s'],
    [
      [
        `${minutes} min`,
        String(samples),
        [soak.firstDirtyMb, soak.lastDirtyMb, soak.maxDirtyMb].map((value) => number(value)).join(', '),
        slope(soak.dirtySlope),
        slope(soak.rssSlope),
        number(soak.cpuMsPerSecond, 2),
      ],
    ],
  );
}

export function streamTable(rows: readonly Streamed[]): string {
  return table(
    ['nvidia-smi', 'reader: CPU ms a poll', 'tool: CPU ms a poll', 'reader: private dirty MB'],
    rows.map(({ mode, cpuMsPerPoll, toolMsPerPoll, privateDirtyMb }) => [
      mode === 'spawn' ? 'a process a poll' : 'one process (`-l`)',
      ...[cpuMsPerPoll, toolMsPerPoll, privateDirtyMb].map((value) => number(value)),
    ]),
  );
}
