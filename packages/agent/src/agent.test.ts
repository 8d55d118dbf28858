/** The whole daemon in this process: a shell script as nvidia-smi, a file as kernel log, a real WebSocket server above it. */
import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Report } from '@trivet/shared/model/report.ts';
import { parseAgentMessage } from '@trivet/shared/protocol/schema.ts';
import { startAgent } from './agent.ts';
import type { RunningAgent } from './agent.ts';
import { loadConfig } from './config.ts';
import { createLog } from './log.ts';
import { FakeAggregator } from './testing/fake-aggregator.ts';

const WAIT = { timeout: 20_000, interval: 10 };
const GPU = `
  <gpu id="00000000:1B:00.0"><product_name>NVIDIA H200</product_name><serial>1650</serial><uuid>GPU-one</uuid>
    <minor_number>0</minor_number><pci><pci_bus_id>00000000:1B:00.0</pci_bus_id></pci>
    <fb_memory_usage><total>100 MiB</total><used>1 MiB</used></fb_memory_usage>
    <temperature><gpu_temp>41 C</gpu_temp><memory_temp>N/A</memory_temp></temperature></gpu>`;
const DOCUMENT = `<?xml version="1.0" ?>
<nvidia_smi_log><driver_version>580.65.06</driver_version><cuda_version>13.0</cuda_version><attached_gpus>1</attached_gpus>${GPU}
</nvidia_smi_log>`;
const XID_79 = 'NVRM: Xid (PCI:0000:1b:00): 79, GPU has fallen off the bus.';
const XID_31 = 'NVRM: Xid (PCI:0000:1b:00): 31, pid=100, name=python, Ch 00000008';

let folder: string;
let kernelLog: string;
let aggregator: FakeAggregator;
let agent: RunningAgent | null;
let logged: string[];

function nvidiaSmi(script: string): void {
  writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
async function start(settings: Record<string, string> = {}): Promise<RunningAgent> {
  const flags = {
    node: 'gpu-1',
    stateDir: join(folder, 'state'),
    aggregatorUrl: aggregator.url,
    listen: '127.0.0.1:0',
    nvidiaSmi: join(folder, 'nvidia-smi'),
    kernelLog,
    pollMs: '200',
    ...settings,
  };
  const log = createLog({ level: 'debug', now: Date.now, write: (line) => logged.push(line) });
  agent = await startAgent(await loadConfig(null, flags, {}), { log, chassisSerial: () => Promise.resolve('SN1') });
  return agent;
}
function eventKinds(): string[] {
  return [...aggregator.committed.values()].sort((a, b) => a.seq - b.seq).map(({ kind }) => kind);
}
function reports(): readonly Report[] {
  return aggregator.of('report');
}
function codes(report: Report | undefined): string[] {
  return (report?.findings ?? []).map(({ code, count }) => `${code} x${count}`);
}
async function ready({ address }: RunningAgent): Promise<void> {
  await vi.waitUntil(async () => (await fetch(`${address}/readyz`)).status === 200, WAIT);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trivet-agent-'));
  kernelLog = join(folder, 'kernel.log');
  writeFileSync(kernelLog, 'NVRM: loading NVIDIA UNIX Open Kernel Module\n');
  writeFileSync(join(folder, 'document.xml'), DOCUMENT);
  nvidiaSmi(`cat '${join(folder, 'document.xml')}'`);
  logged = [];
  aggregator = await new FakeAggregator((frame) => {
    const parsed = parseAgentMessage(frame);
    if (!parsed.ok) throw new Error(parsed.refuse.message);
    return parsed.message;
  }).listening();
});
afterEach(async () => {
  await agent?.stop();
  agent = null;
  aggregator.close();
  rmSync(folder, { recursive: true });
});

describe('agent', () => {
  it('says hello with its hardware, reports, and serves what it knows', async () => {
    const { address } = await start();
    await vi.waitUntil(() => reports().length > 2, WAIT);
    const gpus = [{ uuid: 'GPU-one', pciBusId: '0000:1b:00.0', serial: '1650', model: 'NVIDIA H200' }];
    expect(aggregator.of('hello').at(-1)).toMatchObject({ node: 'gpu-1', hardware: { serial: 'SN1', gpus } });
    expect(reports().at(-1)?.collectors).toContainEqual(
      expect.objectContaining({ name: 'kernel-log', state: 'ok', required: true }),
    );
    expect(reports().at(-1)?.findings).toEqual([]);
    const metrics = await (await fetch(`${address}/metrics`)).text();
    expect(metrics).toContain(
      'trivet_gpu_temperature_celsius{uuid="GPU-one",pci_bus_id="0000:1b:00.0",minor="0"} 41\n',
    );
    expect(metrics).not.toContain('trivet_gpu_memory_temperature_celsius{');
    expect(metrics).toMatch(/trivet_agent_connected 1\n/);
    expect(metrics).toContain('trivet_agent_duplicate_series 0');
    expect(await (await fetch(`${address}/v1/report`)).json()).toMatchObject({
      samples: { nvidia: { attachedGpus: 1 } },
    });
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
  });

  it('changes nothing for anybody who asks', async () => {
    const { address } = await start();
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) {
      expect((await fetch(`${address}/metrics`, { method })).status).toBe(405);
    }
    expect((await fetch(`${address}/v1/findings`)).status).toBe(404);
  });

  it('turns a kernel line into an event, a finding and a report at once', async () => {
    await ready(await start());
    appendFileSync(kernelLog, `${XID_79}\n`);
    await vi.waitUntil(() => eventKinds().length === 2 && reports().some(({ reason }) => reason === 'finding'), WAIT);
    expect(eventKinds()).toEqual(['kernel.xid', 'finding.opened']);
    const report = reports().find(({ reason }) => reason === 'finding');
    expect(report?.findings[0]).toMatchObject({ code: 'xid.79', state: 'open', gpu: { uuid: 'GPU-one' } });
  });

  it('reads nothing twice after a restart, and forgets no finding', async () => {
    await ready(await start());
    appendFileSync(kernelLog, `${XID_79}\n`);
    await vi.waitUntil(() => eventKinds().length === 2, WAIT);
    await agent?.stop();
    appendFileSync(kernelLog, `${XID_31}\n`);
    const before = reports().length;
    await start();
    await vi.waitUntil(() => eventKinds().length === 4 && reports().length > before + 2, WAIT);
    expect(eventKinds()).toEqual(['kernel.xid', 'finding.opened', 'kernel.xid', 'finding.opened']);
    expect(codes(reports().at(-1))).toEqual(['xid.79 x1', 'xid.31 x1']);
    expect(aggregator.arrivals).toBe(4);
  });

  it('hears the kernel while nvidia-smi hangs, and calls it neither healthy nor ready before it knows', async () => {
    nvidiaSmi('exec sleep 600');
    const { address } = await start();
    appendFileSync(kernelLog, `${XID_79}\n`);
    await vi.waitUntil(async () => (await (await fetch(`${address}/metrics`)).text()).includes('code="xid.79"'), WAIT);
    const response = await fetch(`${address}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ ready: false, reasons: [expect.stringMatching(/first round/)] });
    expect((await fetch(`${address}/v1/report`)).status).toBe(503);
  });

  it('reports what it could not tell as unknown', async () => {
    nvidiaSmi('echo "Unable to determine the device handle for GPU 0000:1B:00.0: Unknown Error"; exit 255');
    await start({ kernelLog: join(folder, 'none.log') });
    await vi.waitUntil(() => reports().length > 0, WAIT);
    const collectors = reports().at(-1)?.collectors ?? [];
    expect(collectors.find(({ name }) => name === 'nvidia-smi')?.state).not.toBe('ok');
    expect(collectors.find(({ name }) => name === 'kernel-log')).toMatchObject({
      state: 'unknown',
      reason: expect.stringMatching(/none.log/),
    });
  });

  it('keeps its hardware when the tool fails, so that it is not another machine', async () => {
    await start();
    await vi.waitUntil(() => reports().length > 0, WAIT);
    nvidiaSmi('exit 9');
    await vi.waitUntil(
      () =>
        reports()
          .at(-1)
          ?.collectors.some(({ state }) => state === 'failed') === true,
      WAIT,
    );
    await agent?.stop();
    const hellos = aggregator.of('hello').length;
    await start();
    await vi.waitUntil(() => aggregator.of('hello').length > hellos, WAIT);
    expect(aggregator.of('hello').at(-1)?.hardware.gpus).toHaveLength(1);
  });

  it('answers the question for a report, and no other', async () => {
    aggregator.reply = (message, reply) => {
      aggregator.behave(message, reply);
      if (message.type !== 'hello') return;
      reply({ type: 'ask', askId: 'q1', check: 'report' });
      reply({ type: 'ask', askId: 'q2', check: 'rm -rf /' });
    };
    await start();
    await vi.waitUntil(() => aggregator.of('result').length >= 2, WAIT);
    const results = new Map(aggregator.of('result').map((result) => [result.askId, result]));
    expect(results.get('q2')).toMatchObject({
      state: 'failed',
      text: 'rm -rf / is not configured on this node; it has: report',
    });
    const asked = reports().find(({ reason }) => reason === 'asked');
    expect(results.get('q1')).toMatchObject({ state: 'ok', text: asked?.reportId });
  });

  it('works without an aggregator, and keeps the events for when there is one', async () => {
    const { url } = aggregator;
    const [, port] = /:(\d+)\//.exec(url) ?? [];
    aggregator.close();
    await ready(await start({ aggregatorUrl: `ws://127.0.0.1:${port}` }));
    appendFileSync(kernelLog, `${XID_79}\n`);
    await vi.waitUntil(() => logged.some((line) => line.includes('finding opened')), WAIT);
    await agent?.stop();
    aggregator = await new FakeAggregator((frame) => JSON.parse(frame)).listening();
    await start();
    await vi.waitUntil(() => eventKinds().length === 2, WAIT);
  });

  it('refuses an address or a folder that is taken, says what to do, and leaves no lock behind', async () => {
    const first = await start();
    const { address } = first;
    const other = join(folder, 'other');
    const second = start({ stateDir: other, listen: address.replace('http://', '') });
    await expect(second).rejects.toThrow(/cannot be taken.*listen/);
    await expect(start()).rejects.toThrow(/state is in use by another agent/);
    await first.stop();
    await start({ stateDir: other });
    await agent?.stop();
    await start();
  });

  it('answers with a look that was begun after the question', async () => {
    const running = await start({ pollMs: '3600000', reportMs: '3600000' });
    await ready(running);
    // Two steps, so that the second question comes while the tool is at work for the first.
    const go = join(folder, 'go');
    nvidiaSmi(
      `cat '${join(folder, 'document.xml')}'; touch '${join(folder, 'begun')}'; until [ -e '${go}' ]; do sleep 0.02; done`,
    );
    const first = running.report();
    await vi.waitUntil(() => existsSync(join(folder, 'begun')), WAIT);
    writeFileSync(join(folder, 'document.xml'), DOCUMENT.replace('41 C', '55 C'));
    const both = Promise.all([running.report(), running.report()]);
    writeFileSync(go, '');
    const temperature = (report: Report | undefined) => report?.samples.nvidia?.gpus[0]?.temperatureCelsius;
    expect(temperature(await first)).toEqual({ value: 41 });
    expect((await both).map(temperature)).toEqual([{ value: 55 }, { value: 55 }]);
  });
});
