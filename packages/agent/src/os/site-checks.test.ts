import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectSiteCheck, listSiteChecks, trustedOwners } from './site-checks.ts';
import type { SiteFolder } from './site-checks.ts';

let dir: string;
let folder: SiteFolder;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trivet-site-'));
  folder = { path: join(dir, 'checks'), owners: trustedOwners(), reserved: ['report'] };
  mkdirSync(folder.path, { mode: 0o755 });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, mode = 0o755): void {
  const path = join(folder.path, name);
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, mode);
}
/** By name: `runs`, or why not. */
async function listed(over: Partial<SiteFolder> = {}): Promise<Record<string, string> | string> {
  const listing = await listSiteChecks({ ...folder, ...over });
  if (listing.state === 'unknown') return listing.reason;
  return Object.fromEntries(listing.files.map((found) => [found.name, 'refused' in found ? found.refused : 'runs']));
}

describe('the folder of site checks', () => {
  it('lists what may be run, by name', async () => {
    for (const name of ['zfs', 'disk', '0-first']) file(name, 0o700);
    file('.hidden');
    expect(await listed()).toEqual({ '0-first': 'runs', disk: 'runs', zfs: 'runs' });
    const found = await inspectSiteCheck(folder, 'disk');
    expect(found).toEqual({ name: 'disk', path: join(folder.path, 'disk'), folder: folder.path });
  });

  it('says of each that may not be run why, and how to mend it', async () => {
    file('plain', 0o644);
    file('for-group', 0o775);
    file('for-all', 0o757);
    file('report');
    mkdirSync(join(folder.path, 'sub'));
    file('target');
    symlinkSync(join(folder.path, 'target'), join(folder.path, 'link'));
    expect(await listed()).toEqual({
      plain: expect.stringMatching(/plain may not be executed: chmod 755 /),
      'for-group': expect.stringMatching(/may be written by others .*: chmod go-w /),
      'for-all': expect.stringMatching(/may be written by others .*: chmod go-w /),
      report: expect.stringMatching(/report is built in: give the check another name/),
      sub: expect.stringMatching(/sub is no file/),
      target: 'runs',
      link: expect.stringMatching(/link is a symbolic link: put the file itself there/),
    });
  });

  it('names what has no name of a check', async () => {
    for (const name of ['disk.sh', 'UPPER', '-x', 'a b', 'x\ny', `${'x'.repeat(64)}`]) file(name);
    const listing = await listSiteChecks(folder);
    expect(listing).toMatchObject({ state: 'ok', files: [] });
    expect('strays' in listing ? listing.strays : []).toHaveLength(6);
    expect('strays' in listing ? listing.strays : []).toContainEqual(
      expect.stringMatching(/^"disk\.sh" is not the name/),
    );
    expect('strays' in listing ? listing.strays : []).toContainEqual(expect.stringMatching(/^"x\\ny" is not/));
  });

  it('is refused as a whole when others can put something there', async () => {
    file('disk');
    chmodSync(folder.path, 0o775);
    expect(await listed()).toMatch(/checks may be written by others .*: chmod go-w /);
    expect(await inspectSiteCheck(folder, 'disk')).toMatchObject({ refused: expect.stringContaining('chmod go-w') });
    // The sticky bit does not help: anybody could still add a check.
    chmodSync(folder.path, 0o1777);
    expect(await listed()).toMatch(/may be written by others/);
    chmodSync(folder.path, 0o755);
    chmodSync(dir, 0o777);
    expect(await listed()).toMatch(new RegExp(`${dir} may be written by others`));
  });

  it('is refused when it belongs to somebody else', async () => {
    file('disk');
    expect(await listed({ owners: [4_294_967_000] })).toMatch(
      /belongs to user \d+, who could change what runs as the agent/,
    );
  });

  it('may be reached through a link, but not be one to a file', async () => {
    file('disk');
    symlinkSync(folder.path, join(dir, 'link'));
    expect(await listed({ path: join(dir, 'link') })).toEqual({ disk: 'runs' });
    expect(await listed({ path: join(folder.path, 'disk') })).toMatch(/disk is no folder/);
    expect(await listed({ path: join(dir, 'absent') })).toMatch(/ENOENT/);
  });

  it('is too full to be one', async () => {
    for (let index = 0; index <= 256; index++) file(`c${index}`);
    expect(await listed()).toMatch(/holds more than 256 files/);
  });
});
