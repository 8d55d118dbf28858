/** `nvidia-smi -q -x`, with its exit status and its `-L`: documents of the corpus and of the fake tool, damaged. */
import { NvidiaSmiCollector } from '@trivet/agent/collectors/nvidia-smi.ts';
import type { CommandResult } from '@trivet/agent/os/command.ts';
import { nvidiaSense } from '@trivet/agent/senses.ts';
import type { Assessment } from '@trivet/agent/check-node.ts';
import type { Random } from '@trivet/simulator/random.ts';
import { whyNotHealthy } from './healthy-oracle.ts';
import { TEXT_MUTATIONS } from './mutate-text.ts';
import { XML_MUTATIONS } from './mutate-xml.ts';
import { exited, look } from './node.ts';
import { RULES } from './nvidia-rules.ts';
import type { Rule, Ruled } from './nvidia-rules.ts';
import { fakeSeeds, seedsIn } from './seeds.ts';
import type { Seed } from './seeds.ts';
import type { Outcome, Subject } from './subject.ts';

interface Base extends Seed {
  /** As PCI would show them, by the captured document itself. */
  readonly pciGpus: readonly string[];
}

export interface Output {
  readonly result: CommandResult;
  readonly list: CommandResult;
  /** Null: a person named the tool. */
  readonly pciGpus: readonly string[] | null;
}

const MUTATIONS = { ...TEXT_MUTATIONS, ...XML_MUTATIONS };
/** Half of what is done leaves a document that can be read: what is in it counts then. */
const GENTLE = Object.entries({
  'change-number': TEXT_MUTATIONS['change-number'],
  'windows-line-ends': TEXT_MUTATIONS['windows-line-ends'],
  'delete-element': XML_MUTATIONS['delete-element'],
  'double-element': XML_MUTATIONS['double-element'],
  'double-element-with-another-value': XML_MUTATIONS['double-element-with-another-value'],
  'swap-elements': XML_MUTATIONS['swap-elements'],
  'element-of-another-document': XML_MUTATIONS['element-of-another-document'],
  'empty-element': XML_MUTATIONS['empty-element'],
  'hostile-value': XML_MUTATIONS['hostile-value'],
  rename: XML_MUTATIONS.rename,
  'spelled-in-entities': XML_MUTATIONS['spelled-in-entities'],
});
const RULE_LIST: readonly (readonly [string, Rule])[] = Object.entries(RULES);

/** Most of a document is clock lists that nobody reads; without them the damage hits what counts. */
function slim(text: string): string {
  return text.replaceAll(/(<supported_clocks>)[^]*?(<\/supported_clocks>)/g, '$1N/A$2');
}

export function nvidiaSubject(): Subject {
  const bases = [...fakeSeeds(), ...seedsIn('nvidia-smi', /\.(?:xml|txt|csv)$/)].map(({ name, text }): Base => ({
    name,
    text: slim(text),
    pciGpus: [...text.matchAll(/<gpu id="([^"]*)"/g)].map(([, id = '']) => busId(id)),
  }));
  const lists = seedsIn('nvidia-smi', /-L\.txt$|errors\/.*\.txt$/).map(({ text }) => text);
  return {
    name: 'nvidia-smi',
    weight: 8,
    run: (random) => run(random, bases, ['', ...lists]),
  };
}

function busId(id: string): string {
  return id.toLowerCase().replace(/^0000(?=[0-9a-f]{4}:)/, '');
}

async function run(random: Random, bases: readonly Base[], lists: readonly string[]): Promise<Outcome> {
  const base = random.pick(random.int(8) === 0 ? bases : bases.filter(({ pciGpus }) => pciGpus.length > 0));
  // Texts that name no GPU come from machines that have some all the same.
  const pciGpus = random.pick([null, base.pciGpus.length === 0 ? ['0000:1b:00.0'] : base.pciGpus]);
  const rounds = random.pick([0, 0, 1, 1, 1, 2, 3, 6]);
  const isGentle = random.int(2) === 0;
  const names: string[] = [];
  let text = base.text;
  for (let round = 0; round < rounds; round++) {
    const [name, mutate] = random.pick(isGentle ? GENTLE : Object.entries(MUTATIONS));
    names.push(name);
    text = mutate(text, random, random.pick(bases).text);
  }
  const before = text;
  const [ruleName, rule] = random.pick(RULE_LIST);
  const ruled = rounds === 0 || random.int(2) === 0 ? rule(before, random) : null;
  if (ruled !== null) names.push(`then ${ruleName}`);
  const list = exited(random.pick([0, 0, 15, 255]), random.pick(lists));
  const result = ending(ruled?.text ?? before, random, ruled === null);
  const now = await assessed({ result, list, pciGpus });
  const failures = [
    ...falseHealthy(now, result, pciGpus),
    ...(random.int(10) === 0 ? await forgotten(base, random) : []),
    ...(ruled === null ? [] : await broken(ruled, now, { result: exited(0, before), list, pciGpus })),
  ];
  const made = `${base.name}: ${names.join(', ') || 'as it is'}; ${result.kind} ${'code' in result ? result.code : ''}`;
  return { made, input: 'stdout' in result ? result.stdout : '', failures, verdict: now.verdict };
}

/** How the run ended; as it should where a rule is looked at. */
function ending(text: string, random: Random, isFree: boolean): CommandResult {
  const killed = {
    stdout: text,
    stderr: '',
    survivor: random.pick([null, { pid: 1, startedAt: '', hasEnded: () => true }]),
  };
  return random.pick<() => CommandResult>([
    ...Array.from({ length: 12 }, () => () => exited(0, text)),
    ...(isFree
      ? [
          () => exited(random.pick([1, 4, 6, 9, 12, 15, 18, 255, null]), text),
          () => exited(0, text, random.pick(['warning', '\0', ' \n'])),
          () => ({ kind: 'timed-out' as const, ...killed }),
          () => ({ kind: 'too-much-output' as const, ...killed }),
        ]
      : []),
  ])();
}

export function assessed({ result, list, pciGpus }: Output, before?: Assessment): Promise<Assessment> {
  const collector = new NvidiaSmiCollector({
    path: 'nvidia-smi',
    run: ({ args }) => Promise.resolve(args[0] === '-L' ? list : result),
  });
  return look({
    others: [nvidiaSense(collector)],
    pciGpus: pciGpus?.map((pciBusId) => ({ vendor: 'nvidia', pciBusId })) ?? null,
    kernelLog: null,
    ...(before === undefined ? {} : { past: before, laterMs: 60_000 }),
  });
}

/** What was open stays open when the next answer is half a document, an error or nothing: none of them proves anything. */
async function forgotten(base: Base, random: Random): Promise<string[]> {
  const list = exited(255, '');
  const before = await assessed({ result: exited(0, base.text), list, pciGpus: null });
  const half = base.text.slice(0, random.int(base.text.trimEnd().length));
  const now = await assessed({ result: exited(random.pick([0, 0, 9, 255, null]), half), list, pciGpus: null }, before);
  const missing = codesOf(before).filter((code) => !codesOf(now).includes(code));
  return missing.map((code) => `${code} was forgotten after an answer that proves nothing`);
}

export function falseHealthy({ verdict }: Assessment, result: CommandResult, pciGpus: Output['pciGpus']): string[] {
  if (verdict !== 'healthy') return [];
  if (result.kind !== 'exited') return [`healthy, although the tool ${result.kind}`];
  const { stdout, stderr, code } = result;
  return whyNotHealthy({ stdout, stderr, code, pciGpus: pciGpus?.length ?? null }).map(
    (reason) => `healthy, although ${reason}`,
  );
}

function codesOf({ findings }: Assessment): string[] {
  return findings.map(({ code, gpu }) => `${code}@${gpu?.pciBusId ?? gpu?.uuid ?? ''}`).toSorted();
}

async function broken({ expect }: Ruled, now: Assessment, before: Output): Promise<string[]> {
  if (expect === 'judged') return [];
  if (expect === 'not-healthy') {
    return now.verdict === 'healthy' ? ['healthy after a change that is not'] : [];
  }
  const then = await assessed(before);
  const [had, has] = [codesOf(then), codesOf(now)];
  const told = `${then.verdict} ${had.join(' ')} became ${now.verdict} ${has.join(' ')}`;
  if (expect === 'same') return then.verdict === now.verdict && had.join() === has.join() ? [] : [told];
  const isNoNews = has.every((code) => had.includes(code) || code.startsWith('gpu.count'));
  const isWorse = now.verdict !== 'healthy' || then.verdict === 'healthy';
  return isNoNews &&
    isWorse &&
    (now.verdict !== 'unhealthy') === (then.verdict !== 'unhealthy' || now.verdict === 'unknown')
    ? []
    : [told];
}
