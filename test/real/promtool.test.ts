/** Both programs' /metrics as Prometheus' own checker sees them, while they have something to show. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { World } from '../chaos/kernel-lines-world.ts';
import type { LineSource } from '../chaos/kernel-lines-world.ts';
import { seeded } from '../chaos/seeded.ts';
import { runTool } from './tools.ts';

it('promtool finds nothing to object to in the metrics of agent and aggregator', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trivet-promtool-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'kernel.log');
  writeFileSync(path, '');
  const source: LineSource = {
    path,
    write: (messages) => appendFileSync(path, messages.map((text) => `${text}\n`).join('')),
  };
  const world = new World({ folder, source, disks: [], random: seeded(1) });
  onTestFinished(() => world.clear());
  await world.start();
  await world.write(3, 0);
  await world.until('the last line', () => world.hasArrived(3));
  const { agent, aggregatorMetrics } = await world.books();
  expect(agent).toContain('trivet_finding_open{');
  expect(aggregatorMetrics).toContain('trivet_events_stored_total');
  for (const metrics of [agent, aggregatorMetrics]) {
    const checked = await runTool('promtool', ['check', 'metrics'], metrics);
    expect(checked).toEqual({ code: 0, stdout: '', stderr: '' });
  }
  await world.end();
});

it('promtool does object to what is wrong', async () => {
  const checked = await runTool('promtool', ['check', 'metrics'], '# TYPE a_total gauge\na_total 1\n');
  expect(checked.code).toBe(3);
});
