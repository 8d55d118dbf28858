/** RDMA ports, as numbers that can be compared over time. */
import type { InfinibandPort } from '@trivet/shared/model/infiniband.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import type { Track } from './series.ts';

export type PortReading = 'up' | 'link-downed' | 'rate';

export function portSeries({ device, port }: InfinibandPort, reading: PortReading): string {
  return `rdma/${device}/${port}/${reading}`;
}

function isUp({ state }: InfinibandPort): boolean | null {
  return state === null ? null : state === 'active';
}

function values(reading: PortReading, read: (port: InfinibandPort) => number | null): Track {
  return ({ infiniband }: Samples) =>
    (infiniband?.ports ?? []).flatMap((port) => {
      const value = read(port);
      return value === null ? [] : [[portSeries(port, reading), value] as const];
    });
}

export const portUp = values('up', (port) => {
  const up = isUp(port);
  return up === null ? null : Number(up);
});
export const linkDowned = values('link-downed', ({ linkDowned }) => linkDowned);
/** Of a port that is up: one that is down shows the rate of its first attempt. */
export const portRate = values('rate', (port) => (isUp(port) === true ? port.bitsPerSecond : null));
