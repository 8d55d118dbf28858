/** Real programs: shell scripts that tell, fail, hang, spew, crash and leave things behind. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../os/command.ts';
import type { Run } from '../os/command.ts';
import { SiteChecks } from './site-checks.ts';
import type { SiteChecksOptions } from './site-checks.ts';

let dir: string;
let nowMs: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trivet-site-'));
  chmodSync(dir, 0o755);
  nowMs = Date.parse('2026-11-20T17:00:00.000Z');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const { signal } = new AbortController();
const FINE = `echo '{"state":"ok","text":"fine"}'`;

function script(name: string, body: string): void {
  writeFileSync(join(dir, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}
function checksOf(over: Partial<SiteChecksOptions> = {}): SiteChecks {
  return new SiteChecks({ dir, node: 'gpu-1', everyMs: 300_000, timeoutMs: 20_000, nowMs: () => nowMs, ...over });
}
async function told(checks: SiteChecks): Promise<Record<string, string>> {
  const collected = await checks.collect();
  const results = collected.sample?.checks ?? [];
  return Object.fromEntries(results.map(({ name, state, text }) => [name, `${state}: ${text}`]));
}
async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('not within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a round of site checks', () => {
  it('takes what each says, and is ok only when all can tell', async () => {
    script('disk', `echo '{"state":"ok","text":"fine","values":{"free_bytes":5}}'`);
    script('fans', `echo '{"state":"fault","text":"fan 2 stands","class":"replace","gpu":{"uuid":"GPU-1"}}'`);
    const checks = checksOf();
    expect(await checks.collect()).toEqual({ state: 'unknown', reason: 'the first round has not ended' });
    await checks.round(signal);
    const at = '2026-11-20T17:00:00.000Z';
    const ran = { endedAt: at, toldAt: at, durationMs: expect.any(Number) };
    expect(await checks.collect()).toEqual({
      state: 'ok',
      takenAtMs: nowMs,
      sample: {
        checks: [
          { name: 'disk', state: 'ok', text: 'fine', class: null, gpu: null, values: { free_bytes: 5 }, ...ran },
          {
            name: 'fans',
            state: 'fault',
            text: 'fan 2 stands',
            class: 'replace',
            gpu: { uuid: 'GPU-1', pciBusId: null },
            values: {},
            ...ran,
          },
        ],
      },
    });
    script('licence', `echo '{"state":"unknown","text":"no network"}'`);
    await checks.round(signal);
    expect(await checks.collect()).toMatchObject({ state: 'unknown', reason: '1 could not tell: licence: no network' });
  });

  it.each([
    ['a status', 'echo oops >&2; echo more >&2; ' + FINE + '; exit 3', /^ended with status 3: oops$/],
    ['a signal', `${FINE}; kill -SEGV $$`, /^was ended by SIGSEGV$/],
    ['silence', 'exit 0', /^printed nothing/],
    ['two objects', `${FINE}; ${FINE}`, /instead of one JSON object/],
    ['bytes that are no text', "printf '\\377\\376\\000{'", /instead of one JSON object/],
    ['its result on the wrong output', `${FINE} >&2`, /^printed nothing/],
    ['no end of output', 'exec yes', /^printed more than 64 KiB and was ended$/],
    ['no end of errors', `${FINE}; exec yes >&2`, /^printed more than 64 KiB and was ended$/],
  ])('cannot tell from %s', async (_what, body, reason) => {
    script('odd', body);
    const checks = checksOf();
    await checks.round(signal);
    expect((await checks.collect()).sample?.checks).toMatchObject([
      { name: 'odd', state: 'unknown', text: expect.stringMatching(reason), class: null, toldAt: null },
    ]);
  });

  it('ends one that hangs, with all that it started, and goes on with the next', async () => {
    script('a-hangs', `trap '' TERM; sleep 600 & echo $! > '${dir}/.pid'; ${FINE}; wait`);
    script('b-fine', FINE);
    const checks = checksOf({ timeoutMs: 700 });
    await checks.round(signal);
    expect(await told(checks)).toEqual({
      'a-hangs': 'unknown: did not end within 0.7 s and was ended',
      'b-fine': 'ok: fine',
    });
    const pid = Number(readFileSync(join(dir, '.pid'), 'utf8'));
    await until(() => !isAlive(pid));
  });

  it('does not wait for a child that holds the output, and ends one that does not', async () => {
    script('holds', `sleep 600 & echo $! > '${dir}/.holds'; ${FINE}`);
    script('leaves', `sleep 600 >/dev/null 2>&1 & echo $! > '${dir}/.leaves'; ${FINE}`);
    const checks = checksOf();
    await checks.round(signal);
    expect(await told(checks)).toEqual({ holds: 'ok: fine', leaves: 'ok: fine' });
    const pids = ['.holds', '.leaves'].map((name) => Number(readFileSync(join(dir, name), 'utf8')));
    await until(() => !pids.some(isAlive));
  });

  it('starts no second copy while a killed one lives', async () => {
    const started: number[] = [];
    const immortal: Run = (spec) => runCommand(spec, (pid) => void started.push(pid));
    script('hangs', 'exec sleep 600');
    const checks = checksOf({ timeoutMs: 100, run: immortal });
    await checks.round(signal);
    await checks.round(signal);
    expect(started).toHaveLength(1);
    const [pid = 0] = started;
    expect(await told(checks)).toEqual({ hangs: expect.stringContaining(`its previous run still hangs (pid ${pid},`) });
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid));
    script('hangs', FINE);
    await checks.round(signal);
    expect(await told(checks)).toEqual({ hangs: 'ok: fine' });
  });

  it('gives a check no arguments, no input, and nothing of our environment', async () => {
    process.env['TRIVET_SECRET'] = 'secret';
    script(
      'env',
      `input=$(cat | wc -c | tr -d ' '); names=$(env | cut -d= -f1 | sort | grep -v -e PWD -e SHLVL -e '^_$' | tr '\\n' ' ')
echo "{\\"state\\":\\"ok\\",\\"text\\":\\"$# $input $names$(pwd) $TRIVET_NODE $TRIVET_CHECK\\"}"`,
    );
    const checks = checksOf();
    await checks.round(signal);
    delete process.env['TRIVET_SECRET'];
    expect(await told(checks)).toEqual({ env: `ok: 0 0 LC_ALL PATH TRIVET_CHECK TRIVET_NODE ${dir} gpu-1 env` });
  });

  it('reads the folder anew: what is gone is forgotten, what may not be run is told', async () => {
    script('a', FINE);
    script('b', FINE);
    const checks = checksOf();
    await checks.round(signal);
    rmSync(join(dir, 'a'));
    chmodSync(join(dir, 'b'), 0o777);
    script('notes.txt', '');
    await checks.round(signal);
    expect(await told(checks)).toEqual({ b: expect.stringMatching(/^unknown: .*chmod go-w/) });
    expect(await checks.collect()).toMatchObject({ state: 'unknown', reason: expect.stringContaining('"notes.txt"') });
  });

  it('says nothing of its checks when the folder cannot be read', async () => {
    script('a', FINE);
    const checks = checksOf();
    await checks.round(signal);
    chmodSync(dir, 0o777);
    await checks.round(signal);
    const collected = await checks.collect();
    expect(collected).toEqual({ state: 'unknown', reason: expect.stringContaining('chmod go-w') });
  });

  it('does not take an empty folder for one without checks', async () => {
    script('notes.txt', FINE);
    const checks = checksOf();
    await checks.round(signal);
    const collected = await checks.collect();
    expect(collected).toEqual({
      state: 'unknown',
      reason: expect.stringMatching(/holds no site check: .*"notes\.txt"/),
    });
    expect(await checks.ask('disk', signal)).toEqual({ trouble: expect.stringContaining('holds no site check') });
  });

  it('runs 32 and says of the others that they were not', async () => {
    for (let index = 10; index < 44; index++) script(`c${index}`, FINE);
    const checks = checksOf();
    await checks.round(signal);
    const results = await told(checks);
    expect(Object.values(results).filter((text) => text === 'ok: fine')).toHaveLength(32);
    expect(results['c43']).toMatch(/^unknown: not run: the folder holds more than 32 checks/);
  });

  it('does not take an old result for the present', async () => {
    script('a', FINE);
    const checks = checksOf();
    await checks.round(signal);
    nowMs += 3 * 300_000;
    expect((await checks.collect()).state).toBe('ok');
    nowMs += 1;
    expect(await told(checks)).toEqual({ a: expect.stringMatching(/^unknown: its last result is 900 s old/) });
  });

  it('without a folder has nothing to say, which is all there is', async () => {
    const checks = checksOf({ dir: null });
    await checks.round(signal);
    expect(await checks.collect()).toMatchObject({ state: 'ok', sample: { checks: [] } });
  });

  it('that is stopped ends what runs and begins no more', async () => {
    script('a', `touch '${dir}/.begun'; exec sleep 600`);
    script('b', `touch '${dir}/.second'`);
    const stop = new AbortController();
    const checks = checksOf();
    const round = checks.round(stop.signal);
    await until(() => existsSync(join(dir, '.begun')));
    stop.abort();
    await round;
    expect(existsSync(join(dir, '.second'))).toBe(false);
    expect(await checks.collect()).toMatchObject({ state: 'unknown' });
  });
});

describe('a check that is asked for', () => {
  it('runs, and is what the node shows from then on', async () => {
    script('disk', FINE);
    const checks = checksOf();
    await checks.round(signal);
    script('disk', `echo '{"state":"fault","text":"full"}'`);
    expect(await checks.ask('disk', signal)).toMatchObject({
      result: { state: 'fault', text: 'full', class: 'watch' },
    });
    expect(await told(checks)).toEqual({ disk: 'fault: full' });
  });

  it.each([
    '../disk',
    './disk',
    'disk ',
    'disk;touch x',
    '$(touch x)',
    'DISK',
    '',
    '.',
    '..',
    '/bin/true',
    'x'.repeat(128),
    '__proto__',
  ])('runs nothing under another name: %j', async (name) => {
    script('disk', `touch '${dir}/.ran'`);
    expect(await checksOf().ask(name, signal)).toEqual({ there: ['disk'] });
    expect(existsSync(join(dir, '.ran'))).toBe(false);
  });

  it('cannot be told when the folder cannot be read', async () => {
    script('disk', FINE);
    chmodSync(dir, 0o777);
    expect(await checksOf().ask('disk', signal)).toEqual({ trouble: expect.stringContaining('chmod go-w') });
  });

  it('waits for its turn, and is run once for all who wait for it', async () => {
    const log = join(dir, '.log');
    const wait = `while [ ! -e '${dir}/.go' ]; do sleep 0.02; done`;
    script('slow', `echo begin >> '${log}'; ${wait}; echo end >> '${log}'; ${FINE}`);
    script('disk', `echo disk >> '${log}'; ${FINE}`);
    const checks = checksOf();
    const slow = checks.ask('slow', signal);
    await until(() => existsSync(log));
    const both = [checks.ask('disk', signal), checks.ask('disk', signal)];
    // As many looks at the folder, one after the other, as leave no doubt that those two have had theirs.
    for (let look = 0; look < 20; look++) await checks.ask('absent', signal);
    writeFileSync(join(dir, '.go'), '');
    for (const asked of [slow, ...both]) expect(await asked).toMatchObject({ result: { state: 'ok' } });
    expect(readFileSync(log, 'utf8')).toBe('begin\nend\ndisk\n');
  });
});
