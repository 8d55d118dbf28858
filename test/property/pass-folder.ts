/** Reads a pass folder as anybody else would: the files, and nothing of the code that wrote them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const plan = z.object({
  steps: z.array(z.object({ node: z.string() })),
  withheld: z.array(z.object({ code: z.string(), text: z.string() })),
});

export interface FolderDecision {
  readonly planned: string[];
  readonly withheld: string[];
  readonly refusals: string[][];
}

const HEADER = ['node', 'code', 'limit', 'current', 'needed', 'users', 'text'];

export function decisionOf(folder: string): FolderDecision {
  const { steps, withheld } = plan.parse(JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')));
  const lines = readFileSync(join(folder, 'refusals.tsv'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
  if (lines[0]?.join() !== HEADER.join()) throw new Error(`${folder}: refusals.tsv has another header`);
  return {
    planned: steps.map(({ node }) => node),
    withheld: withheld.map(({ code }) => code),
    refusals: lines.slice(1),
  };
}
