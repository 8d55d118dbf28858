/** Everything that is fuzzed, and one document of it by number: the same seed and number give the same document. */
import { randomOf } from '@trivet/simulator/random.ts';
import { amdSubject } from './amd.ts';
import { kernelSubject } from './kernel.ts';
import { nvidiaSubject } from './nvidia.ts';
import { nvlinkSubject } from './nvlink.ts';
import { siteSubject } from './site.ts';
import type { Outcome, Subject } from './subject.ts';

export function subjects(): Subject[] {
  return [nvidiaSubject(), nvlinkSubject(), amdSubject(), kernelSubject(), siteSubject()];
}

export interface Fuzzed extends Outcome {
  readonly subject: string;
}

/** Never rejects: what the code under test throws is a failure of that document. */
export async function fuzzOne(among: readonly Subject[], seed: number, document: number): Promise<Fuzzed> {
  const random = randomOf(seed, 'fuzz', document);
  const subject = random.pick(among.flatMap((each) => Array.from({ length: each.weight }, () => each)));
  try {
    return { subject: subject.name, ...(await subject.run(random)) };
  } catch (error) {
    const thrown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { subject: subject.name, made: 'see the stack', input: '', failures: [`threw ${thrown}`], verdict: 'threw' };
  }
}
