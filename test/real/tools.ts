/** The real tools, as scripts/test-real.ts found or installed them; without it there is nothing to test. */
import { execFile } from 'node:child_process';
import { delimiter, join } from 'node:path';

function paths(variable: string): readonly string[] {
  const value = process.env[variable];
  if (value === undefined) throw new Error(`${variable} is not set: run these tests by \`npm run test:real\``);
  return value.split(delimiter);
}

export const AMD_SMI = paths('TRIVET_REAL_AMD_SMI');
export const ROCM_SMI = paths('TRIVET_REAL_ROCM_SMI');
export const ROOT = join(import.meta.dirname, '..', '..');
export const BUNDLE = join(ROOT, 'dist', 'agent', 'trivet-agent.mjs');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** To its end, which has to come within a minute; `input` goes to its standard input. */
export function runTool(command: string, args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { timeout: 60_000, encoding: 'utf8' }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr: error === null || code !== null ? stderr : `${error.message}\n${stderr}` });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
