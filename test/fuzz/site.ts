/** What site checks print: results of ours, damaged. Only an `ok` that is one may leave the node healthy. */
import { readSiteResult } from '@trivet/agent/collectors/site-result.ts';
import { siteSense } from '@trivet/agent/senses.ts';
import type { SiteCheckResult, SiteSample } from '@trivet/shared/model/site.ts';
import type { Random } from '@trivet/simulator/random.ts';
import { mutateJson, parse } from './mutate-json.ts';
import { TEXT_MUTATIONS } from './mutate-text.ts';
import { NOW_MS, look } from './node.ts';
import type { Outcome, Subject } from './subject.ts';

const RESULTS = [
  { state: 'ok', text: 'fine' },
  { state: 'ok', text: 'fine', values: { free_bytes: 1e9, mounts: 3 } },
  { state: 'fault', text: 'a mount is missing', class: 'watch' },
  { state: 'fault', text: 'of this GPU', class: 'reset', gpu: { uuid: 'GPU-1', pciBusId: '0000:1b:00.0' } },
  { state: 'unknown', text: 'no answer' },
].map((result) => JSON.stringify(result));

export function siteSubject(): Subject {
  return { name: 'site-checks', weight: 1, run };
}

async function run(random: Random): Promise<Outcome> {
  const rounds = random.pick([0, 1, 1, 2, 4]);
  let text = random.pick(RESULTS);
  for (let round = 0; round < rounds; round++) {
    const isGentle = random.int(2) === 0;
    text = isGentle
      ? mutateJson(text, random, random.pick(RESULTS))
      : random.pick(Object.values(TEXT_MUTATIONS))(text, random);
  }
  const endedAt = new Date(NOW_MS).toISOString();
  const told = readSiteResult(text);
  const check: SiteCheckResult = { ...told, name: 'disk', endedAt, toldAt: endedAt, durationMs: 1 };
  const collector = {
    name: 'site-checks',
    collect: () =>
      Promise.resolve(
        told.state === 'unknown'
          ? ({ state: 'unknown', reason: told.text, sample: sampleOf(check) } as const)
          : ({ state: 'ok', sample: sampleOf(check) } as const),
      ),
  };
  const { verdict } = await look({ others: [siteSense(collector, true)], pciGpus: [], kernelLog: null });
  const failures = verdict === 'healthy' && !isOk(text) ? ['healthy without a result that says ok'] : [];
  return { made: `${rounds} changes`, input: text, failures, verdict };
}

function sampleOf(check: SiteCheckResult): SiteSample {
  return { checks: [check] };
}

function isOk(text: string): boolean {
  const result = parse(text);
  return typeof result === 'object' && result !== null && !Array.isArray(result) && result['state'] === 'ok';
}
