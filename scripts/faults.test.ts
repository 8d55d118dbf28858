import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FAULTS_PAGE, faultsPage } from './faults.ts';

it('docs/faults.md is what the catalogue says', () => {
  expect(readFileSync(FAULTS_PAGE, 'utf8')).toBe(faultsPage());
});
