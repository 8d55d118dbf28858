/** The unit file as systemd itself reads it; no service is started. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ROOT, runTool } from './tools.ts';

const UNIT = join(ROOT, 'deploy', 'systemd', 'trivet-agent.service');

/** systemd looks whether the program is there: ours is not on this machine. */
function copy(edit: (text: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'trivet-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'trivet-agent.service');
  writeFileSync(path, edit(readFileSync(UNIT, 'utf8').replaceAll('/usr/bin/node', process.execPath)));
  return path;
}

it('is a unit that systemd-analyze has nothing to say about', async () => {
  const verified = await runTool('systemd-analyze', ['verify', copy((text) => text)]);
  expect(verified).toEqual({ code: 0, stdout: '', stderr: '' });
});

it('would hear of a misspelt line', async () => {
  const verified = await runTool('systemd-analyze', ['verify', copy((text) => text.replace('UMask=', 'Umaks='))]);
  expect(verified.stderr).toMatch(/Unknown key (?:name )?'Umaks'/);
});

it('leaves the service little to do harm with', async () => {
  // 2.4 of 10 when it was written; a unit without any of these lines has 9.6.
  const args = ['security', '--offline=true', '--threshold=30', copy((text) => text)];
  const rated = await runTool('systemd-analyze', args);
  expect(rated.code, rated.stdout).toBe(0);
  const open = await runTool('systemd-analyze', ['security', '--offline=true', '--threshold=30', copy(withoutRights)]);
  expect(open.code).toBe(1);
});

function withoutRights(text: string): string {
  return text.replaceAll(/^(?:DynamicUser|CapabilityBoundingSet|NoNewPrivileges|Protect\w+|SystemCall\w+)=.*$/gm, '');
}
