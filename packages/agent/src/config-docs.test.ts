import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SETTING_NAMES } from './config.ts';

it('every setting is described in docs/agent.md, and nothing else is', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/agent.md'), 'utf8').split('\n## ');
  const settings = page.find((section) => section.startsWith('Settings')) ?? '';
  const described = [...settings.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(described).toEqual(SETTING_NAMES);
});
