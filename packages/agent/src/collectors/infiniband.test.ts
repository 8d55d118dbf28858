/** A folder tree in the shape of /sys/class/infiniband; adapters and values are ours. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { InfinibandPort } from '@trivet/shared/model/infiniband.ts';
import { afterAll, describe, expect, it } from 'vitest';
import { InfinibandCollector } from './infiniband.ts';

const root = mkdtempSync(join(tmpdir(), 'trivet-rdma-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function machine(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    const full = join(root, name, 'class/infiniband', path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, `${text}\n`);
  }
  return join(root, name);
}

describe('InfinibandCollector', () => {
  it('reads ports of both link layers, in order, and leaves out what an adapter does not tell', async () => {
    const sys = machine('two', {
      'mlx5_1/ports/1/link_layer': 'Ethernet',
      'mlx5_1/ports/1/state': '1: DOWN',
      'mlx5_1/ports/1/phys_state': '3: Disabled',
      'mlx5_1/ports/1/rate': '40 Gb/sec (4X QDR)',
      'mlx5_1/ports/1/counters/link_downed': 'N/A (no PMA)',
      'mlx5_0/ports/1/link_layer': 'InfiniBand',
      'mlx5_0/ports/1/state': '4: ACTIVE',
      'mlx5_0/ports/1/phys_state': '5: LinkUp',
      'mlx5_0/ports/1/rate': '400 Gb/sec (4X NDR)',
      'mlx5_0/ports/1/counters/link_downed': '2',
      'mlx5_0/ports/1/counters/link_error_recovery': '1',
      'mlx5_0/ports/1/counters/symbol_error': '7',
      'mlx5_0/ports/junk/state': '4: ACTIVE',
      'mlx5_0/fw_ver': '28.43.1014',
    });
    expect(await new InfinibandCollector({ sys }).collect()).toEqual({
      state: 'ok',
      sample: {
        ports: [
          {
            device: 'mlx5_0',
            port: 1,
            linkLayer: 'InfiniBand',
            state: 'active',
            physicalState: 'LinkUp',
            bitsPerSecond: 400e9,
            linkDowned: 2,
            linkErrorRecovery: 1,
            symbolErrors: 7,
          },
          {
            device: 'mlx5_1',
            port: 1,
            linkLayer: 'Ethernet',
            state: 'down',
            physicalState: 'Disabled',
            bitsPerSecond: 40e9,
            linkDowned: null,
            linkErrorRecovery: null,
            symbolErrors: null,
          },
        ],
      },
    });
  });

  it('does not guess what a file means', async () => {
    const sys = machine('odd', {
      'x/ports/1/state': 'ACTIVE',
      'x/ports/1/rate': 'fast',
      'x/ports/1/counters/link_downed': '-1',
      'x/ports/1/link_layer': '\u001b[2J',
    });
    expect(await new InfinibandCollector({ sys }).collect()).toMatchObject({
      sample: { ports: [{ state: null, bitsPerSecond: null, linkDowned: null, linkLayer: null }] },
    });
  });

  it('knows a machine without RDMA', async () => {
    expect(await new InfinibandCollector({ sys: join(root, 'none') }).collect()).toEqual({
      state: 'ok',
      sample: { ports: [] },
    });
  });

  it('does not wait for an adapter that does not answer, nor ask it again before it has', async () => {
    const { promise, resolve } = Promise.withResolvers<InfinibandPort[]>();
    let asked = 0;
    const read = () => {
      asked += 1;
      return promise;
    };
    const collector = new InfinibandCollector({ timeoutMs: 1, read });
    expect(await collector.collect()).toEqual({ state: 'unknown', reason: 'no answer within 0.001 s' });
    expect(await collector.collect()).toEqual({ state: 'unknown', reason: 'an adapter still does not answer' });
    expect(asked).toBe(1);
    resolve([]);
    await turn();
    expect(await collector.collect()).toEqual({ state: 'ok', sample: { ports: [] } });
  });

  it('says what the file system says', async () => {
    const read = async () => Promise.reject(new Error('EIO'));
    expect(await new InfinibandCollector({ read }).collect()).toEqual({ state: 'unknown', reason: 'EIO' });
  });
});
